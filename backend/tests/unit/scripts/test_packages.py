"""Packages of the servers: found, or told how to get them."""

import pytest

from scripts.services import packages
from scripts.services.errors import ServiceError


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without the package."""
    monkeypatch.setitem(packages.PLACES, "postgresql", str(tmp_path / "*/postgres").lstrip("/"))
    return tmp_path


def test_the_newest_of_several_versions_is_taken(bare, monkeypatch):
    monkeypatch.setitem(packages.PLACES, "postgresql", str(bare / "*/bin/postgres").lstrip("/"))
    for version in ("9", "15", "2"):
        (bare / version / "bin").mkdir(parents=True)
        (bare / version / "bin" / "postgres").touch()
    assert packages.needed("postgresql") == bare / "15" / "bin"


def test_a_machine_without_engine_and_apt_is_told_what_is_missing(bare, monkeypatch):
    monkeypatch.setenv("PATH", str(bare))
    with pytest.raises(ServiceError, match="neither a Docker engine nor apt-get"):
        packages.needed("postgresql")


def test_who_may_not_install_is_told_what_root_would_type(bare, monkeypatch):
    (bare / "apt-get").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(bare))
    monkeypatch.setattr(packages.os, "geteuid", lambda: 1000)
    with pytest.raises(ServiceError, match="as root: apt-get install postgresql"):
        packages.needed("postgresql")
