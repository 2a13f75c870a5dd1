# `make run` serves on http://127.0.0.1:8080, `make test` runs every test. Each installs what it needs into .venv, once.
PYTHON ?= python3
DIST ?= dist
BIN := .venv/bin
# Stamp files of finished steps. A change of pyproject.toml or constraints.txt repeats the last two.
CREATED := .venv/created
READY := .venv/ready-to-serve
TESTED := .venv/ready-to-test
# The extras that the options of `testmode serve` need, as in the Dockerfile.
EXTRAS := openapi,redis,tls
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run test quick check fuzz mutants soak bench fixtures screenshots wheel constraints clean

run: $(READY)  ## Serve on http://127.0.0.1:8080
	$(BIN)/testmode serve

test: check  ## Lint, types, and every test
	$(BIN)/pytest -n auto --maxschedchunk=24

quick: $(TESTED)  ## Lint, types, and the tests of the changed files, in a minute; BASE=main compares with a branch
	$(BIN)/python -m tests.support.suite.quick

check: $(TESTED)  ## ruff and mypy --strict
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fuzz: $(TESTED)  ## Send valid and invalid requests of every provider's OpenAPI document, 300 examples per operation
	FUZZ_EXAMPLES=300 $(BIN)/pytest tests/project/test_fuzz.py

mutants: $(TESTED)  ## Mutation tests: change the code at one place at a time for MINUTES (15), print the undetected changes
	$(BIN)/python -m tests.support.suite.mutants

soak: $(TESTED)  ## Send SOAK_REQUESTS (a million) requests, kill a server SOAK_KILLS (2,000) times: nothing grows or is lost
	$(BIN)/python -m benchmarks.soak
	SOAK_KILLS=$${SOAK_KILLS:-2000} $(BIN)/pytest -n auto tests/system/test_crash.py

bench: $(TESTED)  ## Measure Testmode and nine other servers; every figure is a ratio within one run
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.peers

fixtures: $(TESTED)  ## Write the seed data sets and the generated parts of the documents again
	$(BIN)/testmode seed --write
	$(BIN)/python -m tests.support.generated_documents

screenshots: $(TESTED)  ## Take the screenshots in docs/images again; needs Chromium
	$(BIN)/python -m tests.support.screenshots

wheel: $(CREATED)  ## Build the wheel in dist/ and print how to install it
	@echo "Building the wheel ..."
	@rm -f $(DIST)/testmode-*.whl
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps $(WHEEL_FLAGS) --wheel-dir $(DIST) .
	@cd $(DIST) && wheel=$$(echo testmode-*.whl) \
		&& echo "$(DIST)/$$wheel is built. Install it in another environment with" \
		&& echo "  pip install '$$PWD/$$wheel'" \
		&& echo "or, with the extras for --openapi, --store and --tls, with" \
		&& echo "  pip install '$$PWD/$$wheel[$(EXTRAS)]'"

constraints:  ## Write constraints.txt with the newest versions that pyproject.toml allows
	rm -rf .venv && $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -e '.[dev]'
	$(BIN)/pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .bench

$(CREATED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Testmode needs Python 3.11 or newer; $(PYTHON) is %d.%d. Select another one: make run PYTHON=python3.12" % sys.version_info[:2])'
	@echo "Creating .venv with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv .venv
	@touch $(CREATED)

$(READY): pyproject.toml constraints.txt | $(CREATED)
	@echo "Installing what serving needs into .venv (about 150 MB, once; this prints nothing for one or two minutes) ..."
	@$(INSTALL) -e '.[$(EXTRAS)]'
	@touch $(READY)

$(TESTED): pyproject.toml constraints.txt | $(CREATED)
	@echo "Installing what the tests need into .venv (about 480 MB with what serving needs, once) ..."
	@$(INSTALL) -e '.[dev]'
	@touch $(READY) $(TESTED)
