# Everything here works on a machine with only python3 (3.11 or newer, with venv and pip).
VENV := .venv
PY := $(VENV)/bin/python
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

# Tests start many processes, which would all compile the same modules where the environment forbids to keep them.
export PYTHONDONTWRITEBYTECODE :=

# Twice as many as the cores that tests are timed on: much of their time is waiting for processes and databases.
SPREAD := -n 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test test-browser coverage audit fuzz lint schema-lint format lock schema release-schema bench explorer clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(STAMP): requirements.lock pyproject.toml
	@test -x $(PY) || python3 -m venv $(VENV)
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## Run the server on a simulated Open edX with demo data
	@exec $(BIN)/collegium demo

test: $(STAMP) ## Run all tests but the browser's
	$(BIN)/pytest $(SPREAD) -m "not browser" $(ARGS)

test-browser: $(STAMP) ## Run the explorer's tests in a headless Chromium (needs Node)
	./tests/browser/setup
	$(BIN)/pytest -m browser $(ARGS)

coverage: $(STAMP) ## Fail where all tests but the browser's leave a line or a branch unrun; `make test` tells if they pass
	$(BIN)/coverage erase
	-$(BIN)/pytest $(SPREAD) -m "not browser" --cov --cov-report= --cov-fail-under=0 $(ARGS)
	$(BIN)/coverage report

audit: $(STAMP) ## Run the public audits of GraphQL over HTTP (needs Node)
	$(PY) -m tests.audit

fuzz: $(STAMP) ## Throw bytes and hostile documents at the endpoint for some minutes
	COLLEGIUM_TEST_EXAMPLES=5000 $(BIN)/pytest tests/server/test_fuzz.py tests/server/test_schemathesis.py -o timeout=3600 $(ARGS)

lint: $(STAMP) ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

schema-lint: ## Check schema.graphql by the rules of @graphql-eslint (needs Node)
	cd tests/lint && npm ci --silent
	tests/lint/node_modules/.bin/eslint --config tests/lint/eslint.config.js schema.graphql

format: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Resolve the dependencies anew into requirements.lock
	@test -x .lock-venv/bin/uv || { python3 -m venv .lock-venv && .lock-venv/bin/pip install -q --disable-pip-version-check uv; }
	.lock-venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev pyproject.toml -o requirements.lock

schema: $(STAMP) ## Write schema.graphql from the code
	$(BIN)/collegium export-schema > schema.graphql

release-schema: schema ## Promise the schema to clients (docs/schema.md)
	cp schema.graphql tests/schema/released.graphql

bench: $(STAMP) ## Measure speed against other servers (PEERS=1 adds PostGraphile; needs npm)
	$(PY) -m bench
	$(PY) -m bench.dashboard
	$(PY) -m bench.content
	$(PY) -m bench.editing

explorer: ## Build the explorer's assets (needs Node)
	cd server/explorer && npm ci --no-audit --no-fund && npm run build

clean: ## Remove what make made
	rm -rf $(VENV) .lock-venv .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis dist server/explorer/node_modules tests/audit/node_modules tests/lint/node_modules
