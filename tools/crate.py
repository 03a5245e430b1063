"""Pack a finished run as a Workflow Run RO-Crate: results, code, data hashes, parameters, software.

An RO-Crate is a folder or archive with a machine-readable description of what is in it and how it
came about (https://www.researchobject.org/workflow-run-crate/). Downloaded data is named by its
address and hash and not packed. `rocrate-validator validate --profile-identifier
workflow-run-crate reproduction.crate.zip` checks the result.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import yaml
from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate
from snakemake.utils import update_config

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from common.errors import DataError  # noqa: E402
from common.files import read_json  # noqa: E402
from pipeline import cli  # noqa: E402
from provenance.manifest import RESULTS, record_path, sha256  # noqa: E402

METADATA = Path(".snakemake", "metadata")
SNAKEFILE = "Snakefile"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
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
        manifest: what was made of what, see provenance.manifest.
        environment: what with, see provenance.environment.
        config: the config of the run, whose values are its parameters.
        config_files: where that config stands.
    """
    crate = ROCrate(gen_preview=False, version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    start, end = run_times(manifest["products"])
    crate.name = f"A run of {project['name']} {project['version']}"
    crate.description = project["description"]
    crate.datePublished = end
    crate.license = add_licence(crate)
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
    workflow["name"] = project["name"]
    workflow["version"] = project["version"]
    workflow["softwareRequirements"] = list(add_software(crate, environment))
    workflow["hasPart"] = [add_file(crate, path) for path in code_files(manifest)]
    inputs = [
        *add_config(crate, config_files),
        *add_data(crate, manifest, config),
        *add_parameters(crate, config["tasks"]),
    ]
    outputs = list(add_products(crate, manifest))
    workflow["input"] = unique(entity["exampleOfWork"] for entity in inputs)
    workflow["output"] = unique(entity["exampleOfWork"] for entity in outputs)
    crate.root_dataset["mentions"] = add(
        crate,
        "#run",
        "CreateAction",
        name="Run of the workflow",
        description="Every figure, table and number of the report, computed from the raw data.",
        instrument=workflow,
        object=inputs,
        result=outputs,
        startTime=start,
        endTime=end,
        actionStatus="http://schema.org/CompletedActionStatus",
    )
    return crate


def add(crate: ROCrate, identifier: str, kind: str, **properties: object) -> ContextEntity:
    """Add an entity that is not a file of the crate."""
    entity = crate.add(ContextEntity(crate, identifier, properties={"@type": kind}))
    for name, value in properties.items():
        entity[name] = value
    return entity


def add_file(crate: ROCrate, path: str, **properties: object):
    """Add a file under its own path, with size, format and hash."""
    about = {
        "name": path,
        "contentSize": str(Path(path).stat().st_size),
        "encodingFormat": FORMATS.get(Path(path).suffix, "text/plain"),
        "sha256": sha256(Path(path)),
    }
    entity = crate.add_file(path, path, properties=about)
    for name, value in properties.items():
        entity[name] = value
    return entity


def add_parameter(crate: ROCrate, name: str, kind: str, **properties: object) -> ContextEntity:
    """Add a formal parameter: a name for what the workflow takes or gives."""
    about = {"name": name, "additionalType": kind, "valueRequired": "True"} | properties
    entity = add(crate, f"#parameter-{name}", "FormalParameter", **about)
    entity["conformsTo"] = add(
        crate,
        "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE",
        "CreativeWork",
        name="FormalParameter",
    )
    return entity


def add_licence(crate: ROCrate) -> ContextEntity | str:
    """The licence of the repository, which a crate has to name."""
    if (ROOT / "LICENSE").is_file():
        return add_file(crate, "LICENSE")
    return add(crate, "#licence", "CreativeWork", name="none", description="No licence is stated.")


def add_software(crate: ROCrate, environment: dict) -> Iterator[ContextEntity]:
    """Python and every package of the environment, by version."""
    name, _, python = environment["python"].partition(" ")
    url = f"https://www.python.org/downloads/release/python-{python.replace('.', '')}/"
    yield add(crate, url, "SoftwareApplication", name=name, version=python, url=url)
    for package, number in environment["packages"].items():
        url = f"https://pypi.org/project/{package}/{number}/"
        yield add(crate, url, "SoftwareApplication", name=package, version=number, url=url)


def add_config(crate: ROCrate, config_files: list[str]) -> Iterator[object]:
    """The config files as inputs."""
    parameter = add_parameter(
        crate, "config", "File", multipleValues="True", encodingFormat=FORMATS[".yaml"]
    )
    for path in config_files:
        yield add_file(crate, path, exampleOfWork=parameter)


def add_data(crate: ROCrate, manifest: dict, config: dict) -> Iterator[object]:
    """What was downloaded, by address and hash."""
    parameter = add_parameter(
        crate, "data", "File", multipleValues="True", encodingFormat="application/octet-stream"
    )
    for dataset in config["data"].values():
        addresses = [mirror for mirror in dataset["mirrors"] if mirror.startswith("http")]
        for file in dataset["files"].values():
            address = addresses[0].format(file=file["name"]) if addresses else f"#{file['name']}"
            kind = "File" if addresses else "CreativeWork"
            entity = add(crate, address, kind, name=file["name"], sha256=file["sha256"])
            entity["description"] = "The hash is that of the decompressed file."
            entity["encodingFormat"] = "application/octet-stream"
            entity["exampleOfWork"] = parameter
            if addresses:
                crate.root_dataset.append_to("hasPart", entity)
            yield entity


def add_parameters(crate: ROCrate, tasks: dict) -> Iterator[object]:
    """Each value of each training set-up, with its place in the config as its name."""
    for task, settings in tasks.items():
        for setting, value in settings.items():
            name = f"tasks.{task}.{setting}"
            kind = {bool: "Boolean", int: "Integer", float: "Float"}.get(type(value), "Text")
            parameter = add_parameter(crate, name, kind)
            yield add(
                crate,
                f"#value-{name}",
                "PropertyValue",
                name=name,
                value=json.dumps(value) if kind == "Text" else value,
                exampleOfWork=parameter,
            )


def add_products(crate: ROCrate, manifest: dict) -> Iterator[object]:
    """Every product, as an output that its rule names; the manifest and environment, too."""
    parameters = {}
    for path in [*manifest["products"], f"{RESULTS}manifest.json", f"{RESULTS}environment.json"]:
        rule = manifest["products"].get(path, {"rule": "manifest"})["rule"]
        if rule not in parameters:
            parameters[rule] = add_parameter(crate, f"{rule}-files", "File", multipleValues="True")
        yield add_file(crate, path, exampleOfWork=parameters[rule])


def code_files(manifest: dict) -> list[str]:
    """All files of the repository that the run read, and the rules and pins around them."""
    read = {path for files in manifest["sources"].values() for path in files}
    rules = {str(path) for path in Path("workflow", "rules").glob("*.smk")}
    return sorted(read | rules | {"pyproject.toml", "requirements.txt"})


def run_times(products: dict) -> tuple[str, str]:
    """When the first job began and the last one ended, by Snakemake's records."""
    records = [read_json(record_path(name, METADATA)) for name in products]
    moments = min(r["starttime"] for r in records), max(r["endtime"] for r in records)
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in moments)
    return start.isoformat(timespec="seconds"), end.isoformat(timespec="seconds")


def unique(entities: Iterator[object]) -> list[object]:
    """Each entity once, in order."""
    return list({entity.id: entity for entity in entities}.values())


def main() -> None:
    """Read the command line, describe and pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--config", nargs="+", default=["config.yaml"], help="as given to Snakemake's --configfile"
    )
    parser.add_argument("--output", type=Path, default=Path("reproduction.crate.zip"))
    arguments = parser.parse_args()
    if not Path(RESULTS, "manifest.json").is_file():
        raise DataError("results/manifest.json is missing; run `make reproduce` first")
    manifest, environment = (
        read_json(Path(RESULTS, name)) for name in ("manifest.json", "environment.json")
    )
    config: dict = {}
    for path in arguments.config:
        update_config(config, yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    describe(manifest, environment, config, arguments.config).write_zip(arguments.output)
    print(f"{arguments.output}: {len(manifest['products'])} products and how they came about")


if __name__ == "__main__":
    cli.run(main)
