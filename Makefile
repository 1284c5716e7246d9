# Every command of the project; `make help` lists them.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
BASE ?=
ENGINE ?=
ONLY ?=
SAMPLE ?=
FIGURES ?=
NAME ?=
REQUIRED ?=
ROUNDS ?= 1000000
HOURS ?= 24
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install run up parties down reset images up-containers down-containers reset-containers test test-fast \
	figures faults soak mutants clauses check audit sbom bench lock format generate service

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

install: $(STAMP) ## Make the virtual environment from the locked, hashed requirements

$(STAMP): requirements-dev.txt
	@echo "Installing the locked requirements in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $(STAMP)

run: $(STAMP) ## Play one case from referral to destruction on real servers, and stop everything
	@$(BIN)/python -m tests.story

up: $(STAMP) ## Start Kafka, PostgreSQL, the five services and the thirty parties, and stay
	@$(BIN)/python -m deploy.local up
	@$(BIN)/python -m tests.story.found

parties: $(STAMP) ## Compare the five services' copies of the register of parties; ends with 1 where they differ
	@$(BIN)/python -m deploy.parties

down: $(STAMP) ## Stop what `make up` started
	@$(BIN)/python -m deploy.local down

reset: $(STAMP) ## Stop it and forget all its data
	@$(BIN)/python -m deploy.local reset

images: $(STAMP) ## Build what is missing of the images; BASE=local makes the base here, BASE=official fetches it
	@$(BIN)/python -m deploy.containers images --base "$(BASE)"

up-containers: $(STAMP) ## Start a whole house in containers from deploy/compose.yaml, and stay
	@$(BIN)/python -m deploy.containers up --base "$(BASE)" $(if $(TWO),--two)
	@$(BIN)/python -m tests.story.found .local/containers/env.json

down-containers: $(STAMP) ## Remove its containers; data and secrets stay
	@$(BIN)/python -m deploy.containers down --base "$(BASE)"

reset-containers: $(STAMP) ## Remove its containers and forget all its data
	@$(BIN)/python -m deploy.containers reset --base "$(BASE)"

test: $(STAMP) ## Run the tests on real Kafka and PostgreSQL, in containers where an engine answers; FIGURES=too adds the figures
	@$(BIN)/python -m tests --engine "$(ENGINE)" --figures "$(FIGURES)"

test-fast: $(STAMP) ## Run the tests that need no broker, no house and no containers: in a good minute
	@$(BIN)/python -m tests --fast

figures: $(STAMP) ## Run the figures of each commit: random kills, malformed messages, erasures, a backup put back
	@$(BIN)/python -m tests --figures only

faults: $(STAMP) ## Run these and the other long tests: faults, loads, two processes of each service
	@$(BIN)/python -m tests --long

mutants: $(STAMP) ## Plant bugs in a copy of the code, one at a time, and see that the tests catch each
	@$(BIN)/python -m tests.mutants

clauses: $(STAMP) ## Take each clause's guard away and see its own tests fail; ONLY=R66 some, SAMPLE=10 some pure ones
	@$(BIN)/python -m tests.mutants.clauses $(if $(ONLY),--only $(ONLY)) $(if $(SAMPLE),--sample $(SAMPLE))

check: $(STAMP) ## The fast gate: format, lint, types, import rules, generated files current
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m docs.generate --check

audit: $(STAMP) ## Ask about each locked package whether an advisory is known; REQUIRED=yes fails without a source too
	@$(BIN)/python -m deploy.dependencies audit $(if $(REQUIRED),--required) || \
		{ code=$$?; [ $$code -eq 3 ] && [ -z "$(REQUIRED)" ]; }

sbom: $(STAMP) ## Write bills of materials (CycloneDX) of the wheel and the images to .local/sbom
	@$(BIN)/python -m deploy.dependencies sbom .local/sbom

service: $(STAMP) ## Make a new service from the template: NAME=complaints (docs/new-service.md)
	@$(BIN)/python -m docs.new_service make "$(NAME)"

generate: $(STAMP) ## Make the generated documents anew
	@$(BIN)/python -m docs.generate

format: $(STAMP) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP) ## Measure against the floor and against a tutorial, in one run
	@$(BIN)/python -m bench

soak: $(STAMP) ## The figures for long: HOURS=24 ROUNDS=1000; a page with plots in .local/soak
	@$(BIN)/python -m tests.system.faults.soak --rounds "$(ROUNDS)" --hours "$(HOURS)"

lock: ## Write the locked requirements anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -q -o requirements.txt
	uv pip compile pyproject.toml --group dev -c requirements.txt --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -q -o requirements-dev.txt
