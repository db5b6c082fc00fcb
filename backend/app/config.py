"""The settings of one process, read once from the environment; a part receives only its own values."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode

from app.config_models import ModelSettings
from app.domain.errors import FieldError, InvalidInputError

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def default_home() -> Path:
    """Return the user's data folder for Conclave."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "conclave"


class Settings(ModelSettings):
    """Everything that can be set; nothing is required.

    The names in the environment are `CONCLAVE_` with the field's name, but for those that are known under another:
    `LOG_LEVEL`, `POSTGRES_URL`, `RABBITMQ_URL` and the vendors' keys and URLs.
    """

    home: Annotated[Path, Field(description="folder of the embedded store")] = Field(default_factory=default_home)
    api_key: Annotated[SecretStr | None, Field(description="key that callers must show")] = None
    host: Annotated[str, Field(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="port to listen on; 0 picks a free one")] = 8000
    allowed_hosts: Annotated[
        tuple[str, ...], NoDecode, Field(description="host names callers may use, comma-separated, beside loopback")
    ] = ()
    allowed_origins: Annotated[
        tuple[str, ...], NoDecode, Field(description="web origins that may call, comma-separated, beside loopback")
    ] = ()
    metrics_port: Annotated[
        int | None, Field(ge=0, le=65_535, description="port of its own for /metrics; 0 picks a free one")
    ] = None
    metrics_host: Annotated[str, Field(description="address to listen on with that port")] = "127.0.0.1"
    audit_seconds: Annotated[
        float, Field(ge=0, description="how often a server verifies the record's chains; 0 is never")
    ] = 3_600.0
    log_format: Annotated[Literal["console", "json"], Field(description="how log lines look")] = "console"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        Field(validation_alias="LOG_LEVEL", description="least severity that is logged"),
    ] = "INFO"
    postgres_url: Annotated[
        SecretStr | None,
        Field(validation_alias="POSTGRES_URL", description="PostgreSQL database of the record, instead of SQLite"),
    ] = None
    database_pool: Annotated[
        int, Field(ge=3, le=200, description="connections to the database server; where work is shared, two more")
    ] = 6
    database_timeout_seconds: Annotated[
        float, Field(gt=0, le=3_600, description="how long the database server may take for one statement")
    ] = 10.0
    rabbitmq_url: Annotated[
        SecretStr | None,
        Field(validation_alias="RABBITMQ_URL", description="RabbitMQ broker over which workers share the work"),
    ] = None
    broker_namespace: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="begins every name at the broker")
    ] = "conclave"
    lease_seconds: Annotated[
        float, Field(ge=0.5, le=600, description="how long a worker that is not heard of keeps a task")
    ] = 15.0
    max_pending: Annotated[
        int, Field(ge=1, le=1_000_000, description="accepted decisions that may be pending before new ones are refused")
    ] = 1_000
    max_analyses: Annotated[
        int, Field(ge=1, le=100_000, description="decisions that this process makes at once before it refuses more")
    ] = 500
    grace_seconds: Annotated[
        int, Field(ge=0, le=600, description="how long what runs may take to finish when the process is told to stop")
    ] = 30
    feed_backlog: Annotated[int, Field(ge=1, le=100_000, description="unread events a client may have")] = 256
    follow_seconds: Annotated[
        float, Field(ge=0.05, le=60, description="how often to look for what other processes have stored")
    ] = 0.5
    feed_replay: Annotated[
        int, Field(ge=1, le=1_000_000, description="how many stored events back `since` may reach")
    ] = 10_000

    @field_validator("allowed_hosts", "allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("postgres_url", "rabbitmq_url", mode="before")
    @classmethod
    def _unset_if_empty(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("home")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def store_path(self) -> Path:
        """The file of the embedded store."""
        return self.home / "conclave.db"

    def key(self) -> str | None:
        """Return the key in the clear, for comparison alone."""
        return self.api_key.get_secret_value() if self.api_key else None


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        InvalidInputError: names the setting that is wrong, never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        findings = [
            FieldError(_variable(str(each["loc"][0])), each["msg"])
            for each in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise InvalidInputError(f"{findings[0].loc}: {findings[0].message}.", findings) from None


def _variable(field: str) -> str:
    return field if field.isupper() else f"CONCLAVE_{field.upper()}"
