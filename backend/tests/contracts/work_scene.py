"""A job in the hands of several owners, with what must be true of it whatever they do."""

from dataclasses import dataclass

from app.domain.errors import ConflictError
from app.domain.jobs import MOST_TRIES, WAITS_FOR, Claim
from app.ports.decision_store import DecisionStore

from .accepted_jobs import AGENTS, STOPPED, a_decision_of, a_job, a_lease, at

OWNERS = ("one", "other", "third")
DEEDS = ("claim", "deliver", "later", "hand out", "renew", "release") * 4 + ("end", "decide")
LASTS_S = 10.0


@dataclass
class Part:
    """What is known of a task: who has it under which number, until when, and whether it is done with."""

    until: float = WAITS_FOR.total_seconds()
    owner: str | None = None
    fence: int = 0
    is_open: bool = True

    def is_free_for(self, owner: str, now: float) -> bool:
        return self.is_open and (self.owner in (None, owner) or self.until < now)

    def is_held_by(self, claim: Claim) -> bool:
        return self.owner is not None and self.fence == claim.fence


class Scene:
    """A job, what is known of its tasks, and every claim that anybody ever had."""

    def __init__(self, store: DecisionStore, job_id: str) -> None:
        self.job_id = job_id
        self.delivered: dict[str, bytes] = {}
        self.is_pending = True
        self._store, self._work = store, store.work
        self._now = 1.0
        self._parts = {agent: Part() for agent in AGENTS}
        self._claims: list[Claim] = []
        self._of_delivered: set[Claim] = set()

    async def begin(self) -> None:
        await self._work.accept(a_job(self.job_id))

    async def do(self, deed: str, owner: str, choice: int) -> None:
        """Let `owner` do something; `choice` is which."""
        await getattr(self, "_" + deed.replace(" ", "_"))(owner, choice)

    async def _claim(self, owner: str, choice: int) -> None:
        wanted = AGENTS[choice % len(AGENTS) :]
        free = [agent for agent in wanted if self._parts[agent].is_free_for(owner, self._now)]
        claimed = await self._work.claim(self.job_id, wanted, a_lease(owner, self._now, LASTS_S))

        assert [claim.agent_id for claim in claimed.claims] == free
        for claim in claimed.claims:
            assert claim.fence > self._parts[claim.agent_id].fence
            self._parts[claim.agent_id] = Part(self._now + LASTS_S, owner, claim.fence)
        self._claims += claimed.claims

    async def _deliver(self, owner: str, choice: int) -> None:
        for claim in self._chosen(choice):
            part, said = self._parts[claim.agent_id], f"{owner} {choice}".encode()
            left = await self._work.deliver(claim, said)
            if part.is_held_by(claim):
                self.delivered[claim.agent_id] = said
                self._of_delivered.add(claim)
                part.owner, part.is_open = None, False
            is_right = self.is_pending and claim in self._of_delivered
            assert left == (sum(each.is_open for each in self._parts.values()) if is_right else None)

    async def _later(self, owner: str, choice: int) -> None:
        self._now += choice

    async def _hand_out(self, owner: str, choice: int) -> None:
        late = {agent: part for agent, part in self._parts.items() if part.is_open and part.until < self._now}
        again = [agent for agent, part in late.items() if part.fence < MOST_TRIES]
        errands = await self._work.hand_out_again(a_lease(owner, self._now, LASTS_S), 100)

        assert [agent for errand in errands for agent in errand.agents] == again
        for agent, part in late.items():
            part.owner, part.until, part.is_open = None, self._now + LASTS_S, agent in again

    async def _renew(self, owner: str, choice: int) -> None:
        held = [claim for claim in self._claims if self._parts[claim.agent_id].is_held_by(claim)]

        assert list(await self._work.renew(self._claims, a_lease(owner, self._now, LASTS_S))) == held
        for claim in held:
            self._parts[claim.agent_id].until = self._now + LASTS_S

    async def _release(self, owner: str, choice: int) -> None:
        for claim in self._chosen(choice):
            await self._work.release([claim], at(self._now))
            if self._parts[claim.agent_id].is_held_by(claim):
                self._parts[claim.agent_id].owner = None
                self._parts[claim.agent_id].until = self._now - 1e-6

    async def _end(self, owner: str, choice: int) -> None:
        assert (await self._work.end(self.job_id, STOPPED, []) is not None) == self.is_pending
        self._is_over()

    async def _decide(self, owner: str, choice: int) -> None:
        try:
            await self._store.append(a_decision_of(self.job_id))
        except ConflictError:
            assert not self.is_pending
        else:
            assert self.is_pending
        self._is_over()

    def _is_over(self) -> None:
        self.is_pending, self.delivered = False, {}
        for part in self._parts.values():
            part.owner, part.is_open = None, False

    def _chosen(self, choice: int) -> list[Claim]:
        """One of all claims there ever were, if there were any."""
        return [self._claims[choice % len(self._claims)]] if self._claims else []
