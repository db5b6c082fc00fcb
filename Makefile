# Each target sets up what it needs: the first run creates .venv, later runs start at once.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo serve test lint services stop-services bench chaos clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: .venv/installed  ## a narrated tour on bundled real bars
	@$(BIN)/python demo_agent_system.py

serve: .venv/installed  ## REST, WebSocket and API docs on http://127.0.0.1:8000
	@$(BIN)/conclave serve

test: lint  ## lint, format, types, import layers and all tests
	@$(BIN)/python -m scripts.services run $(BIN)/python -m pytest -n 3 --dist loadfile

lint: .venv/developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

services:  ## start PostgreSQL and RabbitMQ for this checkout and print their URLs
	@$(PYTHON) -m scripts.services start

stop-services:  ## stop them; with PURGE=1 remove their data too
	@$(PYTHON) -m scripts.services stop $(if $(PURGE),--purge)

bench: .venv/developer  ## speed and size against floors measured in the same run
	$(BIN)/python bench/run.py

chaos: .venv/developer  ## kill everything while 10,000 decisions are made; ARGS="--decisions 1000 --seed 2", ARGS=--help
	@cd backend && PYTHONPATH=.:.. ../$(BIN)/python -m tests.chaos $(ARGS)

clean:  ## remove the virtual environment and caches
	rm -rf .venv .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Conclave needs Python 3.11 or newer: make PYTHON=python3.11") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt
	$(PIP) --no-deps --editable .
	@touch $@

.venv/developer: .venv/installed requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@
