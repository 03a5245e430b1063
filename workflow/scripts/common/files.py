"""Writing files so that a kill or a full disk never leaves half of one."""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from common.errors import DataError
from common.processes import is_known_dead, process_named, this_process

#: What this process has read and written, each path with the SHA-256 of its content then; a job
#: seals both (see common.seal).
READ: dict[str, str] = {}
WRITTEN: dict[str, str] = {}

GZIP_MAGIC = b"\x1f\x8b"

#: A flipped byte shows when the file is read.
PARQUET_OPTIONS = {"compression": "zstd", "write_page_checksum": True}


@contextmanager
def replace_atomically(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it into place if the block succeeds.

    The name keeps two writers of one file apart (an orphan of a lost cluster node beside its own
    retry), and the rename makes the last whole file win.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays, because matplotlib reads the format from it.
    temporary = path.with_name(f".{path.stem}.{this_process().name}.tmp{path.suffix}")
    _remove_leftovers(path)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        digest = sha256_of(temporary)
        temporary.replace(path)
        WRITTEN[os.path.relpath(path)] = digest
    finally:
        temporary.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove temporary files of writers that are known to be dead; of others nobody knows."""
    before, after = f".{path.stem}.", f".tmp{path.suffix}"
    for entry in os.scandir(path.parent):
        if entry.name.startswith(before) and entry.name.endswith(after):
            writer = process_named(entry.name[len(before) : -len(after)])
            if writer and is_known_dead(writer):
                Path(entry.path).unlink(missing_ok=True)


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_unpacked(path: str | Path) -> str:
    """SHA-256 of a file, or of what is in it if it is packed with gzip.

    Raises:
        OSError: it cannot be read, or is damaged.
    """
    with Path(path).open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    try:
        with (gzip.open if packed else open)(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (EOFError, zlib.error) as error:
        raise OSError(f"{path} is damaged: {error}") from error


def noted(path: str | Path) -> Path:
    """Note what a job reads as it is now, the first time; return the path, to be read at once."""
    name = os.path.relpath(path)
    if name not in READ and Path(path).is_file():
        READ[name] = sha256_of(path)
    return Path(path)


def read_parquet(path: str | Path, row_group: int | None = None) -> pa.Table:
    """Read a Parquet file, or one row group of it, and hold its pages to their checksums.

    Raises:
        DataError: it is damaged.
    """
    with _opened(path) as file:
        return file.read() if row_group is None else file.read_row_group(row_group)


def row_groups(path: str | Path) -> Iterator[pa.Table]:
    """The row groups of a Parquet file, one in memory at a time; else as `read_parquet`."""
    with _opened(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


@contextmanager
def _opened(path: str | Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file; what cannot be read of it is named."""
    try:
        # Not pq.read_table, which imports pandas where it is installed: 0.3 s for each job.
        yield pq.ParquetFile(noted(path), memory_map=True, page_checksum_verification=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError, IndexError) as error:
        # What the system refuses says nothing of the file.
        if getattr(error, "errno", None) and Path(path).exists():
            raise
        raise DataError(
            f"{path}: not readable as Parquet ({error}). Delete it and run again to make it anew."
        ) from error


@contextmanager
def parquet_writer(path: str | Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that appends a table as one row group; the file appears when it is whole."""
    with (
        replace_atomically(path) as temporary,
        pq.ParquetWriter(temporary, schema, **PARQUET_OPTIONS) as writer,
    ):
        # A table without rows is a row group, too.
        yield lambda table: writer.write_table(table, row_group_size=max(1, len(table)))


def write_parquet(table: pa.Table, path: str | Path) -> None:
    """Write a table as Parquet; the same table gives the same bytes."""
    with replace_atomically(path) as temporary:
        pq.write_table(table, temporary, **PARQUET_OPTIONS)


def read_json(path: str | Path) -> dict:
    """Read a JSON file of ours.

    Raises:
        DataError: it is damaged.
    """
    try:
        return json.loads(noted(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path}: not readable as JSON ({error}). Delete it and run again to make it anew."
        ) from error


def write_json(path: str | Path, content: object) -> None:
    """Write JSON with a fixed layout; NaN is refused because JSON has none."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with replace_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
