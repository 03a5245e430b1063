"""Which of our own files a script imports, so that a rule can name them as inputs.

Snakemake tracks a script but not the modules it imports. This walk reads the import statements
without running them, so it is cheap enough for every start of Snakemake.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def code_of(script: Path, root: Path) -> list[Path]:
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
            waiting += _imported_files(file, root)
    return sorted(found)


@cache
def _imported_files(file: Path, root: Path) -> list[Path]:
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    return [path for name in _imported_names(tree) for path in _files_of_module(name, root)]


def _imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            # `from package import module` may name modules as well as objects.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files_of_module(name: str, root: Path) -> Iterator[Path]:
    """The module's file and the `__init__` of every package above it, where they are ours."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        base = root.joinpath(*parts[:depth])
        yield from filter(Path.is_file, (base.with_suffix(".py"), base / "__init__.py"))
