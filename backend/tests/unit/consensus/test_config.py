"""The settings of the engine: what is accepted, what is refused and how it reads afterwards."""

import json
from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings

from app.consensus.config import ConsensusConfig
from app.consensus.engine import decide
from app.domain.errors import ConfigurationError, UnknownNameError
from tests.unit.consensus.builders import configs, vote

DEFAULTS = {
    "method": "weighted",
    "strategy": "conservative",
    "conflict_trigger": "unresolved",
    "roster": None,
    "quorum": 0.5,
    "threshold": 0.5,
    "agreement": 1.0,
    "weights": {},
    "min_confidence": 0.0,
    "risk_aversion": 0.5,
    "market_risk": 0.0,
    "position": 0,
    "risk_veto": False,
    "veto_confidence": 0.5,
    "timeout_ms": None,
    "early_close": False,
}


@pytest.mark.parametrize("given", [None, {}, dict.fromkeys(DEFAULTS)])
def test_absent_and_null_mean_the_default(given: Any) -> None:
    assert ConsensusConfig.of(given).as_dict() == DEFAULTS


def test_only_unanimity_asks_for_everybody_by_default() -> None:
    assert ConsensusConfig.of({"method": "unanimous"}).as_dict()["quorum"] == 1.0
    assert ConsensusConfig.of({"method": "unanimous", "quorum": 0.5}).as_dict()["quorum"] == 0.5


@given(configs())
@settings(max_examples=100, deadline=None)
def test_the_wire_form_reads_back_as_the_same_configuration(wire: dict[str, Any]) -> None:
    config = ConsensusConfig.of(wire)

    assert ConsensusConfig.of(json.loads(json.dumps(config.as_dict()))) == config


def test_a_configuration_is_taken_as_it_is() -> None:
    config = ConsensusConfig.of({"method": "bft"})

    assert ConsensusConfig.of(config) is config


@pytest.mark.parametrize(
    ("setting", "alias", "name"),
    [
        ("method", "weighted_confidence", "weighted"),
        ("strategy", "conservative_bias", "conservative"),
        ("strategy", "risk_override", "risk_manager"),
        ("strategy", "weighted_averaging", "weighted_average"),
        ("strategy", "highest_confidence_override", "highest_confidence"),
    ],
)
def test_an_alias_reads_as_the_name_it_stands_for(setting: str, alias: str, name: str) -> None:
    assert ConsensusConfig.of({setting: alias}).as_dict()[setting] == name


BAD = [(name, value) for name in ("quorum", "threshold", "agreement", "min_confidence", "risk_aversion", "market_risk",
       "veto_confidence") for value in (-1e-12, 1.0000000000000002, nan, inf, True, "0.5", [])]  # fmt: skip
BAD += [("weights", value) for value in ([], {"a": -1}, {"a": 1_000_001}, {"a": True}, {"a": None}, {7: 1}, {"": 1})]
BAD += [("roster", value) for value in ("abc", {"a": 1}, ["a", 7], [""], 3)]
BAD += [("position", value) for value in (nan, -inf, True, "1")]
BAD += [("timeout_ms", value) for value in (-1, nan, inf, True, "1", Decimal("1E999"))]
BAD += [("risk_veto", value) for value in (1, "true", 0.0)]
BAD += [("early_close", 1), ("conflict_trigger", "always"), ("conflict_trigger", 7), ("method", 7), ("strategy", [])]


@pytest.mark.parametrize(("setting", "value"), BAD)
def test_a_bad_value_is_refused_by_the_name_of_its_setting(setting: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{setting} must ") as refusal:
        ConsensusConfig.of({setting: value})

    assert [finding.loc for finding in refusal.value.errors] == [setting]


def test_the_value_is_never_repeated() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        ConsensusConfig.of({"quorum": "s3cret", "weights": {"ag3nt": "s3cret"}})

    assert "s3cret" not in str(refusal.value)
    assert "ag3nt" not in str(refusal.value)
    assert [finding.loc for finding in refusal.value.errors] == ["quorum", "weights"]


@pytest.mark.parametrize("value", [None, 0.5])
def test_an_unknown_setting_is_named_even_when_null(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"qourum is no setting .* quorum"):
        ConsensusConfig.of({"qourum": value})


@pytest.mark.parametrize("key", [7, None, "x" * 500, "a b\n"])
def test_an_unknown_setting_that_cannot_be_shown_is_refused_without_showing_it(key: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be shown"):
        ConsensusConfig.of({key: 1})


@pytest.mark.parametrize("config", [[], "weighted", 7])
def test_a_config_that_is_no_object_is_refused(config: Any) -> None:
    with pytest.raises(ConfigurationError, match="object of settings"):
        ConsensusConfig.of(config)


def test_an_unknown_method_lists_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match=r"consensus method 'wieghted'.*majority, weighted, median"):
        ConsensusConfig.of({"method": "wieghted"})


def test_an_unknown_strategy_lists_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match=r"conflict strategy 'loudest'.*conservative, highest_confidence"):
        ConsensusConfig.of({"strategy": "loudest"})


def test_a_roster_names_each_agent_once() -> None:
    assert decide([vote("a", "BUY")], {"roster": ["a", "b", "a"]}).n_expected == 2


def test_an_empty_roster_expects_nobody() -> None:
    result = decide([vote("a", "BUY")], {"roster": []})

    assert (result.status, result.n_expected, result.rejected) == ("no_votes", 0, (("a", "unknown_agent"),))


@pytest.mark.parametrize("position", [5e-324, 10**400, Decimal("1E-400"), Decimal("1E+400"), 1])
def test_a_position_however_small_or_large_counts_by_its_sign(position: Any) -> None:
    config = ConsensusConfig.of({"position": position})

    assert config.side == 1
    assert ConsensusConfig.of(config.as_dict()).side == 1
