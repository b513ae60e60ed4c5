# `make` alone lists the targets. Each sets itself up in .venv; Python 3.10 or newer is needed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-attack test-all test-kills coverage lint format reference docs docs-site clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null \
		|| { echo "Python 3.10 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "installing into .venv (a minute or two)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

demo: $(READY) ## train, score and judge on the CDNOW log, in .demo
	$(BIN)/clv demo .demo

test: export CLV_HOME :=
test: export CLV_TRANSACTIONS :=
test: $(READY) ## run all tests: unit, golden figures, the whole project end to end
	$(BIN)/python -m pytest

test-fast: export CLV_HOME :=
test-fast: export CLV_TRANSACTIONS :=
test-fast: $(READY) ## run the unit tests that take a moment each
	$(BIN)/python -m pytest tests/python/unit -m "not slow"

test-attack: export CLV_HOME :=
test-attack: export CLV_TRANSACTIONS :=
test-attack: $(READY) ## try what attackers and bad luck do, and print what came of it
	$(BIN)/python -m pytest tests/python/attack

test-all: export CLV_HOME :=
test-all: export CLV_TRANSACTIONS :=
test-all: $(READY) ## every test, those too that another one stands for in `make test`
	$(BIN)/python -m pytest -m ""

test-kills: export CLV_HOME :=
test-kills: export CLV_TRANSACTIONS :=
test-kills: $(READY) ## kill -9 at 30 moments each of run, train, promote, purge and relabel (two hours)
	$(BIN)/python benchmarks/kills.py

coverage: export CLV_HOME :=
coverage: export CLV_TRANSACTIONS :=
coverage: $(READY) ## measure how much of the package the unit tests reach
	$(BIN)/python -m pytest tests/python/unit --cov

lint: export CLV_TRANSACTIONS :=
lint: export CLV_HOME := target/lint
lint: $(READY) ## check style and types of Python and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@mkdir -p target/lint
	$(BIN)/sqlfluff lint --disable-progress-bar models tests/dbt analyses

format: $(READY) ## rewrite Python in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: $(READY) ## write the parts of docs/reference that are made from commands and config
	PYTHONPATH=tests/python $(BIN)/python tests/python/reference_pages.py

docs: $(READY) ## write the models' documentation to target/static_index.html
	$(BIN)/dbt docs generate --static

docs-site: export NO_MKDOCS_2_WARNING := 1
docs-site: $(READY) ## build the documentation site in target/site; a broken link ends it
	$(BIN)/mkdocs build --strict --quiet
	@echo "open target/site/index.html; its search needs a server: python3 -m http.server -d target/site"

clean: ## remove what can be made again; homes, models and outputs stay
	rm -rf .venv .demo target logs build .coverage python/*.egg-info
