"""The packages of workflow/scripts: which may import which, and none too large."""

import ast
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
#: What a package may import beside itself. Data flow from left to right; nothing runs back.
BELOW = {
    "common": set(),
    "images": {"common"},
    "regression": {"common", "images"},
    "runs": {"common", "images", "regression"},
    "plots": {"common", "images", "regression", "runs"},
    # A reading selects runs as a figure of the config does.
    "measuring": {"common", "images", "regression", "runs", "pipeline"},
    "judging": {"common", "measuring", "runs"},
    "proving": {"common"},
    # On the side: what the Snakefile imports, and what describes the results.
    "pipeline": {"common", "runs", "regression"},
    "provenance": {"common", "runs", "pipeline"},
}
PACKAGES = sorted(path.parent.name for path in SCRIPTS.glob("*/__init__.py"))


def imported_packages(path: Path) -> set[str]:
    """The packages of ours that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names.add(node.module)
    return {name.partition(".")[0] for name in names} & set(PACKAGES)


def lines(folder: Path) -> int:
    return sum(len(p.read_text(encoding="utf-8").splitlines()) for p in folder.rglob("*.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_import_runs_back(package):
    for path in (SCRIPTS / package).rglob("*.py"):
        assert imported_packages(path) <= BELOW[package] | {package}, path


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circle_within_a_package(package):
    waiting = {}
    for path in (SCRIPTS / package).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = ".".join(path.relative_to(SCRIPTS).with_suffix("").parts)
        waiting[name.removesuffix(".__init__")] = {
            full
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for full in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        }
    while waiting:
        free = {name for name, wants in waiting.items() if not wants - {name} & waiting.keys()}
        assert free, f"import each other: {sorted(waiting)}"
        waiting = {name: wants for name, wants in waiting.items() if name not in free}


def test_no_script_is_imported():
    """A script is where a rule starts, and nothing else."""
    scripts = {path.stem for path in SCRIPTS.glob("*.py")}
    for path in SCRIPTS.glob("*/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.module not in scripts, path


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_is_more_than_a_quarter_of_the_house(package):
    assert lines(SCRIPTS / package) < 0.25 * lines(SCRIPTS)
