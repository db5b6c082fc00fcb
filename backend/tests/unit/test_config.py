import pytest

from app.config import default_home, read_settings
from app.domain.errors import InvalidInputError


def test_nothing_is_required(monkeypatch):
    monkeypatch.delenv("CONCLAVE_HOME", raising=False)
    settings = read_settings()
    assert settings.home == default_home()
    assert (settings.host, settings.key()) == ("127.0.0.1", None)


def test_the_environment_is_read_by_its_names(monkeypatch, tmp_path):
    monkeypatch.setenv("CONCLAVE_HOME", str(tmp_path))
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("CONCLAVE_ALLOWED_HOSTS", "desk.example, other.example,")
    settings = read_settings()
    assert settings.store_path == tmp_path / "conclave.db"
    assert settings.log_level == "DEBUG"
    assert settings.allowed_hosts == ("desk.example", "other.example")


def test_a_home_below_the_users_own_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CONCLAVE_HOME", "~/desk")
    settings = read_settings()
    assert settings.home == tmp_path / "desk"
    assert settings.model_copy(update={"home": tmp_path}).store_path == tmp_path / "conclave.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [("CONCLAVE_PORT", "seventy"), ("LOG_LEVEL", "LOUD"), ("CONCLAVE_FEED_BACKLOG", "-5")],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_repeated(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInputError) as caught:
        read_settings()
    assert str(caught.value).startswith(name)
    assert value not in str(caught.value)


def test_secrets_are_not_in_the_text_of_the_settings(monkeypatch):
    monkeypatch.setenv("CONCLAVE_API_KEY", "canary-key")
    monkeypatch.setenv("POSTGRES_URL", "postgresql://u:canary-key@db/x")
    settings = read_settings()
    assert "canary-key" not in f"{settings!r}{settings}{settings.model_dump_json()}"
    assert settings.key() == "canary-key"


def test_a_database_server_set_to_nothing_is_not_set(monkeypatch):
    monkeypatch.setenv("POSTGRES_URL", "")
    assert read_settings().postgres_url is None


@pytest.mark.parametrize("name", ["ANTHROPIC_BASE_URL", "OLLAMA_BASE_URL", "CONCLAVE_PERPLEXITY_URL"])
@pytest.mark.parametrize("value", ["http://models.example:${PORT}", "http://models.example:99999", "http://[::1"])
def test_an_address_of_models_that_cannot_be_taken_apart_is_refused_before_a_decision_needs_it(
    monkeypatch, name, value
):
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInputError, match=name):
        read_settings()


@pytest.mark.parametrize("name", ["CONCLAVE_OLLAMA_MODEL", "CONCLAVE_HEDGE_MODEL"])
def test_what_names_a_model_is_not_set_when_it_is_empty(monkeypatch, name):
    monkeypatch.setenv(name, " ")
    settings = read_settings()
    assert (settings.ollama_model, settings.hedge_model) == (None, None)


@pytest.mark.parametrize("name", ["ANTHROPIC_BASE_URL", "OLLAMA_BASE_URL", "CONCLAVE_PERPLEXITY_URL"])
def test_an_address_that_is_empty_is_the_usual_one(monkeypatch, name):
    usual = read_settings()
    monkeypatch.setenv(name, "")
    assert read_settings() == usual


@pytest.mark.parametrize("name", ["CONCLAVE_BUDGET_DOLLARS_PER_DAY", "CONCLAVE_MODEL_REQUESTS_PER_MINUTE"])
def test_a_limit_that_is_empty_is_refused_for_it_may_have_been_meant(monkeypatch, name):
    monkeypatch.setenv(name, "")
    with pytest.raises(InvalidInputError, match=name):
        read_settings()


@pytest.mark.parametrize("value", ["openai:gpt-9", "claude-haiku-5-5", "anthropic:", "scripted:script"])
def test_a_hedge_of_a_vendor_that_nobody_asks_is_refused(monkeypatch, value):
    monkeypatch.setenv("CONCLAVE_HEDGE_MODEL", value)
    with pytest.raises(InvalidInputError, match="CONCLAVE_HEDGE_MODEL"):
        read_settings()
