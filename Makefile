# stagebuild's own targets. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RELIABILITY := docs/explanation/reliability.md

.DEFAULT_GOAL := help
.PHONY: help demo venv check format test test-fast gates same-image cancel-runs bench bench-where accuracy skip-safety browser faults crowd kills soak clean

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

browser: ## Install headless Chromium, axe-core and the schema of SARIF, for tests of reports
	command -v chromium-headless-shell chromium >/dev/null || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	  chromium-headless-shell fonts-dejavu-core >/dev/null; }
	test -e .browser/node_modules/axe-core -a -e .browser/node_modules/@microsoft/jest-sarif || \
	  npm install --silent --no-audit --no-fund --prefix .browser axe-core@4 @microsoft/jest-sarif

check: venv ## Lint, format check and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv ## Let ruff fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: venv ## All tests, on real engines
	$(BIN)/python -m pytest

test-fast: venv ## The tests that need no engine and no browser (under a minute)
	$(BIN)/python -m pytest -m 'not engine and not browser'

same-image: venv ## 300 generated builds, each by buildx and by us: equal digests (long)
	SAME_IMAGE_CASES=300 $(BIN)/python -m pytest tests/backends/sdk/test_same_image_as_buildx.py

cancel-runs: venv ## Cancel 68 builds at random moments: the engine is idle within 2 s (long)
	CANCEL_RUNS=17 $(BIN)/python -m pytest tests/backends/sdk/test_canceling.py

gates: venv ## 50 gates that fail at random moments, 12 images in chains, on a real engine (long)
	STAGEBUILD_GATE_RUNS=50 STAGEBUILD_CHAIN_IMAGES=12 $(BIN)/python -m pytest tests/scheduling

bench: venv ## Measure against buildx; writes benchmarks/results.json and the docs table
	$(BIN)/python -m benchmarks.run

bench-where: venv ## Tell where the time of a build with nothing to do goes, beside the floor
	$(BIN)/python -m benchmarks.where_time_goes

accuracy: venv ## Compare forecasts with what an engine did, over many random edits (long)
	$(BIN)/python -m benchmarks.forecast_accuracy --edits 1000 --page

skip-safety: venv ## Change the world 500 times, and look for a wrong image of --skip-unchanged (long)
	STAGEBUILD_SKIP_CASES=250 $(BIN)/python -m pytest tests/skipping

faults: venv ## Break registries in every phase; writes the table in docs/explanation/reliability.md (5 min)
	$(BIN)/python -m tests.faults.table $(RELIABILITY)

crowd: venv ## 16 processes build at once, 100 rounds (10 min)
	$(BIN)/python -m tests.faults.crowd 100 $(RELIABILITY)

kills: venv ## kill -9 at 200 random moments, and the run after each (10 min)
	$(BIN)/python -m tests.faults.kills 200 $(RELIABILITY)

soak: venv ## Builds, edits, faults, cancellations and kills at random, for an hour
	$(BIN)/python -m tests.faults.soak 60 $(RELIABILITY)

clean: ## Remove what this Makefile made, engines excepted
	rm -rf $(VENV) .browser .mypy_cache .ruff_cache .pytest_cache .hypothesis
