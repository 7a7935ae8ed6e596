# The first Python of these that is new enough; `make PYTHON=/path/to/python …` names another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt

# Without its compiled files every process would compile all that it imports: a second each, some hundreds in the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test soak constraints clean

run: $(VENV)/run.stamp
	$(BIN)/wasl serve

test: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 4 --dist worksteal

# A hundred kills at random times, on each database, and every message accounted for: some minutes.
soak: $(VENV)/test.stamp
	$(BIN)/pytest -n 4 -m soak

# Debian's Python comes without pip for new environments, and would leave half of one behind.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Wasl needs Python 3.11 or newer: install it, or say where it is: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments here. On Debian and Ubuntu: sudo apt install python3-venv (then run make again)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing: a minute or two, this once."
	$(INSTALL) -e .
	@touch $@

$(VENV)/test.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what the tests need: a minute or two, this once."
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/run.stamp

# The newest versions that pyproject.toml allows, from an environment of its own. Run `make test` before keeping them.
constraints: | $(BIN)/python
	rm -rf $(VENV)/fresh && $(BIN)/python -m venv $(VENV)/fresh
	$(VENV)/fresh/bin/python -m pip install -q --disable-pip-version-check -e '.[dev,s3]'
	{ head -n 1 constraints.txt; $(VENV)/fresh/bin/python -m pip freeze --exclude-editable; } > constraints.new
	mv constraints.new constraints.txt && rm -rf $(VENV)/fresh

clean:
	rm -rf $(VENV)
