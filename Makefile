# Everything a newcomer needs: python3.11 or newer (with pip and venv), make and git.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
ENGINE ?= embedded
PORT = 0
READY := .venv/.ready

ifeq ($(filter $(ENGINE),embedded opensearch),)
$(error ENGINE is embedded or opensearch, not "$(ENGINE)")
endif

.DEFAULT_GOAL := help
.PHONY: help demo test test-all soak opensearch check format reference bench lock

help: ## Show what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(READY) ## Crawl the sandbox cloud, serve the catalogue, print what to try; ENGINE=opensearch: on a real one
ifeq ($(ENGINE),opensearch)
	@$(BIN)/python -m tests.opensearch run sh -c 'exec $(BIN)/ims-catalog demo --opensearch "$$OPENSEARCH_URL"'
else
	@$(BIN)/ims-catalog demo
endif

opensearch: $(READY) ## Start a real OpenSearch on this machine to try things on, until Ctrl-C; PORT=9200: there
	@$(BIN)/python -m tests.opensearch --port $(PORT)

test: check ## Run everything: format, lint, types, arrows and every test, on a real OpenSearch too
	$(BIN)/python -m tests.opensearch fetch
	$(BIN)/pytest -n 2 --dist loadgroup

test-all: test ## Run everything, and what runs on OpenSearch on 2.19 besides
	env -u OPENSEARCH_URL OPENSEARCH_VERSION=2.19 $(BIN)/python -m tests.opensearch fetch
	env -u OPENSEARCH_URL OPENSEARCH_VERSION=2.19 $(BIN)/pytest -n 2 --dist loadgroup tests/contract tests/cluster tests/opensearch

soak: check ## Run every test with full counts, for a day or so: a million images, twenty times over
	$(BIN)/python -m tests.opensearch fetch
	SOAK=1 $(BIN)/pytest -v

check: $(READY) ## Check format, lint, types and arrows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/unit/test_arrows.py

format: $(READY) ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(READY) ## Write docs/fields.md and docs/settings.md anew from the declarations
	$(BIN)/python -c 'from mappings.reference import field_reference; print(field_reference(), end="")' > docs/fields.md
	$(BIN)/python -c 'from ims_catalog.settings_reference import settings_reference; print(settings_reference(), end="")' > docs/settings.md

bench: $(READY) ## Measure every figure of the README; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

lock: $(READY) ## Resolve the dependencies anew into the lock files
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header --upgrade \
		--no-emit-find-links --no-emit-index-url --python-version 3.11 --no-python-downloads -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header --upgrade \
		--no-emit-find-links --no-emit-index-url --python-version 3.11 --no-python-downloads -q -o requirements-dev.lock

$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "ims-catalog needs Python 3.11 or newer; none was found. Name one: make PYTHON=..." >&2; exit 1; }
	@echo "Installing the locked dependencies into .venv; this takes about a minute ..." >&2
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
