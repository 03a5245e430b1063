"""Results that a tool may certify: of one whole run, by the config, code and software of now."""

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path

from common.errors import DataError
from common.places import read_yaml
from pipeline.rules import RULES, beside_config, config_digests, describe, digests
from provenance.manifest import hold, read_manifest

ROOT = Path(__file__).parents[3]


def add_config_option(parser: ArgumentParser) -> None:
    """Let the command line name the config files of the run."""
    parser.add_argument(
        "--config",
        nargs="+",
        default=["config.yaml"],
        metavar="FILE",
        help="all config files of the run, in their order (default: config.yaml alone)",
    )


def read_config(folder: Path, files: Iterable[str]) -> dict:
    """The config that some files of a folder are together, as Snakemake merges them.

    It is not checked: held to the manifest of a run, it can only be that of this run.

    Raises:
        DataError: a file is missing or no YAML.
    """
    config: dict = {}
    for name in files:
        content = read_yaml(folder / name)
        if not isinstance(content, dict):
            raise DataError(f"{folder / name}: not a config, which is a mapping")
        config = _merged(config, content)
    return config


def _merged(config: dict, overlay: dict) -> dict:
    """A mapping with the entries of another put over its own, in nested mappings as well."""
    both = {
        key: _merged(config[key], value)
        for key, value in overlay.items()
        if isinstance(value, dict) and isinstance(config.get(key), dict)
    }
    return config | overlay | both


def held(
    results: Path, files: Iterable[str], project: Path = Path(), ours: bool = True
) -> tuple[dict, dict]:
    """The manifest and the config of a run, if all of its results fit.

    Args:
        results: the folder.
        files: all of its config.
        project: the folder of these.
        ours: whether it was computed by this code, which then is judged with its software as well.

    Raises:
        DataError: there is no manifest, or it names what does not fit.
    """
    manifest = read_manifest(results)
    rules = manifest["rules"]
    known = [rule for rule in rules if rule in RULES]
    if not ours and not any((project / name).is_file() for name in files):
        hold(manifest, results, {}, manifest["config"])
        return manifest, {}
    config = read_config(project, files)
    if ours:
        claims = beside_config(config.get("claims"), [project / name for name in files], ROOT)
        now = describe(known, config, claims, ROOT)
    else:
        now = {rule: rules[rule] | {"config": config_digests(rule, config)} for rule in known}
    hold(manifest, results, now, digests(config, config))
    return manifest, config
