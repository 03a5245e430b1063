"""Data files of one's own that have changed since they were fetched are told of."""

import gzip
import hashlib
import os

import pytest

from pipeline.changed_data import changed_data


def written(path, content: bytes, *, seconds: int):
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    os.utime(path, (seconds, seconds))


@pytest.mark.parametrize(
    ("mirror", "name"),
    [("{file}", "images"), ("{file}", "images.gz"), ("{file}.gz", "images.gz")],
)
def test_raw_and_packed_files(tmp_path, mirror, name):
    raw, own = tmp_path / "raw", tmp_path / "own"
    raw.mkdir()
    own.mkdir()
    files = [{"name": "images", "sha256": hashlib.sha256(b"old").hexdigest()}]

    def told() -> list[str]:
        return list(changed_data(files, [f"file:{own}/{mirror}"], raw))

    written(raw / "images", b"old", seconds=100)
    assert told() == []
    # The same content, put there later: nothing has changed.
    written(own / name, b"old", seconds=200)
    assert told() == []
    written(own / name, b"new", seconds=200)
    (words,) = told()
    assert "has changed since it was fetched" in words
    assert f"write sha256: {hashlib.sha256(b'new').hexdigest()}" in words
    (own / "images.gz").write_bytes(gzip.compress(b"new")[:-9])
    (own / "images").unlink(missing_ok=True)
    (words,) = told()
    assert "cannot be read now" in words
