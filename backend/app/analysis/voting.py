"""How a vote went: who agreed with whom, and how many independent voices the panel amounted to."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CAMPS = {"STRONG_BUY": "BULL", "BUY": "BULL", "HOLD": "HOLD", "SELL": "BEAR", "STRONG_SELL": "BEAR"}


def effective_number(masses: Iterable[float]) -> float:
    """Return how many equal voices the masses amount to: (Σm)² / Σm², between 1 and their number; 0 without mass.

    Source: Kish, Survey Sampling (1965), the effective sample size under unequal weights.
    """
    values = [mass for mass in masses if mass > 0]
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / squares if squares else 0.0


def effective_votes(votes: Sequence[Mapping[str, Any]], weights: Mapping[str, float]) -> float:
    """Return the effective number of the votes that carry an opinion, each of mass weight x confidence."""
    opinions = [vote for vote in votes if vote["decision"] in CAMPS]
    return effective_number(weights.get(vote["agent_id"], 1.0) * vote["confidence"] for vote in opinions)


def pairwise_agreement(votes: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the share of pairs of opinions that name the same side; None with fewer than two opinions."""
    sides = Counter(CAMPS[vote["decision"]] for vote in votes if vote["decision"] in CAMPS)
    count = sum(sides.values())
    same = sum(size * (size - 1) for size in sides.values())
    return same / (count * (count - 1)) if count > 1 else None


def analyse_voting(record: Mapping[str, Any]) -> dict[str, Any]:
    """Summarise the vote behind a decision record.

    Returns:
        `agreement` (fraction of pairs, or None), `effective_votes`, `camps` (side to agent ids), `dissenters`
        (agent ids whose side is not the decision's), `abstained`.
    """
    votes = record["votes"]
    camps: dict[str, list[str]] = {"BEAR": [], "HOLD": [], "BULL": []}
    for vote in votes:
        if vote["decision"] in CAMPS:
            camps[CAMPS[vote["decision"]]].append(vote["agent_id"])
    chosen = CAMPS.get(record["final_recommendation"])
    return {
        "agreement": pairwise_agreement(votes),
        "effective_votes": record["consensus"]["effective_votes"],
        "camps": camps,
        "dissenters": [agent for camp, agents in camps.items() if camp != chosen for agent in agents],
        "abstained": [vote["agent_id"] for vote in votes if vote["decision"] not in CAMPS],
    }
