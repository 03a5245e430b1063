"""Break the project on purpose, in one place at a time, and see which statements notice.

    python tools/mutants.py --work /tmp/mutants [--only NAME ...]

A copy of the project runs with few seeds. Then, for each mutant, a copy of that copy has one place
changed and runs again; what the change does not touch is not computed anew. A statement notices a
mutant if the verdict on one of its readings is another than without it. Writes docs/mutants.md.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "mutants.md"
SCRIPTS = "workflow/scripts"

#: Seeds that the small run has of each task; the long softmax runs are left out, and what is asked
#: of them is then not applicable.
SEEDS = {"logistic": 8, "softmax": 8}
LEFT_OUT = ("softmax-500",)


class Mutant(NamedTuple):
    """One thing that is broken.

    Attributes:
        name: what it is.
        edits: file -> [(text, replacement)], each text being there once.
        concerns: a pattern of the ids of the statements that it should be noticed by.
    """

    name: str
    edits: dict[str, list[tuple[str, str]]]
    concerns: str


TRAINING = f"{SCRIPTS}/regression/training.py"
FAST = f"{SCRIPTS}/regression/fast_training.py"
KERNELS = f"{SCRIPTS}/regression/kernels.py"
CONFIG = "config.yaml"
VALIDATION = "validation: {from: test, first: 0, count: 10000}"
TEST = "test: {from: train, first: 20000, count: 40000}"
SPLITS = f"{VALIDATION}\n      {TEST}"
LOGISTIC, SOFTMAX, EQUATIONS = "2[bcde]-", "3[bcd]-|4[bcde]-", "1[ab]-|4a-"

MUTANTS = (
    Mutant(
        "labels shifted by one image",
        {
            f"{SCRIPTS}/images/splits.py": [
                ("targets = class_number[split.labels]\n    keep",
                 "targets = np.roll(class_number[split.labels], 1)\n    keep"),
            ]
        },
        f"{LOGISTIC}|{SOFTMAX}",
    ),
    Mutant(
        "pixels scaled to -1..0",
        {
            f"{SCRIPTS}/regression/panels.py": [
                ("2.0 / examples.brightest", "1.0 / examples.brightest")
            ],
            f"{SCRIPTS}/regression/features.py": [("(pixels, 2.0,", "(pixels, 1.0,")],
        },
        LOGISTIC,
    ),
    Mutant(
        "learning rate a tenth lower",
        {FAST: [("(total_steps, settings.learning_rate)", "(total_steps, 0.9 * settings.learning_rate)")]},
        "2d-",
    ),
    Mutant(
        "learning rate a hundredth",
        {FAST: [("(total_steps, settings.learning_rate)", "(total_steps, 0.01 * settings.learning_rate)")]},
        "2b-fast|2b-training-spikes",
    ),
    Mutant("validation and test split swapped",
           {CONFIG: [(SPLITS, SPLITS.replace("validation:", "other:").replace("test: ", "validation: ")
                      .replace("other:", "test:"))]}, "2d-|2e-worse"),
    Mutant("trained on what is validated on",
           {CONFIG: [(SPLITS, SPLITS.replace(
               VALIDATION, "validation: {from: train, first: 0, count: 20000}"))]},
           "2c-|2d-|3[cd]-"),
    Mutant("early stopping one check too late",
           {TRAINING: [("self.without_improvement >= self.patience",
                        "self.without_improvement > self.patience")]}, "2d-"),
    Mutant("early stopping compares with the check before",
           {TRAINING: [("            self.without_improvement += 1\n",
                        "            self.without_improvement += 1\n"
                        "            self.best = validation_loss\n")]}, "2d-33|2d-.*(loss|accuracy)"),
    Mutant("checks one step too late",
           {FAST: [("pauses = [*range(1, total_steps, interval), total_steps]",
                    "pauses = [*range(2, total_steps, interval), total_steps]"),
                   ("(step - 1) % interval == 0", "(step - 2) % interval == 0")]}, "2d-"),
    Mutant("no shuffling at all",
           {TRAINING: [('if shuffle == "true":', "if False:"),
                       ('if shuffle == "once":', "if False:")]}, "2e-"),
    Mutant("shuffled once instead of in each epoch",
           {TRAINING: [('if shuffle == "true":', "if False:"),
                       ('if shuffle == "once":', 'if shuffle != "false":')]}, "2e-other-batches"),
    Mutant("the file's order shuffled",
           {TRAINING: [('if shuffle == "true":', "if True:")]}, "2[bd]-|2e-fewer|2e-one-batch"),
    Mutant("updates of batches are never left out",
           {FAST: [("rates[:, list(settings.skip_batches)] = 0.0",
                    "rates[:, list(settings.skip_batches)] *= 1.0")]}, "2e-one-batch|2e-bad-batch"),
    Mutant("penalty left out", {KERNELS: [("1.0 - 2.0 * rates[step] * l2_lambda", "1.0")]}, "4[bde]-"),
    Mutant("penalty halved",
           {KERNELS: [("1.0 - 2.0 * rates[step] * l2_lambda", "1.0 - rates[step] * l2_lambda")]},
           "4[bde]-"),
    Mutant("penalty with the wrong sign",
           {KERNELS: [("1.0 - 2.0 * rates[step] * l2_lambda",
                       "1.0 + 2.0 * rates[step] * l2_lambda")]}, "4[bde]-"),
    Mutant("reciprocal of the norm",
           {f"{SCRIPTS}/runs/tables.py": [("float(np.linalg.norm(result.weights))",
                                           "1.0 / float(np.linalg.norm(result.weights))")]}, "4e-norm"),
    Mutant("weights of another class",
           {f"{SCRIPTS}/runs/results.py": [
               ('numbers(table, "weight").reshape(math.prod(image_shape) + 1, -1)',
                'np.roll(numbers(table, "weight").reshape(math.prod(image_shape) + 1, -1), '
                '1, axis=1)')]}, "4b-resemble"),
    Mutant("spikes are looked for on the wrong side",
           {f"{SCRIPTS}/measuring/curves.py": [("residuals(-values if downward else values",
                                              "residuals(values if downward else -values")]},
           "2b-.*spikes|2e-(fewer|one|random)"),
    Mutant("curves of training and validation exchanged",
           {f"{SCRIPTS}/measuring/quantities.py": [
               ('results.curve(row, curve["split"], curve["metric"])',
                'results.curve(row, {"train": "validation", "validation": "train"}[curve["split"]], '
                'curve["metric"])')]}, "2b-|2c-validation-first|3b-"),
    Mutant("every printed equation with the wrong sign",
           {f"{SCRIPTS}/proving/equations.py": [
               ("prove(*equation.sides, written_out", "prove(equation.sides[0], "
                "-equation.sides[1], written_out")]}, EQUATIONS),
    Mutant("the report's pair of runs exchanged",
           {f"{SCRIPTS}/measuring/quantities.py": [
               ("return in_pairs(results.runs(runs), results.runs(other))",
                "return in_pairs(results.runs(other), results.runs(runs))")]}, "2e-|4b-"),
)  # fmt: skip


def smaller(config: dict) -> dict:
    """The config with few seeds, and without what takes long or is not asked for."""
    tasks = {name: task for name, task in config["tasks"].items() if name not in LEFT_OUT}
    for name, count in SEEDS.items():
        tasks[name] = tasks[name] | {"seeds": tasks[name]["seeds"][:count]}
    figures = {
        name: figure
        for name, figure in config["figures"].items()
        if figure["runs"]["task"] not in LEFT_OUT
    }
    used = {task["dataset"] for task in tasks.values()}
    data = {name: dataset for name, dataset in config["data"].items() if name in used}
    return config | {"data": data, "tasks": tasks, "figures": figures}


def copy_project(folder: Path) -> None:
    """Copy all files of the project, with the small config."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    config = yaml.safe_load((ROOT / CONFIG).read_text(encoding="utf-8"))
    # Flow style where the config has it, so that the edits of the splits are found.
    text = yaml.safe_dump(smaller(config), sort_keys=False, allow_unicode=True, width=10**6)
    splits = config["data"]["mnist"]["splits"]
    for name in ("validation", "test"):
        block = yaml.safe_dump({name: splits[name]}, sort_keys=False)
        indented = "".join(f"      {line}\n" for line in block.splitlines())
        values = ", ".join(f"{key}: {value}" for key, value in splits[name].items())
        text = text.replace(indented, f"      {name}: {{{values}}}\n", 1)
    (folder / CONFIG).write_text(text, encoding="utf-8")


def run(folder: Path) -> dict[str, dict[str, str]] | None:
    """Run the workflow up to the verdicts.

    Returns:
        By statement, the verdict on each reading; None if the run fails, because a test of results
        or an error stopped it.
    """
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "--quiet", "all"]
    ended = subprocess.run(
        [*command, "--", "results/claims.json"], cwd=folder, capture_output=True, text=True
    )
    (folder / "run.log").write_text(ended.stdout + ended.stderr, encoding="utf-8")
    if ended.returncode:
        return None
    ledger = json.loads((folder / "results" / "claims.json").read_text(encoding="utf-8"))
    return {
        entry["id"]: {reading["id"]: reading["verdict"] for reading in entry["readings"]}
        for entry in ledger["statements"]
        if entry["readings"]
    }


def mutate(original: Path, folder: Path, mutant: Mutant) -> None:
    """Copy a finished run and break it.

    Raises:
        ValueError: a text that a mutant changes is not there just once.
    """
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(original, folder, symlinks=True)
    for file, edits in mutant.edits.items():
        path = folder / file
        text = path.read_text(encoding="utf-8")
        for old, new in edits:
            if text.count(old) != 1:
                raise ValueError(f"{mutant.name}: {file} has {old!r} {text.count(old)} times")
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


def noticing(before: dict, after: dict | None) -> set[str]:
    """The statements that notice; all of them if the run failed."""
    return (
        set(before) if after is None else {name for name in before if before[name] != after[name]}
    )


def page(before: dict, noticed: dict[str, set[str]], failed: set[str]) -> str:
    """docs/mutants.md."""
    chosen = [mutant for mutant in MUTANTS if mutant.name in noticed]
    killed = [mutant for mutant in chosen if noticed[mutant.name]]
    survivors = [
        name
        for name in before
        if not any(name in noticed[mutant.name] for mutant in chosen if mutant.name not in failed)
    ]
    lines = [
        "# Which mistakes the verdicts would notice",
        "",
        "Written by `make mutants`: the project is broken on purpose in one place, runs again with "
        "few seeds, and a statement notices if the verdict on one of its readings changes. The runs "
        "of 500 epochs are left out, and readings of them are not applicable here.",
        "",
        f"{len(killed)} of {len(chosen)} mutants are noticed by at least one statement, and "
        f"{len(before) - len(survivors)} of {len(before)} statements notice one that does not stop "
        "the run.",
        "",
        "| mutant | statements that notice | of those that it concerns |",
        "| --- | --- | --- |",
    ]
    for mutant in chosen:
        found = noticed[mutant.name]
        concerned = {name for name in before if re.match(mutant.concerns, name)}
        how = "all: the run stops" if mutant.name in failed else str(len(found))
        lines.append(f"| {mutant.name} | {how} | {len(found & concerned)} of {len(concerned)} |")
    lines += ["", "## Statements that no mutant of theirs changes", ""]
    why = [f"- `{name}`: {why_unchanged(set(before[name].values()))}" for name in survivors]
    return "\n".join([*lines, *(why or ["None."])]) + "\n"


def why_unchanged(verdicts: set[str]) -> str:
    """Why no mutant changes a statement, by the verdicts on its readings."""
    if verdicts == {"not applicable"}:
        return "not applicable; the runs that it needs are left out here."
    if verdicts == {"not decidable"}:
        return "not decidable; it has no verdict to lose."
    if "not reproduced" in verdicts:
        return (
            f"{', '.join(sorted(verdicts))}; what is wrong already stays wrong by one more mistake."
        )
    return f"{', '.join(sorted(verdicts))}; none of these mistakes touches what it rests on."


def main() -> None:
    """Run the original and the mutants, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the copies")
    parser.add_argument("--only", nargs="+", help="names of mutants; default: all")
    arguments = parser.parse_args()
    original = arguments.work / "original"
    original.mkdir(parents=True, exist_ok=True)
    copy_project(original)
    before = run(original)
    if before is None:
        sys.exit(f"error: the project itself does not run: see {original / 'run.log'}")
    noticed: dict[str, set[str]] = {}
    failed = set()
    for number, mutant in enumerate(MUTANTS):
        if arguments.only and mutant.name not in arguments.only:
            continue
        folder = arguments.work / f"mutant-{number:02}"
        mutate(original, folder, mutant)
        after = run(folder)
        if after is None:
            failed.add(mutant.name)
        noticed[mutant.name] = noticing(before, after)
        shutil.rmtree(folder / "results")
        print(f"{mutant.name}: noticed by {len(noticed[mutant.name])}", flush=True)
        PAGE.write_text(page(before, noticed, failed), encoding="utf-8")


if __name__ == "__main__":
    main()
