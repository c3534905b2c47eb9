# Everything runs in .venv, built from python3 alone; PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
BIN := .venv/bin
# one worker more than cores: tests wait for processes that they start
PYTEST = $(BIN)/pytest --numprocesses=$(shell $(PYTHON) -c 'import os; print(min(8, (os.cpu_count() or 1) + 1))')
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# each test worker and each program that a test starts would compile every module again
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo example pictures docs man test test-thorough test-system check format benchmark clean

# a small run of the simulator, committed, for whoever wants to see what comes out
example: .venv/installed-test
	$(BIN)/python tests/tools/make_example.py

# how the example looks, for the README
pictures: .venv/installed-test
	$(BIN)/python tests/tools/make_pictures.py

# the documents as a site, with a search that needs no server
docs: .venv/installed-docs
	$(BIN)/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going --builder html docs docs/_build/html
	@echo docs/_build/html/index.html

# the man page, committed, because a wheel is built without the program's dependencies
man: .venv/installed-docs
	$(BIN)/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going --builder man --conf-dir docs --define root_doc=auditor docs/man docs/_build/man
	cp docs/_build/man/auditor.1 auditor/cli/auditor.1

demo: .venv/installed
	$(BIN)/auditor demo

test: .venv/installed-test
	$(PYTEST) --dist=worksteal

# many more examples for each property test: before a release, and after a change to a rule
test-thorough: .venv/installed-test
	$(PYTEST) --dist=worksteal --hypothesis-profile=thorough

# Debian's packages: what is somebody else's program (browser, office suite, web server)
SYSTEM_PACKAGES := bash-completion chromium chromium-driver cron dbus-daemon fish fonts-noto-cjk gir1.2-secret-1 gnome-keyring groff-base haproxy \
  iproute2 libreoffice-calc mariadb-server nginx-light poppler-utils postgresql prometheus python3-gi systemd tinyproxy zsh

AZURITE := .venv/azurite

test-system: .venv/installed-system
	@command -v npm >/dev/null || missing="nodejs npm"; \
	for package in $(SYSTEM_PACKAGES); do dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	fi
	@# Microsoft's emulator of Azure storage
	@test -x $(AZURITE)/node_modules/.bin/azurite-blob || npm install --silent --no-audit --no-fund --prefix $(AZURITE) azurite@3
	$(PYTEST) --dist=loadfile -m system

check: .venv/installed-check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/tools/check_api.py

format: .venv/installed-check
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# every table of docs/performance.md, about an hour; needs the packages of test-system; `make benchmark ARGS="--quick pace"` for a part
benchmark: .venv/installed-test
	$(BIN)/python tests/benchmarks/run_all.py $(ARGS)

clean:
	rm -rf .venv build dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "auditor needs Python 3.11 or newer, and this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

.venv/installed-test: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[test]'
	@touch $@ .venv/installed

.venv/installed-docs: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[docs]'
	@touch $@ .venv/installed

.venv/installed-system: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[test,system,docs]'
	@touch $@ .venv/installed .venv/installed-test .venv/installed-docs

.venv/installed-check: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[test,system,check]'
	@touch $@ .venv/installed .venv/installed-test
