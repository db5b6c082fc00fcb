import pytest

from app.domain.errors import InvalidInputError
from app.domain.simulation_requests import read_simulation

ASKED = {"symbol": "aapl", "regime": "crash", "duration_minutes": 2, "interval_seconds": 30}


def test_a_duration_holds_so_many_bars():
    plan = read_simulation(ASKED)

    assert (plan.symbols, plan.bars, plan.interval.text, plan.speed) == (("AAPL",), 4, "30s", 1.0)


@pytest.mark.parametrize(
    ("minutes", "seconds", "bars", "interval"),
    [(1, 60, 1, "1m"), (0.35, 7, 3, "7s"), (0.1, 1, 6, "1s"), (1_440, 86_400, 1, "1d"), (119.9, 3_600, 1, "1h")],
)
def test_what_is_left_of_a_bar_is_not_one(minutes, seconds, bars, interval):
    plan = read_simulation({**ASKED, "duration_minutes": minutes, "interval_seconds": seconds})

    assert (plan.bars, plan.interval.text) == (bars, interval)


def test_bars_cannot_be_shorter_than_a_second_but_come_more_often():
    plan = read_simulation({**ASKED, "duration_minutes": 0.1, "interval_seconds": 0.25})

    assert (plan.bars, plan.interval.text, plan.speed) == (24, "1s", 4.0)


def test_several_symbols_are_each_simulated_once():
    plan = read_simulation({**ASKED, "symbol": None, "symbols": ["AAPL", "MSFT", "aapl"]})

    assert plan.symbols == ("AAPL", "MSFT")


@pytest.mark.parametrize(
    ("named", "wrong"),
    [
        ("symbol", {"symbol": None}),
        ("symbol", {"symbols": ["MSFT"]}),
        ("symbols", {"symbol": None, "symbols": []}),
        ("symbol", {"symbol": "not a symbol"}),
        ("duration_minutes", {"duration_minutes": 0.4}),
        ("duration_minutes", {"duration_minutes": 1e9}),
        ("duration_minutes", {"duration_minutes": float("nan")}),
        ("duration_minutes", {"duration_minutes": 0}),
        ("interval_seconds", {"interval_seconds": 0}),
        ("interval_seconds", {"interval_seconds": 1.5}),
        ("speed", {"speed": -1}),
        ("speed", {"speed": 1e-9}),
        ("seed", {"seed": -1}),
        ("start_price", {"start_price": 0}),
        ("moons", {"moons": 3}),
    ],
)
def test_what_cannot_be_simulated_is_named(named, wrong):
    with pytest.raises(InvalidInputError, match=named):
        read_simulation({**ASKED, **wrong})
