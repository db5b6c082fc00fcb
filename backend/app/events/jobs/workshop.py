"""Does errands: takes tasks under a lease, asks their analysts, hands in each vote, decides after the last."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.domain.errors import AgentSystemError, StoreUnavailableError
from app.domain.identifiers import new_id, seat_of
from app.domain.jobs import Claim, Claimed, Errand, Lease
from app.events.asking import Asking
from app.events.early_close import EarlyClose
from app.events.jobs import case_file, contributions
from app.events.jobs.case_file import CaseFile
from app.events.jobs.completion import Completion
from app.events.jobs.contributions import Contribution, contribution_of
from app.events.jobs.turns import OneAtATime
from app.messaging.pauses import growing_pause
from app.messaging.repeating import repeat
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.panel import Sitting
from app.ports.seating import Seating
from app.ports.work_store import WorkStore

log = structlog.get_logger(__name__)

LEASE_S: Final = 15.0
BEATS_IN_A_LEASE: Final = 3
_FILES_KEPT: Final = 128


class Workshop:
    """The hands of one process.

    `beat` must run beside it, so that what takes long stays ours.

    Args:
        lease_s: how long tasks are ours without a beat; then another process may take them, and refuses our answer.
    """

    def __init__(
        self,
        work: WorkStore,
        asking: Asking,
        completion: Completion,
        clock: Clock,
        seating: Seating,
        *,
        lease_s: float = LEASE_S,
    ) -> None:
        self._work = work
        self._asking = asking
        self._completion = completion
        self._clock = clock
        self._seating = seating
        self._lease_for = timedelta(seconds=lease_s)
        self._owner = new_id()
        self._held: dict[Claim, asyncio.Task[None]] = {}
        self._handed_in: set[Claim] = set()
        self._files: OrderedDict[str, CaseFile] = OrderedDict()
        self._errands = OneAtATime()
        self._reading = OneAtATime()

    async def work(self, errand: Errand) -> bool:
        """Do an errand to its end; return False for one that is done already, or that somebody else has.

        One that comes again while it is under way here, as after a lost connection to the broker, waits for that: what
        is being paid for is not asked twice. A caller that is cancelled gives the tasks back.

        Raises:
            StoreUnavailableError: nothing can be taken or handed in now.
        """
        async with self._errands.turn((errand.job_id, errand.role)):
            return await self._work_on(errand)

    async def _work_on(self, errand: Errand) -> bool:
        claimed = await self._work.claim(errand.job_id, errand.agents, self.lease())
        if not claimed.claims:
            return False
        task = asyncio.create_task(self._do(errand, claimed), name=f"tasks of {errand.role} {errand.job_id}")
        with self._holding(claimed.claims, task):
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                await self._give_back(claimed.claims, task)
                raise
            if not task.cancelled():
                task.result()
        return True

    def stop(self, job_id: str) -> None:
        """Break off what is under way for a job that has ended."""
        self._files.pop(job_id, None)
        for claim, task in tuple(self._held.items()):
            if claim.job_id == job_id:
                task.cancel()

    async def stopped(self, job_id: str) -> None:
        """Return once nothing is under way here for a job that has ended, and what was paid is written down."""
        self.stop(job_id)
        tasks = {task for claim, task in self._held.items() if claim.job_id == job_id}
        if tasks:
            await asyncio.wait(tasks)

    async def beat(self) -> None:
        """Hold on to what is under way until cancelled; break off what is not ours any more."""
        await repeat(self._renew, self._lease_for.total_seconds() / BEATS_IN_A_LEASE, "leases not renewed")

    async def _renew(self) -> None:
        """Renew every lease; what is being handed in needs none: the store refuses it if it is not ours any more."""
        held = dict(self._held)
        ours = frozenset(await self._work.renew(tuple(held), self.lease())) if held else frozenset()
        for claim in (held.keys() & self._held.keys()) - ours - self._handed_in:
            log.info("task lost", decision_id=claim.job_id, agent_id=claim.agent_id)
            held[claim].cancel()

    def lease(self) -> Lease:
        """Return a lease from now on."""
        now = self._clock.now()
        return Lease(self._owner, now, now + self._lease_for)

    @contextmanager
    def _holding(self, claims: Sequence[Claim], task: asyncio.Task[None]) -> Iterator[None]:
        self._held.update(dict.fromkeys(claims, task))
        try:
            yield
        finally:
            for claim in claims:
                self._held.pop(claim, None)
            self._handed_in.difference_update(claims)

    async def _give_back(self, claims: Sequence[Claim], task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task])
        with suppress(AgentSystemError):
            await self._work.release(claims, self._clock.now())

    async def _do(self, errand: Errand, claimed: Claimed) -> None:
        file = await self._file(errand.job_id)
        left_s = self._left_s(claimed.deadline)
        if file is None or left_s <= 0:
            return
        question = file.case.question
        with structlog.contextvars.bound_contextvars(correlation_id=question.correlation_id):
            seats = await self._seats(file, [claim.agent_id for claim in claimed.claims])
            sitting = Sitting(decision_id=errand.job_id, tool_policy=file.tool_policy)
            try:
                panel = await self._asking.ask(file.with_seats(seats), sitting, min(left_s, question.timeout_s))
            except BaseException:
                await self._asking.keep_what_was_paid(errand.job_id, sitting.model_calls, sitting.exchanges)
                raise
            models = self._asking.models(seats)
            parts = [contribution_of(claim.agent_id, panel, sitting, models) for claim in claimed.claims]
            self._handed_in.update(claimed.claims)
            await self._hand_in_all(claimed.claims, parts)

    async def _hand_in_all(self, claims: Sequence[Claim], parts: Sequence[Contribution]) -> None:
        """Hand in one part after the other; those that are not reached were paid for all the same."""
        for place, claim in enumerate(claims):
            try:
                await self._hand_in(claim, parts[place])
            except BaseException:
                for part in parts[place + 1 :]:
                    await self._asking.keep_what_was_paid(claim.job_id, part.model_calls, part.exchanges)
                raise

    def _left_s(self, deadline: datetime | None) -> float:
        return 0.0 if deadline is None else (deadline - self._clock.now()).total_seconds()

    async def _file(self, job_id: str) -> CaseFile | None:
        """Return the file of a job, read once for all its tasks that come here."""
        async with self._reading.turn(job_id):
            if job_id not in self._files:
                job = await self._work.job(job_id)
                if job is None:
                    return None
                self._files[job_id] = case_file.read(job)
                while len(self._files) > _FILES_KEPT:
                    self._files.popitem(last=False)
            return self._files[job_id]

    async def _seats(self, file: CaseFile, agents: Sequence[str]) -> dict[str, Analyst]:
        """Seat the agents as this process can: their models must be able to speak."""
        analysts = (await self._seating.seats()).analysts
        symbol = file.case.context.symbol
        by_agent = {agent: analysts.get(seat_of(agent, symbol)) for agent in agents}
        return {agent: analyst or self._seating.rules[file.seats[agent][0]] for agent, analyst in by_agent.items()}

    async def _hand_in(self, claim: Claim, part: Contribution) -> None:
        """Deliver what came of a task, and decide if it was the last; what is refused was paid for all the same."""
        try:
            left = await self._delivered(claim, contributions.write(part))
        except BaseException:
            await self._asking.keep_what_was_paid(claim.job_id, part.model_calls, part.exchanges)
            raise
        if left is None:
            log.info("contribution refused", decision_id=claim.job_id, agent_id=claim.agent_id)
            await self._asking.keep_what_was_paid(claim.job_id, part.model_calls, part.exchanges)
        elif left == 0 or await self._is_settled(claim.job_id):
            self._let_go()
            await self._completion.complete(claim.job_id, is_settled=left > 0)

    def _let_go(self) -> None:
        """Hold nothing for the running task any more: it is not to be stopped by the very end that it makes."""
        mine = asyncio.current_task()
        for claim in [claim for claim, task in self._held.items() if task is mine]:
            del self._held[claim]

    async def _delivered(self, claim: Claim, content: bytes) -> int | None:
        """Deliver, however long the store is away: what it cost would have to be paid again."""
        failures = 0
        while True:
            try:
                return await self._work.deliver(claim, content)
            except StoreUnavailableError as error:
                failures += 1
                log.warning("contribution waits for the store", agent_id=claim.agent_id, error=error.public)
            await asyncio.sleep(growing_pause(failures))

    async def _is_settled(self, job_id: str) -> bool:
        """Whether the votes that were delivered leave nothing open, where the case asks for that."""
        file = self._files.get(job_id)
        if file is None or not file.case.config.early_close:
            return False
        delivered = [contributions.read(part) for part in (await self._work.contributions(job_id)).values()]
        everybody = {agent: self._seating.rules[role] for agent, (role, _) in file.seats.items()}
        settled = EarlyClose(file.with_seats(everybody), self._seating)
        return settled([part.vote for part in delivered if part.vote is not None])
