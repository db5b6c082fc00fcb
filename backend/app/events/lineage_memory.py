"""How alike the votes of each lineage have been, remembered over restarts because the store has every vote."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.analysis.lineages import Correlation, LineageWeight, lineage_weights, weighed
from app.consensus.config import ConsensusConfig
from app.consensus.exact import SCALE
from app.ports.decision_store import DecisionStore

REMEMBERED_VOTES: Final = 5_000


class LineageMemory:
    """Weighs the votes of shared lineages by how alike they have been.

    Args:
        store: read once, before the first weighing that needs it.
    """

    def __init__(self, store: DecisionStore) -> None:
        self._store = store
        self._correlations: defaultdict[str, Correlation] = defaultdict(Correlation)
        self._is_read = False
        self._reading = asyncio.Lock()

    async def weigh(
        self, votes: Sequence[Mapping[str, Any]], config: ConsensusConfig
    ) -> tuple[ConsensusConfig, tuple[LineageWeight, ...]]:
        """Return the configuration that counts these votes, and what each shared lineage is worth."""
        if not any(vote.get("model") for vote in votes):
            return config, ()
        await self._read_once()
        lineages = lineage_weights(votes, lambda lineage: self._correlations[lineage])
        if not lineages:
            return config, ()
        return replace(config, weights=weighed(votes, config.weights, lineages, SCALE)), lineages

    def remember(self, votes: Sequence[Mapping[str, Any]]) -> None:
        """Take note of the votes of a decision that is stored."""
        words: defaultdict[str, list[str]] = defaultdict(list)
        for vote in votes:
            if vote.get("model"):
                words[vote["lineage"]].append(vote["decision"])
        for lineage, cast in words.items():
            self._correlations[lineage] = self._correlations[lineage].with_decision(cast)

    async def _read_once(self) -> None:
        async with self._reading:
            if self._is_read:
                return
            past: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
            for lineage, decision_id, word in await self._store.lineage_votes(REMEMBERED_VOTES):
                past[lineage, decision_id].append(word)
            for (lineage, _), words in past.items():
                self._correlations[lineage] = self._correlations[lineage].with_decision(words)
            self._is_read = True
