# Every target works from a bare clone: `setup` is made where it is missing.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

# Two test files at a time, each process with a server of its own.
TOGETHER := -n 2 --dist loadfile --no-loadscope-reorder
ABREAST = $(MAKE) --no-print-directory --jobs=2

export PYTHONPATH := scripts

.PHONY: help setup demo report docs dashboards drill storm mutants stop test test-all test-bi test-browser test-dbt test-pooler test-spark test-days test-histories test-versions lint lint-quick style types generate format conventions bench bench-large bench-spark release clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(INSTALLED) ## make the environment in .venv

# uv installs the lock in seconds and is itself checked against the lock's hashes.
$(INSTALLED): requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	sed -n '/^uv==/,/^    #/p' requirements.lock > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## a claim service drifts; dbt build finds what is wrong; three logins repair it beside live traffic
	@$(BIN)/python -m sandbox demo

report: $(INSTALLED) ## write target/report.html from the demo, which is played first where it does not run
	@(. .demo/environment && psql -qc 'select') >/dev/null 2>&1 || $(MAKE) --no-print-directory demo
	@mkdir -p target
	@. .demo/environment && $(BIN)/claimctl report target/report.html --days 35

drill: $(INSTALLED) ## an outage with a queue, a third of the wallets overwritten, and eight incidents worked on by the runbook
	@$(BIN)/python -m sandbox drill
	$(BIN)/pytest -v -m drill

stop: ## end the demo's server, endpoint and traffic
	@test ! -x $(BIN)/python || $(BIN)/python -m sandbox stop

storm: $(INSTALLED) ## the guard under fire, SECONDS=300 SEED=1: live writers, kills, crashes, and a checker
	@$(BIN)/python -m storm --seconds $(or $(SECONDS),300) $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json) $(if $(WITHOUT),--without '$(WITHOUT)')

test: $(INSTALLED) ## everything that takes at most 8 minutes
	@$(ABREAST) lint-quick
	$(BIN)/pytest $(TOGETHER) -m "not slow"

test-all: $(INSTALLED) $(VENV)/site-libraries $(if $(shell command -v chromium),$(VENV)/browser) ## everything but six of the incidents of make drill, at most 20 minutes; what CI runs
	@$(ABREAST) lint
	@test -z "$$(command -v java)" || $(MAKE) --no-print-directory $(SPARK)/installed || true
	$(BIN)/pytest $(TOGETHER) -m "not (drill and slow)"

mutants: $(INSTALLED) ## one protection of the guard, then one rule of the models less at a time: which test goes red
	@PYTHONPATH=scripts:tests/python $(BIN)/python -m support.mutants && PYTHONPATH=scripts:tests/python $(BIN)/python -m support.rule_mutants

test-versions: $(INSTALLED) ## the guard on PostgreSQL 15 to 18, as far as their programs are found; PG_BINS=folder:folder
	@PYTHONPATH=scripts:tests/python $(BIN)/python -m support.versions

dashboards: $(INSTALLED) ## target/dashboards.zip for Superset, of PGHOST ... or else of the demo; SUPERSET_URL=... imports it
	@test -n "$$PGHOST$$PGSERVICE" || . .demo/environment; $(BIN)/python -m dashboards

# mkdocs is installed when it is needed.
SITE := $(VENV)/site-libraries
$(SITE): $(INSTALLED) requirements-docs.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-docs.lock
	@touch $@

docs: $(SITE) ## target/site: the documentation as a site, with its references
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean
	@echo "target/site/index.html is built; to search it: $(BIN)/python -m http.server -d target/site"

# The libraries that drive a browser are installed when they are needed; the browser is the machine's own.
BROWSER := $(VENV)/browser
$(BROWSER): $(INSTALLED) requirements-browser.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-browser.lock
	@touch $@

test-browser: $(BROWSER) ## the pages in Chromium, light and dark, wide and narrow, and axe-core on them
	$(BIN)/pytest -m browser

# Superset asks for other versions of what is in .venv: it lives beside it.
SUPERSET := target/superset
$(SUPERSET)/installed: requirements-bi.lock $(INSTALLED)
	rm -rf $(SUPERSET) && python3 -m venv $(SUPERSET)
	$(BIN)/uv pip install --quiet --python $(SUPERSET)/bin/python --require-hashes --compile-bytecode -r requirements-bi.lock
	@touch $@

test-bi: $(BROWSER) $(SUPERSET)/installed ## the dashboards in Superset and Chromium: imported, opened, compared with the models
	SUPERSET=$(SUPERSET) $(BIN)/pytest -m bi

test-dbt: $(INSTALLED) ## a part of the tests on dbt-core 1.11 and 1.12, each in an environment of its own
	@PYTHONPATH=scripts:tests/python $(BIN)/python -m support.dbt_versions $(FILES)

test-pooler: $(INSTALLED) ## a plan's life through PgBouncer in transaction mode
	$(BIN)/pytest -m pooler

# Spark and its driver are installed when they are needed, apart: 700 MB, and a Java 17 is the machine's own.
SPARK := target/spark/venv
$(SPARK)/installed: requirements-spark.lock pyproject.toml | $(INSTALLED)
	@mkdir -p $(@D)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(SPARK)
	$(BIN)/uv pip install --quiet --python $(SPARK)/bin/python --require-hashes --compile-bytecode -r requirements-spark.lock
	$(BIN)/uv pip install --quiet --python $(SPARK)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

test-spark: $(SPARK)/installed ## the models on Apache Spark against those on PostgreSQL, on a master and two workers; SMALL=1 for one world in one process, CLAIMS=5000000 for as many of a snapshot
	$(if $(SMALL),SPARK_SMALL=1) $(SPARK)/bin/pytest -v -m spark $(if $(CLAIMS),-k of_the_benchmarks_claims) tests/python/spark

test-histories: $(INSTALLED) ## 300 random histories of 30 rounds: incremental builds leave what full ones would
	HISTORIES=60 $(BIN)/pytest tests/python/test_incremental_wallets.py -k what_a_full_one_would

# DAYS: all, one (another one each run) or a part of a name; FILES narrows the tests.
DAYS ?= all
test-days: $(INSTALLED) ## the tests that place times, on 20 other days: weekdays, turns, changes of clocks
	@$(BIN)/python -m moved_days $(DAYS) $(FILES)

lint: lint-quick ## SQL, Python and types
	PYTHONWARNINGS=ignore $(BIN)/sqlfluff lint --processes 0 --disable-progress-bar models tests analyses integration_tests/models
	PYTHONWARNINGS=ignore $(BIN)/sqlfluff lint --config scripts/sqlfluff.cfg --processes 0 --disable-progress-bar scripts

lint-quick: conventions style types

style: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m lint.generate --check
	$(BIN)/python -m lint.width

types: $(INSTALLED)
	$(BIN)/mypy

conventions: $(INSTALLED)
	@mkdir -p target/lint && cp profiles.example.yml target/lint/profiles.yml
	$(BIN)/dbt parse --quiet --profiles-dir target/lint --target-path target/lint --log-path target/lint
	$(BIN)/dbt-bouncer run

generate: $(INSTALLED) ## write the SQL that claimctl has of the macros
	$(BIN)/python -m lint.generate

format: $(INSTALLED) ## put SQL and Python into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --disable-progress-bar models tests analyses

bench: $(INSTALLED) ## speed, each figure against its reference in the same run
	@$(BIN)/python -m benchmarks

bench-large: $(INSTALLED) ## the builds after little or nothing new at 50 million claims; 40 GB, an hour
	@$(BIN)/python -m benchmarks --claims 50000000 --wallets 10000000 increments

bench-spark: $(SPARK)/installed ## the models on Spark at 5, 20 and 50 million claims; CLAIMS='1000000 5000000', ENGINES='spark postgres' for both
	@PYTHONPATH=scripts:tests/python $(SPARK)/bin/python -m benchmarks.spark $(addprefix --claims ,$(CLAIMS)) $(addprefix --engine ,$(ENGINES))

release: $(INSTALLED) ## VERSION=1.2.3: set, build, try and tag a release that the CHANGELOG dates
	@$(BIN)/python -m release "$(VERSION)"

clean: stop ## remove what the targets made
	rm -rf $(VENV) .demo .storm target logs dist build
