"""The IDX format of the MNIST files: a big-endian header, then numbers.

Header: two zero bytes, a code of the numbers' type, the number of dimensions, then one unsigned
32-bit size per dimension. http://yann.lecun.com/exdb/mnist
"""

import math
import struct
from pathlib import Path

import numpy as np

from common.errors import DataError

#: Types of the elements by their code.
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_UNSIGNED_BYTE = 0x08
_LARGEST_FILE = 2**31  # bytes; forty times the largest file of MNIST


def read_idx(path: str | Path) -> np.ndarray:
    """Read an IDX file.

    The header is checked against the size of the file before any memory is taken.

    Args:
        path: the raw (not compressed) IDX file.

    Returns:
        Array of the shape and type that the header says: MNIST's are uint8, images
        (n, rows, columns) or labels (n,).

    Raises:
        DataError: no IDX file, or one shorter or longer than its header says, empty or far too
            large.
    """
    path = Path(path)
    with path.open("rb") as file:
        magic = file.read(4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or not magic[3]:
            raise DataError(
                f"{path}: not an IDX file: it begins with {magic.hex() or '(nothing)'}, and an IDX "
                "file of images of bytes with 00000803, of labels with 00000801. Is it another "
                "file, or still compressed? Correct `files` in the config."
            )
        dtype, dimensions = np.dtype(_TYPES[magic[2]]), magic[3]
        header = file.read(4 * dimensions)
        header_size = 4 + 4 * dimensions
        size = path.stat().st_size
        if len(header) < 4 * dimensions:
            raise DataError(_truncated(path, size, header_size))
        shape = struct.unpack(f">{dimensions}I", header)
        expected = header_size + math.prod(shape) * dtype.itemsize
        if size != expected:
            raise DataError(_truncated(path, size, expected))
        if size > _LARGEST_FILE or 0 in shape:
            raise DataError(
                f"{path}: its shape is {' x '.join(map(str, shape))}; it must not be empty, nor "
                f"the file larger than {_LARGEST_FILE} bytes. Is it another file?"
            )
        return np.frombuffer(file.read(), dtype).reshape(shape)


def write_idx(path: str | Path, array: np.ndarray) -> None:
    """Write a uint8 array of any shape as an IDX file."""
    header = bytes([0, 0, _UNSIGNED_BYTE, array.ndim]) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    Path(path).write_bytes(header + np.ascontiguousarray(array, dtype=np.uint8).tobytes())


def _truncated(path: Path, size: int, expected: int) -> str:
    return (
        f"{path}: {size} bytes, but its header promises {expected}: the file is truncated or "
        "damaged, or no IDX file. Get it whole, and correct its `sha256` in `files` in the config."
    )
