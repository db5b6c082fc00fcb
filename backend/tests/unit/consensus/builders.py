"""Scenes for the consensus tests: single votes, and whole panels drawn from small grids so that ties are common."""

from typing import Any

from hypothesis import strategies as st

METHODS = ("majority", "weighted", "median", "unanimous", "risk_adjusted", "bft")
STRATEGIES = ("conservative", "highest_confidence", "risk_manager", "weighted_average")
WORDS = ("STRONG_SELL", "SELL", "HOLD", "BUY", "STRONG_BUY")
AGENTS = ("a", "b", "c", "d", "e")
LEVEL = {word: level for level, word in enumerate(WORDS, start=-2)} | {"NO_DECISION": 0}
DIRECTIONS = ("STRONG_SELL", "SELL", "BUY", "STRONG_BUY")

CONFIDENCES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 1.0)
WEIGHTS = (0, 0.1, 0.5, 1, 1, 2, 3)
SHARES = (0.0, 0.25, 0.5, 0.9, 1.0)


def vote(agent_id: Any, decision: Any, confidence: Any = 0.8, **more: Any) -> dict[str, Any]:
    """One vote as an agent sends it."""
    return {"agent_id": agent_id, "decision": decision, "confidence": confidence, **more}


def votes_of(*pairs: tuple[str, float]) -> list[dict[str, Any]]:
    """Votes by the agents a, b, c, … in turn, each a (decision, confidence)."""
    return [vote(agent, word, confidence) for agent, (word, confidence) in zip(AGENTS, pairs, strict=False)]


def camp(word: str) -> int:
    """The camp of a decision word."""
    return (LEVEL[word] > 0) - (LEVEL[word] < 0)


@st.composite
def single_votes(draw: st.DrawFn, agent_id: str, *, risk: bool = True) -> dict[str, Any]:
    """Any readable vote by this agent, ABSTAIN aside."""
    drawn = vote(agent_id, draw(st.sampled_from(WORDS)), draw(st.sampled_from(CONFIDENCES)))
    if risk and draw(st.booleans()):
        drawn["risk"] = draw(st.sampled_from(SHARES))
    if draw(st.booleans()):
        drawn["position_size"] = draw(st.sampled_from(SHARES))
    if draw(st.integers(0, 3)) == 0:
        drawn["role"] = "risk_manager"
    return drawn


@st.composite
def panels(draw: st.DrawFn, *, risk: bool = True, least: int = 1) -> list[dict[str, Any]]:
    """One readable vote each by up to five agents."""
    count = draw(st.integers(least, len(AGENTS)))
    return [draw(single_votes(agent, risk=risk)) for agent in AGENTS[:count]]


@st.composite
def messy_panels(draw: st.DrawFn) -> list[Any]:
    """A panel with copies, abstainers and unreadable votes among it."""
    mess = st.one_of(
        st.sampled_from(AGENTS).flatmap(single_votes),
        st.builds(vote, st.sampled_from(AGENTS), st.sampled_from(["ABSTAIN", "buy", "PERHAPS"])),
        st.builds(vote, st.sampled_from(["a", None, 7, ""]), st.just("BUY"), st.sampled_from([85, "1", None, True])),
        st.sampled_from([None, [], "vote"]),
    )
    return draw(panels()) + draw(st.lists(mess, max_size=4))


@st.composite
def configs(draw: st.DrawFn, **fixed: Any) -> dict[str, Any]:
    """Settings in wire form, ties and extremes included; `fixed` ones are as given, or drawn from what is given."""
    share = st.sampled_from(SHARES)
    drawn: dict[str, Any] = {
        "method": draw(st.sampled_from(METHODS)),
        "strategy": draw(st.sampled_from(STRATEGIES)),
        "conflict_trigger": draw(st.sampled_from(["unresolved", "unresolved", "any_opposition"])),
        "quorum": draw(st.sampled_from([None, 0.0, 0.5, 1.0])),
        "threshold": draw(st.sampled_from([0.0, 0.25, 0.5, 0.5, 0.9])),
        "agreement": draw(share),
        "weights": {agent: draw(st.sampled_from(WEIGHTS)) for agent in AGENTS},
        "min_confidence": draw(st.sampled_from([0.0, 0.0, 0.0, 0.25, 0.5])),
        "risk_aversion": draw(share),
        "market_risk": draw(share),
        "position": draw(st.sampled_from([-3, 0, 0.5])),
        "risk_veto": draw(st.booleans()),
        "veto_confidence": draw(share),
        "roster": draw(st.sampled_from([None, list(AGENTS)])),
    }
    return drawn | {name: draw(some) if isinstance(some, st.SearchStrategy) else some for name, some in fixed.items()}
