# Everything runs in .venv, built from python3 alone; PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo example pictures test test-system check format benchmark clean

# a small run of the simulator, committed, for whoever wants to see what comes out
example: .venv/installed-test
	$(BIN)/python tests/tools/make_example.py

# how the example looks, for the README
pictures: .venv/installed-test
	$(BIN)/python tests/tools/make_pictures.py

demo: .venv/installed
	$(BIN)/auditor demo

test: .venv/installed-test
	$(BIN)/pytest

# Debian's packages: what is somebody else's program (browser, office suite, web server)
SYSTEM_PACKAGES := chromium chromium-driver dbus-daemon fonts-noto-cjk gir1.2-secret-1 gnome-keyring haproxy libreoffice-calc nginx-light \
  poppler-utils python3-gi tinyproxy

test-system: .venv/installed-test
	@for package in $(SYSTEM_PACKAGES); do dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	fi
	$(BIN)/pytest -m system

check: .venv/installed-check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed-check
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

benchmark: .venv/installed-test
	$(BIN)/python tests/benchmarks/throughput.py

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "auditor needs Python 3.11 or newer, and this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

.venv/installed-test: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[test]'
	@touch $@ .venv/installed

.venv/installed-check: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[test,check]'
	@touch $@ .venv/installed .venv/installed-test
