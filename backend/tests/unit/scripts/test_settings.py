"""What is remembered of the servers: for its owner alone, and by one command at a time."""

import pytest

from scripts.services import settings


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CONCLAVE_SERVICES_HOME", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_at_first_nothing_is_remembered(home):
    assert settings.load() == {}
    assert not home.exists()


def test_what_is_saved_is_loaded():
    with settings.locked():
        settings.save({"postgres": {"port": 5}})
        settings.save({"postgres": {"port": 6}})
    assert settings.load() == {"postgres": {"port": 6}}


def test_nobody_else_may_read_the_passwords(home):
    with settings.locked():
        settings.save({"postgres": {"password": "p"}})
    assert (home / "state.json").stat().st_mode & 0o777 == 0o600


def test_a_shared_lock_is_unused_once_the_last_has_let_go():
    with settings.locked("users", shared=True):
        with settings.locked("users", shared=True):
            assert not settings.unused("users")
        assert not settings.unused("users")
    assert settings.unused("users")


def test_passwords_differ_and_stand_in_a_url_as_they_are():
    one, other = settings.password(), settings.password()
    assert one != other
    assert one.isalnum()
