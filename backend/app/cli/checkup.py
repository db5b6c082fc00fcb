"""The checks of `doctor`: each looks at one thing and never raises."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from app import plugins
from app.cli.finding import NOTE, OK, PROBLEM, Finding
from app.cli.model_checkup import models
from app.cli.service_checkup import database, services
from app.cli.store_checkup import store
from app.config import LOOPBACK_HOSTS, Settings, read_settings
from app.domain.errors import AgentSystemError, InvalidInputError

LEAST_PYTHON: Final = (3, 11)
LEAST_FREE_BYTES: Final = 100_000_000


def findings(live: bool = False) -> list[Finding]:
    """Look at everything, most basic first.

    Args:
        live: whether models are asked for real.
    """
    found = [_python()]
    try:
        settings = read_settings()
    except InvalidInputError as error:
        names = ", ".join(each.loc for each in error.errors)
        return [*found, Finding("settings", PROBLEM, str(error), f"correct or unset {names}")]
    checks: tuple[Callable[[Settings], Finding], ...] = (_home, _store, database, _api_key, _address)
    found += [check(settings) for check in checks]
    return [*found, _indicators(), panel(plugins.names("analyst")), *models(settings, live), *services(settings)]


def _python() -> Finding:
    enough = sys.version_info >= LEAST_PYTHON
    fix = None if enough else "install Python 3.11 or newer"
    return Finding("Python", OK if enough else PROBLEM, platform.python_version(), fix)


def _home(settings: Settings) -> Finding:
    if settings.postgres_url is not None:
        return Finding("CONCLAVE_HOME", OK, "not used: the record is kept on a server")
    home = settings.home.absolute()
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        fix = "set CONCLAVE_HOME to a folder that this user can write"
        return Finding("CONCLAVE_HOME", PROBLEM, f"{home} cannot be written", fix)
    free = shutil.disk_usage(nearest).free
    found = f"{home}, {'there' if home.exists() else 'made on first use'}, {free / 1e9:.1f} GB free"
    little = free < LEAST_FREE_BYTES
    return Finding("CONCLAVE_HOME", NOTE if little else OK, found, "free some space" if little else None)


def _store(settings: Settings) -> Finding:
    try:
        return store(settings)
    except AgentSystemError as error:
        return Finding("store", PROBLEM, "it cannot be used", str(error))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the store, the rest is still worth telling
        return Finding("store", PROBLEM, type(error).__name__, "restore it from a backup or choose another place")


def _api_key(settings: Settings) -> Finding:
    is_set = settings.key() is not None
    return Finding("CONCLAVE_API_KEY", OK, "set" if is_set else "not set: callers on this machine need none")


def _address(settings: Settings) -> Finding:
    address = f"{settings.host}:{settings.port}"
    if settings.host in LOOPBACK_HOSTS:
        return Finding("listen address", OK, f"{address}, this machine alone")
    fix = None if settings.key() else "set CONCLAVE_API_KEY, or serve will refuse to start"
    return Finding("listen address", NOTE if fix else OK, f"{address}, open to others", fix)


def _indicators() -> Finding:
    try:
        import talib
    except ImportError as error:
        return Finding("TA-Lib", PROBLEM, type(error).__name__, "install it: pip install TA-Lib")
    try:
        return Finding("TA-Lib", OK, version("TA-Lib"))
    except PackageNotFoundError:
        return Finding("TA-Lib", OK, str(talib.__version__))


def panel(roles: Sequence[str]) -> Finding:
    """Tell whether the analysts that play these roles can be loaded."""
    failed = [role for role in roles if not _loads(role)]
    if failed:
        fix = "reinstall Conclave, or the package that adds them"
        return Finding("analysts", PROBLEM, f"{', '.join(failed)} cannot be loaded", fix)
    return Finding("analysts", OK, ", ".join(roles))


def _loads(role: str) -> bool:
    try:
        plugins.load("analyst", role)()
    except Exception:  # noqa: BLE001 - an analyst from elsewhere may raise anything
        return False
    return True
