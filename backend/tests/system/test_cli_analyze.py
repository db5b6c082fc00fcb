"""`conclave analyze`, from a file to a stored decision."""

import json

import pytest

from tests.system.command_line import SAMPLES, conclave, sample

APPLE = SAMPLES / "AAPL_daily.csv"


def test_json_is_the_stored_record_byte_for_byte(tmp_path):
    made = conclave("analyze", "aapl", "--csv", APPLE, "--as-of", "2012-06-29", "--json", home=tmp_path)
    listed = conclave("decisions", "--json", home=tmp_path)

    assert made.code == 0
    assert made.out.endswith("}\n")
    assert made.out.rstrip("\n") in listed.out
    assert made.json()["symbol"] == "AAPL"
    assert made.json()["as_of"] == "2012-06-30T00:00:00+00:00"


def test_the_decision_is_shown_with_status_reason_and_every_vote(tmp_path):
    shown = conclave("analyze", "AAPL", "--csv", APPLE, home=tmp_path)

    assert shown.code == 0
    assert "status " in shown.out
    assert "resolved_by " in shown.out
    assert all(role in shown.out for role in ("market_analyst", "technical_analyst", "risk_advisor"))
    assert "not asked: news_analyst" in shown.out
    assert "\x1b" not in shown.out


def test_explain_adds_the_arithmetic(tmp_path):
    shown = conclave("analyze", "AAPL", "--csv", APPLE, "--explain", home=tmp_path)

    assert all(words in shown.out for words in ("How the panel split", "Ballots under weighted", "quorum:", "tools:"))


def test_options_reach_the_desk(tmp_path):
    record = conclave(
        *("analyze", "AAPL", "--csv", "-", "--interval", "1d", "--json", "--timeout", "20"),
        *("--agents", "technical_analyst, risk_advisor", "--method", "majority", "--conflict", "risk_manager"),
        *("--config", '{"min_confidence": 0.25}', "--as-of", "2013-02-15"),
        home=tmp_path,
        given=sample("AAPL", 300),
    ).json()
    config = record["consensus"]["config"]

    assert [vote["agent_type"] for vote in record["votes"]] == ["technical_analyst", "risk_advisor"]
    assert (config["method"], config["strategy"], config["min_confidence"]) == ("majority", "risk_manager", 0.25)


def test_news_reach_the_panel(tmp_path):
    news = SAMPLES / "AAPL_news.json"
    record = conclave(
        *("analyze", "AAPL", "--csv", APPLE, "--news", news, "--as-of", "2009-01-21T22:00:00Z", "--json"), home=tmp_path
    ).json()

    assert "news_analyst_AAPL" in [vote["agent_id"] for vote in record["votes"]]


def test_no_decision_has_its_own_exit_code(tmp_path):
    ended = conclave("analyze", "AAPL", "--csv", "-", home=tmp_path, given=sample("AAPL", 2))

    assert ended.code == 1
    assert "NO_DECISION" in ended.out


def test_of_a_long_file_the_last_bars_are_used_and_that_is_said(tmp_path):
    rows = [f"{1_600_000_000 + 60 * place},10,12,9,{10 + place % 3 / 2},5" for place in range(10_100)]
    ended = conclave(
        *("analyze", "LONG", "--csv", "-", "--json"), home=tmp_path, given="\n".join(["time,o,h,l,c,v", *rows])
    )

    assert ended.code == 0
    assert "the last 10,000 of 10,100 bars are used" in ended.err


@pytest.mark.parametrize(
    ("args", "given", "told"),
    [
        (("--csv", "missing.csv"), None, "missing.csv cannot be opened: no such file or directory."),
        (("--csv", "-"), "", "standard input: The file is empty"),
        (("--csv", "-"), "date,open\n2024-01-02,1\n", "standard input: line 1: no column for high, low, close"),
        (("--csv", "-"), "d\x00\xff,\x01\n\x00", "standard input: line 1: no column for"),
        (
            ("--csv", "-"),
            "date,open,high,low,close\n2024-01-02,1,2,3,1\n",
            "standard input: line 2: high is below low.",
        ),
        (("--csv", APPLE, "--as-of", "soon"), None, "--as-of is not an ISO 8601 time"),
        (("--csv", APPLE, "--interval", "daily"), None, "interval must be a count and a unit"),
        (("--csv", APPLE, "--config", "{"), None, "--config is no JSON"),
        (("--csv", APPLE, "--config", "[1]"), None, "--config must be a JSON object"),
        (("--csv", APPLE, "--config", '{"quorm": 1}'), None, "quorm"),
        (("--csv", APPLE, "--method", "wieghted"), None, "'wieghted'"),
        (("--csv", APPLE, "--conflict", "nobody"), None, "'nobody'"),
        (("--csv", APPLE, "--agents", "nobody"), None, "'nobody'"),
        (("--csv", APPLE, "--agents", " , "), None, "--agents names nobody"),
        (("--csv", APPLE, "--timeout", "0"), None, "timeout_seconds"),
        (("--csv", APPLE, "--news", "-"), "{}", "standard input must hold a JSON list of headlines"),
        (("--csv", APPLE, "--news", "-"), "[1]", "news.0"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line_or_two(tmp_path, args, given, told):
    ended = conclave("analyze", "AAPL", *args, home=tmp_path, given=given)

    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert len(ended.err.splitlines()) <= 2


def test_a_symbol_that_is_none_is_refused(tmp_path):
    ended = conclave("analyze", "../AAPL", "--csv", APPLE, home=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Error: symbol")


def test_a_store_that_cannot_be_written_is_a_failure(tmp_path):
    (tmp_path / "file").touch()
    ended = conclave("analyze", "AAPL", "--csv", APPLE, home=tmp_path / "file" / "home")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("Error: The store ")


def a_folder(tmp_path):
    folder = tmp_path / "quotes"
    folder.mkdir()
    for name in ("aapl_daily.csv", "IBM.2013.CSV"):
        (folder / name).write_text(sample(name[:4].strip(".").upper(), 400), encoding="utf-8")
    (folder / "notes.txt").write_text("not a CSV")
    return folder


def test_a_folder_gives_a_table_with_a_row_for_each_symbol(tmp_path):
    ended = conclave("analyze", "--dir", a_folder(tmp_path), home=tmp_path / "home")

    assert ended.code == 0
    assert all(name in ended.out for name in ("AAPL", "IBM", "resolved by", "status"))
    assert "[2/2]" in ended.err


def test_one_bad_file_does_not_stop_the_rest(tmp_path):
    folder = a_folder(tmp_path)
    (folder / "bad.csv").write_text("date,open,high,low,close\n2024-01-02,1,2,3,1\n")
    ended = conclave("analyze", "--dir", folder, home=tmp_path / "home")

    assert ended.code == 2
    assert all(name in ended.out for name in ("AAPL", "IBM", "BAD", "line 2: high"))
    assert f"Error: {folder / 'bad.csv'}: line 2: high is below low." in ended.err


def test_a_folder_as_json_gives_one_record_a_line(tmp_path):
    ended = conclave("analyze", "--dir", a_folder(tmp_path), "--json", home=tmp_path / "home")

    assert [json.loads(line)["symbol"] for line in ended.out.splitlines()] == ["IBM", "AAPL"]


@pytest.mark.parametrize("folder", ["", "missing"])
def test_a_folder_without_bars_is_bad_input(tmp_path, folder):
    ended = conclave("analyze", "--dir", tmp_path / folder, home=tmp_path / "home")

    assert (ended.code, ended.out) == (2, "")
