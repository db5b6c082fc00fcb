"""The two demonstrations, run as a newcomer runs them."""

import subprocess
import sys
from pathlib import Path

from tests.system.command_line import conclave, environment

ROOT = Path(__file__).resolve().parents[3]


def test_the_tour_runs_to_its_end_and_shows_what_it_promises(tmp_path):
    command = [sys.executable, str(ROOT / "demo_agent_system.py")]
    ended = subprocess.run(
        command, capture_output=True, text=True, env=environment(), cwd=tmp_path, timeout=60, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    for words in (
        "1. One decision",
        "2. A crash that never was",
        "market.bar.AAPL",
        "40 decisions are recorded, and flagged as simulated",
        "error, error, error, error, error",
        "Suspended now: order_flow",
        "7. Agents under test",
        "Overall success rate: ",
        "8. Where to look next",
        "resolved_by",
        "risk_adjusted",
        "highest_confidence",
        "agent.vote.AAPL.market_analyst",
        "identical",
        "Problems found: 0",
        "failed:broken_analyst_AAPL",
        "timeout:sleepy_analyst_AAPL",
        "AAPL #1: its content is not what was hashed.",
    ):
        assert words in ended.stdout
    assert not list(tmp_path.iterdir())


def test_the_command_makes_one_decision_and_leaves_nothing_behind(tmp_path):
    shown = conclave("demo", HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path))

    assert shown.code == 0
    assert "temporary folder" in shown.err
    assert "news_analyst" in shown.out
    assert "status " in shown.out
    assert not list(tmp_path.iterdir())


def test_with_a_home_of_ones_own_the_decision_is_kept(tmp_path):
    shown = conclave("demo", "--explain", home=tmp_path)

    assert "CONCLAVE_HOME" in shown.err
    assert "Ballots under weighted" in shown.out
    assert len(conclave("decisions", "--json", home=tmp_path).json()["items"]) == 1
