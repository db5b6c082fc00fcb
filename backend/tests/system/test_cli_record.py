"""What the command line says about the record: list, replay, verify, tools, migrate, doctor."""

import asyncio
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from app.agent_system import AgentSystem
from app.config import Settings
from app.market_data.sample_bars import sample_bars
from tests.system.command_line import SAMPLES, conclave, sample

FIRST, SECOND = "2012-06-29", "2012-09-28"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with two decisions about Apple and one about IBM."""
    folder = tmp_path_factory.mktemp("home")
    for symbol, as_of in (("AAPL", FIRST), ("IBM", FIRST), ("AAPL", SECOND)):
        bars = SAMPLES / f"{symbol}_daily.csv"
        assert conclave("analyze", symbol, "--csv", bars, "--as-of", as_of, home=folder).code == 0
    return folder


@pytest.fixture
def tampered(home, tmp_path):
    """A copy of the store in which one word of the first decision about Apple was changed."""
    with (
        closing(sqlite3.connect(home / "conclave.db")) as origin,
        closing(sqlite3.connect(tmp_path / "conclave.db")) as copy,
    ):
        origin.backup(copy)
        body, place = copy.execute("SELECT body, id FROM decisions WHERE symbol = 'AAPL' AND sequence = 1").fetchone()
        copy.execute("UPDATE decisions SET body = ? WHERE id = ?", [body.replace(b"rules", b"RULES"), place])
        copy.commit()
    return tmp_path


def records(home, *args):
    return conclave("decisions", "--json", *args, home=home).json()


def test_decisions_are_listed_newest_first(home):
    items = records(home)["items"]

    assert [(each["symbol"], each["sequence"]) for each in items] == [("AAPL", 2), ("IBM", 1), ("AAPL", 1)]


def test_the_list_can_be_narrowed_and_paged(home):
    first = records(home, "--limit", "2")
    rest = records(home, "--cursor", first["next_cursor"])

    assert [each["symbol"] for each in rest["items"]] == ["AAPL"]
    assert rest["next_cursor"] is None
    assert [each["symbol"] for each in records(home, "--symbol", "ibm")["items"]] == ["IBM"]
    assert records(home, "--since", "2999-01-01")["items"] == []


def test_the_list_shows_status_and_resolved_by(home):
    shown = conclave("decisions", home=home)

    assert shown.code == 0
    assert all(each["decision_id"] in shown.out for each in records(home)["items"])
    assert all(name in shown.out for name in ("status", "resolved by"))


def test_a_narrow_list_keeps_ids_in_one_piece(home):
    shown = conclave("decisions", home=home, COLUMNS="80")

    assert max(map(len, shown.out.splitlines())) <= 80
    assert all(each["decision_id"] in shown.out for each in records(home)["items"])


@pytest.mark.parametrize("args", [("--cursor", "nonsense"), ("--since", "yesterday"), ("--limit", "many")])
def test_a_list_that_cannot_be_had_is_bad_input(home, args):
    assert conclave("decisions", *args, home=home).code == 2


def test_an_empty_record_is_an_empty_list_and_a_hint(tmp_path):
    shown = conclave("decisions", home=tmp_path)

    assert shown.code == 0
    assert "No decisions yet" in shown.err


def test_a_replay_is_identical(home):
    for each in records(home)["items"]:
        again = conclave("replay", each["decision_id"], "--json", home=home)

        assert (again.code, again.json()["identical"]) == (0, True)
    assert "identical" in conclave("replay", each["decision_id"], home=home).out


def test_a_decision_that_does_not_exist_is_bad_input(home):
    ended = conclave("replay", "no-such-id", home=home)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "Error: There is no decision with this id.\n"


def test_a_replay_of_a_changed_record_differs(tampered):
    first = records(tampered, "--symbol", "AAPL")["items"][-1]
    with closing(sqlite3.connect(tampered / "conclave.db")) as store:
        changed = {**first, "support": 0.123}
        store.execute(
            "UPDATE decisions SET body = ? WHERE id = ?", [json.dumps(changed).encode(), first["decision_id"]]
        )
        store.commit()
    again = conclave("replay", first["decision_id"], home=tampered)

    assert again.code == 1
    assert "1 difference" in again.out


def test_verify_prints_the_head_of_each_chain(home):
    checked = conclave("verify", home=home)
    newest = {each["symbol"]: each for each in reversed(records(home)["items"])}

    assert checked.code == 0
    assert all(each["hash"] in checked.out for each in newest.values())
    assert len(checked.out.splitlines()) == 2
    assert checked.err.startswith("2 chains: ")


def test_verify_names_what_was_changed(tampered):
    checked = conclave("verify", home=tampered)

    assert checked.code == 1
    assert "AAPL #1: its content is not what was hashed." in checked.out


def test_tools_shows_what_the_store_measured(home):
    shown = conclave("tools", home=home)

    assert shown.code == 0
    assert "compute_indicators" in shown.out
    assert "100.0%" in shown.out


def test_agents_shows_the_panel():
    shown = conclave("agents")

    assert shown.code == 0
    assert all(role in shown.out for role in ("market_analyst", "risk_advisor", "strategy_optimizer", "news_analyst"))


def test_migrate_leaves_an_up_to_date_store_as_it_is(home):
    before = records(home)

    assert conclave("migrate", home=home).code == 0
    assert records(home) == before


def test_doctor_finds_a_desk_that_can_decide(home):
    shown = conclave("doctor", home=home)

    assert shown.code == 0
    assert "3 decisions, can be written" in shown.out
    assert "A decision can be made." in shown.out


def test_doctor_finds_a_desk_that_cannot(tmp_path):
    (tmp_path / "conclave.db").write_text("no database" * 500)
    shown = conclave("doctor", home=tmp_path)

    assert shown.code == 1
    assert "has to be fixed first: store" in shown.out


def test_a_damaged_store_is_a_failure_and_never_a_traceback(tmp_path):
    (tmp_path / "conclave.db").write_text("no database" * 500)

    for command in (("decisions",), ("verify",), ("tools",), ("migrate",), ("replay", "x")):
        ended = conclave(*command, home=tmp_path)
        assert (ended.code, ended.out) == (3, "")


def test_a_setting_that_cannot_be_read_is_bad_input(tmp_path):
    ended = conclave("decisions", home=tmp_path, CONCLAVE_PORT="many")

    assert ended.code == 2
    assert ended.err.startswith("Error: CONCLAVE_PORT")


def test_two_processes_share_one_store(tmp_path):
    def one(symbol):
        return conclave("analyze", symbol, "--csv", "-", "--json", home=tmp_path, given=sample("IBM", 300))

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(one, ["SAME", "SAME", "SAME", "OTHER"]))

    assert [each.code for each in ended] == [0, 0, 0, 0]
    assert sorted(each.json()["sequence"] for each in ended) == [1, 1, 2, 3]
    assert conclave("verify", home=tmp_path).code == 0


async def test_a_running_system_and_the_command_line_share_one_store(tmp_path):
    async with AgentSystem(Settings(home=tmp_path)) as system:
        bars = sample_bars("IBM")
        first = await system.run_real_time_analysis("IBM", bars)
        made = await asyncio.to_thread(
            conclave, "analyze", "IBM", "--csv", "-", "--json", home=tmp_path, given=sample("IBM")
        )
        third = await system.run_real_time_analysis("IBM", bars)

    assert made.code == 0
    assert [each["sequence"] for each in (first, made.json(), third)] == [1, 2, 3]
    assert third["previous_hash"] == made.json()["hash"]
    assert made.json()["votes"][0]["reasoning"] == first["votes"][0]["reasoning"]
