"""The manifest of a whole run: every product with its hash, and what each rule's products rest on.

All of it comes from files and from the rules' own information, so that it can be held to the files
as they are at any later time.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from common.errors import DataError
from common.files import read_json, sha256_of

NAME = "manifest.json"
LIST = "products.txt"
#: What a run leaves beside its products.
ENVIRONMENT = "environment.json"


def manifest_of(
    products: dict[str, str],
    rules: dict[str, dict],
    config: dict[str, str],
    folder: Path,
    version: str,
    seals: Iterable[str] = (),
) -> dict:
    """Describe a run.

    Args:
        products: path below `folder` -> the rule that made it, in the order of the DAG.
        rules: rule -> its stage and the digests of its config, code and software (see
            pipeline.rules).
        config: each of its keys with a digest, also of those that no rule of the run depends on.
        folder: of the results.
        version: of the project.
        seals: of the jobs that made the products, as paths below `folder`.

    Returns:
        `version`, `rules` and `config` as given; `products`: path -> sha256, stage, rule; `seals`:
        path -> sha256; `environment`: sha256 of its description, which must be there.
    """
    entries = {
        name: {"sha256": sha256_of(folder / name), "stage": rules[rule]["stage"], "rule": rule}
        for name, rule in products.items()
    }
    environment = sha256_of(folder / ENVIRONMENT)
    return {
        "version": version,
        "products": entries,
        "seals": {name: sha256_of(folder / name) for name in seals},
        "environment": environment,
        "config": config,
        "rules": rules,
    }


def read_manifest(folder: Path) -> dict:
    """Read the manifest of a folder of results.

    Raises:
        DataError: there is none, or it is none of ours.
    """
    path = folder / NAME
    if not path.is_file():
        raise DataError(f"{path} is missing; run `make reproduce` first")
    manifest = read_json(path)
    if isinstance(manifest, dict):
        manifest.setdefault("seals", {})  # as of a commit that had none
    if not _has_our_shape(manifest):
        raise DataError(
            f"{path}: not a manifest as this version writes it; run `make reproduce` anew"
        )
    for name in [*manifest["products"], *manifest["seals"]]:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DataError(f"{path}: names {name!r}, which lies outside of the results")
    return manifest


def _has_our_shape(manifest: object) -> bool:
    try:
        rules = manifest["rules"]
        return (
            len(manifest["products"]) > 0
            and isinstance(manifest["version"], str)
            and all(isinstance(digest, str) for digest in manifest["seals"].values())
            and "environment" in manifest
            and isinstance(manifest["config"], dict)
            and all(
                [
                    isinstance(entry["sha256"], str) and entry["rule"] in rules and "stage" in entry
                    for entry in manifest["products"].values()
                ]
                + [
                    isinstance(rule[kind], dict) and "code" in rule
                    for rule in rules.values()
                    for kind in ("config", "software")
                ]
            )
        )
    except (TypeError, KeyError, AttributeError):
        return False


def misfits(
    manifest: dict, folder: Path, rules: dict[str, dict], config: dict[str, str]
) -> Iterator[str]:
    """What does not fit a manifest, one line each.

    Args:
        manifest: of the run.
        folder: of the results.
        rules: as in the manifest, of now.
        config: as in the manifest, of now.
    """
    hashes = {name: entry["sha256"] for name, entry in manifest["products"].items()}
    hashes |= manifest["seals"] | {ENVIRONMENT: manifest["environment"]}
    for name, digest in hashes.items():
        path = folder / name
        if not path.is_file():
            yield f"{path}: missing"
        elif sha256_of(path) != digest:
            yield f"{path}: changed after the run, or made by a later, partial one"
    for name, now in rules.items():
        then = manifest["rules"].get(name)
        if then is None:
            yield f"rule {name}: not in the run"
            continue
        for kind in ("config", "software"):
            for key in sorted(then[kind].keys() | now[kind].keys()):
                before, after = then[kind].get(key), now[kind].get(key)
                if before != after:
                    was = f": {before} in the run, {after} now" if kind == "software" else ""
                    yield f"rule {name}: its {kind} changed after the run, {key}{was}"
        if then["code"] != now["code"]:
            yield f"rule {name}: its code changed after the run"
    told = {key for rule in rules.values() for key in rule["config"]}
    for key in sorted((manifest["config"].keys() | config.keys()) - told):
        if manifest["config"].get(key) != config.get(key):
            yield f"the config changed after the run, {key}"


def hold(manifest: dict, folder: Path, rules: dict[str, dict], config: dict[str, str]) -> None:
    """Refuse results that are not those of one whole run of the present config, code and software.

    Raises:
        DataError: names all that does not fit.
    """
    found = list(misfits(manifest, folder, rules, config))
    if found:
        raise DataError(
            f"{folder} is not what {folder / NAME} describes:{listed(found)}\n"
            f"Delete {folder / NAME}, {folder / LIST} and what was changed by hand, and run "
            "`make reproduce` for one whole run. Config files of your own are named by "
            'CONFIG="config.yaml mine.yaml", here as there.'
        )


def listed(found: list[str]) -> str:
    """Lines below a heading, the first forty of them."""
    more = [f"... and {len(found) - 40} more"] if len(found) > 40 else []
    return "".join(f"\n  {line}" for line in [*found[:40], *more])
