"""Nothing from outside is run, unpacked beside its place, or installed without its hash."""

import ast
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from common.errors import DownloadError
from images.download import fetch

ROOT = Path(__file__).parents[2]
OUR_CODE = [p for folder in ("workflow", "tools") for p in sorted((ROOT / folder).rglob("*.py"))]
UNSAFE_MODULES = {"pickle", "cPickle", "shelve", "marshal", "dill", "cloudpickle", "joblib"}
UNSAFE_CALLS = {"eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load"}


@pytest.mark.parametrize("path", OUR_CODE, ids=lambda path: path.stem)
def test_our_code_loads_no_pickle_and_runs_no_text(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                assert not {name.name.split(".")[0] for name in names} & UNSAFE_MODULES
            case ast.ImportFrom(module=str(module)):
                assert module.split(".")[0] not in UNSAFE_MODULES
            case ast.Call(func=function, keywords=keywords):
                assert ast.unparse(function) not in UNSAFE_CALLS
                unsafe = {"shell", "allow_pickle"}
                assert not [
                    k for k in keywords if k.arg in unsafe and ast.unparse(k.value) != "False"
                ]


def test_every_text_that_reaches_a_shell_is_quoted():
    """What stands unquoted in a command must be a number, a boolean or a checked name."""
    harmless = re.compile(
        r"params\.(sha256|bytes|model|classes|train_size|seeds|run_count|told|listed|\w*lambdas?)"
        r"|wildcards\.l2_lambda|threads"
    )
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        text = path.read_text(encoding="utf-8")
        for shell in re.findall(r"shell:\n((?:\s+(?:#.*|\".*\")\n)+)", text):
            for field in re.findall(r"\{([^{}]+)\}", shell):
                assert field.endswith(":q") or harmless.fullmatch(field), f"{path.name}: {field}"


def npm_that_packs(folder: Path, member: tarfile.TarInfo, content: bytes) -> Path:
    """A stand-in for the npm client whose package holds one member."""
    archive = folder / "package.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(member, io.BytesIO(content))
    client = folder / "bin" / "npm"
    client.parent.mkdir()
    client.write_text(f'#!/bin/sh\ncp "{archive}" "$5"/a.tgz\n')
    client.chmod(0o755)
    return client.parent


@pytest.mark.parametrize("kind", ["link", "path"])
def test_an_archive_cannot_reach_outside_of_its_place(tmp_path, monkeypatch, kind):
    (tmp_path / "secret").write_bytes(b"secret")
    member = tarfile.TarInfo("package/images" if kind == "link" else "package/../../images")
    if kind == "link":
        member.type, member.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
    else:
        member.size = 6
    monkeypatch.setenv("PATH", str(npm_that_packs(tmp_path, member, b"secret")), prepend=":")
    before = set(tmp_path.iterdir())
    with pytest.raises(DownloadError, match="no readable file"):
        fetch("images", "0" * 64, ["npm:some@1/{file}"], tmp_path / "out", tmp_path / "cache")
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_of_a_lock_has_a_version_and_a_hash(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    packages = re.split(r"\n(?=[a-z0-9])", text.replace("\\\n", " "), flags=re.IGNORECASE)
    assert len(packages) > 30
    for package in packages:
        assert re.match(r"[\w.\[\]-]+==\S+", package), package
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", package), package
    assert "--require-hashes" in (ROOT / "tools" / "environment.sh").read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index|--find-links", text)


def test_pip_refuses_a_package_of_another_hash(tmp_path):
    wheel = tmp_path / "toy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "toy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0"
        )
        archive.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any")
        archive.writestr("toy-1.0.dist-info/RECORD", "")
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"toy==1.0 --hash=sha256:{'0' * 64}\n")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--isolated",
        "--no-index",
        "--require-hashes",
    ]
    command += ["--find-links", str(tmp_path), "--target", str(tmp_path / "to"), "-r", str(lock)]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode != 0 and "DO NOT MATCH THE HASHES" in process.stderr
    assert not (tmp_path / "to").exists()


def test_in_a_log_of_both_streams_the_reason_stands_last(tmp_path):
    script = (
        "from common import cli, errors\n"
        "def main():\n"
        "    print('what the job has to tell')\n"
        "    raise errors.DataError('no label 77')\n"
        "cli.run(main)\n"
    )
    log = tmp_path / "job.log"
    with log.open("w") as stream:
        command = [sys.executable, "-c", script]
        subprocess.run(command, stdout=stream, stderr=stream, cwd=ROOT / "workflow/scripts")
    assert log.read_text().splitlines() == ["what the job has to tell", "error: no label 77"]
