"""`docker-compose.yml` as tests read it: merged by YAML, filled in as compose fills it in."""

import re
from typing import Any

import yaml

from scripts.services.settings import ROOT

VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)?\}")
SECRETS = {
    "POSTGRES_PASSWORD": "a1b2",
    "RABBITMQ_PASSWORD": "c3d4",
    "CONCLAVE_API_KEY": "e5f6" * 8,
    "GRAFANA_PASSWORD": "a7b8",
}


def composed() -> dict[str, Any]:
    """The file as it stands."""
    whole: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return whole


def services() -> dict[str, Any]:
    """Each service by name, nothing filled in."""
    every: dict[str, Any] = composed()["services"]
    return every


def filled(value: str) -> str:
    """A value with the secrets above and the defaults of the file in place."""
    return VARIABLE.sub(lambda found: SECRETS.get(found[1], found[2] or ""), value)


def environment(service: str) -> dict[str, str]:
    """What a service finds in its environment."""
    return {name: filled(str(value)) for name, value in services()[service].get("environment", {}).items()}
