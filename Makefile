# The two front doors: `make reproduce` and `make test`. Both build the pinned environment first.

# Of the environment, if it shall be another one than it was built with.
PYTHON ?=
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
VENV_PYTHON := .venv/bin/python -X utf8
SNAKEMAKE := $(VENV_PYTHON) -m snakemake
# Its output in our words; plain `snakemake` prints as its users know it.
WITH_PROGRESS := PYTHONPATH=workflow/plugins $(SNAKEMAKE) --logger reproduce
OUTPUT ?= results/compare.html
# Of a run with config files of its own: make reproduce CONFIG="config.yaml mine.yaml", then make verify
# with the same. They are the whole config. A variable of this name for other work is not meant.
ifneq ($(origin CONFIG),command line)
CONFIG :=
endif
CONFIGS = $(if $(CONFIG),--config $(CONFIG))
RUN = $(WITH_PROGRESS) --cores $(CORES) \
  $(if $(CONFIG),--replace-workflow-config --configfile $(CONFIG))

# What the user has set for other work changes nothing here; see also workflow/rules/common.smk.
unexport $(filter PYTHON% NUMBA_% MPL% MATPLOTLIB% SNAKEMAKE_%, $(.VARIABLES))
# Where pip puts packages is ours to say; where it gets them from is the user's.
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV PIP_NO_DEPS PIP_DRY_RUN

.DEFAULT_GOAL := help
.PHONY: help reproduce plan clean-stale verify expected crate codecheck compare pictures site test test-slurm test-chaos test-report mutants lint versions docs environment test-environment lock

help: ## Show this list
	@sed -n "s/^name = \"\(.*\)\"/\1/p;s/^version = \"\(.*\)\"/version \1/p" pyproject.toml | paste -sd " "
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

reproduce: environment ## Compute everything that is missing or changed, then sum up
	@$(VENV_PYTHON) tools/unlock_stale.py
	@SUMMARY_FOLLOWS=yes $(RUN)
	@$(VENV_PYTHON) tools/summarise.py

plan: environment ## Say what is missing or changed, and about how long it takes to compute
	@$(RUN) --dry-run

clean-stale: environment ## List what an earlier config left in results/; REMOVE=yes removes it
	@$(VENV_PYTHON) tools/clean_stale.py $(if $(filter yes,$(REMOVE)),--remove) $(CONFIGS)

verify: environment ## Compare results/ with what is expected: to the bit, or within tolerance
	@$(VENV_PYTHON) tools/verify.py $(CONFIGS)

expected: environment ## Expect from now on what is in results/
	@$(VENV_PYTHON) tools/verify.py --renew $(CONFIGS)

crate: environment ## Pack results/ and how they came about into reproduction.crate.zip
	@$(VENV_PYTHON) tools/crate.py $(CONFIGS)

codecheck: environment ## Draft codecheck.yml of results/ for whoever checks them independently
	@$(VENV_PYTHON) tools/codecheck.py $(CONFIGS)

compare: environment ## Compare two results, of folders or commits: make compare A=results B=other/results
	@test -n "$(A)" -a -n "$(B)" || { echo "error: name two results folders or commits: make compare A=results B=../other/results" >&2; exit 1; }
	@$(VENV_PYTHON) tools/compare.py "$(A)" "$(B)" --output "$(OUTPUT)" $(CONFIGS)

test: test-environment ## Run all tests but the chaos tests
	@$(VENV_PYTHON) -m pytest --numprocesses $(CORES) --dist worksteal

test-slurm: test-environment ## Run a sweep through a real Slurm of two nodes on this machine, with faults
	@folder=$$(mktemp -d) && trap "tests/slurm/cluster.sh stop $$folder" EXIT && \
	  tests/slurm/cluster.sh install && tests/slurm/cluster.sh start $$folder && \
	  SLURM_CONF=$$folder/slurm.conf $(VENV_PYTHON) -m pytest --durations=0 tests/slurm

test-chaos: test-environment ## Kill, starve and confuse the workflow (a few minutes)
	@$(VENV_PYTHON) -m pytest -m chaos tests/workflow

test-report: test-environment ## Compute verdicts of the finished run in results/ once more, on another way
	@$(VENV_PYTHON) -m pytest -m report tests/report

mutants: test-environment ## Break the project in many ways; which statements notice? (half an hour)
	@folder=$$(mktemp -d) && trap "rm -rf $$folder" EXIT && $(VENV_PYTHON) tools/mutants.py --work $$folder

lint: test-environment ## Check formatting and lint
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@.venv/bin/snakefmt --check .
	@$(SNAKEMAKE) --lint

versions: ## Try the lowest and the newest versions that pyproject.toml allows (needs uv; minutes)
	@$(or $(PYTHON),python3) tools/versions.py

docs: environment ## Renew pictures and findings from results/, and the reference (needs Graphviz)
	@$(VENV_PYTHON) tools/findings.py
	@cp results/figures/figure_01.png results/figures/figure_09.png docs/
	@cp results/scorecard/statements.png docs/scorecard.png
	@$(VENV_PYTHON) tools/reference.py
	@$(SNAKEMAKE) --rulegraph --quiet -- all | $(VENV_PYTHON) tools/rulegraph.py | dot -Tsvg > docs/rulegraph.svg

pictures: test-environment ## Follow the pages of docs/ on the real data; renew their pictures (ten minutes)
	@PICTURES=yes $(VENV_PYTHON) -m pytest -m report tests/report/test_followed.py

site: test-environment ## Build the pages of docs/ as a site, site/index.html; dead links are errors
	@PYTHONPATH=tools $(VENV_PYTHON) -m zensical build --strict --clean
	@echo "site/index.html; with its search: python3 -m http.server --directory site"

# What a run needs.
environment:
	@tools/environment.sh "$(PYTHON)" requirements.txt

# And what tests and lint need.
test-environment:
	@tools/environment.sh "$(PYTHON)" requirements.txt requirements-dev.txt

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --quiet

lock: ## Pin anew what pyproject.toml asks for (needs uv)
	@$(LOCK) pyproject.toml --output-file requirements.txt
	@$(LOCK) --group dev --constraint requirements.txt --output-file requirements-dev.txt
