"""Which of our own files and which packages a script imports, so that a rule can name them.

Snakemake tracks a script but neither the modules nor the packages that it imports. This walk reads
the import statements without running them, so it is cheap enough for every start of Snakemake.
"""

import ast
import os
import site
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from common.machine import DISTRIBUTIONS, MISSING

#: Where no isolated job looks for packages (see common.smk). Taken when this is imported,
#: because the variable is deleted afterwards.
_OUTSIDE = {
    *map(os.path.abspath, filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))),
    site.getusersitepackages(),
}


@cache
def code_of(script: Path, root: Path) -> tuple[Path, ...]:
    """The script and all files below a folder that it imports, directly or not.

    Args:
        script: a Python file.
        root: where its imports are looked up.

    Returns:
        Sorted paths, the script among them.
    """
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            names = _imported_names(file)
            waiting += [path for name in names for path in _files_of_module(name, root)]
    return tuple(sorted(found))


def software_of(files: Iterable[Path], root: Path) -> dict[str, str]:
    """The packages of others that some files import, with their versions.

    Args:
        files: Python files, see `code_of`.
        root: the folder of our own modules.

    Returns:
        Name of the distribution -> version, sorted; "not installed" for an optional one that is
        missing.
    """
    names = {name.partition(".")[0] for file in files for name in _imported_names(file)}
    others = {
        DISTRIBUTIONS.get(name, name)
        for name in names - sys.stdlib_module_names
        if not (root / name).is_dir() and not (root / f"{name}.py").is_file()
    }
    return {name: version_of(name) for name in sorted(others)}


@cache
def version_of(distribution: str) -> str:
    """The version of a package as a job imports it, that is without PYTHONPATH and user site."""
    path = [folder for folder in sys.path if folder not in _OUTSIDE]
    found = next(iter(metadata.distributions(name=distribution, path=path)), None)
    return found.version if found else MISSING


@cache
def _imported_names(file: Path) -> frozenset[str]:
    """Dotted names of all that a file imports."""
    return frozenset(_names_in(ast.parse(file.read_text(encoding="utf-8"), filename=str(file))))


def _names_in(tree: ast.Module) -> Iterator[str]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        # No expression holds an import, and most of a file is expressions.
        waiting += [part for part in ast.iter_child_nodes(node) if not isinstance(part, ast.expr)]
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            # `from package import module` may name modules as well as objects.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _files_of_module(name: str, root: Path) -> tuple[Path, ...]:
    """The module's file and the `__init__` of every package above it, where they are ours."""
    parts = name.split(".")
    bases = [root.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    files = [file for base in bases for file in (base.with_suffix(".py"), base / "__init__.py")]
    return tuple(filter(Path.is_file, files))
