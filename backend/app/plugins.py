"""Every interchangeable part by kind and name: "module:Class" strings alone, imported on first use.

Built-ins come first; other distributions add parts with entry points in the group `conclave.<kind>`.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from app.domain.errors import UnknownNameError

BUILT_IN: dict[str, dict[str, str]] = {
    "consensus_method": {
        "majority": "app.consensus.methods.majority:Majority",
        "weighted": "app.consensus.methods.weighted:Weighted",
        "median": "app.consensus.methods.median:Median",
        "unanimous": "app.consensus.methods.unanimous:Unanimous",
        "risk_adjusted": "app.consensus.methods.risk_adjusted:RiskAdjusted",
        "bft": "app.consensus.methods.bft:Bft",
    },
    "conflict_strategy": {
        "conservative": "app.consensus.strategies.conservative:Conservative",
        "highest_confidence": "app.consensus.strategies.highest_confidence:HighestConfidence",
        "risk_manager": "app.consensus.strategies.risk_manager:RiskManager",
        "weighted_average": "app.consensus.strategies.weighted_average:WeightedAverage",
    },
    "analyst": {
        "market_analyst": "app.ai.analysts.market_analyst:MarketAnalyst",
        "technical_analyst": "app.ai.analysts.technical_analyst:TechnicalAnalyst",
        "risk_advisor": "app.ai.analysts.risk_advisor:RiskAdvisor",
        "strategy_optimizer": "app.ai.analysts.strategy_optimizer:StrategyOptimizer",
        "news_analyst": "app.ai.analysts.news_analyst:NewsAnalyst",
    },
    "tool": {
        "get_bars": "app.ai.tools.get_bars:GetBars",
        "compute_indicators": "app.ai.tools.compute_indicators:ComputeIndicators",
        "detect_regime": "app.ai.tools.detect_regime:DetectRegime",
        "assess_risk": "app.ai.tools.assess_risk:AssessRisk",
        "size_position": "app.ai.tools.size_position:SizePosition",
        "get_position": "app.ai.tools.get_position:GetPosition",
        "get_analyst_track_record": "app.ai.tools.get_analyst_track_record:GetAnalystTrackRecord",
        "score_news": "app.ai.tools.score_news:ScoreNews",
    },
    "provider": {
        "anthropic": "app.ai.providers.anthropic:AnthropicProvider",
        "ollama": "app.ai.providers.ollama:OllamaProvider",
        "perplexity": "app.ai.providers.perplexity:PerplexityProvider",
        "scripted": "app.ai.providers.scripted:ScriptedProvider",
        "replay": "app.ai.providers.replay:ReplayProvider",
    },
    "lock": {"tasks": "asyncio:Lock"},
    "clock": {"system": "app.observability.system_clock:SystemClock"},
    "panel": {"concurrent": "app.ai.trading_agents:AIAgentCoordinator"},
    "decision_store": {"memory": "app.storage.repositories.in_memory:InMemoryDecisionStore"},
    "rehearsal": {"in_memory": "app.rehearsal:InMemoryRehearsal"},
    "mock_market": {"garch": "app.testing.mock_data_generator:MockDataGenerator"},
    "transport": {
        "in_process": "app.messaging.transports.in_process:InProcessTransport",
        "rabbitmq": "app.messaging.transports.rabbitmq:RabbitMqTransport",
    },
}


@cache
def names(kind: str) -> tuple[str, ...]:
    """Return the names of all parts of this kind, built-ins first, each once."""
    installed = (point.name for point in entry_points(group=f"conclave.{kind}"))
    return tuple(dict.fromkeys((*BUILT_IN[kind], *installed)))


@cache
def load(kind: str, name: str) -> Any:
    """Return the class of the part `name`, importing its module now.

    Raises:
        UnknownNameError: no part of this kind has that name.
    """
    target = BUILT_IN[kind].get(name)
    if target is None:
        points = {point.name: point.value for point in entry_points(group=f"conclave.{kind}")}
        target = points.get(name)
    if target is None:
        raise UnknownNameError(kind.replace("_", " "), name, names(kind))
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)
