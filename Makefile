# stagebuild's own targets. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RELIABILITY := docs/explanation/reliability.md

.DEFAULT_GOAL := help
.PHONY: help demo venv check format test test-fast bench accuracy faults crowd kills soak clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: venv ## Build, push and run examples/webapp on a real engine
	$(BIN)/python -m tools.demo

venv: $(VENV)/.made ## Create the virtual environment

$(VENV)/.made: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

check: venv ## Lint, format check and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv ## Let ruff fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: venv ## All tests, on real engines
	$(BIN)/python -m pytest

test-fast: venv ## The tests that need no engine (under a minute)
	$(BIN)/python -m pytest -m 'not engine'

bench: venv ## Measure against buildx; writes benchmarks/results.json and the docs table
	$(BIN)/python -m benchmarks.run

accuracy: venv ## Compare forecasts with what an engine did, over many random edits (long)
	$(BIN)/python -m benchmarks.forecast_accuracy --edits 1000

faults: venv ## Break registries in every phase; writes the table in docs/explanation/reliability.md (5 min)
	$(BIN)/python -m tests.faults.table $(RELIABILITY)

crowd: venv ## 16 processes build at once, 100 rounds (10 min)
	$(BIN)/python -m tests.faults.crowd 100 $(RELIABILITY)

kills: venv ## kill -9 at 200 random moments, and the run after each (10 min)
	$(BIN)/python -m tests.faults.kills 200 $(RELIABILITY)

soak: venv ## Builds, edits, faults, cancellations and kills at random, for an hour
	$(BIN)/python -m tests.faults.soak 60 $(RELIABILITY)

clean: ## Remove what this Makefile made, engines excepted
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
