"""What tests start themselves is installed with the servers, where packages are the way."""

from scripts.services import __main__ as commands
from scripts.services import packages


def test_where_containers_are_the_way_nothing_is_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(packages.PLACES, "prometheus", str(tmp_path / "prometheus").lstrip("/"))
    assert commands._programs({"way": "docker"}) == []


def test_what_is_there_is_not_installed_again(tmp_path, monkeypatch):
    (tmp_path / "prometheus").touch()
    monkeypatch.setitem(packages.PLACES, "prometheus", str(tmp_path / "prometheus").lstrip("/"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commands._programs({"way": "packages"}) == []


def test_what_cannot_be_installed_is_told_and_the_command_runs_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setitem(packages.PLACES, "prometheus", str(tmp_path / "prometheus").lstrip("/"))
    monkeypatch.setenv("PATH", str(tmp_path))
    (told,) = commands._programs({"way": "packages"})
    assert told.startswith("prometheus is missing")
