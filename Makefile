# Everything a person types; `make` alone lists it. Needs python3 >= 3.11 and nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
# A quarter of an hour; `long` takes most of an hour.
CHAOS ?= short
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# -qq leaves errors only on the screen; the lines around it say what goes on.
INSTALL := $(PIP) install -qq --require-hashes
# A worker for each core, each with servers of its own; -n0 in TEST_ARGS means none.
IN_PARALLEL := -n logical --maxprocesses 8
# Environments that are complete for a purpose; a second call has nothing to do.
MADE := $(VENV)/.made
FOR_RUNNING := $(VENV)/.for-running
FOR_TESTING := $(VENV)/.for-testing
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command 'make lock'

.PHONY: help setup demo test watch check rules bench chaos up lock setup-dev

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(FOR_RUNNING)  ## make .venv with everything `renkei` needs on one machine

setup-dev: $(FOR_TESTING)  ## the same with the tools for tests and checks

demo: $(FOR_RUNNING)  ## run every action of both carts once on private servers (DEMO_ARGS="--keep")
	@$(BIN)/renkei demo $(DEMO_ARGS)

up: $(FOR_RUNNING)  ## run everything on this machine until Ctrl-C (UP_ARGS="--port 8000")
	@$(BIN)/renkei up $(UP_ARGS)

test: $(FOR_TESTING)  ## run the tests on private servers (TEST_ARGS="tests/unit -x", "-m stock", "-n0")
	@$(BIN)/python -m pytest -q -m 'not chaos_long' $(IN_PARALLEL) $(TEST_ARGS)

watch: $(FOR_TESTING)  ## unit tests and WATCH=tests/component/test_x.py again after each change
	@$(BIN)/watchfiles --filter python '$(BIN)/python -m pytest -q -x tests/unit $(WATCH)' \
		domain adapters workers console tests

chaos: $(FOR_TESTING)  ## kill workers and servers at random, count what was lost (CHAOS=long SEED=7)
	@RENKEI_TEST_CHAOS=$(CHAOS) RENKEI_TEST_SEED=$(SEED) \
		$(BIN)/python -m pytest -q -s -m chaos_long $(TEST_ARGS)

check: $(FOR_TESTING)  ## lint, format, types, layers, made pages
	@echo 'ruff check' && $(BIN)/ruff check --quiet .
	@echo 'ruff format --check' && $(BIN)/ruff format --check --quiet .
	@echo 'mypy' && $(BIN)/python -m mypy
	@echo 'lint-imports' && $(BIN)/lint-imports
	@echo 'docs/rules.md' && $(BIN)/python docs/make_rules.py --check

rules: $(FOR_TESTING)  ## write docs/rules.md again from the tests
	@$(BIN)/python docs/make_rules.py

bench: $(FOR_TESTING)  ## measure; the figures of the README come from here
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

lock: $(FOR_TESTING)  ## write requirements*.lock again (LOCK_ARGS=--upgrade for newest versions)
	@echo 'locking' && $(LOCK) $(LOCK_ARGS) --extra build --extra embedded --extra simulator --extra dev pyproject.toml -o requirements-dev.lock
	@$(LOCK) --extra build --extra embedded --extra simulator -c requirements-dev.lock pyproject.toml -o requirements-embedded.lock
	@$(LOCK) --extra build -c requirements-dev.lock pyproject.toml -o requirements.lock

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit("python3 >= 3.11 is needed" if sys.version_info < (3, 11) else 0)'
	@echo 'making $(VENV)' && $(PYTHON) -m venv $(VENV) && touch $@

$(FOR_RUNNING): $(MADE) requirements-embedded.lock pyproject.toml
	@echo 'installing the locked packages (a minute or two the first time)'
	@$(INSTALL) -r requirements-embedded.lock
	@$(PIP) install -qq --no-build-isolation --no-deps --no-index --editable .
	@touch $@ && echo 'ready: $(BIN)/renkei'

$(FOR_TESTING): $(FOR_RUNNING) requirements-dev.lock
	@echo 'installing the locked tools for tests and checks'
	@$(INSTALL) -r requirements-dev.lock
	@touch $@
