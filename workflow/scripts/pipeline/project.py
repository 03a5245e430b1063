"""What the project is called and of which version it is, by pyproject.toml alone."""

import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]


@cache
def project() -> dict:
    """The `project` table of pyproject.toml: among others `name`, `version` and `description`."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def name_and_version() -> str:
    """Both in one, as commands name it."""
    return f"{project()['name']} {project()['version']}"
