# SPDX-License-Identifier: Apache-2.0
# Everything a checkout needs, from nothing but make, git, Python 3.11 or newer and the network.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SAMPLE := .demo/sample.svs
PORT ?= 8042
SLIDE ?= $(SAMPLE)
METADATA ?= $(if $(filter-out $(SAMPLE),$(SLIDE)),,samples/metadata.json)
# Only the sample is for make to bring: another slide may have blanks in its name, which make takes
# for a list, and quotes, which the shell would take for its own. Hence also the environment.
SAMPLE_WANTED = $(if $(filter-out $(SAMPLE),$(SLIDE)),,$(SAMPLE))
demo bench: export SLIDE := $(SLIDE)
demo: export METADATA := $(METADATA)

.PHONY: help demo test check format bench mutants kills reliability soak wheel viewer setup clean

help: ## show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(READY) viewer $(SAMPLE_WANTED) ## convert and show a slide: make demo [SLIDE=path] [METADATA=file.json] [PORT=8042]
	@PATH="$(abspath $(BIN)):$$PATH" samples/demo.sh "$$SLIDE" "$(PORT)" "$$METADATA"

test: $(READY) viewer ## run every test, in a real browser too
	@.ci/install-chromium
	$(BIN)/python hatch_build.py npm test
	@$(BIN)/python hatch_build.py peers
	$(BIN)/python -m pytest

check: $(READY) viewer ## linters, formatters, types, rules of dependency
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py npm run check

format: $(READY) ## put the code in form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python hatch_build.py npm run format

bench: $(READY) $(SAMPLE_WANTED) ## measure conversions against cp and a peer: make bench [SLIDE=path]
	$(BIN)/python tests/benchmarks/bench_convert.py "$$SLIDE"

mutants: $(READY) ## convert 10,000 broken slides of every format (20 minutes)
	cd tests && PYTHONPATH="..:." ../$(BIN)/python -m mutants

kills: $(READY) ## kill a conversion a hundred times, and go on
	COVERSLIP_KILLS=100 $(BIN)/python -m pytest -q tests/dicomizer/test_resume.py

# Sizes of the full forms; each test has a short one, which `make test` runs.
FULL := COVERSLIP_TELL=1 COVERSLIP_KILL_STRIDE=1 COVERSLIP_ERROR_STRIDE=1 COVERSLIP_STOPS=10 \
	COVERSLIP_CUTS=200 COVERSLIP_CUT_INSTANCES=600 \
	COVERSLIP_EXT4_CUTS=200 COVERSLIP_EXT4_INSTANCES=20000 \
	COVERSLIP_FLIPS=1000 COVERSLIP_CHECK_SECONDS=60 COVERSLIP_REINDEXES=10 \
	COVERSLIP_CHECK_INSTANCES=100000 COVERSLIP_CHECK_MB=1000 \
	COVERSLIP_WATCH_SLIDES=500 COVERSLIP_WATCH_KILLS=50 COVERSLIP_JOBS=100 COVERSLIP_JOB_KILLS=10 \
	COVERSLIP_TRANSCODE_KILLS=20 \
	COVERSLIP_MUTANT_FILES=10000 COVERSLIP_MUTANT_REQUESTS=5000 COVERSLIP_MUTANT_SECONDS=10

reliability: $(READY) ## the full forms of the tests of durability, damage and load (under 30 minutes; best as root)
	$(FULL) $(BIN)/python -m pytest -q -s -o timeout=1800 tests/reliability

soak: $(READY) ## mixed load on servers for 30 minutes, in which nothing may grow (36 minutes)
	COVERSLIP_TELL=1 COVERSLIP_SOAK_SECONDS=1800 \
		$(BIN)/python -m pytest -q -s -o timeout=3600 tests/reliability/test_soak.py

wheel: $(READY) ## build sdist and wheel into dist/
	$(BIN)/python -m build

viewer: $(READY) ## build the viewer into web/dist
	@$(BIN)/python hatch_build.py

setup: $(READY) ## make the virtual environment

$(READY): pyproject.toml constraints.txt
	@.ci/make-venv $(VENV)
	@echo "installing packages into $(VENV)"
	@node=$$($(BIN)/python -c 'import hatch_build; print(*hatch_build.node_requirements())'); \
		$(PIP) --editable '.[dev]' $$node
	@touch $@

# A newer environment makes no other slide: the same bytes would be a second study in the demo.
$(SAMPLE): samples/make_slide.py $(wildcard samples/he_section/*.py) | $(READY)
	@mkdir -p .demo
	@$(BIN)/python samples/make_slide.py $@ --width 12000 --height 9000 --seed 7

clean: ## remove what was built, but not .demo
	rm -rf $(VENV) web/dist web/node_modules tests/browser/peers/node_modules dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
