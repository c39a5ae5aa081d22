# Every target does its own set-up; `make test` is what CI runs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Set PYTHON to choose another one.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
CORE := $(wildcard hubstat/core/Cargo.* hubstat/core/src/*.rs)
PACKAGES := hubstat ingest aggregations dashboard reports tests
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable

.PHONY: help
help:
	@echo "make setup   virtual environment with the locked dependencies"
	@echo "make demo    set-up, then a board of a simulated network whose day is in progress (Ctrl-C stops it)"
	@echo "make test    set-up, then every check and every test, real engines and a real browser included"
	@echo "make check   the checks of 'make test' that need no engines and no browser"
	@echo "make test-docker  the compose file and the tests' containers run for real (as root on Debian without any Docker too)"
	@echo "make bench   benchmarks"
	@echo "make live    the board while 1,000 events a second come in on top of a million invoices: event to visible, searches, viewers (an hour)"
	@echo "make soak    a day of refreshes of the board in a browser: memory and console"
	@echo "make backtest  models of the projection compared on simulated days, and on the real ones in HUBSTAT_TEST_DATA"
	@echo "make fullday one whole day of a million invoices through Kafka with the board open, then its audit (half an hour)"
	@echo "make docs    writes the generated pages of docs/ again"
	@echo "make lock    writes requirements.lock again from pyproject.toml"
	@echo "make clean   removes what the other targets made in this folder"

.PHONY: setup
setup: $(STAMP)

# One line for every twenty packages instead of pip's thousand; errors come through on standard error.
$(STAMP): requirements.lock pyproject.toml hatch_build.py $(CORE)
	@test -n "$(PYTHON)" || { echo "error: hubstat needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "setting up $(VENV) with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv "$(VENV)"
	@"$(BIN)/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --require-hashes -r requirements.lock \
		| awk -v total="$$(grep -c == requirements.lock)" '/^(Collecting|Requirement already satisfied)/ { if (++n % 20 == 0) { print "  " n " of " total " packages found"; fflush() } } \
			/^Installing collected/ { print "  installing what is new"; fflush() }'
	@echo "installing hubstat, with its compiled core where there is a Cargo"
	@"$(BIN)/python" -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@test -f hubstat/hubstat_core.abi3.so || echo "warning: no compiled core: ingest and the board run in Python alone, several times slower (install Rust 1.82 or newer, then make setup)" >&2
	@touch "$(STAMP)"
	@echo "set up"

.PHONY: demo
demo: setup
	@exec "$(BIN)/hubstat" up --demo

.PHONY: browser
browser:
	@if [ -x "$${HUBSTAT_CHROMIUM:-}" ]; then exit 0; fi; \
	for name in $(BROWSERS); do if command -v "$$name" >/dev/null; then exit 0; fi; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "no Chromium here: installing Debian's chromium and fonts-noto-cjk"; \
		apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-noto-cjk; \
	else \
		echo "error: the browser tests need a Chromium: sudo apt-get install chromium fonts-noto-cjk" >&2; exit 1; \
	fi

.PHONY: check
check: setup
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"
	"$(BIN)/python" -m hubstat.docs --check

.PHONY: test
test: setup browser check
	"$(BIN)/python" -m pytest

.PHONY: test-docker
test-docker: setup
	"$(BIN)/python" tests/docker/run.py

# Options of the command: make bench ARGUMENTS="--quick write"
.PHONY: bench
bench: setup
	@for benchmark in $(filter-out %/bench_live.py,$(wildcard tests/benchmarks/bench_*.py)); do "$(BIN)/python" "$$benchmark"; done
	"$(BIN)/hubstat" bench --out docs/performance.json $(ARGUMENTS)
	"$(BIN)/python" -m hubstat.docs

# Options of the script: make live ARGUMENTS="--invoices 100000 --rate 400"
.PHONY: live
live: setup browser
	"$(BIN)/python" tests/benchmarks/bench_live.py $(ARGUMENTS)

# Options of the script: make soak ARGUMENTS="--refreshes 500"
.PHONY: soak
soak: setup browser
	"$(BIN)/python" tests/benchmarks/soak_dashboard.py $(ARGUMENTS)

# Options of the script: make backtest ARGUMENTS="--seed 7 --real early"
.PHONY: backtest
backtest: setup
	"$(BIN)/python" tests/benchmarks/backtest_models.py $(ARGUMENTS)

# Options of the script: make fullday ARGUMENTS="--invoices 100000"
.PHONY: fullday
fullday: setup browser
	"$(BIN)/python" tests/benchmarks/full_day.py --out docs/full-day.json $(ARGUMENTS)
	"$(BIN)/python" -m hubstat.docs

.PHONY: docs
docs: setup
	"$(BIN)/python" -m hubstat.docs

# What is locked stays, unless pyproject.toml asks for something else: make lock UPGRADE=--upgrade
UPGRADE ?=
COMPILE = "$(BIN)/uv" pip compile --quiet --no-config --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" pyproject.toml

.PHONY: lock
lock: setup
	$(COMPILE) $(UPGRADE) --group dev --output-file requirements.lock
	$(COMPILE) --constraint requirements.lock --output-file requirements-runtime.lock

.PHONY: clean
clean:
	rm -rf "$(VENV)" hubstat/core/target hubstat/hubstat_core.abi3.so .artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find $(PACKAGES) -name __pycache__ -type d -prune -exec rm -rf {} +
