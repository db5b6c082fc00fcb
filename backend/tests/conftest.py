"""Settings every test shares."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

OF_MODELS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "OLLAMA_BASE_URL", "PERPLEXITY_API_KEY")


@pytest.fixture(autouse=True)
def _no_models_of_this_machine(monkeypatch):
    """Keep tests, and the processes they start, from asking whatever models the machine happens to offer."""
    for name in OF_MODELS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONCLAVE_PROVIDER", "rules")
