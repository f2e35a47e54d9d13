# Everything from a fresh clone, on a machine with make and Python 3.11 or newer. `make help` lists it.
#
#   PYTHON=python3.12   another interpreter          JOBS=4               more tests at once
#   COVERAGE=yes        `make test` with its gates   DATABASE=postgresql  story or faults on PostgreSQL
#   FAULTS=quick        a short round of faults

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-sandbox sandbox-aws demo test coverage story faults mutants bench check docs clean

PYTHON ?= python3
JOBS ?= 2
UV_VERSION := 0.13.9
UV := .uv/bin/uv
BIN := .venv/bin

unexport VIRTUAL_ENV
export UV_PYTHON_DOWNLOADS := never

UV_READY := .uv/.ready-$(UV_VERSION)
VENV_READY := .venv/.ready
SANDBOX_READY := .venv-sandbox/.ready

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { split($$1, target, " "); printf "  make %-14s %s\n", target[1], $$2 }' Makefile

setup: $(VENV_READY) ## prod-access and its tools, in .venv
	@chmod go-w policies/org policies/org/*.yaml

setup-sandbox sandbox-aws: $(SANDBOX_READY) ## the pretend AWS, in .venv-sandbox
	@:

demo: setup setup-sandbox ## a pretend Slack and three pretend clouds, in the browser
	@$(BIN)/prod-access demo

# Tests ------------------------------------------------------------------------------------------------------

CHROMIUM := $(shell command -v chromium)
CHROMEDRIVER := $(shell command -v chromedriver)
BROWSER := $(and $(CHROMIUM),$(CHROMEDRIVER))

test: setup setup-sandbox ## every test; COVERAGE=yes also measures and holds the gates
ifeq ($(BROWSER),)
ifeq ($(CI),true)
	@echo "There is no chromium with its chromedriver, and under CI the browser tests must run." >&2; exit 1
endif
	@echo "No chromium with its chromedriver was found: the browser tests are skipped."
endif
	@rm -f .coverage .coverage.*
	@$(BIN)/pytest -q -n $(JOBS) $(if $(BROWSER),,-m "not browser") $(if $(COVERAGE),--cov --cov-report=) tests
ifneq ($(COVERAGE),)
	@echo "Coverage of policies, lines and branches: 100 % is the gate."
	@$(BIN)/coverage report --include='policies/*' --fail-under=100
	@echo "Coverage of everything else, lines and branches: 95 % is the gate."
	@$(BIN)/coverage report --omit='policies/*' --fail-under=95
endif

coverage: ## every test, with coverage and its gates
	@$(MAKE) --no-print-directory test COVERAGE=yes

story: setup setup-sandbox ## one access from the typed line to the refused call, over the real processes
	@$(BIN)/python -m tests.journeys.story $(if $(DATABASE),--database $(DATABASE))

faults: setup setup-sandbox ## the same life while processes are killed and services go away
	@$(BIN)/python -m tests.faults.run $(if $(filter quick,$(FAULTS)),--quick) $(if $(DATABASE),--database $(DATABASE))

mutants: setup setup-sandbox ## bugs put in on purpose, and the tests that find them
	@$(BIN)/python -m tests.mutants.run

bench: setup setup-sandbox ## measure, and write the numbers into README.md and docs/performance.md
	@$(BIN)/python -m bench --write

check: setup ## format, lint, types, rings, the example policy, the documentation
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/prod-access policy check policies/org
	@$(MAKE) --no-print-directory docs

docs: setup ## what the documentation says against what the code has
	@$(BIN)/pytest -q -p no:randomly tests/test_docs.py

clean: ## remove what these targets made; never a ledger (.prod-access stays)
	rm -rf .venv .venv-sandbox .uv .story .faults .demo .bench dist htmlcov .coverage .coverage.*
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Environments -----------------------------------------------------------------------------------------------

$(UV_READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "prod-access needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
	  echo "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Setting up uv $(UV_VERSION) in .uv"
	@$(PYTHON) -m venv .uv
	@.uv/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV_READY): $(UV_READY) pyproject.toml uv.lock
	@echo "Setting up prod-access in .venv"
	@$(UV) sync -q --frozen --python .uv/bin/python
	@touch $@

$(SANDBOX_READY): $(UV_READY) sandbox/aws/requirements.txt
	@echo "Setting up the pretend AWS in .venv-sandbox"
	@.uv/bin/python -m venv --without-pip .venv-sandbox
	@$(UV) pip sync -q -p .venv-sandbox --require-hashes sandbox/aws/requirements.txt
	@touch $@
