"""Log lines: an event phrase with fields, for people or for machines, on standard error."""

import logging
import sys
from typing import Any

import structlog


def configure_logging(level: str = "INFO", output: str = "console") -> None:
    """Set up the log of this process.

    Args:
        level: least severity that is written.
        output: `console` for people, `json` for one JSON object a line.
    """
    renderer: Any = structlog.processors.JSONRenderer() if output == "json" else _console()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _without_rehearsals,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _without_rehearsals(_logger: Any, method: str, fields: Any) -> Any:
    """Say nothing of decisions that are made for a test and forgotten, but of what must not happen even there."""
    if fields.pop("rehearsal", False) and method not in ("error", "exception", "critical"):
        raise structlog.DropEvent
    return fields


def _console() -> Any:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
