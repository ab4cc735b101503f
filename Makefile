# Everything from a fresh checkout. Needs Python 3.11 or newer and make; `make help` lists the targets.

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
export PYTHONPATH := $(CURDIR)/include:$(CURDIR)/plugins

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz up env bench levels lock lint

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

setup: $(READY)  ## .venv with the pinned packages of requirements.txt

$(READY): requirements.txt deploy/requirements-uv.txt
	@deploy/set_up.sh $(VENV)
	@touch $@

demo: setup  ## a realistic month through Airflow; prints where the outputs are
	@$(PY) deploy/run_demo.py

test: setup  ## every test; a skipped test is a failure
	@deploy/system_packages.sh
	@$(PY) -m pytest -p tests.no_skips -n auto --dist loadfile --ignore tests/web $(ARGS)
	@$(PY) -m pytest -p tests.no_skips tests/web $(ARGS)  # Airflow's server wants a process of its own: one home each

fuzz: setup  ## mutated workbooks through the readers; ARGS="--files 5000 --seconds 600 --seed x"
	@$(PY) -m tests.reading.fuzz $(ARGS)

up: setup  ## the whole system on this machine; prints the address and the login
	@$(PY) deploy/start_services.py

env:  ## .env with random secrets for docker-compose.yaml, unless there is one
	@$${PYTHON:-python3} deploy/write_env.py

levels: setup  ## two months of 14 cities in which every level reports and the map changes, proved; takes minutes
	@PYTHONPATH=include $(PY) tests/levels/whole_year.py $$(mktemp -d)

bench: setup  ## this pipeline against an analyst's, in one run; prints ratios
	@$(PY) bench/run.py $(ARGS)

lock: setup  ## requirements.txt from requirements.in
	@$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--upgrade requirements.in --output-file requirements.txt

lint: setup  ## ruff: rules and format
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
