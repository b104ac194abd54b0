.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
# How many examples a property test tries: quick, or suite for all of them.
EXAMPLES ?= quick
BIN := $(VENV)/bin
# uv reads the machine's own certificates, as pip does; behind a company proxy its bundled ones would not do.
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
UV := $(BIN)/uv pip

.PHONY: help up dev test check lint types contracts unit accuracy bench chaos fuzz figures schemas audit lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/runtime: requirements.lock pyproject.toml
	@echo "switchboard: preparing the environment in $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[0-9.]*' requirements-dev.lock)"
	$(UV) install --python $(BIN)/python --quiet --require-hashes -r requirements.lock
	$(UV) install --python $(BIN)/python --quiet --no-deps -e .
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/runtime
	$(UV) install --python $(BIN)/python --quiet --require-hashes -r requirements-dev.lock
	@touch $@

up: $(VENV)/runtime ## everything in one go, filled by the demo: engine, mailbox, pipeline, live view
	$(BIN)/switchboard up --demo

dev: $(VENV)/dev ## the environment with what the tests need

check: ## the quick half: under a minute
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint types contracts unit

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

contracts: $(VENV)/dev
	$(BIN)/lint-imports

unit: $(VENV)/dev
	$(BIN)/pytest -q -m "not engine and not slow" --numprocesses 2 --hypothesis-profile $(EXAMPLES)

test: ## the quick half with more examples, then every test against real servers
	@$(MAKE) --no-print-directory check EXAMPLES=suite
	$(BIN)/pytest -q -m "slow and not engine" --numprocesses 2
	$(BIN)/pytest -m engine --numprocesses 2 --dist loadfile

accuracy: $(VENV)/dev ## how much mail is read right, on labelled corpora, beside peer libraries
	$(BIN)/python -m bench.accuracy

bench: $(VENV)/dev ## how fast it is, on real Kafka, beside its peers: half an hour on a quiet machine
	$(BIN)/python -m bench

fuzz: $(VENV)/dev ## hostile inputs to everything that reads what the world sends: nine minutes, added to those before
	nice -n 19 $(BIN)/python -m tests.fuzz --seconds 540 --seed $(or $(SEED),$(shell date +%s))

chaos: $(VENV)/dev ## faults on a three-node Kafka under load, about 15 minutes: FAULTS="kill stage,pause" and SEED=7 for a part of it, CHAOS=--list
	$(BIN)/python -m bench.chaos $(if $(FAULTS),--faults "$(FAULTS)") $(if $(SEED),--seed $(SEED)) $(CHAOS)

figures: $(VENV)/dev ## the tables of README.md and docs/scale.md, from the results of the benchmarks
	$(BIN)/python -m bench.figures
	$(BIN)/python -m bench.scale_simulation

schemas: $(VENV)/dev ## the contracts of the topics and the reference of the settings, from the code
	$(BIN)/python -m ops.reference docs

audit: $(VENV)/dev ## known vulnerabilities of what runs; needs an advisory database, and fails without one
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

lock: $(VENV)/dev ## resolve the dependencies anew
	$(UV) compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade pyproject.toml -o requirements.lock
	$(UV) compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade pyproject.toml --group dev --group bench -o requirements-dev.lock

clean: ## forget the environment (the engine's data stays)
	rm -rf $(VENV)
