# Two commands are all you need: `make run` serves on http://127.0.0.1:8080, `make test` tests everything.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: run test check fuzz soak bench fixtures screenshots constraints clean

run: $(READY)  ## Serve on http://127.0.0.1:8080
	$(BIN)/testmode serve

test: check  ## Lint, types, and every test
	$(BIN)/pytest -n auto

check: $(READY)  ## ruff and mypy --strict
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fuzz: $(READY)  ## Ask every provider what its OpenAPI document allows and what it does not, at length
	FUZZ_EXAMPLES=300 $(BIN)/pytest tests/test_fuzz.py

soak: $(READY)  ## Ask a real server SOAK_REQUESTS (a million) times, kill one SOAK_KILLS (2,000) times: nothing grows or is lost
	$(BIN)/python -m benchmarks.soak
	SOAK_KILLS=$${SOAK_KILLS:-2000} $(BIN)/pytest -n auto tests/test_crash.py

bench: $(READY)  ## Measure, alone and beside the peers; every figure is a ratio within one run
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.peers

fixtures: $(READY)  ## Write the data sets and the generated parts of the documents anew
	$(BIN)/testmode seed --write
	$(BIN)/python -m tests.documents

screenshots: $(READY)  ## Take the pictures of the console in docs/images anew; needs Chromium
	$(BIN)/python -m tests.screenshots

constraints:  ## Write constraints.txt anew from the newest versions pyproject.toml allows
	rm -rf .venv && $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -e '.[dev]'
	$(BIN)/pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .bench

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Testmode needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)
