# Few verbs; each prints what it does. Everything happens in .venv, which the first verb makes.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
COUNT ?= 10000
BIN := .venv/bin
STAMP := .venv/.stamp
export UV_PROJECT_ENVIRONMENT := .venv

.PHONY: help demo test check fmt docs bench kills crashes mutants soak clean

help: ## list the verbs
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(STAMP): pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@$(BIN)/uv sync -q --frozen --inexact --all-extras --group dev --group bench
	@touch $@

demo: $(STAMP) ## two systems, described, checked, planned, applied and kept in step, in under a minute
	@$(BIN)/tally demo

test: $(STAMP) ## all tests; parts of the system that are missing are named
	@$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(STAMP) ## format, lint, types, floors
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: $(STAMP) ## format and repair what a machine can
	@$(BIN)/ruff check --fix -q .
	@$(BIN)/ruff format -q .

docs: $(STAMP) ## write docs/reference from the code and the scenarios
	@$(BIN)/python -m tallystick.cli.reference docs/reference
	@$(BIN)/python tests/scenarios/scenario_page.py docs/reference/scenarios.md
	@$(BIN)/python tests/mutants/mutants_page.py

bench: $(STAMP) ## the workloads against the raw limit and the naive script
	@$(BIN)/python benchmarks/run.py

kills: $(STAMP) ## kill -9 a syncing process COUNT times, on SQLite and PostgreSQL, and judge what is left
	@TALLY_KILLS=$(COUNT) $(BIN)/python -m pytest tests/e2e/test_kills.py -q -s

crashes: $(STAMP) ## die at every door of the canonical story, before and after it, for every kind of system
	@TALLY_CRASHES=1 $(BIN)/python -m pytest tests/engine/test_crash_story.py -q -s

mutants: $(STAMP) ## every small slip of the core's decisions, one at a time: how many the tests notice, who survives
	@$(BIN)/python tests/mutants/judging.py

clean: ## remove what the verbs made
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis demo

SECONDS ?= 3600
SEED ?= 1
soak: $(STAMP) ## simulated worlds with faults for SECONDS=3600, a report in simulation-report.json
	@$(BIN)/python -m tests.simulation --seconds $(SECONDS) --seed $(SEED)
