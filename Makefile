# `make` alone prints what there is. Every command makes the environment in .venv first; that takes a
# minute once, and no time afterwards until a lock changes.
.DEFAULT_GOAL := help
.PHONY: help run test soak check bench fix screenshots figures lock clean environment
MAKEFLAGS += --no-print-directory

ARGS ?=
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
LOCK := requirements-dev.lock
STAMP := $(VENV)/installed-from.lock
COMPILE := $(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links

help:  ## print this
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: environment  ## start the portal with a synthetic demo; PORT=8123 chooses another port, Ctrl-C stops it
	@PORT=$(PORT) exec $(PY) -m portal

test: environment  ## run every test, in two processes with a PostgreSQL and Valkey each; ARGS="-k words" chooses some
	@exec $(PY) -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder $(ARGS)

soak: environment  ## the long figures of the fault, race and attack tests, with a table at the end; takes an hour or two
	@SOAK=1 exec $(PY) -m pytest --timeout=0 -m "faults or soak" $(ARGS)

check: environment  ## lint, format, types, Django's checks, missing migrations; changes nothing
	@$(PY) -m ruff check --no-cache .
	@$(PY) -m ruff format --no-cache --check .
	@$(PY) -m mypy --cache-dir=/dev/null
	@DEVELOPMENT=1 SECRET_KEY=check-only AUDIT_KEY=check-only $(PY) -B manage.py check
	@DEVELOPMENT=1 SECRET_KEY=check-only AUDIT_KEY=check-only $(PY) -B -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run  # asks no database

bench: environment  ## the budgets as ratios inside one run, over a million cases; ARGS="queue claim --rows 50000" chooses
	@$(PY) -m benchmarks $(ARGS)

fix: environment  ## mend what lint and format can mend
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

screenshots: environment  ## draw the README's pictures anew, from the demo
	@$(PY) -m tests.browser.screenshots

figures: environment  ## print how fast the pages are on a slow line, and Lighthouse's figures where it is installed
	@$(PY) -m tests.browser.figures

lock: environment  ## write the hashed locks anew from requirements.txt and requirements-dev.txt
	@$(COMPILE) requirements.txt -o requirements.lock
	@$(COMPILE) -c requirements.lock requirements-dev.txt -o $(LOCK)

clean:  ## remove .venv; the data in var/ stay
	@rm -rf $(VENV)

# The stamp is a copy of the lock that was installed: when it differs, or the Python behind .venv has
# gone, install again.
environment:
	@$(PY) -c '' 2>/dev/null && cmp -s $(LOCK) $(STAMP) && exit 0; \
	for name in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
		"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && found=$$name && break; \
	done; \
	if [ -z "$$found" ]; then \
		echo 'The portal needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python.' >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$found cannot make virtual environments: install its venv module (Debian: apt-get install python3-venv)." >&2; exit 1; \
	fi; \
	echo "Installing into $(VENV), once: this takes about a minute."; \
	{ $(PY) -c '' 2>/dev/null || "$$found" -m venv --clear $(VENV); } && \
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r $(LOCK) && cp $(LOCK) $(STAMP)
