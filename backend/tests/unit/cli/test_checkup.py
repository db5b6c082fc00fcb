import pytest

from app.cli.checkup import findings, panel
from app.cli.finding import NOTE, OK, PROBLEM
from app.cli.service_checkup import without_credentials

VARIABLES = (
    "ANTHROPIC_API_KEY",
    "PERPLEXITY_API_KEY",
    "OLLAMA_BASE_URL",
    "POSTGRES_URL",
    "RABBITMQ_URL",
    "REDIS_URL",
    "CONCLAVE_API_KEY",
    "CONCLAVE_HOST",
    "CONCLAVE_PORT",
    "LOG_LEVEL",
)


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONCLAVE_HOME", str(tmp_path / "home"))


def found(part):
    return next(each for each in findings() if each.part == part)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://user:secret@db.example:5432/conclave?password=x", "postgresql://db.example:5432"),
        ("redis://:secret@cache", "redis://cache"),
        ("amqp://[::1]:5672/", "amqp://::1:5672"),
        ("no url", "set, but it is no URL"),
        ("http://host:port", "set, but it is no URL"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, shown):
    assert without_credentials(url) == shown


def test_a_bare_environment_has_no_problem():
    assert [each.part for each in findings() if each.state == PROBLEM] == []


def test_looking_makes_no_store(tmp_path):
    assert "made on first use" in found("CONCLAVE_HOME").found
    assert "none yet" in found("store").found
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("ANTHROPIC_API_KEY", "anthropic"),
        ("PERPLEXITY_API_KEY", "perplexity"),
        ("CONCLAVE_API_KEY", "CONCLAVE_API_KEY"),
    ],
)
def test_a_key_is_never_shown(monkeypatch, name, part):
    assert "not set" in found(part).found
    monkeypatch.setenv(name, "very-secret")

    assert "not set" not in found(part).found
    assert not any("very-secret" in f"{each.found} {each.fix}" for each in findings())


def test_a_database_server_that_does_not_answer_is_a_problem(monkeypatch):
    monkeypatch.setenv("POSTGRES_URL", "postgresql://user:secret@127.0.0.1:1/conclave")
    named, store = found("POSTGRES_URL"), found("store")

    assert named.found == "postgresql://127.0.0.1:1/conclave, at most 6 connections, 10 s for a statement"
    assert (store.state, "Connection refused" in str(store.fix)) == (PROBLEM, True)
    assert "secret" not in str(findings())


def test_where_work_is_shared_letters_have_connections_of_their_own(monkeypatch):
    monkeypatch.setenv("POSTGRES_URL", "postgresql://user:secret@127.0.0.1:1/conclave")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://user:secret@127.0.0.1:1/")

    assert "at most 8 connections" in found("POSTGRES_URL").found


def test_an_address_of_something_else_is_a_problem(monkeypatch):
    monkeypatch.setenv("POSTGRES_URL", "mysql://user:secret@db/conclave")

    assert (found("POSTGRES_URL").state, found("store").state) == (PROBLEM, PROBLEM)
    assert "secret" not in str(findings())


def test_a_setting_that_cannot_be_read_is_a_problem_with_its_name(monkeypatch):
    monkeypatch.setenv("CONCLAVE_PORT", "many")

    assert "CONCLAVE_PORT" in str(found("settings").fix)


def test_an_open_address_without_a_key_is_noted(monkeypatch):
    monkeypatch.setenv("CONCLAVE_HOST", "0.0.0.0")
    assert found("listen address").state == NOTE

    monkeypatch.setenv("CONCLAVE_API_KEY", "key")
    assert found("listen address").state == OK


def test_a_home_that_is_a_file_is_a_problem(monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("CONCLAVE_HOME", str(file))

    assert found("CONCLAVE_HOME").state == PROBLEM


def test_a_file_that_is_no_store_is_a_problem(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "conclave.db").write_text("not a database at all, just some text " * 50)

    assert found("store").state == PROBLEM


def test_analysts_that_cannot_be_loaded_are_a_problem():
    assert panel(("nobody",)).found == "nobody cannot be loaded"
