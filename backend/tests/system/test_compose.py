"""The compose file: valid, closed in itself, hardened, and about settings and commands that there are."""

import json
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
import yaml

from app.cli.main import COMMANDS
from app.config import Settings, read_settings
from scripts.services.settings import ROOT
from tests.system.compose_file import SECRETS, VARIABLE, composed, environment, filled, services

OURS = ("migrate", "api")
SCHEMA = jsonschema_rs.validator_for(json.loads((ROOT / "backend/tests/data/compose.schema.json").read_text()))


def mounts():
    """Where what is mounted comes from, and where it goes."""
    every = [mount.partition(":") for each in services().values() for mount in each.get("volumes", ())]
    return {source: target for source, _, target in every}


every_service = pytest.mark.parametrize("service", sorted(services()))
every_one_of_ours = pytest.mark.parametrize("service", OURS)


def names_of_settings():
    return {str(field.validation_alias or f"CONCLAVE_{name.upper()}") for name, field in Settings.model_fields.items()}


def test_it_is_what_the_specification_allows():
    assert [error.message for error in SCHEMA.iter_errors(composed())] == []


def test_a_slip_of_the_pen_would_be_seen():
    wrong = composed()
    wrong["services"]["api"]["restrat"] = "always"
    assert ["restrat" in error.message for error in SCHEMA.iter_errors(wrong)] == [True]


@every_one_of_ours
def test_what_a_process_finds_in_its_environment_are_settings(service):
    assert set(environment(service)) <= names_of_settings()


@every_one_of_ours
def test_the_settings_can_be_read_from_it(service, monkeypatch):
    for name, value in environment(service).items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert settings.postgres_url.get_secret_value() == "postgresql://conclave:a1b2@postgres:5432/conclave"


@every_one_of_ours
def test_a_process_is_a_command_that_there_is(service):
    (command,) = services()[service]["command"]
    assert command in COMMANDS


@every_one_of_ours
def test_an_address_leads_to_a_service_at_the_port_that_it_publishes(service):
    address = urlsplit(environment(service)["POSTGRES_URL"])
    (published,) = services()[address.hostname]["ports"]
    assert filled(published).endswith(f":{address.port}")


def test_the_server_knows_the_user_whom_the_address_names():
    postgres, database = environment("postgres"), urlsplit(environment("api")["POSTGRES_URL"])
    assert (postgres["POSTGRES_USER"], postgres["POSTGRES_PASSWORD"]) == (database.username, database.password)
    assert postgres["POSTGRES_DB"] == database.path.strip("/")


@every_service
def test_who_is_waited_for_is_there_and_can_be_waited_for(service):
    for name, wanted in services()[service].get("depends_on", {}).items():
        condition, other = wanted["condition"], services()[name]
        assert condition != "service_healthy" or "healthcheck" in other
        assert condition != "service_completed_successfully" or other["restart"].startswith("on-failure")


def test_every_volume_is_declared_and_used():
    assert {source for source in mounts() if not source.startswith("./")} == set(composed()["volumes"])


def test_every_folder_that_is_mounted_is_there_and_cannot_be_written():
    folders = {source: rest for source, rest in mounts().items() if source.startswith("./")}
    assert all((ROOT / source).is_dir() for source in folders)
    assert all(rest.endswith(":ro") for rest in folders.values())


@every_service
def test_a_container_has_no_rights_and_has_limits(service):
    each = services()[service]
    assert (each["init"], each["read_only"], each["cap_drop"]) == (True, True, ["ALL"])
    assert each["security_opt"] == ["no-new-privileges:true"]
    assert int(each["user"].partition(":")[0]) > 0
    assert set(each["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}


@every_service
def test_ports_are_published_on_this_machine_alone(service):
    assert all(port.startswith("127.0.0.1:") for port in services()[service].get("ports", ()))


@pytest.mark.parametrize("service", sorted(set(services()) - {"migrate"}))
def test_what_runs_on_has_time_to_end(service):
    assert int(services()[service]["stop_grace_period"].removesuffix("s")) >= 30


def test_no_secret_stands_in_the_file_and_none_has_a_default():
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = [found for found in VARIABLE.finditer(text) if found[1] in SECRETS]
    assert {found[1] for found in secrets} == set(SECRETS)
    assert all(":?" in found[0] for found in secrets)


def test_the_broker_keeps_its_name_because_its_data_are_kept_under_it():
    assert services()["rabbitmq"]["hostname"] == "rabbitmq"


def test_the_image_has_the_version_of_the_project():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {services()[name]["image"] for name in OURS} == {f"conclave:{version}"}


def test_every_variable_is_told_in_the_docs():
    told = (ROOT / "docs/services.md").read_text()
    asked = {found[1] for found in VARIABLE.finditer((ROOT / "docker-compose.yml").read_text())}
    assert {name for name in asked if f"`{name}`" not in told} == set()


def test_prometheus_calls_the_api_by_a_name_that_it_lets_in_with_the_key_that_was_put_there():
    (job,) = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    host, _, port = job["static_configs"][0]["targets"][0].partition(":")
    asked = environment(host)

    assert port == asked["CONCLAVE_PORT"]
    assert host in asked["CONCLAVE_ALLOWED_HOSTS"].split(",")
    assert environment("prometheus")["CONCLAVE_API_KEY"] == asked["CONCLAVE_API_KEY"]
    assert f"> {job['authorization']['credentials_file']};" in services()["prometheus"]["command"][0]
    assert mounts()["./prometheus"] == "/etc/prometheus:ro"


def test_prometheus_finds_every_worker_at_the_port_that_it_is_given():
    (job,) = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    (name,) = found["names"]
    asked = environment(name)

    assert str(found["port"]) == asked["CONCLAVE_METRICS_PORT"]
    assert asked["CONCLAVE_ALLOWED_HOSTS"] == "*"
    assert environment("prometheus")["CONCLAVE_API_KEY"] == asked["CONCLAVE_API_KEY"]


def test_grafana_finds_prometheus_and_the_dashboards():
    (source,) = yaml.safe_load((ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/conclave.yml").read_text())["providers"]
    host = urlsplit(source["url"])

    assert filled(services()[host.hostname]["ports"][0]).endswith(f":{host.port}")
    assert mounts()["./grafana/dashboards"] == f"{provider['options']['path']}:ro"
    home = Path(environment("grafana")["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == Path(provider["options"]["path"])
    assert (ROOT / "grafana/dashboards" / home.name).exists()
