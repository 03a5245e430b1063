# What all rules share: the checked config, the grid of runs, and the code that a script consists of.

import json
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

SCRIPTS_FOLDER = Path(workflow.basedir, "scripts")
sys.path.insert(0, str(SCRIPTS_FOLDER))

from pipeline.config import ConfigError, validate_config
from pipeline.grid import Run, grid_of, runs_of_tasks, select_runs
from pipeline.imports import code_of

try:
    validate_config(config, Path(workflow.basedir, "schemas", "config.schema.yaml"))
except ConfigError as error:
    raise WorkflowError(str(error))

# Used by the shell commands. Snakemake remembers commands as they are written in the rules, with
# these names and not their values in them, so that a checkout may be moved without rerunning.
PYTHON = sys.executable
SCRIPTS = os.path.relpath(SCRIPTS_FOLDER)

DATA, TASKS, FIGURES, TABLES = (config[part] for part in ("data", "tasks", "figures", "tables"))
RUNS = runs_of_tasks(TASKS)
RUN_FILE_NAMES = ["history.parquet", "weights.parquet", "summary.json"]
RUN_FILES = [f"results/runs/{run.folder}/{file}" for run in RUNS for file in RUN_FILE_NAMES]
FIGURE_FILES = expand(
    "results/figures/{figure}.{format}", figure=FIGURES, format=["png", "svg", "pdf"]
)
TABLE_FILES = expand("results/tables/{table}.{format}", table=TABLES, format=["csv", "md"])


wildcard_constraints:
    dataset="|".join(DATA),
    task="|".join(TASKS),
    l2_lambda="|".join(sorted({run.l2_lambda.replace(".", r"\.") for run in RUNS})),
    shuffle="true|false",
    seed=r"\d+",
    figure="|".join(FIGURES) or "none",
    table="|".join(TABLES) or "none",


def code(script: str) -> list[str]:
    """A script and the modules it imports, as inputs of its rule: an edit of any reruns the rule."""
    return [os.path.relpath(path) for path in code_of(SCRIPTS_FOLDER / script)]


def run_files(selection: dict, *names: str) -> list[str]:
    """The named files of all runs that a figure or table shows."""
    return [
        f"results/runs/{run.folder}/{name}"
        for run in select_runs(TASKS, selection)
        for name in names
    ]
