"""`python -m scripts.dashboards`: write dashboards and alert rules anew; `--check` only says which are out of date."""

import argparse
import json
import sys
from pathlib import Path

import yaml

from scripts.dashboards.alert_scenes import SCENES, played
from scripts.dashboards.alerts import ALERTS
from scripts.dashboards.boards import BOARDS

ROOT = Path(__file__).resolve().parents[2]
SCENE_FILES = {1: "alerts_test.yml", 10: "alerts_of_days_test.yml"}
MADE_BY = "# Made by `python -m scripts.dashboards`; change the description there.\n"


def files() -> dict[Path, str]:
    """Return what is made, by path below the root of the repository."""
    boards = {Path(f"grafana/dashboards/{each.slug}.json"): _json(each.as_json()) for each in BOARDS}
    scenes = {Path(f"prometheus/{SCENE_FILES[pace]}"): _yaml(each) for pace, each in played(SCENES).items()}
    return {**boards, Path("prometheus/alerts.yml"): rules(), **scenes}


def rules() -> str:
    """Return the alert rules as Prometheus reads them."""
    group = {"name": "conclave", "rules": [each.as_rule() for each in ALERTS]}
    return _yaml({"groups": [group]})


def stale() -> list[Path]:
    """Return the files that are missing or say something else."""
    return [path for path, text in files().items() if not (ROOT / path).exists() or (ROOT / path).read_text() != text]


def main(words: list[str]) -> int:
    """Write what is stale, or with `--check` return 1 if anything is."""
    parser = argparse.ArgumentParser(prog="python -m scripts.dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true")
    is_check, found = parser.parse_args(words).check, stale()
    for path in found:
        sys.stdout.write(f"{path}\n")
        if not is_check:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(files()[path])
    return 1 if is_check and found else 0


def _yaml(document: object) -> str:
    return MADE_BY + str(yaml.safe_dump(document, sort_keys=False, width=1_000))


def _json(document: object) -> str:
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
