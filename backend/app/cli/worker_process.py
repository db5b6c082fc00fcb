"""A process that does errands: no port, no caller, only the broker and the record."""

import asyncio
import signal
import sys
from collections.abc import Sequence

import structlog

from app.composition import Desk, running_desk
from app.config import Settings
from app.domain.errors import AgentSystemError, InvalidInputError, UnknownNameError
from app.event_loop import fast_loop
from app.messaging.errand_service import ErrandService
from app.observability.metrics.registry import Metrics
from app.web.metrics_port import metrics_port

log = structlog.get_logger(__name__)


def run(settings: Settings, roles: Sequence[str] | None, concurrency: int) -> None:
    """Work until told to stop.

    Args:
        roles: to work for; None is every role there is.
        concurrency: errands of each role at once.

    Raises:
        InvalidInputError: a setting or role is missing or wrong; says what to do.
        StoreError: the record cannot be opened.
    """
    if settings.rabbitmq_url is None or settings.postgres_url is None:
        raise InvalidInputError(
            "A worker needs POSTGRES_URL and RABBITMQ_URL, the same as the API processes have; "
            "without them `conclave serve` does everything by itself."
        )
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(_work(settings, roles, concurrency))


async def _work(settings: Settings, roles: Sequence[str] | None, concurrency: int) -> None:
    told, again = _signals()
    metrics = Metrics()
    async with running_desk(settings, metrics=metrics, is_worker=True) as desk, metrics_port(settings, metrics):
        service = _service(desk, roles, concurrency)
        await _warmed(desk)
        await service.start()
        print(f"Conclave works for {', '.join(service.roles)}", file=sys.stderr, flush=True)  # noqa: T201
        await told.wait()
        await _drained(service, again, settings.grace_seconds)


async def _warmed(desk: Desk) -> None:
    """Look for models and load their clients now: once an errand is taken, its lease runs."""
    try:
        await desk.coordinator.seats()
    except AgentSystemError as error:
        log.warning("no models yet", error=error.public)


def _service(desk: Desk, roles: Sequence[str] | None, concurrency: int) -> ErrandService:
    known = tuple(desk.coordinator.analysts)
    for role in roles or ():
        if role not in known:
            raise UnknownNameError("role", role, known)
    if desk.sharing is None:
        raise InvalidInputError("A worker needs RABBITMQ_URL.")
    work = desk.metering.errands(desk.coordinator.jobs.workshop.work)
    return ErrandService(desk.sharing.transport, work, roles or known, concurrency)


async def _drained(service: ErrandService, again: asyncio.Event, grace_s: float) -> None:
    """Let what is under way finish, unless we are told once more; what does not goes back to the others."""
    draining = asyncio.create_task(service.drain(grace_s), name="drain")
    hurrying = asyncio.create_task(again.wait(), name="told again")
    await asyncio.wait((draining, hurrying), return_when=asyncio.FIRST_COMPLETED)
    hurrying.cancel()
    if not draining.done():
        await service.hurry()
    await draining


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Return what is set by the first and by the second word to stop."""
    told, again = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (again if told.is_set() else told).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    return told, again
