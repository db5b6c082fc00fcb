import json

import pytest
import structlog

from app.observability.logging import configure_logging


@pytest.fixture(autouse=True)
def logging_as_before():
    yield
    structlog.reset_defaults()


def test_a_json_line_carries_phrase_fields_and_correlation_id(capsys):
    configure_logging("INFO", "json")
    with structlog.contextvars.bound_contextvars(correlation_id="abc"):
        structlog.get_logger("test").info("decision made", symbol="AAPL")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["symbol"], line["correlation_id"], line["level"]) == (
        "decision made",
        "AAPL",
        "abc",
        "info",
    )


def test_lines_below_the_level_are_not_written(capsys):
    configure_logging("WARNING", "json")
    structlog.get_logger("test").info("decision made")
    assert capsys.readouterr().err == ""


def test_decisions_of_a_rehearsal_are_no_news_but_its_errors_are(capsys):
    configure_logging("DEBUG", "json")
    with structlog.contextvars.bound_contextvars(rehearsal=True):
        structlog.get_logger("test").warning("provider left alone")
        structlog.get_logger("test").error("decision callback failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "decision callback failed"
    assert "rehearsal" not in json.loads(line)


def test_the_console_is_plain_where_there_is_no_terminal(capsys):
    configure_logging("INFO", "console")
    structlog.get_logger("test").warning("analyst failed", agent_id="x")
    text = capsys.readouterr().err
    assert "analyst failed" in text
    assert "\x1b" not in text
