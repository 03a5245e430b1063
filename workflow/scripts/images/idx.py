"""The IDX format of the MNIST files: a big-endian header, then unsigned bytes.

Header: two zero bytes, a type code (8 = unsigned byte), the number of dimensions, then one
unsigned 32-bit size per dimension.
"""

import math
import struct
from pathlib import Path

import numpy as np

from common.errors import DataError

_UNSIGNED_BYTE = 0x08
_LARGEST_FILE = 2**31  # bytes; forty times the largest file of MNIST


def read_idx(path: str | Path, dimensions: int) -> np.ndarray:
    """Read an IDX file of unsigned bytes.

    The header is checked against the size of the file before any memory is taken.

    Args:
        path: the raw (not compressed) IDX file.
        dimensions: how many dimensions it must have: 3 for images, 1 for labels.

    Returns:
        uint8 array: images (n, rows, columns) or labels (n,).

    Raises:
        DataError: wrong magic number, or a file shorter or longer than its header says, empty or
            far too large.
    """
    path = Path(path)
    header_size = 4 + 4 * dimensions
    with path.open("rb") as file:
        header = file.read(header_size)
        expected = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
        if header[:4] != expected:
            raise DataError(
                f"{path}: wrong magic number {header[:4].hex() or '(empty file)'}, expected "
                f"{expected.hex()} for {dimensions}-dimensional IDX bytes. Is it another file, or "
                "still compressed? Delete it and run again to fetch it anew."
            )
        if len(header) < header_size:
            raise DataError(_truncated(path, len(header), header_size))
        shape = struct.unpack(f">{dimensions}I", header[4:])
        expected_size = header_size + math.prod(shape)
        size = path.stat().st_size
        if size != expected_size:
            raise DataError(_truncated(path, size, expected_size))
        if size > _LARGEST_FILE or 0 in shape:
            raise DataError(
                f"{path}: its shape is {' x '.join(map(str, shape))}; it must not be empty, nor "
                f"the file larger than {_LARGEST_FILE} bytes. Is it another file?"
            )
        return np.frombuffer(file.read(), dtype=np.uint8).reshape(shape)


def write_idx(path: str | Path, array: np.ndarray) -> None:
    """Write a uint8 array of any shape as an IDX file."""
    header = bytes([0, 0, _UNSIGNED_BYTE, array.ndim]) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    Path(path).write_bytes(header + np.ascontiguousarray(array, dtype=np.uint8).tobytes())


def _truncated(path: Path, size: int, expected: int) -> str:
    return (
        f"{path}: {size} bytes, but its header promises {expected}: the file is truncated or "
        "damaged. Delete it and run again to fetch it anew."
    )
