# `make run` serves on http://127.0.0.1:8080, `make test` tests everything; each installs what it needs into .venv, once.
PYTHON ?= python3
DIST ?= dist
BIN := .venv/bin
# Each file says that a step is done; the last two are made again when pyproject.toml or constraints.txt changes.
CREATED := .venv/created
READY := .venv/ready-to-serve
TESTED := .venv/ready-to-test
# What every option of `testmode serve` needs: the same as in the Dockerfile.
EXTRAS := openapi,redis,tls
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run test quick check fuzz mutants soak bench fixtures screenshots wheel constraints clean

run: $(READY)  ## Serve on http://127.0.0.1:8080
	$(BIN)/testmode serve

test: check  ## Lint, types, and every test
	$(BIN)/pytest -n auto --maxschedchunk=24

quick: $(TESTED)  ## Lint, types, and the tests that a change touches, in a minute; BASE=main compares with a branch
	$(BIN)/python -m tests.support.suite.quick

check: $(TESTED)  ## ruff and mypy --strict
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fuzz: $(TESTED)  ## Ask every provider what its OpenAPI document allows and what it does not, at length
	FUZZ_EXAMPLES=300 $(BIN)/pytest tests/house/test_fuzz.py

mutants: $(TESTED)  ## Change the code for MINUTES (15), one place at a time, and print which changes no test notices
	$(BIN)/python -m tests.support.suite.mutants

soak: $(TESTED)  ## Ask a real server SOAK_REQUESTS (a million) times, kill one SOAK_KILLS (2,000) times: nothing grows or is lost
	$(BIN)/python -m benchmarks.soak
	SOAK_KILLS=$${SOAK_KILLS:-2000} $(BIN)/pytest -n auto tests/whole/test_crash.py

bench: $(TESTED)  ## Measure, alone and beside the peers; every figure is a ratio within one run
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.peers

fixtures: $(TESTED)  ## Write the data sets and the generated parts of the documents anew
	$(BIN)/testmode seed --write
	$(BIN)/python -m tests.support.generated_documents

screenshots: $(TESTED)  ## Take the pictures of the console in docs/images anew; needs Chromium
	$(BIN)/python -m tests.support.screenshots

wheel: $(CREATED)  ## Build the wheel into dist/, and say how to install it elsewhere
	@echo "Building the wheel ..."
	@rm -f $(DIST)/testmode-*.whl
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps $(WHEEL_FLAGS) --wheel-dir $(DIST) .
	@cd $(DIST) && wheel=$$(echo testmode-*.whl) \
		&& echo "$(DIST)/$$wheel is built. Install it in another environment by" \
		&& echo "  pip install '$$PWD/$$wheel'" \
		&& echo "or, with what --openapi, --store and --tls need, by" \
		&& echo "  pip install '$$PWD/$$wheel[$(EXTRAS)]'"

constraints:  ## Write constraints.txt anew from the newest versions pyproject.toml allows
	rm -rf .venv && $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -e '.[dev]'
	$(BIN)/pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .bench

$(CREATED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Testmode needs Python 3.11 or newer, and $(PYTHON) is %d.%d: name another one, as in make run PYTHON=python3.12" % sys.version_info[:2])'
	@echo "Creating .venv with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv .venv
	@touch $(CREATED)

$(READY): pyproject.toml constraints.txt | $(CREATED)
	@echo "Installing what serving needs into .venv (about 150 MB, once; a minute or two without a word) ..."
	@$(INSTALL) -e '.[$(EXTRAS)]'
	@touch $(READY)

$(TESTED): pyproject.toml constraints.txt | $(CREATED)
	@echo "Installing what the tests need into .venv (about 480 MB with what serving needs, once) ..."
	@$(INSTALL) -e '.[dev]'
	@touch $(READY) $(TESTED)
