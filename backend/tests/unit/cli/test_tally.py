import json

import pytest
from click.testing import CliRunner

from app.cli.main import cli
from app.consensus.engine import decide

VOTES = [
    {"agent_id": "a", "decision": "BUY", "confidence": 0.8},
    {"agent_id": "b", "decision": "SELL", "confidence": 0.8},
]


def buy(agent_id, confidence):
    return {"agent_id": agent_id, "decision": "BUY", "confidence": confidence}


def tally(text, *args):
    return CliRunner().invoke(cli, ["tally", *args], input=text)


def test_a_document_gives_the_result_of_the_engine():
    answer = tally(json.dumps({"votes": VOTES, "config": {"method": "majority"}}))

    assert answer.exit_code == 0
    assert json.loads(answer.stdout) == decide(VOTES, {"method": "majority"}).as_dict()


def test_a_hold_by_tie_reads_as_what_it_is():
    result = json.loads(tally(json.dumps(VOTES)).stdout)

    assert (result["decision"], result["status"], result["resolved_by"]) == ("HOLD", "tie", "conservative")


def test_a_bare_list_of_votes_is_decided_by_the_defaults(tmp_path):
    file = tmp_path / "votes.json"
    file.write_text("\ufeff" + json.dumps(VOTES), encoding="utf-8")

    assert json.loads(tally("", str(file)).stdout) == decide(VOTES).as_dict()


def test_no_decision_has_its_own_exit_code():
    answer = tally("[]")

    assert (answer.exit_code, json.loads(answer.stdout)["decision"]) == (1, "NO_DECISION")


def test_a_vote_of_nan_is_judged_and_the_rest_counted():
    result = json.loads(tally(json.dumps([buy("a", float("nan")), buy("b", 1.0)])).stdout)

    assert (result["decision"], result["rejected"]) == ("BUY", [["a", "confidence_not_finite"]])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "standard input is no JSON: "),
        ("", "standard input is no JSON: "),
        ("[" * 100_000, "no JSON that can be read"),
        ("7", "The votes must be a list"),
        ('{"config": {}}', "The votes must be a list"),
        ('{"votes": [], "config": {"quorm": 1}}', "Consensus setting quorm"),
        ('{"votes": [], "config": {"method": "wieghted"}}', "wieghted"),
        ('{"votes": [], "config": []}', "config"),
    ],
)
def test_what_cannot_be_used_is_told_and_nothing_printed(text, told):
    answer = tally(text)

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert told in answer.stderr


def test_a_missing_file_is_bad_input():
    answer = tally("", "no/such/file.json")

    assert answer.exit_code == 2
    assert answer.stderr == "Error: no/such/file.json cannot be opened: no such file or directory.\n"


def lines(text):
    answer = tally(text, "--jsonl")
    return answer.exit_code, [json.loads(line) for line in answer.stdout.splitlines()]


def test_each_line_gives_a_line_with_its_id():
    text = "\n".join(json.dumps({"id": name, "votes": VOTES, "config": {"method": "majority"}}) for name in ("x", 7))
    result = json.loads(json.dumps(decide(VOTES, {"method": "majority"}).as_dict()))

    assert lines(text) == (0, [{"id": "x", **result}, {"id": 7, **result}])


def test_the_literals_nan_and_infinity_are_judged():
    text = json.dumps({"id": 1, "votes": [buy("a", float("nan")), buy("b", float("-inf"))]})
    code, [result] = lines(text)

    assert ("NaN" in text, "-Infinity" in text, code) == (True, True, 0)
    assert result["rejected"] == [["a", "confidence_not_finite"], ["b", "confidence_not_finite"]]


def test_a_bad_configuration_gives_an_error_line_and_the_run_goes_on():
    code, [refused, decided] = lines('{"id": 1, "votes": [], "config": {"quorm": 1}}\n{"id": 2, "votes": []}')

    assert code == 0
    assert refused["id"] == 1
    assert "quorm" in refused["error"]
    assert decided["status"] == "no_votes"


def test_a_configuration_with_nan_is_never_taken_for_one_with_null():
    text = '{"id": 1, "votes": [], "config": {"quorum": null}}\n{"id": 2, "votes": [], "config": {"quorum": NaN}}'

    assert ["error" in each for each in lines(text)[1]] == [False, True]


@pytest.mark.parametrize(
    "line", ["{", "[]", "7", '"text"', "nonsense", "[" * 100_000, '{"id": [], "votes": []}', "\x00"]
)
def test_a_line_that_is_no_panel_gives_an_error_without_id(line):
    code, [refused, decided] = lines(f'{line}\n{{"id": 2, "votes": []}}')

    assert (code, refused["id"], decided["id"]) == (0, None, 2)
    assert refused["error"].endswith(".")


def test_blank_lines_are_passed_over():
    assert lines('\n  \n{"id": 1, "votes": []}\n\n')[1][0]["id"] == 1


def test_nothing_in_nothing_out():
    assert lines("") == (0, [])


def test_a_run_without_one_usable_line_is_bad_input():
    assert lines("{\n[")[0] == 2


def test_ids_that_json_can_hold_in_escapes_alone_come_back_unchanged():
    surrogate, huge = '"\\ud800"', str(10**30)
    code, results = lines(f'{{"id": {surrogate}, "votes": []}}\n{{"id": {huge}, "votes": []}}')

    assert code == 0
    assert [each["id"] for each in results] == [json.loads(surrogate), 10**30]
