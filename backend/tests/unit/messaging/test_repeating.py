"""What is done again and again goes on, whatever happens in it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from app.domain.errors import StoreUnavailableError
from app.messaging.repeating import repeat


@pytest.mark.parametrize(
    ("error", "told"),
    [(StoreUnavailableError("The store is away."), "warning"), (KeyError("nobody foresaw it"), "error")],
)
async def test_it_goes_on_after_any_error_and_says_what_happened(error, told):
    looks, pauses = [], []

    async def look():
        looks.append(1)
        if len(looks) == 1:
            raise error

    async def sleep(seconds):
        pauses.append(seconds)
        if len(looks) == 3:
            raise asyncio.CancelledError

    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await repeat(look, 7.0, "not looked", sleep)
    assert [(each["event"], each["log_level"], "exc_info" in each) for each in logs] == [
        ("not looked", told, told == "error")
    ]
    assert pauses == [7.0] * 3
