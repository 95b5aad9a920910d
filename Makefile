# make demo    install the core into .venv (the first time), then train and restore, in minutes
# make test    install what the tests need, with detection, then run all of them
# make lint    ruff check and ruff format --check, as .ci/run does
# make format  let ruff rewrite the files
# make detection            mmcv-lite and mmdet, in seconds
# make detection-compiled   mmcv with all operators: compiled once, about 8 minutes on 2 cores
# make clean   remove .venv and what was built
# Nothing is done twice: stamps in .venv say what is installed.
# PYTHON=... names the Python of a new .venv.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test detection detection-compiled lint format clean

PYTHON ?=
PYTEST_ARGS ?=
PY := .venv/bin/python
STAMPS := .venv/stamps
PIP := $(PY) -m pip --disable-pip-version-check
SUITABLE := import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info < (3, 13))

help:
	@sed -n 's/^# \{0,1\}//p' Makefile

demo: $(STAMPS)/core
	$(PY) tools/demo.py

test: $(STAMPS)/dev $(STAMPS)/detection
	$(PY) -m pytest $(PYTEST_ARGS)

detection: $(STAMPS)/detection

detection-compiled: $(STAMPS)/detection-compiled

lint: $(STAMPS)/dev
	$(PY) -m ruff check . && clean=1 || clean=0; \
	$(PY) -m ruff format --check . && [ $$clean = 1 ]

format: $(STAMPS)/dev
	$(PY) -m ruff check --fix --exit-zero .
	$(PY) -m ruff format .

clean:
	rm -rf .venv build dist restorelab.egg-info .pytest_cache .ruff_cache

$(STAMPS)/venv: requirements/build.txt
	@if ! $(PY) -c '$(SUITABLE)' 2>/dev/null; then \
	    for python in $(PYTHON) python3 python3.12 python3.11 python3.10 none; do \
	        if [ $$python = none ]; then \
	            echo 'No suitable Python: restorelab needs 3.10, 3.11 or 3.12 with the module venv.' >&2; \
	            echo 'Install one (Debian, Ubuntu: apt-get install python3 python3-venv),' >&2; \
	            echo 'or name one: make PYTHON=/path/to/python3.11 demo' >&2; \
	            exit 1; \
	        fi; \
	        if $$python -c '$(SUITABLE)' 2>/dev/null; then break; fi; \
	    done; \
	    echo "Making .venv with $$($$python --version)"; \
	    $$python -m venv --clear .venv; \
	fi
	@$(PIP) install --quiet --requirement requirements/build.txt \
	    || { echo 'pip could not install requirements/build.txt: is the package index reachable?' >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/core: $(STAMPS)/venv requirements/core.txt setup.py pyproject.toml
	@echo 'Installing PyTorch and the rest of the core: about 5 GB on disk, a few minutes the first time'
	@$(PIP) install --quiet --no-compile --requirement requirements/core.txt \
	    || { echo 'pip could not install requirements/core.txt: is the package index reachable, and 6 GB of disk free?' >&2; \
	         exit 1; }
	@$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

$(STAMPS)/dev: $(STAMPS)/core requirements/dev.txt requirements/photos.txt requirements/video.txt requirements/bulk.txt
	@$(PIP) install --quiet --requirement requirements/dev.txt --requirement requirements/photos.txt \
	    --requirement requirements/video.txt --requirement requirements/bulk.txt \
	    --constraint requirements/core.txt
	@touch $@

$(STAMPS)/detection: $(STAMPS)/core requirements/detection.txt tools/install_detection.sh
	@PYTHON=$(PY) tools/install_detection.sh
	@touch $@

$(STAMPS)/detection-compiled: $(STAMPS)/core requirements/detection.txt tools/install_detection.sh
	@PYTHON=$(PY) tools/install_detection.sh --compile
	@touch $@ $(STAMPS)/detection
