"""Fetching files from the first mirror that has them; the SHA-256 of the raw file decides.

A mirror is a template with `{file}` in it:

    https://host/path/{file}.gz         gzip or raw, found out by its first bytes
    file:folder/{file}                  a folder that the user fills, gzip or raw
    npm:package@version/path/{file}     a file of an npm package, fetched by the npm client
"""

import gzip
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pooch
import requests

from common.errors import DownloadError
from common.files import replace_atomically, sha256_of

_GZIP_MAGIC = b"\x1f\x8b"
_TIMEOUT = 20  # seconds without an answer
_LARGEST_FILE = 2**31  # bytes, decompressed


class _SourceError(Exception):
    """Why one mirror did not give the file."""


def cache_folder() -> Path:
    """Where verified files are kept for the user's other clones.

    `REPRODUCE_REPORT_CACHE` overrides the usual place of the operating system.
    """
    return Path(os.environ.get("REPRODUCE_REPORT_CACHE") or pooch.os_cache("reproduce-report"))


def fetch(file: str, sha256: str, mirrors: list[str], destination: Path, cache: Path) -> str:
    """Bring one raw file to `destination`, from the cache or the first mirror that has it.

    Args:
        file: its name, put into the mirrors' `{file}`.
        sha256: hexadecimal hash of the raw (decompressed) file.
        mirrors: templates, tried in order.
        destination: where the file goes; untouched unless a verified file is at hand.
        cache: folder of verified files, by hash.

    Returns:
        Where the file came from.

    Raises:
        DownloadError: no mirror had it; the message gives each mirror's reason.
    """
    cached = cache / sha256 / file
    if cached.is_file() and sha256_of(cached) == sha256:
        _copy(cached, destination)
        return f"the cache, {cached}"

    reasons = []
    with tempfile.TemporaryDirectory() as folder:
        for mirror in mirrors:
            raw = Path(folder, "raw")
            try:
                with _open_mirror(mirror, file) as fetched:
                    _decompress(fetched, raw)
                _require_hash(raw, sha256)
            except _SourceError as error:
                reasons.append(f"  {mirror.format(file=file)}\n    {error}")
                continue
            _copy(raw, destination)
            _keep(raw, cached)
            return mirror.format(file=file)
    raise DownloadError(_no_mirror_message(file, sha256, mirrors, reasons))


@contextmanager
def _open_mirror(mirror: str, file: str) -> Iterator[Path]:
    """Yield a local path that holds what the mirror has, gzip or raw."""
    scheme, _, rest = mirror.partition(":")
    if scheme == "file":
        path = Path(rest.format(file=file))
        present = [p for p in (path, path.with_name(path.name + ".gz")) if p.is_file()]
        if not present:
            raise _SourceError("no such file")
        yield present[0]
        return
    with tempfile.TemporaryDirectory() as folder:
        if scheme == "npm":
            yield _from_npm(rest.format(file=file), Path(folder))
        else:
            yield _from_http(mirror.format(file=file), Path(folder, "fetched"))


def _from_http(url: str, path: Path) -> Path:
    download = pooch.HTTPDownloader(progressbar=True, timeout=_TIMEOUT)
    try:
        download(url, str(path), None)
    except (requests.RequestException, OSError) as error:
        raise _SourceError(_short_reason(error)) from error
    return path


def _from_npm(address: str, folder: Path) -> Path:
    """Fetch `package@version/path` with the npm client; only that one member is unpacked."""
    package, _, member = address.partition("/")
    npm = shutil.which("npm")
    if npm is None:
        raise _SourceError("the npm client is not installed")
    command = [npm, "pack", package, "--ignore-scripts", "--pack-destination", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tgz"))
    if result.returncode != 0 or len(archives) != 1:
        lines = [line for line in result.stderr.splitlines() if "npm error" in line]
        raise _SourceError(f"npm pack failed: {lines[0] if lines else 'no archive came'}")
    path = folder / "member"
    try:
        with tarfile.open(archives[0]) as archive:
            source = archive.extractfile(f"package/{member}")
            if source is None:
                raise _SourceError(f"the package's {member} is not a file")
            with source, path.open("wb") as target:
                _copy_at_most(source, target, _LARGEST_FILE)
    except (KeyError, tarfile.TarError) as error:
        raise _SourceError(f"the package has no readable file {member}") from error
    return path


def _decompress(fetched: Path, raw: Path) -> None:
    with fetched.open("rb") as file:
        compressed = file.read(2) == _GZIP_MAGIC
    opener = gzip.open if compressed else open
    try:
        with opener(fetched, "rb") as source, raw.open("wb") as target:
            _copy_at_most(source, target, _LARGEST_FILE)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _SourceError(f"damaged gzip data: {error}") from error


def _copy_at_most(source: BinaryIO, target: BinaryIO, limit: int) -> None:
    """Copy a stream that may be a bomb: a few bytes of gzip that grow to fill the disk."""
    size = 0
    while block := source.read(2**20):
        size += len(block)
        if size > limit:
            raise _SourceError(f"more than {limit} bytes, which is no data set of ours; not kept")
        target.write(block)


def _require_hash(raw: Path, sha256: str) -> None:
    found = sha256_of(raw)
    if found != sha256:
        raise _SourceError(f"wrong content: SHA-256 {found}, expected {sha256}; not kept")


def _copy(source: Path, destination: Path) -> None:
    with replace_atomically(destination) as temporary:
        shutil.copyfile(source, temporary)


def _keep(raw: Path, cached: Path) -> None:
    """Put a verified file into the cache; a cache that cannot be written is no reason to fail."""
    try:
        _copy(raw, cached)
    except OSError as error:
        print(f"note: {cached.parent} cannot be written ({error}); the file is not cached")


def _short_reason(error: Exception) -> str:
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {_TIMEOUT} s"
    if "resolve" in str(error).lower():
        return "the host name cannot be resolved; is there a network?"
    return f"{type(error).__name__}: {error}"


def _no_mirror_message(file: str, sha256: str, mirrors: list[str], reasons: list[str]) -> str:
    folders = [m.partition(":")[2].format(file=file) for m in mirrors if m.startswith("file:")]
    by_hand = (
        f"put it (raw, or gzip with .gz at the end) at {folders[0]}"
        if folders
        else "add a mirror `file:FOLDER/{file}` to the config and put it into that folder"
    )
    return "\n".join(
        [
            f"{file}: no mirror gave the file.",
            *reasons,
            f"To go on by hand: get {file} with SHA-256 {sha256} from anywhere, {by_hand}, "
            "and run again.",
        ]
    )
