"""What a user has set for other work changes neither bytes nor success."""

import subprocess
import sys

import pytest

MATPLOTLIBRC = "savefig.bbox: tight\ntext.usetex: True\nfont.size: 30\nsvg.fonttype: none\n"


@pytest.mark.chaos
def test_a_poisoned_environment_gives_the_same_bytes(fresh, finished, tmp_path):
    packages = tmp_path / "packages"
    for name in ("numpy", "pandas", "pyarrow", "matplotlib", "numba"):
        (packages / name).mkdir(parents=True)
        (packages / name / "__init__.py").write_text("raise ImportError('not this one')")
        about = packages / f"{name}-0.1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    (fresh.folder / "matplotlibrc").write_text(MATPLOTLIBRC)
    (tmp_path / "matplotlibrc").write_text(MATPLOTLIBRC)
    fresh.environment |= {
        "PYTHONPATH": str(packages),
        "PYTHONHOME": str(tmp_path),
        "PYTHONSAFEPATH": "1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "ascii",
        "PYTHONWARNINGS": "error",
        "NUMBA_DISABLE_JIT": "1",
        "NUMBA_OPT": "0",
        "NUMBA_BOUNDSCHECK": "1",
        "MPLBACKEND": "no such backend",
        "MPLCONFIGDIR": str(tmp_path),
        "MATPLOTLIBRC": str(tmp_path),
        "PIP_USER": "1",
        "LC_ALL": "C",
        "LANG": "xx_XX",
    }
    # As `make reproduce` does: a Python that starts with PYTHONHOME does not even start.
    process = subprocess.run(
        [sys.executable, "-E", "-s", *fresh.command()[1:]],
        cwd=fresh.folder,
        env=fresh.environment,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    assert fresh.contents() == finished.contents()
