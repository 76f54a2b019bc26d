# Every target prints what it does, is safe to run twice and ends non-zero with a sentence when something is missing.

PYTHON ?= python3
BENCH_DIR ?= $(HOME)/frappe-bench
VENV := .venv
FUZZ_VENV := .venv-fuzz
RUN := $(VENV)/bin/python
export BENCH_DIR

.DEFAULT_GOAL := help
.PHONY: help demo up test unit lint docs mutants fuzz bench bench-test bench-demo bench-start bench-stop app benchmark benchmark-backfill benchmark-woocommerce chaos clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

$(VENV)/.ready: pyproject.toml
	@scripts/venv.sh "$(PYTHON)" $(VENV)

demo: $(VENV)/.ready  ## the whole path on this machine, without a bench, checked to the halala
	@$(RUN) -m sandbox demo

up: $(VENV)/.ready  ## shops, hub and executor stay up for trying out, until Ctrl-C
	@$(RUN) -m sandbox up

lint: $(VENV)/.ready  ## ruff
	@echo "== ruff"
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .

unit: lint  ## ruff and the pytest suite, no bench
	@echo "== pytest"
	@$(RUN) -m pytest

test: unit  ## unit, then the suites of both apps on the bench, where there is one
	@$(RUN) scripts/bench/test.py --if-found

docs: $(VENV)/.ready  ## write the generated documents and vectors
	@$(RUN) scripts/payload_docs.py
	@$(RUN) scripts/contract_vectors.py
	@$(RUN) scripts/openapi.py
	@$(RUN) scripts/admin_openapi.py
	@$(RUN) scripts/mapping_docs.py

mutants: $(VENV)/.ready  ## seeded faults in a copy of the code, each caught by its named test
	@$(RUN) -m scripts.mutants

$(FUZZ_VENV)/.ready: pyproject.toml
	@scripts/venv.sh "$(PYTHON)" $(FUZZ_VENV) fuzz

fuzz: $(VENV)/.ready $(FUZZ_VENV)/.ready  ## bad requests by the thousand: through receive, and over HTTP by docs/openapi.json
	@$(RUN) -m scripts.bad_requests
	@$(RUN) -m scripts.broken_answers
	@$(FUZZ_VENV)/bin/python -m scripts.fuzz

bench:  ## a running bench from a bare machine: hub and client site, paired, simulated shop connected
	@$(PYTHON) scripts/bench/create.py

app:  ## put APP on the bench at BENCH_DIR and, with SITE, install it there
	@test -n "$(APP)" || { echo "Say which app: make app APP=salla_manager SITE=hub.example.com (or APP=salla_executor)" >&2; exit 2; }
	@$(PYTHON) scripts/bench/apps.py --bench "$(BENCH_DIR)" --app "$(APP)" $(if $(SITE),--site "$(SITE)")

bench-start:  ## start database, Redis, web and workers of the bench
	@$(PYTHON) scripts/bench/services.py start

bench-stop:  ## stop what bench-start started
	@$(PYTHON) scripts/bench/services.py stop

bench-test: $(VENV)/.ready  ## the suites of both apps on the bench
	@$(RUN) scripts/bench/test.py

bench-demo: $(VENV)/.ready  ## the demo's scenario on the two real sites, compared in ERPNext
	@$(RUN) -m sandbox bench-demo

benchmark: $(VENV)/.ready  ## ratios on the real bench; PARTS="dispatch intake" for some of them
	@$(RUN) -m benchmarks $(PARTS)

benchmark-backfill: $(VENV)/.ready  ## a large simulated shop read with a kill in the middle: calls, minutes, refusals; no bench
	@$(RUN) -m benchmarks.backfill

benchmark-woocommerce: $(VENV)/.ready  ## a large simulated WooCommerce shop read with a kill in the middle, then again: calls, time; no bench
	@$(RUN) -m benchmarks.woocommerce

chaos: $(VENV)/.ready  ## kills, lost answers and shuffled deliveries between hub and executor, counted
	@$(RUN) -m chaos

clean:  ## remove what make made in this folder; the bench stays
	@rm -rf $(VENV) $(FUZZ_VENV) var .pytest_cache .ruff_cache .hypothesis build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "removed the Python environments, var and caches"
