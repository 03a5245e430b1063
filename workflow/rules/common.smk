# What all rules share: the checked config, the grid of runs, and the code that a script consists of.

import copy
import json
import re
import shutil
from functools import cache
from itertools import chain
from types import SimpleNamespace

from common.places import YamlError, read_yaml
from images.layout import SPLITS
from pipeline.config import ConfigError, check_files, read_config
from pipeline.changed_data import changed_data
from pipeline.doubts import doubts_in_words
from pipeline.imports import code_of, software_of
from pipeline.leftovers import left_over_in_words
from pipeline.owner import record_owner
from pipeline.project import project
from pipeline.rules import beside_config, code_behind, describe, digest, digests
from provenance.environment import unlike_the_lock
from provenance.seals import digest_of_list
from runs.grid import as_list, blocks_of, expand_sweeps, problems, select_blocks
from runs.schemas import COMBINATION_KEYS, SETTINGS
from snakemake.exceptions import WorkflowError

CONFIG_FILES = list(dict.fromkeys([*workflow.configfiles, *workflow.overwrite_configfiles]))

try:
    check_files(CONFIG_FILES)
    # What the manifest is about; tools that hold results to it read the files alone.
    WRITTEN_CONFIG = copy.deepcopy(config)
    config = read_config(config, CONFIG_FILES)
    CLAIMS = beside_config(config["claims"], CONFIG_FILES, WORKFLOW.parent)
    if CLAIMS and not Path(CLAIMS).is_file():
        raise ConfigError(f"claims: there is no file {config['claims']!r}; null judges none")
    # What the template of the typeset report shows.
    SHOWN = read_yaml(WORKFLOW / "report" / "report.yaml")
except (ConfigError, YamlError) as error:
    sys.exit(f"error: {error}")

# What a user has set for other work must neither change a byte nor break a job.
for foreign in [n for n in os.environ if n.startswith(("PYTHON", "NUMBA_", "MPL", "MATPLOTLIB"))]:
    del os.environ[foreign]
# The Python of all jobs is the one that runs Snakemake, whether its environment is activated or not.
# With -E -s -X utf8 it knows neither PYTHON* variables nor the user's own packages, and all text is
# UTF-8.
os.environ.update(PATH=os.pathsep.join([os.path.dirname(sys.executable), *os.get_exec_path()]))
os.environ.update(MPLCONFIGDIR=os.path.abspath(".cache/matplotlib"))
# Compiled kernels are no result: another processor has other ones, and who deletes them loses only
# the seconds that it takes to compile. They lie beside their source, as Python's bytecode does.
if not os.access(SCRIPTS, os.W_OK):
    os.environ.update(NUMBA_CACHE_DIR=os.path.abspath(".cache/numba"))

try:
    CORES = workflow.cores
except WorkflowError:  # of a cluster, nobody has to say how many it has
    CORES = None
if CORES is not None and CORES < 1:
    # Snakemake would wait for them without a word.
    sys.exit(f"error: found --cores {CORES}; it takes 1 at least")

TASKS = expand_sweeps(config["tasks"])
# The paths of existing blocks decide how seeds are cut into jobs; whether they are up to date is for
# Snakemake to say.
BLOCKS = blocks_of(
    TASKS,
    config["seeds_per_job"],
    [
        metrics.parent.relative_to("results/runs").as_posix()
        for metrics in Path("results/runs").glob("**/seeds-*-*/metrics.parquet")
    ],
)
# What is minimised, named after one of its tasks, and with which lambdas.
PROBLEMS = dict(problems(TASKS).values())
TABLES = config["tables"]


def blocks_shown(selection: dict) -> list:
    """The blocks that hold the runs of a selection."""
    return select_blocks(BLOCKS, TASKS, selection)


def seeds_shown(selection: dict) -> set[int]:
    """The seeds of the runs of a selection."""
    seeds = {seed for block in blocks_shown(selection) for seed in block.seeds}
    return seeds & set(as_list("seed", selection.get("seed", list(seeds))))


# A figure of the spread of seeds needs several of them.
FIGURES = {
    name: figure
    for name, figure in config["figures"].items()
    if len(seeds_shown(figure["runs"])) >= figure.get("min_seeds", 1)
}
# The config may offer more data sets than its tasks use, fetched only if one asks for them by name.
DATA = {name: config["data"][name] for name in {task["dataset"]: None for task in TASKS.values()}}
SPLIT_FILES = expand("results/data/{dataset}/{split}.parquet", dataset=DATA, split=SPLITS)
DATA_SUMMARIES = expand(
    "results/data/{dataset}/summary.{format}", dataset=DATA, format=["json", "md"]
)
RUN_FILE_NAMES = ["history.parquet", "weights.parquet", "metrics.parquet"]
FIGURE_FILES = expand(
    "results/figures/{figure}.{format}", figure=FIGURES, format=["png", "svg", "pdf"]
)
# Each by what it shows, in words.
SCORECARDS = {"statements": "what the report says", "questions": "what we ask"}
SCORECARD_FILES = expand(
    "results/scorecard/{of}.{format}", of=SCORECARDS, format=["png", "svg", "pdf"]
)
TABLE_FILES = expand("results/tables/{table}.{format}", table=TABLES, format=["csv", "md"])

LOCK = WORKFLOW.parent / "requirements.txt"


wildcard_constraints:
    dataset="|".join(config["data"]),
    task="|".join(map(re.escape, TASKS)),
    l2_lambda="|".join(sorted({re.escape(block.l2_lambda) for block in BLOCKS})),
    shuffle="false|once|true",
    first=r"\d+",
    last=r"\d+",
    figure="|".join(FIGURES) or "none",
    table="|".join(TABLES) or "none",
    of="|".join(SCORECARDS),


def source(path: Path) -> str:
    """A file of the workflow as an input; `local`, since the prefix of a module is for results."""
    return local(os.path.relpath(path))


@cache
def code(script: str) -> dict[str, str | list[str]]:
    """A script and the modules it imports, as inputs of its rule: an edit of any reruns the rule."""
    path = SCRIPTS / script
    modules = [source(module) for module in code_of(path, SCRIPTS) if module != path]
    return {"script": source(path), "code": modules}


def software(script: str) -> str:
    """The versions of the packages that a script imports, as a parameter of its rule.

    Another version of one reruns what computes with it.
    """
    return versions(tuple(code_behind(script, SCRIPTS)))


@cache
def versions(paths: tuple[Path, ...]) -> str:
    """The versions of the packages that some modules import."""
    found = software_of(paths, SCRIPTS)
    return ", ".join(f"{package} {version}" for package, version in found.items())


def run_files(blocks: list, *names: str) -> list[str]:
    """The named files of some blocks."""
    return [f"results/runs/{block.folder}/{name}" for block in blocks for name in names]


def entries_of_files(dataset: str) -> list[dict]:
    """The raw files of a data set, each name once: a file may hold both sources."""
    files = config["data"][dataset]["files"].values()
    each = [entry for file in files for entry in (file if isinstance(file, list) else [file])]
    return list({entry["name"]: entry for entry in each}.values())


def raw_file(wildcards) -> dict:
    """What the config says of one raw file; its hash decides whether it is the right one."""
    files = entries_of_files(wildcards.dataset)
    return next(file for file in files if file["name"] == wildcards.file)


def raw_files(wildcards) -> list[str]:
    """The raw files of a data set."""
    names = [file["name"] for file in entries_of_files(wildcards.dataset)]
    return [f"results/data/{wildcards.dataset}/raw/{name}" for name in names]


def dataset_entry(wildcards) -> str:
    """What the config says of a data set, as JSON; where it comes from changes nothing in it."""
    entry = config["data"][wildcards.dataset]
    return json.dumps({key: value for key, value in entry.items() if key != "mirrors"})


def classes_taken(wildcards) -> str:
    """What the tasks take of a data set, as JSON: each choice once, by the first task's name."""
    taken: dict[str, dict] = {}
    for name, task in TASKS.items():
        choice = {key: task[key] for key in ("classes", "train_size")}
        if task["dataset"] == wildcards.dataset and choice not in taken.values():
            taken[name] = choice
    return json.dumps(taken)


def split_files(wildcards) -> dict[str, str]:
    """The splits of the data set that a task trains on, by name."""
    dataset = TASKS[wildcards.task]["dataset"]
    return {split: f"results/data/{dataset}/{split}.parquet" for split in DATA[dataset]["splits"]}


def seeds_of(wildcards) -> list[int]:
    """The seeds of a block; also of one that is made again, and so not there, on a node."""
    places = places_of_seeds(wildcards.task)
    first, last = places[wildcards.first], places[wildcards.last]
    return TASKS[wildcards.task]["seeds"][first : last + 1]


@cache
def places_of_seeds(task: str) -> dict[str, int]:
    """Where each seed, as spelt in paths, stands in the list of a task."""
    return {str(seed): place for place, seed in enumerate(TASKS[task]["seeds"])}


def with_model(script: str):
    """The code of a script that works on a task's model: its own, and that of this one model."""

    def code_for(wildcards) -> dict[str, str | list[str]]:
        of_model = code(f"regression/models/{TASKS[wildcards.task]['model']}.py")
        return code(script) | {"model": of_model["script"], "model_code": of_model["code"]}

    return code_for


def software_with_model(script: str):
    """The versions of the packages that its own code and this one model import."""

    def software_for(wildcards) -> str:
        model = SCRIPTS / "regression" / "models" / f"{TASKS[wildcards.task]['model']}.py"
        return versions(
            tuple(path for file in (SCRIPTS / script, model) for path in code_of(file, SCRIPTS))
        )

    return software_for


@cache
def code_of_models() -> list[str]:
    """All models and the modules that they import, for rules that work on any of them."""
    models = SCRIPTS.glob("regression/models/*.py")
    return [
        source(path) for path in sorted({p for model in models for p in code_of(model, SCRIPTS)})
    ]


def training_threads(wildcards) -> int:
    """A thread for each seed, up to four; but half of the cores where there are fewer than that.

    So one job computes while another one starts, which takes a core and not more.
    """
    wanted = min(4, len(seeds_of(wildcards)))
    return wanted if CORES is None or wanted <= CORES else max(1, CORES // 2)


def training_priority(wildcards) -> float:
    """The longer a training is likely to take, the earlier it starts, below 100.

    Otherwise cores wait at the end for the one that came last. Early stopping is taken to end a
    training after a tenth of its epochs.
    """
    task = TASKS[wildcards.task]
    epochs = task["max_epochs"] / (1 if task["patience"] is None else 10)
    return min(99, len(seeds_of(wildcards)) * len(task["classes"]) * epochs / 250)


def growing(amount: int):
    """Of a resource so much, and more each time that a job is sent again: MB, or minutes."""
    return lambda wildcards, attempt: amount * attempt


def told(rule: str):
    """A digest of all parameters of a job, which its seal keeps.

    Snakemake's own records of them may be gone, or say what was never run.
    """

    def digest_for(wildcards) -> str:
        parameters = dict(getattr(rules, rule).params.items())
        del parameters["told"]
        return digest({k: v(wildcards) if callable(v) else v for k, v in parameters.items()})

    return digest_for


def listing() -> list[tuple[str, str]]:
    """What the lines of the list of products say: a rule and a product, or what seals a job."""
    made = [(rule, product) for rule, products in PRODUCTS.items() for product in products]
    return [*made, *zip(told_to_jobs(), SEALS, strict=True)]


@cache
def told_to_jobs() -> list[str]:
    """What the job of each seal is told, see `told`."""
    return [told(rule)(job) for rule, job in SEALS.values()]


def setting(name: str):
    """One value of a task as a parameter, so that only a change of it reruns the rule."""
    return lambda wildcards: TASKS[wildcards.task][name]


def setting_as_json(name: str):
    """The same for a value that may be null."""
    return lambda wildcards: json.dumps(TASKS[wildcards.task][name])


def training_settings(wildcards) -> str:
    """What a training is told, as JSON, so that only a change of it trains again."""
    of_task = {name: TASKS[wildcards.task][name] for name in SETTINGS}
    return json.dumps(of_task | {name: getattr(wildcards, name) for name in COMBINATION_KEYS})


def task_settings() -> str:
    """The settings of every task, as JSON; they do not grow with the seeds."""
    names = (*SETTINGS, "l2_lambda", "optimum_l2_lambda", "varies")
    return json.dumps({t: {name: task[name] for name in names} for t, task in TASKS.items()})


def optimum_files() -> list[str]:
    """The optima of each problem for all its lambdas, their weights, and proofs of separation."""
    names = ("optima.json", "weights.parquet", "separation.parquet")
    return [f"results/optimum/{task}/{name}" for task in PROBLEMS for name in names]


def gradient_files() -> list[str]:
    """One file for each problem; it has all its lambdas."""
    return [f"results/gradients/{task}.json" for task in PROBLEMS]


def varied_task() -> dict | None:
    """The task behind the table of the typeset report, if its choices can be varied.

    That is early-stopped logistic regression in the file's order, on all images and batches and
    without a penalty.
    """
    run = TABLES.get(SHOWN["table"], {}).get("run", {})
    task = TASKS.get(run.get("task"))
    if not task or task["model"] != "logistic" or run.get("shuffle") != "false":
        return None
    whole = task["train_size"] is None and not task["skip_batches"]
    l2_lambdas = as_list("l2_lambda", run.get("l2_lambda", task["l2_lambda"]))
    stopped = task["patience"] is not None
    return task if whole and stopped and not any(map(float, l2_lambdas)) else None


def varied_settings() -> dict:
    """The settings behind that table of which each is varied."""
    names = ("classes", "learning_rate", "batch_size", "max_epochs", "patience", "checks_per_epoch")
    return {name: varied_task()[name] for name in names}


def identifiability_files() -> list[str]:
    """What that table pins down, where there is one."""
    return ["results/identifiability.csv", "results/identifiability.json"] if varied_task() else []


def claim_files() -> dict[str, list[str]]:
    """The verdicts and, as elsewhere, the products in between, by rule; none without a claims file."""
    if not CLAIMS:
        return {}
    return {
        "optimum": optimum_files(),
        "gradients": gradient_files(),
        "equations": ["results/equations.json"],
        "identifiability": identifiability_files(),
        "claims": [f"results/claims.{format}" for format in ("parquet", "json", "md")],
        "scorecard": SCORECARD_FILES,
    }


def report_files() -> list[str]:
    """The typeset report, if there is all that it shows."""
    drawn = FIGURES.keys() >= set(SHOWN["figures"]) and SHOWN["table"] in TABLES
    trained = all(TASKS.get(name, {}).get("dataset") == SHOWN["dataset"] for name in SHOWN["tasks"])
    return ["results/report.pdf"] if has_statements() and drawn and trained else []


@cache
def has_statements() -> bool:
    """Whether the claims file speaks of a report, and not of our own questions alone."""
    text = Path(CLAIMS).read_text(encoding="utf-8") if CLAIMS else ""
    return re.search("^statements:", text, re.MULTILINE) is not None


def claims_file(wildcards) -> str:
    """The file of the claims, as an input."""
    if not CLAIMS:
        raise WorkflowError(
            "`claims` in the config is null, so nothing is judged; name a file there."
        )
    return local(CLAIMS)


def report_config() -> str:
    """The parts of the config that the typeset report prints, as JSON; the rest rebuilds nothing."""
    data = {
        name: {
            "splits": dataset["splits"],
            "sha256": entries_of_files(name)[0]["sha256"],
        }
        for name, dataset in DATA.items()
    }
    told = {
        figure: {key: entry[key] for key in ("title", "caption")}
        for figure, entry in FIGURES.items()
    }
    tables = {table: {"caption": entry["caption"]} for table, entry in TABLES.items()}
    # The command line must not grow with the seeds.
    tasks = {
        name: task
        | {
            "seeds": dict(
                count=len(task["seeds"]), first=min(task["seeds"]), last=max(task["seeds"])
            )
        }
        for name, task in config["tasks"].items()
    }
    return json.dumps({"data": data, "tasks": tasks, "figures": told, "tables": tables})


def figure_params(wildcards) -> str:
    """What a figure looks like, as JSON. Title and caption are not in it: they stand in reports."""
    unseen = ("title", "caption", "min_seeds")
    return json.dumps({k: v for k, v in FIGURES[wildcards.figure].items() if k not in unseen})


def figure_labels(wildcards) -> dict[str, str]:
    """How the figure is listed in Snakemake's report."""
    figure = FIGURES[wildcards.figure]
    return {"figure": wildcards.figure, "shows": figure["title"]}


def scorecard_labels(wildcards) -> dict[str, str]:
    """How the scorecard is listed in Snakemake's report."""
    return {"on": SCORECARDS[wildcards.of], "as": "picture"}


def space_left() -> str:
    """What to say about the disk after an error: a full one keeps even the logs from saying it."""
    megabytes = shutil.disk_usage("results" if os.path.isdir("results") else ".").free // 10**6
    if megabytes > 100:
        return ""
    return (
        f"Only {megabytes} MB are left on the disk of results/, which may be why. Free some space "
        "and run again; what is finished is kept."
    )
