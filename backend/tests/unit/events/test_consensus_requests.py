import asyncio

import pytest

from app.domain.errors import ConflictError, InvalidInputError, NotFoundError, OverloadedError
from app.events import consensus_requests
from app.events.consensus_requests import ConsensusRequests


async def never():
    await asyncio.Event().wait()


async def at_once():
    return "the record"


async def broken():
    raise RuntimeError("secret detail")


async def refused():
    raise InvalidInputError("No bars.")


async def test_a_request_can_be_awaited_and_is_remembered():
    requests = ConsensusRequests()
    requests.start("a", at_once())
    assert requests.pending() == ("a",)
    ended = await requests.wait("a", None)
    assert (ended.status, ended.record) == ("complete", "the record")
    assert requests.status("a") == ended


async def test_waiting_ends_after_its_time_with_the_request_still_pending():
    requests = ConsensusRequests()
    requests.start("a", never())
    assert (await requests.wait("a", 0)).status == "pending"
    await requests.close()
    assert requests.status("a").status == "cancelled"


async def test_a_pending_request_can_be_cancelled_and_cancelled_again():
    requests = ConsensusRequests()
    requests.start("a", never())
    assert (await requests.cancel("a")).status == "cancelled"
    assert (await requests.cancel("a")).status == "cancelled"


async def test_what_is_complete_cannot_be_cancelled():
    requests = ConsensusRequests()
    requests.start("a", at_once())
    await requests.wait("a", None)
    with pytest.raises(ConflictError, match="already complete"):
        await requests.cancel("a")


@pytest.mark.parametrize("call", ["status", "cancel", "wait"])
async def test_an_unknown_id_is_not_found(call):
    requests = ConsensusRequests()
    with pytest.raises(NotFoundError):
        answer = getattr(requests, call)("x", *([0] if call == "wait" else []))
        await answer


@pytest.mark.parametrize(("work", "reason"), [(broken, "unexpectedly"), (refused, "No bars.")])
async def test_a_failure_is_told_without_its_inside(work, reason):
    requests = ConsensusRequests()
    requests.start("a", work())
    ended = await requests.wait("a", None)
    assert ended.status == "failed"
    assert reason in ended.reason
    assert "secret" not in ended.reason


async def test_beyond_the_limit_requests_are_refused_and_nothing_is_started(monkeypatch):
    monkeypatch.setattr(consensus_requests, "MAX_PENDING", 2)
    requests = ConsensusRequests()
    requests.start("a", never())
    requests.start("b", never())
    with pytest.raises(OverloadedError):
        requests.start("c", never())
    assert requests.pending() == ("a", "b")
    await requests.close()


async def test_only_the_latest_endings_are_remembered(monkeypatch):
    monkeypatch.setattr(consensus_requests, "MAX_REMEMBERED", 2)
    requests = ConsensusRequests()
    for name in ("a", "b", "c"):
        requests.start(name, at_once())
        await requests.wait(name, None)
    with pytest.raises(NotFoundError):
        requests.status("a")
    assert requests.status("c").status == "complete"
