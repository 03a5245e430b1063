# What all rules share: the checked config, the grid of runs, and the code that a script consists of.

import json
import os
import re
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

WORKFLOW = Path(workflow.basedir, "workflow")
SCRIPTS = WORKFLOW / "scripts"
sys.path.insert(0, str(SCRIPTS))

from pipeline.config import ConfigError, refuse_duplicates, validate_config
from runs.grid import SETTINGS, grid_of, objectives, runs_of_tasks, select_runs
from pipeline.imports import code_of
from pipeline.progress import attach as attach_progress
from runs.sweeps import as_list, base_name, expand_sweeps

try:
    refuse_duplicates(dict.fromkeys([*workflow.configfiles, *workflow.overwrite_configfiles]))
    validate_config(config, WORKFLOW / "schemas" / "config.schema.yaml")
except ConfigError as error:
    raise WorkflowError(str(error))

# `python` in a shell command is the one that runs Snakemake, whether its environment is activated
# or not.
os.environ.update(PATH=os.pathsep.join([os.path.dirname(sys.executable), *os.get_exec_path()]))

# As the config has them, and as they are trained.
CONFIG_TASKS = {name: {"train_size": None} | task for name, task in config["tasks"].items()}
TASKS, TABLES = expand_sweeps(CONFIG_TASKS), config["tables"]
# A figure of the spread of seeds needs several of them.
FIGURES = {
    name: figure
    for name, figure in config["figures"].items()
    if len({run.seed for run in select_runs(TASKS, figure["runs"])}) >= figure.get("min_seeds", 1)
}
# The config may offer more data sets than its tasks use; only those are fetched.
DATA = {name: config["data"][name] for name in {task["dataset"]: None for task in TASKS.values()}}
RUNS = runs_of_tasks(TASKS)
SPLIT_FILES = expand(
    "results/data/{dataset}/{split}.parquet", dataset=DATA, split=["train", "validation", "test"]
)
# Machine code, and so no result: another processor has other bytes.
KERNELS = ".cache/kernels/compiled.json"
RUN_FILE_NAMES = ["history.parquet", "weights.parquet", "summary.json"]
RUN_FILES = [f"results/runs/{run.folder}/{file}" for run in RUNS for file in RUN_FILE_NAMES]
FIGURE_FILES = expand(
    "results/figures/{figure}.{format}", figure=FIGURES, format=["png", "svg", "pdf"]
)
TABLE_FILES = expand("results/tables/{table}.{format}", table=TABLES, format=["csv", "md"])
ALL_SCRIPTS = sorted(os.path.relpath(path) for path in SCRIPTS.rglob("*.py"))

CLAIMS = config["claims"]
REPORT_TEMPLATE = os.path.relpath(WORKFLOW / "report" / "report.typ")
CLAIMS_SCHEMA = os.path.relpath(WORKFLOW / "schemas" / "claims.schema.yaml")


wildcard_constraints:
    dataset="|".join(DATA),
    task="|".join(map(re.escape, TASKS)),
    l2_lambda="|".join(sorted({re.escape(run.l2_lambda) for run in RUNS})),
    shuffle="true|false",
    seed=r"\d+",
    figure="|".join(FIGURES) or "none",
    table="|".join(TABLES) or "none",


def code(script: str) -> dict[str, str | list[str]]:
    """A script and the modules it imports, as inputs of its rule: an edit of any reruns the rule."""
    path = SCRIPTS / script
    modules = [os.path.relpath(module) for module in code_of(path) if module != path]
    return {"script": os.path.relpath(path), "code": modules}


def run_files(selection: dict, *names: str) -> list[str]:
    """The named files of all runs that a figure or table shows."""
    return [
        f"results/runs/{run.folder}/{name}"
        for run in select_runs(TASKS, selection)
        for name in names
    ]


def sha256_of(wildcards) -> str:
    """The hash that decides whether a raw file is the right one."""
    files = DATA[wildcards.dataset]["files"].values()
    return next(file["sha256"] for file in files if file["name"] == wildcards.file)


def raw_files(wildcards) -> dict[str, list[str]]:
    """The raw files of a data set: two tables, or images and labels as IDX."""
    files = DATA[wildcards.dataset]["files"]
    return {
        source: [
            f"results/data/{wildcards.dataset}/raw/{files[role]['name']}"
            for role in (source, f"{source}_images", f"{source}_labels")
            if role in files
        ]
        for source in ("train", "test")
    }


def raw_hashes(wildcards) -> list[str]:
    """The hashes of these files, those of `train` first."""
    sources = raw_files(wildcards)
    by_name = {file["name"]: file["sha256"] for file in DATA[wildcards.dataset]["files"].values()}
    return [by_name[Path(path).name] for source in sources for path in sources[source]]


def table_options(wildcards) -> list[str]:
    """What a table does not say itself, as options; nothing for IDX files."""
    dataset = DATA[wildcards.dataset]
    if "label" not in dataset:
        return []
    return [f"--label={dataset['label']}", "--image-shape", *map(str, dataset["image_shape"])]


def split_files(wildcards) -> dict[str, str]:
    """The splits of the data set that a task trains on, by name."""
    dataset = TASKS[wildcards.task]["dataset"]
    return {split: f"results/data/{dataset}/{split}.parquet" for split in DATA[dataset]["splits"]}


def setting(name: str):
    """One value of a run's task as a parameter, so that only a change of it reruns the training."""
    return lambda wildcards: TASKS[wildcards.task][name]


def setting_as_json(name: str):
    """The same for a value that may be null."""
    return lambda wildcards: json.dumps(TASKS[wildcards.task][name])


def tasks_with(*names: str) -> dict[str, dict]:
    """The grid and some settings of every task, so that only a change of these reruns the rule.

    The script undoes it with `tasks_of`: sweeps and seeds are not spelled out here, because the
    command line must not grow with the number of jobs.
    """
    grid = grid_of(CONFIG_TASKS)
    return {
        task: {name: values[name] for name in names} | grid[task]
        for task, values in CONFIG_TASKS.items()
    }


def optimum_files() -> list[str]:
    """One file for each different objective."""
    return [
        f"results/optimum/{task}/lambda-{l2_lambda}.json"
        for task, l2_lambda in objectives(TASKS).values()
    ]


def gradient_files() -> list[str]:
    """One file for each task with an objective of its own; it has all lambdas of the task."""
    tasks = dict.fromkeys(task for task, _ in objectives(TASKS).values())
    return [f"results/gradients/{task}.json" for task in tasks]


def claim_files() -> list[str]:
    """The verdicts and, as elsewhere, the products in between; nothing without a claims file."""
    if not CLAIMS:
        return []
    verdicts = [f"results/claims.{format}" for format in ("parquet", "json", "md")]
    return ["results/derivations.json", *gradient_files(), *optimum_files(), *verdicts]


def report_files() -> list[str]:
    """The typeset report, if there is all that it shows: it tells the story of the report's tasks."""
    figures = {f"figure_{number:02}" for number in range(1, 11)}
    shown = FIGURES.keys() >= figures and "table_1" in TABLES
    on_mnist = all(
        TASKS.get(name, {}).get("dataset") == "mnist" for name in ("logistic", "softmax")
    )
    return ["results/report.pdf"] if CLAIMS and shown and on_mnist else []


def report_config() -> str:
    """The parts of the config that the typeset report prints, as JSON; the rest rebuilds nothing."""
    splits = {name: {"splits": dataset["splits"]} for name, dataset in DATA.items()}
    captions = {figure: {"caption": entry["caption"]} for figure, entry in FIGURES.items()}
    tables = {table: {"caption": entry["caption"]} for table, entry in TABLES.items()}
    tasks = tasks_with(*SETTINGS)
    return json.dumps({"data": splits, "tasks": tasks, "figures": captions, "tables": tables})


def figure_params(wildcards) -> str:
    """What a figure looks like, as JSON. The caption is not in it: it stands in the report."""
    unseen = ("caption", "min_seeds")
    return json.dumps({k: v for k, v in FIGURES[wildcards.figure].items() if k not in unseen})


def figure_grid(wildcards) -> str:
    """The grid of the task that a figure shows, as JSON; without lambdas that it does not show."""
    runs = FIGURES[wildcards.figure]["runs"]
    name = base_name(runs["task"])
    task = CONFIG_TASKS[name]
    shown = as_list("l2_lambda", runs.get("l2_lambda", task["l2_lambda"]))
    lambdas = [l2_lambda for l2_lambda in task["l2_lambda"] if l2_lambda in shown]
    return json.dumps(grid_of({name: task | {"l2_lambda": lambdas}}))


def figure_labels(wildcards) -> dict[str, str]:
    """How the figure is listed in Snakemake's report."""
    figure = FIGURES[wildcards.figure]
    return {"figure": wildcards.figure, "shows": figure["title"]}


def explorer_run_files() -> list[str]:
    """What the explorer shows of the runs: weights of the first seed, all else of every seed."""
    first = {run._replace(seed=0): run for run in reversed(RUNS)}
    return [
        f"results/runs/{run.folder}/{name}"
        for run in RUNS
        for name in RUN_FILE_NAMES
        if name != "weights.parquet" or run is first[run._replace(seed=0)]
    ]


def explorer_splits() -> list[str]:
    """The validation splits of all tasks, whose images the explorer asks the models about."""
    datasets = dict.fromkeys(task["dataset"] for task in TASKS.values())
    return expand("results/data/{dataset}/validation.parquet", dataset=datasets)


def space_left() -> str:
    """What to say about the disk after an error: a full one keeps even the logs from saying it."""
    megabytes = shutil.disk_usage("results" if os.path.isdir("results") else ".").free // 10**6
    if megabytes > 100:
        return ""
    return (
        f"Only {megabytes} MB are left on the disk of results/, which may be why. Free some space "
        "and run again; what is finished is kept."
    )
