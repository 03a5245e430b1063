"""Pack a finished run as a Workflow Run RO-Crate: results, code, config, data hashes, software.

An RO-Crate is a folder or archive with a machine-readable description of what is in it and how it
came about (https://www.researchobject.org/workflow-run-crate/). Downloaded data is named by its
address and hash and not packed. `rocrate-validator validate --profile-identifier
workflow-run-crate reproduction.crate.zip` checks the result (roc-validator 0.13 knows version 0.5
of the profile and no later one).
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from common import cli  # noqa: E402
from common.files import read_json, replace_atomically, sha256_of  # noqa: E402
from images.sources import ROLES, raw_files  # noqa: E402
from pipeline.project import project  # noqa: E402
from pipeline.rules import beside_config  # noqa: E402
from provenance.holding import add_config_option, held  # noqa: E402
from provenance.manifest import ENVIRONMENT, NAME  # noqa: E402
from runs.grid import as_list  # noqa: E402

RESULTS = Path("results")
SNAKEFILE = "Snakefile"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
FORMATS = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".html": "text/html",
    ".py": "text/x-python",
    ".yaml": "application/yaml",
}


def describe(manifest: dict, environment: dict, config: dict, config_files: list[str]) -> ROCrate:
    """Build the crate of a run.

    Args:
        manifest: of the run, see provenance.manifest.
        environment: what it ran with, see provenance.environment.
        config: of the run.
        config_files: where that config stands.
    """
    crate = ROCrate(gen_preview=False, version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    name, version = project()["name"], manifest["version"]
    ended = datetime.fromtimestamp((RESULTS / NAME).stat().st_mtime, UTC).isoformat(
        timespec="seconds"
    )
    crate.name = f"A run of {name} {version}"
    crate.description = project()["description"]
    crate.datePublished = ended
    crate.license = add_file(crate, "LICENSE")
    crate.root_dataset["conformsTo"] = [
        add(crate, url, "CreativeWork", name=name, version=url.rsplit("/", 1)[1])
        for url, name in PROFILES.items()
    ]
    workflow = crate.add_workflow(
        SNAKEFILE,
        SNAKEFILE,
        main=True,
        lang="snakemake",
        lang_version=metadata.version("snakemake"),
    )
    workflow["name"], workflow["version"] = name, version
    workflow["softwareRequirements"] = list(add_software(crate, environment))
    claims = beside_config(config.get("claims"), config_files, ROOT)
    code = code_files(claims, manifest["seals"])
    workflow["hasPart"] = [add_file(crate, path) for path in code]
    taken = add_parameter(crate, "config", FORMATS[".yaml"])
    read = add_parameter(crate, "data", "application/octet-stream")
    made = add_parameter(crate, "results", "application/octet-stream")
    inputs = [add_file(crate, path, exampleOfWork=taken) for path in config_files]
    inputs += add_data(crate, config, read)
    names = [*manifest["products"], *manifest["seals"], NAME, ENVIRONMENT]
    outputs = [add_file(crate, str(RESULTS / name), exampleOfWork=made) for name in names]
    workflow["input"], workflow["output"] = [taken, read], [made]
    crate.root_dataset["mentions"] = add(
        crate,
        "#run",
        "CreateAction",
        name="Run of the workflow",
        description="Every figure, table and number of the report, computed from the raw data.",
        instrument=workflow,
        object=inputs,
        result=outputs,
        endTime=ended,
        actionStatus="http://schema.org/CompletedActionStatus",
    )
    return crate


def add(crate: ROCrate, identifier: str, kind: str, **properties: object) -> ContextEntity:
    """Add an entity that is not a file of the crate."""
    entity = crate.add(ContextEntity(crate, identifier, properties={"@type": kind}))
    for name, value in properties.items():
        entity[name] = value
    return entity


def add_file(crate: ROCrate, path: str, **properties: object) -> object:
    """Add a file under its own path, with size, format and hash."""
    place = place_of(path)
    about = {
        "name": place,
        "contentSize": str(Path(path).stat().st_size),
        "encodingFormat": FORMATS.get(Path(path).suffix, "text/plain"),
        "sha256": sha256_of(path),
    }
    entity = crate.add_file(path, place, properties=about)
    for name, value in properties.items():
        entity[name] = value
    return entity


def place_of(path: str) -> str:
    """Where a file stands in the crate: as here, or below `elsewhere/` if it is outside of here."""
    parts = Path(os.path.relpath(path)).parts
    outside = ["elsewhere"] if parts[0] == os.pardir else []
    return str(Path(*outside, *(part for part in parts if part != os.pardir)))


def add_parameter(crate: ROCrate, name: str, media_type: str) -> ContextEntity:
    """Add a formal parameter: a name for what the workflow takes or gives."""
    return add(
        crate,
        f"#parameter-{name}",
        "FormalParameter",
        name=name,
        additionalType="File",
        encodingFormat=media_type,
        multipleValues="True",
        valueRequired="True",
        conformsTo=add(crate, PARAMETER, "CreativeWork", name="FormalParameter"),
    )


def add_software(crate: ROCrate, environment: dict) -> Iterator[ContextEntity]:
    """Python and every package that computed something, by version."""
    for python in all_of(environment["python"]):
        name, _, number = python.partition(" ")
        url = f"https://www.python.org/downloads/release/python-{number.replace('.', '')}/"
        yield add(crate, url, "SoftwareApplication", name=name, version=number, url=url)
    for package, numbers in environment["packages"].items():
        for number in all_of(numbers):
            # A package URL, which is no address.
            identifier = f"pkg:pypi/{package}@{number}"
            yield add(crate, identifier, "SoftwareApplication", name=package, version=number)


def all_of(found: str | list[str]) -> list[str]:
    """The values of an environment: one that all jobs share, or a list of those that differ."""
    return found if isinstance(found, list) else [found]


def add_data(crate: ROCrate, config: dict, parameter: ContextEntity) -> Iterator[ContextEntity]:
    """The raw files of the data sets that tasks train on, by address and hash."""
    tasks = config["tasks"].values()
    used = {name: None for task in tasks for name in as_list("dataset", task["dataset"])}
    for dataset in (config["data"][name] for name in used):
        addresses = [mirror for mirror in dataset["mirrors"] if mirror.startswith("http")]
        entries = [entry for role in ROLES for entry in raw_files(dataset["files"], role)]
        for file in {entry["name"]: entry for entry in entries}.values():
            address = addresses[0].format(file=file["name"]) if addresses else f"#{file['name']}"
            entity = add(
                crate,
                address,
                "File" if addresses else "CreativeWork",
                name=file["name"],
                sha256=file["sha256"],
                description="The hash is that of the decompressed file.",
                encodingFormat="application/octet-stream",
                exampleOfWork=parameter,
            )
            if addresses:
                crate.root_dataset.append_to("hasPart", entity)
            yield entity


def code_files(claims: str | None, seals: Iterable[str]) -> list[str]:
    """The workflow's files but the Snakefile, the claims file, and what pins its software.

    What else lies in the folder is not packed, if git can tell: it is in no commit, and no job read
    it.
    """
    folder = Path("workflow")
    files = known_to_git(folder) or [p for p in folder.rglob("*") if p.suffix != ".pyc"]
    files += [Path(path) for seal in seals for path in read_json(RESULTS / seal)["inputs"]]
    found = {str(path) for path in files if path.is_file() and path.is_relative_to(folder)}
    return sorted(found | {"pyproject.toml", "requirements.txt"} | ({claims} if claims else set()))


def known_to_git(folder: Path) -> list[Path]:
    """The files of a folder that git has; none if there is no git, or no repository."""
    if not shutil.which("git"):
        return []
    command = ["git", "ls-files", "-z", str(folder)]
    listing = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [Path(name) for name in listing.split("\0") if name]


def main() -> None:
    """Read the command line, describe and pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_option(parser)
    parser.add_argument("--output", type=Path, default=Path("reproduction.crate.zip"))
    arguments = parser.parse_args()
    manifest, config = held(RESULTS, arguments.config)
    crate = describe(manifest, read_json(RESULTS / ENVIRONMENT), config, arguments.config)
    with replace_atomically(arguments.output) as temporary:
        crate.write_zip(temporary)
    print(f"{arguments.output}: {len(manifest['products'])} products and how they came about")


if __name__ == "__main__":
    cli.run(main)
