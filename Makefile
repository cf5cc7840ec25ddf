# Each target works on a machine with Python 3.11+ and nothing else installed for it.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test slow soak mutants check bench pins environment environment-dev browser

run: environment
	@$(BIN)/python -m app.serve --with-parent

# Three on two cores: tests that wait for a lease or a process run beside others. Whole files, in the
# order of tests/order.py. What Python compiles is kept, wherever the caller would have it not: these
# tests start it hundreds of times.
test: environment-dev browser
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# What `make test` leaves out for its time, and `.ci/run` does not.
slow: environment-dev browser
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist worksteal -m slow

soak: environment-dev
	@$(BIN)/python -m pytest -m soak

# Faults put in one at a time, and which of them no test noticed: an hour for 150.
mutants: environment-dev
	@$(BIN)/python -m tools.mutants $(if $(SEED),--seed $(SEED)) $(if $(N),--count $(N)) \
	  $(if $(ONLY),--only $(ONLY)) $(if $(AGAIN),--again $(AGAIN)) $(if $(MORE),--more)

check: environment-dev
	@$(BIN)/python tools/check.py

bench: environment-dev
	@$(BIN)/python -m benchmarks $(ONLY)

environment:
	@$(PYTHON) tools/environment.py

environment-dev:
	@$(PYTHON) tools/environment.py --dev

browser:
	@$(BIN)/python tools/browser.py

# Takes the newest versions that requirements*.in allow.
pins: environment-dev
	@$(BIN)/python tools/pins.py
