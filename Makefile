# One word for each thing that people do here; `make` alone prints them.
PYTHON ?= python3
ARGS ?=
VENV := .venv/bin/python
# What is imported is compiled once, and not again by each of a hundred processes.
unexport PYTHONDONTWRITEBYTECODE
# nothing of the user's own packages is mixed with ours
export PYTHONNOUSERSITE := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo dev quick test coverage check stranger format audit lock licences sbom security
.PHONY: proof proof-disks calendars lab-up lab-down lab-status clean

help: ## say what can be made
	@echo "novaweb: moves of instances between hypervisors, approved and audited."
	@echo
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "ARGS is handed on: make demo ARGS=--once, make test ARGS='tests/house -n0'."
	@echo "PYTHON chooses the Python (3.11 or newer): make PYTHON=python3.12 setup."

setup: ## make .venv ready (every other target does it first)
	@$(PYTHON) prepare.py

demo: ## a real OpenStack on this machine, the site, and two moves (root)
	@$(PYTHON) prepare.py --demo
	@exec $(VENV) -m demo $(ARGS)

dev: setup ## the site on a pretend cloud, reloading as you edit (no root)
	@exec $(VENV) -m demo --pretend $(ARGS)

quick: setup ## what needs no lab, browser or server, in short: while you work
	@exec $(VENV) -m pytest -m "not (lab or browser or server)" --short $(ARGS)

test: ## every test: units, crash matrix, lab, pages, browser
	@$(PYTHON) prepare.py --tests
	@exec $(VENV) -m pytest $(ARGS)

coverage: override ARGS := --coverage $(ARGS)
coverage: test ## every test, and whether they take as many branches as they should

check: setup ## format, lint, types, imports, templates, settings, migrations
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target $(CHECKS)

# Each asks one thing of the code without running it; all are asked, whatever one says.
CHECKS := check-types check-format check-lint check-templates check-imports
CHECKS += check-packages check-settings check-production check-migrations
.PHONY: $(CHECKS)
check-settings check-migrations check-types: export NOVAWEB_DEBUG := true
# `check --deploy` judges what a production machine would be given.
check-production: export NOVAWEB_SECRET_KEY := only-for-this-check-0123456789abcdef0123456789abcdef
check-production: export NOVAWEB_HTTPS := true
check-production: export NOVAWEB_ALLOWED_HOSTS := novaweb.example.org
check-production: export NOVAWEB_CLOUDS := example
check-production: export NOVAWEB_URL := https://novaweb.example
check-production: export NOVAWEB_DATABASE_URL := postgres://novaweb_site@db.example/novaweb?sslmode=verify-full
check-production: export NOVAWEB_REDIS_URL := unix:///run/novaweb/valkey.sock
check-production: export NOVAWEB_AUDIT_KEY := /etc/novaweb/audit.pem
check-production: export NOVAWEB_AUDIT_SIGNED := /var/lib/novaweb-signed/signed.jsonl
check-types:
	$(VENV) -m mypy
check-format:
	$(VENV) -m ruff format --check .
check-lint:
	$(VENV) -m ruff check .
check-templates:
	find templates -name '*.html' -exec .venv/bin/djade --target-version 5.2 --check {} +
check-imports:
	.venv/bin/lint-imports
check-packages:
	$(VENV) -m pip check
check-settings:
	$(VENV) manage.py check
check-production:
	$(VENV) manage.py check --deploy --fail-level WARNING
check-migrations:
	$(VENV) manage.py makemigrations --check --dry-run

stranger: ## all this on bare machines: ARGS='debian-13 demo check' (root)
	@exec $(PYTHON) -m stranger $(ARGS)

proof: ## each procedure on labs of each release and layout (root, hours)
	@$(PYTHON) prepare.py --tests
	@exec $(VENV) -m proof $(ARGS)

proof-disks: ## what each disk holds after each procedure (root, hours)
	@$(PYTHON) prepare.py --tests
	@exec $(VENV) -m proof.disks $(ARGS)

calendars: setup ## how files of the usual calendar programs are read
	@exec $(VENV) -m proof.calendars --doc

format: setup ## put code and templates into the house's form
	@$(VENV) -m ruff format .
	@$(VENV) -m ruff check --fix .
	@find templates -name '*.html' -exec .venv/bin/djade --target-version 5.2 {} +

lock: setup ## hashes of all pins, for each system of the README (network)
	@$(VENV) -m supply.lock $(ARGS)

licences: setup ## write docs/licences.md, of all that is pinned
	@$(VENV) -m supply.licences > docs/licences.md

sbom: setup ## write novaweb.cdx.json, a bill of materials (CycloneDX)
	@$(VENV) -m supply.sbom > novaweb.cdx.json

security: setup ## write docs/security.md, docs/asvs.md, deploy/access_rules.json
	@$(VENV) -m security > docs/security.md
	@$(VENV) -m security asvs > docs/asvs.md
	@$(VENV) -m security access-rules > deploy/access_rules.json

audit: setup ## ask PyPI for known weaknesses in what we pin (network)
	@$(VENV) -m supply.audit

lab-up: ## start the lab: a real OpenStack on this machine (root)
	@$(PYTHON) -m lab up $(ARGS)

lab-down: ## stop the lab, leave no process, namespace or mount
	@$(PYTHON) -m lab down $(ARGS)

lab-status: ## say of each of the lab's services how it is
	@$(PYTHON) -m lab status $(ARGS)

clean: ## remove .venv, the demo's data and every cache
	rm -rf .venv .prepare.lock .prepare.log .demo .demo-* .dev
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
