"""What the options of `analyze` ask for, checked and ready for the desk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import click

from app.cli.inputs import label, opened, parse_json, read_json, read_moment
from app.domain.errors import FieldError, InvalidInputError, InvalidMarketDataError
from app.domain.market import Bars, Interval
from app.market_data.sources.csv_bars import read_table


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """The options that a symbol and a folder have in common.

    Args:
        as_of: None is the end of the last bar.
        interval: None lets the bars tell.
        explain: whether every reason and the arithmetic are printed.
        wishes: the rest, as `AgentSystem.run_real_time_analysis` takes them.
    """

    as_of: datetime | None
    interval: Interval | None
    explain: bool
    wishes: dict[str, Any]

    @classmethod
    def of(
        cls,
        *,
        as_of: str | None,
        method: str | None,
        conflict: str | None,
        agents: str | None,
        config: str | None,
        news: str | None,
        interval: str | None,
        timeout: float | None,
        explain: bool,
    ) -> Self:
        """Read the options as they were typed.

        Raises:
            InvalidInputError: names the option that cannot be used.
        """
        wishes = {
            "method": method,
            "conflict_resolution": conflict,
            "agents": _roles(agents),
            "config": _settings(config),
            "news": None if news is None else _headlines(news),
            "timeout_seconds": timeout,
        }
        given = {name: value for name, value in wishes.items() if value is not None}
        moment = read_moment(as_of)
        return cls(moment, Interval.parse(interval) if interval else None, explain, {**given, "as_of": moment})

    def read_bars(self, name: str) -> Bars:
        """Read a CSV file, or standard input for `-`; say so when only a part of it is used.

        Raises:
            InvalidInputError: names the file and the line.
        """
        try:
            with opened(name) as file:
                rows = read_table(file)
            bars = rows.bars(self.interval, self.as_of)
        except InvalidMarketDataError as error:
            raise InvalidMarketDataError(f"{label(name)}: {error}", error.errors) from None
        if len(bars) < len(rows):
            click.echo(f"{label(name)}: the last {len(bars):,} of {len(rows):,} bars are used.", err=True)
        return bars


def _roles(text: str | None) -> list[str] | None:
    """Return the roles between the commas."""
    roles = None if text is None else [role.strip() for role in text.split(",") if role.strip()]
    if roles == []:
        raise InvalidInputError("--agents names nobody; give roles such as risk_advisor,news_analyst.")
    return roles


def _settings(text: str | None) -> dict[str, Any] | None:
    settings = None if text is None else parse_json(text, "--config")
    if settings is not None and not isinstance(settings, dict):
        raise InvalidInputError('--config must be a JSON object such as {"quorum": 0.8}.', [FieldError("config", "")])
    return settings


def _headlines(name: str) -> list[Any]:
    items = read_json(name)
    if not isinstance(items, list):
        raise InvalidInputError(f"{label(name)} must hold a JSON list of headlines.")
    return items
