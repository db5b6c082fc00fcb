"""The scenes that are played to the alert rules pass, and none of the rules can be bent without one noticing."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from scripts.dashboards.__main__ import ROOT, SCENE_FILES
from scripts.dashboards.alert_scenes import SCENES, played
from scripts.dashboards.alerts import ALERTS, Alert, Condition
from tests.own_prometheus import promtool


def with_condition(alert: Alert, place: int, **changes: object) -> Alert:
    conditions = list(alert.conditions)
    conditions[place] = replace(conditions[place], **changes)
    return replace(alert, conditions=tuple(conditions))


def looser(one: Condition) -> float:
    """A limit that a good deal of what should be let alone is beyond."""
    return one.limit - max(1.0, one.limit) if one.sign == ">" else one.limit + 1_000


def stricter(one: Condition) -> float:
    return one.limit + 1e9 if one.sign == ">" else one.limit - 1e9


def without_condition(alert: Alert, place: int) -> Alert:
    return replace(alert, conditions=(*alert.conditions[:place], *alert.conditions[place + 1 :]))


def bent() -> dict[str, Alert]:
    """Every rule with one thing wrong, by what is wrong."""
    wrong: dict[str, Alert] = {}
    for alert in ALERTS:
        for place, one in enumerate(alert.conditions):
            turned = "<" if one.sign == ">" else ">"
            wrong[f"{alert.name} turned around {place}"] = with_condition(alert, place, sign=turned)
            wrong[f"{alert.name} stricter {place}"] = with_condition(alert, place, limit=stricter(one))
            if len(alert.conditions) > 1:
                wrong[f"{alert.name} without {place}"] = without_condition(alert, place)
            else:
                wrong[f"{alert.name} looser {place}"] = with_condition(alert, place, limit=looser(one))
        wrong[f"{alert.name} later"] = replace(alert, lasting="2d")
        if alert.lasting != "0m":
            wrong[f"{alert.name} at once"] = replace(alert, lasting="0m")
        if alert.within is not None:
            wrong[f"{alert.name} at any time"] = replace(alert, within=None)
    return wrong


BENT = bent()


def has_passed(alerts: Iterable[Alert], folder: Path) -> bool:
    """Play the scenes of some alerts to these rules."""
    rules = {alert.name: alert.as_rule() for alert in alerts}
    written = {"groups": [{"name": "conclave", "rules": list(rules.values())}]}
    (folder / "alerts.yml").write_text(yaml.safe_dump(written))
    files = []
    for pace, scenes in played(scene for scene in SCENES if scene.alert in rules).items():
        files.append(f"scenes_{pace}.yml")
        (folder / files[-1]).write_text(yaml.safe_dump(scenes))
    return promtool("test", "rules", *files, folder=folder).returncode == 0


def test_the_rules_that_are_shipped_pass_the_scenes_that_are_shipped():
    done = promtool("test", "rules", *SCENE_FILES.values(), folder=ROOT / "prometheus")
    assert done.returncode == 0, done.stdout


def test_every_alert_has_scenes_in_which_it_is_heard_and_in_which_it_is_not():
    heard = {scene.alert for scene in SCENES if any(scene.hears.values())}
    silent = {scene.alert for scene in SCENES if not all(scene.hears.values())}
    assert heard == silent == {alert.name for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
def test_a_rule_as_it_is_passes_its_scenes(alert, tmp_path):
    assert has_passed([alert], tmp_path)


@pytest.mark.parametrize("what", BENT)
def test_a_rule_that_is_bent_fails_its_scenes(what, tmp_path):
    assert not has_passed([BENT[what]], tmp_path)
