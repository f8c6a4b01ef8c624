# One command each; all do their own set-up. `make run` and `make test` are all a newcomer needs.
PYTHON ?= python3
TORCH ?= cpu# cpu | cuda | existing: the torch that the image model runs on; cuda downloads several GB
PORT :=# where MoM answers, in place of MOM_PORT; not taken from the environment, where others' PORT may stand
TRAIN ?=# further arguments of a training, such as --minutes 30
BENCH ?=# further arguments of bench-image, such as --parts unet vae
BIN := .venv/bin
SERVE := $(if $(PORT),MOM_PORT=$(PORT) )$(BIN)/mom serve --install-image $(TORCH)
PAGE := src/mom/web/static/chat/chat.js
PAGE_SOURCES := $(shell find components/chat -path components/chat/node_modules -prune -o -type f -print)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DELETE_ON_ERROR:
.PHONY: run test check dev bench bench-image image format clean lock dist train-llm train-image eval-demo help

# In the place of the shell, which would not hand on the signal that ends make.
run: .venv/.base $(PAGE)  ## serve the chat; the image part installs itself while text already answers
	@exec env $(SERVE)

dev: .venv/.dev components/chat/node_modules/.ready  ## the same, reloading on changes of Python and Svelte
	@cd components/chat && npm run --silent watch & \
	    trap "kill $$! 2>/dev/null" EXIT; $(SERVE) --reload

test: check .venv/.image .venv/.baselines $(PAGE) .venv/.browser  ## everything
	cd components/chat && npm test
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/.dev components/chat/node_modules/.ready  ## format, lint, types, import contracts, compose.yaml
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	cd components/chat && npm run lint && npm run check

format: .venv/.dev components/chat/node_modules/.ready  ## write the formatting
	$(BIN)/ruff format && $(BIN)/ruff check --fix
	cd components/chat && npm run format

bench: .venv/.dev .venv/.image  ## benchmarks, written to benchmarks/out
	for name in routing_bert routing_latency llm_threads moe_memory image page_speed page_lighthouse web; do $(BIN)/python -m benchmarks.$$name || exit 1; done

bench-image: .venv/.dev .venv/.image  ## the image engine alone, or some of its parts: BENCH="--parts unet vae"
	$(BIN)/python -m benchmarks.image $(BENCH)

train-llm: .venv/.dev .venv/.image  ## train the demo LLM anew for 90 minutes (on a GPU six are enough: its card says how) and write its file; stopped, it goes on
	$(BIN)/python -m training.llm.train $(TRAIN)
	$(BIN)/python -m training.llm.export

train-image: .venv/.dev .venv/.image  ## the same for the demo image model
	$(BIN)/python -m training.image.train $(TRAIN)

eval-demo: .venv/.dev .venv/.image  ## all figures of the demo models' cards
	$(BIN)/python -m training.llm.evaluate
	$(BIN)/python -m training.llm.evaluate --speed
	$(BIN)/python -m training.image.evaluate

image: .venv/.image  ## install the image part by hand

dist: .venv/.dev $(PAGE)  ## a wheel and a source archive in dist/, page, migrations and demo models included
	rm -rf dist && $(BIN)/python -m hatchling build

lock: .venv/.dev  ## resolve the dependencies anew
	$(BIN)/python -m pip install --quiet pip-tools==7.6.2 && requirements/lock.sh

clean:  ## remove what was built or installed, but no data
	rm -rf .venv components/chat/node_modules src/mom/web/static/chat benchmarks/out dist build \
	    .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

help:  ## these lines
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "%-12s %s\n", $$1, $$2 }' Makefile

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "MoM needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which: make run PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/.base: .venv/bin/python requirements/base.lock pyproject.toml
	$(PIP) --require-hashes -r requirements/base.lock
	$(PIP) --no-deps --editable .
	@touch $@

.venv/.dev: .venv/.base requirements/dev.lock
	$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@

.venv/.image: .venv/.base requirements/image.lock
	$(BIN)/python -m mom.serving.image_install $(TORCH)
	@touch $@

.venv/.baselines: .venv/.image requirements/baselines.txt
	$(PIP) --no-deps --upgrade --target .venv/baselines -r requirements/baselines.txt
	@touch $@

.venv/.browser: .venv/.dev
	@command -v chromium >/dev/null || $(BIN)/python -m playwright install chromium
	@touch $@

components/chat/node_modules/.ready: components/chat/package.json components/chat/package-lock.json
	@node -e 'const [major, minor] = process.versions.node.split(".").map(Number); if (major < 20 || (major === 20 && minor < 19)) { console.error("MoM needs Node 20.19 or newer; this is " + process.version); process.exit(1) }'
	cd components/chat && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

$(PAGE): components/chat/node_modules/.ready $(PAGE_SOURCES)
	cd components/chat && npm run --silent build
	@touch $@
