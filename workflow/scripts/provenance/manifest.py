"""The manifest: every product with its hash, and the job that made it.

Snakemake keeps a record of the job behind each file below `.snakemake/metadata/`, written when the
job ended: its rule, its command and the SHA-256 of each of its inputs at that time. That is what
truly ran, where a plan drawn up afterwards could only say what would run now. The manifest is those
records without all that differs between two machines (times, job numbers).
"""

import json
import shlex
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from common.errors import DataError
from common.files import read_json, sha256_of

#: Files below this folder are products; what else a job reads is source: code, templates, config.
RESULTS = "results/"
_HASH = "sha256:"
_LONGEST_NAME = 254


class Job(NamedTuple):
    """What made a product, as Snakemake noted it.

    Attributes:
        rule: name of the rule.
        parameters: option -> value of the command (JSON is unpacked); without files, which count
            as inputs.
        inputs: product -> SHA-256 when the job read it.
        sources: file of the repository -> SHA-256 when the job read it.
    """

    rule: str
    parameters: dict[str, object]
    inputs: dict[str, str]
    sources: dict[str, str]


def manifest_of(products: Iterable[str], metadata: Path) -> dict:
    """Describe products (paths relative to the working folder).

    Returns:
        `products`: path -> sha256, rule, parameters, inputs; in the order of their paths.
        `sources`: rule -> file of the repository -> sha256.

    Raises:
        DataError: a product is missing, or Snakemake has no record of it.
    """
    entries: dict[str, dict] = {}
    sources: dict[str, dict[str, str]] = {}
    for product in sorted(products):
        job = read_job(product, metadata)
        entries[product] = {
            "sha256": sha256(Path(product)),
            "rule": job.rule,
            "parameters": job.parameters,
            "inputs": job.inputs,
        }
        sources.setdefault(job.rule, {}).update(job.sources)
    return {
        "products": entries,
        "sources": {rule: dict(sorted(files.items())) for rule, files in sorted(sources.items())},
    }


def read_job(product: str, metadata: Path) -> Job:
    """Read Snakemake's record of the job that made a product.

    Raises:
        DataError: there is none.
    """
    path = record_path(product, metadata)
    if not path.is_file():
        raise DataError(
            f"{product}: Snakemake has no record of how it was made (was it copied here, or "
            "`.snakemake/` deleted?). Delete the file and run again."
        )
    record = read_json(path)
    hashes = {name: _input_hash(name, record) for name in sorted(record["input"])}
    inputs = {name: digest for name, digest in hashes.items() if name.startswith(RESULTS)}
    sources = {
        name: digest
        for name, digest in hashes.items()
        # What is hidden is made of the sources, for this machine alone: compiled code.
        if not name.startswith((RESULTS, "."))
    }
    return Job(record["rule"], parameters_of(record, product), inputs, sources)


def record_path(product: str, metadata: Path) -> Path:
    """Where Snakemake keeps its record of a file: its name in base64, in pieces if it is long."""
    name = urlsafe_b64encode(product.encode()).decode()
    pieces = [name[i : i + _LONGEST_NAME] for i in range(0, len(name), _LONGEST_NAME)]
    return metadata.joinpath(*("@" + piece for piece in pieces[:-1]), pieces[-1])


def parameters_of(record: dict, product: str) -> dict[str, object]:
    """The options of a job's command by name, apart from those that only name files of the job.

    A job without a command (a `script:`) has the bare values that Snakemake keeps.
    """
    if not record["shellcmd"]:
        return {"params": record["params"]} if record["params"] else {}
    folder = str(Path(product).parent)
    files = {*record["input"], *record["log"]}
    options: dict[str, list[str]] = {}
    name = None
    for word in shlex.split(record["shellcmd"]):
        if word in (">", "2>&1", "|"):
            break
        if word.startswith("--"):
            name = word.removeprefix("--")
            options[name] = []
        elif name:
            options[name].append(word)
    return {
        name: _unpacked(" ".join(values))
        for name, values in options.items()
        if not values or not all(v in files or str(Path(v).parent) == folder for v in values)
    }


def _unpacked(value: str) -> object:
    try:
        return json.loads(value) if value.startswith(("{", "[")) else value
    except ValueError:
        return value


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        DataError: there is no such file.
    """
    try:
        return sha256_of(path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: missing. Run again to make it.") from error


def _input_hash(name: str, record: dict) -> str:
    """The hash in the record, or that of now for a file that Snakemake took for too large."""
    noted = (record["input_checksums"] or {}).get(name, "")
    return noted.removeprefix(_HASH) if noted.startswith(_HASH) else sha256(Path(name))
