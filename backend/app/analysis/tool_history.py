"""Everything that is remembered of tools: statistics, influence on decisions, and the policy that follows."""

from app.analysis.tool_influence import DecisionLog
from app.analysis.tool_policy_rules import PolicyRules
from app.analysis.tool_statistics import ToolStatistics
from app.domain.tool_activity import CALL, Activity


class ToolHistory:
    """What has been learnt from the events so far; the same events in the same order teach the same."""

    def __init__(self) -> None:
        self.statistics = ToolStatistics()
        self.decisions = DecisionLog()
        self.rules = PolicyRules()

    def add(self, activity: Activity) -> None:
        """Learn from an event."""
        self.decisions.add(activity)
        if activity.type == CALL:
            self.statistics.add(activity)
            self.rules.add(activity)
