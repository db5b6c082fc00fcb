"""Every setting stands in the docs under the name by which it is set, and the docs name no setting that is none."""

import re
from pathlib import Path

import pytest

from app.config import Settings

ROOT = Path(__file__).resolve().parents[3]
TABLES = ("README.md", "docs/models.md", "docs/scaling.md")
TOLD = re.compile(
    r"`((?:CONCLAVE|ANTHROPIC|OLLAMA|PERPLEXITY)_[A-Z_]+|LOG_LEVEL|POSTGRES_URL|RABBITMQ_URL)(?:=[a-z-]+)?`"
)


def variables():
    return {
        str(field.validation_alias or f"CONCLAVE_{name.upper()}"): field
        for name, field in Settings.model_fields.items()
    }


def documented():
    return {name for page in TABLES for name in TOLD.findall((ROOT / page).read_text())}


@pytest.mark.parametrize("variable", sorted(variables()))
def test_every_setting_is_documented(variable):
    assert variable in documented()


def test_no_other_setting_is_documented():
    assert documented() <= set(variables())


def test_every_setting_says_what_it_is():
    assert [name for name, field in variables().items() if not field.description] == []
