"""What each rule's products depend on beside its inputs: config, code and software, as digests.

The manifest keeps these digests; whoever certifies results later compares them with those of now.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from common.errors import DataError
from common.files import sha256_of
from pipeline.imports import code_of, software_of

SCRIPTS = Path("workflow", "scripts")
MODELS = Path("regression", "models")


class Rule(NamedTuple):
    """A rule that makes products; its script has its name.

    Attributes:
        stage: the file of the rule, `workflow/rules/<stage>.smk`.
        config: the top-level keys of the config that it depends on.
        files: what it reads beside products and code.
        models: whether it works on models, which are imported by their names in the config.
    """

    stage: str
    config: tuple[str, ...]
    files: tuple[str, ...] = ()
    models: bool = False


RULES = {
    "prepare": Rule("data", ("data",)),
    "summarise_data": Rule("data", ("data", "tasks")),
    "train": Rule("train", ("data", "tasks", "seeds_per_job"), models=True),
    "collect": Rule("train", ("tasks", "seeds_per_job")),
    "sweep_table": Rule("train", ("data", "tasks", "sort_by")),
    "integrity": Rule("train", ("data", "tasks")),
    "optimum": Rule("claims", ("data", "tasks"), models=True),
    "gradients": Rule("claims", ("data", "tasks"), models=True),
    "equations": Rule("claims", ()),
    "identifiability": Rule(
        "claims", ("data", "tasks", "tables"), ("workflow/report/report.yaml",)
    ),
    "claims": Rule("claims", ("claims", "tasks"), models=True),
    "scorecard": Rule("report", ()),
    "figure": Rule("report", ("figures", "tasks")),
    "table": Rule("report", ("tables", "tasks")),
    "report_pdf": Rule(
        "report",
        ("data", "tasks", "figures", "tables"),
        ("workflow/report/report.typ", "workflow/report/report.yaml", "pyproject.toml"),
    ),
    "explorer": Rule(
        "report",
        ("data", "tasks"),
        ("workflow/report/explorer.html", "workflow/report/explorer.js"),
        models=True,
    ),
}


def describe(rules: Iterable[str], config: dict, claims: str | None, root: Path) -> dict[str, dict]:
    """What some rules depend on, as it is now.

    Args:
        rules: names of rules.
        config: as it is written.
        claims: the claims file that it names.
        root: the folder of the Snakefile.

    Returns:
        rule -> `stage`; `config`: key -> digest; `code`: digest of the script, the modules that it
        imports, the rule itself, what reads the config, and the other files that it reads;
        `software`: package -> version.

    Raises:
        DataError: a rule has no entry in RULES.
    """
    return {name: _describe(name, config, claims, root) for name in rules}


def _describe(name: str, config: dict, claims: str | None, root: Path) -> dict:
    if name not in RULES:
        raise DataError(f"rule {name}: say in {__file__} what it depends on")
    rule = RULES[name]
    code = code_behind(f"{name}.py", root / SCRIPTS)
    sources = [root / "Snakefile"]
    sources += [root / "workflow" / "rules" / f"{file}.smk" for file in ("common", rule.stage)]
    # What reads the config decides what each script is told.
    sources += code_of(root / SCRIPTS / "pipeline" / "config.py", root / SCRIPTS)
    sources += [*code, *(root / file for file in rule.files)]
    sources += [Path(claims)] if claims and "claims" in rule.config else []
    return {
        "stage": rule.stage,
        "config": config_digests(name, config),
        "code": digest([sha256_of(path) for path in sources]),
        "software": software_of(code, root / SCRIPTS),
    }


def code_behind(script: str, folder: Path) -> list[Path]:
    """A script of a folder and all modules that it may import.

    Returns:
        Sorted paths.
    """
    code = {*code_of(folder / script, folder)}
    rule = RULES.get(Path(script).stem)
    if rule and rule.models:
        code |= {
            file for model in (folder / MODELS).glob("*.py") for file in code_of(model, folder)
        }
    return sorted(code)


def beside_config(file: str | None, config_files: Iterable[str | Path], root: Path) -> str | None:
    """A file that the config names: beside the config, else in this folder, else the workflow's.

    Args:
        file: as the config has it.
        config_files: in the order in which they are read.
        root: the folder of the Snakefile.
    """
    folders = [*(Path(path).parent for path in reversed([*config_files])), Path(), root]
    found = [folder / file for folder in folders if file and (folder / file).is_file()]
    return os.path.relpath(found[0]) if found else file


def config_digests(rule: str, config: dict) -> dict[str, str]:
    """Key -> digest of what the config says under it, for the keys that a rule depends on."""
    return digests(config, RULES[rule].config)


def digests(config: dict, keys: Iterable[str]) -> dict[str, str]:
    """Key -> digest of what the config says under it."""
    return {key: digest(config.get(key)) for key in keys}


def digest(value: object) -> str:
    """A short hash of a value that JSON can hold; the order of keys is no matter."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
