"""Try whether tests and workflow pass with the lowest and the newest versions that we allow.

Each set that pyproject.toml allows is installed into an environment of its own; then the unit tests
run there, and the small workflow of the tests, which must run again what a changed setting touches
and nothing else. `make versions` takes some minutes and needs uv.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: What is tried -> how uv chooses the direct dependencies; what these need is always the newest.
SETS = {"lowest": "lowest-direct", "newest": "highest"}
TESTS = ("tests/unit", "tests/workflow/test_products.py", "tests/workflow/test_rerun.py")


def run(*command: str | Path, folder: Path = ROOT) -> None:
    """Run a command; whoever calls sees what it prints."""
    subprocess.run(list(map(str, command)), cwd=folder, check=True)


def try_set(name: str, python: str, folder: Path) -> None:
    """Install a set into a folder, and test it.

    Raises:
        CalledProcessError: it cannot be installed, or a test fails.
    """
    versions, environment = folder / f"{name}.txt", folder / name
    compile_versions = ("uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate")
    choice = ("--python", python, "--resolution", SETS[name], "--output-file", versions)
    run(*compile_versions, "pyproject.toml", *choice)
    print(versions.read_text(encoding="utf-8"), flush=True)
    run("uv", "venv", "--quiet", "--python", python, environment)
    install = ("uv", "pip", "install", "--quiet", "--python", environment)
    run(*install, "--requirement", versions)
    run(*install, "--group", "dev", "--constraint", versions)
    run(environment / "bin" / "python", "-X", "utf8", "-m", "pytest", "-q", *TESTS)


def main() -> None:
    """Read the command line, then try each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; all if none")
    parser.add_argument("--python", default=sys.executable, help="that the environments are of")
    arguments = parser.parse_args()
    for name in arguments.sets or SETS:
        with tempfile.TemporaryDirectory() as folder:
            print(f"== the {name} versions", flush=True)
            try:
                try_set(name, arguments.python, Path(folder))
            except (OSError, subprocess.CalledProcessError) as error:
                sys.exit(f"error: the {name} versions do not do: {error}")
    print("All do.")


if __name__ == "__main__":
    main()
