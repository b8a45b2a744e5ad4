# The verbs. `make run` needs Python 3.11 or newer, git and make; everything else comes with it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.PHONY: help run demo test access-matrix check fix bench db shell lock
PY := .venv/bin/python
T ?=

help: ## show the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 15

run: ## start everything on this machine, with the demonstration matter
	@.ci/venv.sh run
	@exec $(PY) -m intake.cli up

demo: ## load the demonstration matter again
	@.ci/venv.sh run
	@$(PY) -m intake.cli demo

access-matrix: ## who gets what at every address, every cell (WRITE=1 writes the table anew)
	@.ci/venv.sh dev
	@TESTIGO_WHOLE_MATRIX=1 TESTIGO_WRITE_MATRIX=$(if $(WRITE),1) $(PY) -m pytest tests/access/test_matrix.py

test: ## all tests, or some: make test T=tests/local
	@.ci/venv.sh dev
	@.ci/tools.sh
	@$(PY) -m pytest -n 2 --dist loadfile $(T)

check: ## style, types, import rules, translations, vendored files
	@.ci/venv.sh dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet . || { $(PY) -m ruff format --check . | tail -20; exit 1; }
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo 2>/dev/null || .venv/bin/lint-imports
	@$(PY) .ci/check_translations.py
	@if [ -e .ci/check_vendored.py ]; then $(PY) .ci/check_vendored.py; fi

fix: ## let the formatter and the linter mend what they can
	@.ci/venv.sh dev
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format .

bench: ## measure against the limits and the peers
	@.ci/venv.sh bench
	@$(PY) -m bench

db: ## open the database's shell as its owner
	@.ci/venv.sh run
	@exec $(PY) -m intake.cli psql

shell: ## a Python shell with the program's parts at hand
	@.ci/venv.sh run
	@exec $(PY) -i -c "from intake.settings import Settings; from intake.local import services; settings = services.ensure_all(Settings.load())"

lock: ## rewrite the lock files from pyproject.toml (needs uv)
	@.ci/lock.sh
