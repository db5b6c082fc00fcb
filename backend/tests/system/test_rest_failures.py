"""What a request that fails leaves in the log."""

import json

import pytest

from app.domain.errors import OverloadedError, RecordCorruptError, StoreOutdatedError, StoreUnavailableError
from app.observability.logging import configure_logging
from tests.system.web_desk import a_question, an_app, calling

ANALYZE = "/api/v1/agents/analyze"
FIELDS = {"error", "method", "route", "correlation_id", "level", "timestamp"}


async def lines_of(tmp_path, capsys, error):
    """Analyse on a store that fails with `error`; return the answer's status, and the lines that tell of it."""
    app = an_app(tmp_path)
    async with calling(app) as client:

        async def failing(_draft):
            raise error

        (await app.state.system.start()).store.append = failing
        configure_logging("WARNING", "json")
        capsys.readouterr()
        answer = await client.post(ANALYZE, json=a_question(), headers={"X-Correlation-Id": "mine"})
        return answer.status_code, [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("kind", [StoreUnavailableError, StoreOutdatedError, OverloadedError])
async def test_an_outage_is_one_line_that_says_what_of_whom_and_why(tmp_path, capsys, kind):
    status, (line,) = await lines_of(tmp_path, capsys, kind("The disk is full; nothing was stored."))

    assert status == 503
    assert line.keys() == FIELDS | {"event", "why"}
    assert (line["level"], line["error"], line["route"]) == ("warning", kind.__name__, ANALYZE)
    assert (line["correlation_id"], line["why"]) == ("mine", "The disk is full; nothing was stored.")


@pytest.mark.parametrize("surprise", [RecordCorruptError("a link does not fit"), ValueError("what nobody expected")])
async def test_a_surprise_comes_with_its_trace(tmp_path, capsys, surprise):
    status, (line,) = await lines_of(tmp_path, capsys, surprise)

    assert status == 500
    assert line.keys() == FIELDS | {"event", "exception"}
    assert (line["level"], line["error"], line["route"]) == ("error", type(surprise).__name__, ANALYZE)
    assert line["correlation_id"] == "mine"
    assert "in failing" in line["exception"]
    assert str(surprise) in line["exception"]
