"""Servers as processes: known by number and birth, waited for, ended."""

import os
import signal
import subprocess
import sys

import pytest

from scripts.services import processes
from scripts.services.errors import ServiceError

STAYS = [sys.executable, "-c", "import signal; signal.pause()"]


@pytest.fixture
def started(tmp_path):
    """Start commands and end them afterwards."""
    known = []

    def start(command):
        known.append(processes.spawn(command, tmp_path / "log", dict(os.environ), tmp_path))
        return known[-1]

    yield start
    for each in known:
        processes.end(each, signal.SIGKILL)


def test_a_process_lives_until_it_is_ended(started):
    known = started(STAYS)
    assert processes.is_alive(known)
    processes.end(known, signal.SIGTERM)
    assert not processes.is_alive(known)


def test_one_that_does_not_listen_is_killed(started):
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    known = started([sys.executable, "-c", deaf])
    processes.end(known, signal.SIGTERM, patience_s=0.2)
    assert not processes.is_alive(known)


def test_one_that_was_ended_is_buried_even_if_it_was_asked_for_a_moment_too_soon(started, monkeypatch):
    known = started(STAYS)
    monkeypatch.setattr(subprocess.Popen, "poll", lambda _self: None)
    processes.end(known, signal.SIGKILL)
    with pytest.raises(ChildProcessError):
        os.waitid(os.P_PID, known["pid"], os.WEXITED | os.WNOHANG | os.WNOWAIT)


def test_another_process_of_the_same_number_is_not_taken_for_it(started):
    known = started(STAYS)
    assert not processes.is_alive({**known, "born": "1"})


def test_a_dead_process_that_nobody_has_buried_is_dead(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.is_alive({"pid": child.pid, "born": None})
        assert child.pid not in processes.users_of(tmp_path)


def test_one_that_ends_while_it_starts_is_told_with_the_end_of_its_log(started, tmp_path):
    known = started([sys.executable, "-c", "raise SystemExit('no room left')"])
    with pytest.raises(ServiceError, match="ended while it started") as told:
        processes.wait_ready("PostgreSQL", known, tmp_path / "log", lambda: False, patience_s=30)
    assert "no room left" in str(told.value)
    assert str(tmp_path / "log") in str(told.value)


def test_one_that_never_answers_is_told_after_the_time_it_had(started, tmp_path):
    known = started(STAYS)
    with pytest.raises(ServiceError, match="gave no answer"):
        processes.wait_ready("RabbitMQ", known, tmp_path / "log", lambda: False, patience_s=0.1)


def test_those_who_work_in_a_folder_are_found_and_told(started, tmp_path):
    known = started(STAYS)
    assert processes.users_of(tmp_path) == [known["pid"]]
    with pytest.raises(ServiceError, match=str(known["pid"])):
        processes.wait_unused(tmp_path, patience_s=0.1)
