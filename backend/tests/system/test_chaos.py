"""A short run of everything that `make chaos` does at length, and the control that has to be noticed."""

from contextlib import closing
from dataclasses import replace

import pytest

from tests.chaos.books import Books
from tests.chaos.checker import Found, judge
from tests.chaos.embedded_ground import EmbeddedGround
from tests.chaos.plan import DECK, Plan
from tests.chaos.report import as_dict, table
from tests.chaos.run import Run
from tests.chaos.shared_ground import SharedGround
from tests.own_servers import own_servers

SHORT = Plan(decisions=150, kills=7, pauses=1, seed=3, workers=2, at_once=24, most_s=400)
CONTROL = replace(SHORT, decisions=100, kills=3, pauses=0, control=True)
EMBEDDED = Plan(decisions=200, kills=3, pauses=0, seed=3, apis=1, at_once=24, embedded=True, most_s=400)


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with own_servers(tmp_path_factory.mktemp("servers")) as started:
        yield started


def told(report):
    return f"{table(report)}\n{as_dict(report)['fell']}"


async def test_nothing_is_lost_doubled_or_altered_while_everything_is_killed(servers, tmp_path):
    report = await Run(SHORT, SharedGround(SHORT, servers), tmp_path).report()

    assert report.is_clean, told(report)
    assert sum(report.done.values()) == SHORT.kills + SHORT.pauses
    assert report.verdict.accepted >= 120
    assert report.verdict.effects == report.verdict.decided


async def test_a_build_without_confirms_and_inbox_is_noticed(servers, tmp_path):
    report = await Run(CONTROL, SharedGround(CONTROL, servers), tmp_path).report()

    assert not report.is_clean, told(report)
    assert report.verdict.lost or report.verdict.duplicated, told(report)


async def test_one_process_on_sqlite_loses_nothing_when_it_is_killed(tmp_path):
    report = await Run(EMBEDDED, EmbeddedGround(tmp_path / "home"), tmp_path).report()

    assert report.is_clean, told(report)
    assert report.done == {"api": EMBEDDED.kills}


def test_sixty_kills_are_at_least_five_of_each():
    counted = Plan().counted()

    assert min(counted[what] for what in set(DECK)) >= 5
    assert counted.total() == Plan().kills + Plan().pauses
    assert Plan().strokes() == sorted(Plan().strokes(), key=lambda stroke: stroke[0])
    assert Plan(seed=2).strokes() != Plan(seed=1).strokes()


def a_decision(number, **changes):
    usual = {"symbol": "AAPL", "sequence": number + 1, "previous_hash": f"h{number}", "hash": f"h{number + 1}"}
    return {**usual, "sha256": f"s{number}", "correlation_id": f"name-{number}", "degraded": False, **changes}


@pytest.fixture
def scene(tmp_path):
    """Ten requests that were answered, and a record and a consumer that have them all."""
    path = tmp_path / "book"
    with closing(Books(path)) as books:
        for number in range(10):
            books.note(number, "answered", id=f"d{number}", sha256=f"s{number}")
    decisions = {f"d{number}": a_decision(number) for number in range(10)}
    effects = tuple((f"d{number}", "AAPL", "consensus_result") for number in range(10))
    names = {number: f"name-{number}" for number in range(10)}
    return lambda **changes: judge(path, replace(Found(decisions, {}, effects), **changes), names)


def test_the_checker_finds_nothing_where_nothing_is_wrong(scene):
    assert scene().is_clean


@pytest.mark.parametrize("number", range(10))
def test_the_checker_finds_a_single_decision_that_is_lost_doubled_altered_or_out_of_place(scene, number):
    full = {f"d{each}": a_decision(each) for each in range(10)}
    effects = [(f"d{each}", "AAPL", "consensus_result") for each in range(10)]
    without = {name: each for name, each in full.items() if name != f"d{number}"}
    assert scene(decisions=without).lost
    assert scene(decisions={**full, "twice": a_decision(number, sequence=11)}).duplicated
    assert scene(decisions={**full, f"d{number}": a_decision(number, sha256="other")}).altered
    assert scene(decisions={**full, f"d{number}": a_decision(number, sequence=99)}).gaps
    assert scene(effects=tuple(effects[:number] + effects[number + 1 :])).lost
    assert scene(effects=(*effects, effects[number])).duplicated
    if number:
        turned = [*effects]
        turned[number - 1 : number + 1] = reversed(turned[number - 1 : number + 1])
        assert scene(effects=tuple(turned)).inversions
    assert not scene(waiting=1).is_clean


def test_the_checker_takes_a_failure_with_a_reason_for_an_end_and_one_without_for_a_loss(tmp_path):
    with closing(Books(tmp_path / "book")) as books:
        books.note(0, "accepted", id="d0")
    for reason, is_lost in (("it could not", False), (None, True)):
        verdict = judge(tmp_path / "book", Found({}, {"d0": ("failed", reason)}, ()), {0: "name-0"})
        assert bool(verdict.lost) is is_lost


def test_a_request_that_got_no_answer_and_has_no_decision_is_a_loss_unless_nobody_promised_anything(tmp_path):
    with closing(Books(tmp_path / "book")) as books:
        books.note(0, "uncertain", why="ReadError")
        books.note(1, "unknown")
    verdict = judge(tmp_path / "book", Found({}, {}, ()), {0: "name-0", 1: "name-1"})

    assert [each.partition(":")[0] for each in verdict.lost] == ["name-0"]
