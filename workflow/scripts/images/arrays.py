"""Labelled images as arrays of NumPy (.npz)."""

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from common.errors import DataError
from images.layout import Layout
from images.tables import Source

_LARGEST = 2**31  # bytes of an array
#: What NumPy and zipfile raise at damaged bytes.
_DAMAGE = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    SyntaxError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
)
_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(
    path: Path, layout: Layout, role: str, images: str | None, labels: str | None
) -> Source:
    """Read two arrays of an .npz file.

    Args:
        path: the file.
        layout: of its data set.
        role: of the file in the config, `train` or `test`, for messages.
        images: name of the array of the images; None if there is only one beside the labels.
        labels: name of the array of the labels; None takes `Layout.label`.

    Raises:
        DataError: something is not as the layout says, or an array is of Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            claims = {
                member.filename.removesuffix(".npy"): _claim(archive, member)
                for member in archive.infolist()
            }
        label, image = _names(path, claims, layout, role, images, labels)
        for name in (label, image):
            _require_sound(path, name, *claims[name])
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in (label, image)}
    except _DAMAGE as error:
        raise DataError(
            f"{path}: not readable as a NumPy file of arrays ({error}). Is it another file?"
        ) from error
    answers = _label_array(path, label, found[label])
    pixels = _shaped(path, image, found[image], len(answers), layout)
    # Another entry may name other arrays of the same file.
    return Source(f"{path} ({image!r}, {label!r})", pixels, answers)


def _claim(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[tuple, np.dtype, int]:
    """Shape and type that an array's header claims, and the bytes that there are."""
    with archive.open(member) as file:
        shape, _, dtype = _HEADER_READERS[np.lib.format.read_magic(file)](file)
    return shape, dtype, member.file_size


def _require_sound(path: Path, name: str, shape: tuple, dtype: np.dtype, there: int) -> None:
    """Hold what an array claims to its bytes before memory is taken for it."""
    if dtype.hasobject:
        raise DataError(
            f"{path}: array {name!r} holds Python objects, not numbers; it is not read, because "
            "reading them could run code. Save it anew with a type of its own: "
            "array.astype(np.uint8), or array.astype(str) for words."
        )
    size = math.prod(shape) * dtype.itemsize
    if size > there or size > _LARGEST:
        raise DataError(
            f"{path}: array {name!r} claims the shape {shape} of {dtype}, {size} bytes, but has "
            f"{there} (and at most {_LARGEST} are read). The file is damaged, or another one."
        )


def _names(
    path: Path, claims: dict, layout: Layout, role: str, images: str | None, labels: str | None
) -> tuple[str, str]:
    """The arrays that are meant, labels and images."""
    keys = f"`data.{layout.name}.files.{role}.labels` and `.images`"
    there = ", ".join(f"{name!r} {dtype} {shape}" for name, (shape, dtype, _) in claims.items())
    label = labels or layout.label
    if not isinstance(label, str):
        raise DataError(
            f"{path}: which array has the labels? There are {there}. Name it in {keys}."
        )
    for name, key in ((label, keys if labels else layout.key("label")), (images, keys)):
        if name is not None and name not in claims:
            close = get_close_matches(name, claims, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            raise DataError(
                f"{path}: no array {name!r}, which {key} names{hint} There are {there}. Arrays can "
                f"be named for each file in {keys}."
            )
    others = [name for name in claims if name != label]
    if images is None and len(others) != 1:
        raise DataError(
            f"{path}: which array has the images? One beside {label!r} must be there, or be named "
            f"in {keys}. There are {there}."
        )
    return label, images or others[0]


def _shaped(path: Path, name: str, array: np.ndarray, n: int, layout: Layout) -> np.ndarray:
    """Images (n, *shape_in_file)."""
    place = f"{path}: array {name!r}"
    if array.dtype.kind not in "iufb":
        raise DataError(f"{place} has the type {array.dtype}; pixels must be numbers.")
    if not array.size:
        raise DataError(f"{place} is empty. Is it another file?")
    allowed = [(n, *shape) for shape in layout.shapes_in_file]
    if array.shape not in allowed:
        raise DataError(
            f"{place} has the shape {array.shape}; must be {' or '.join(map(str, allowed))}, by "
            f"the labels, {layout.key('image_shape')} and {layout.key('channels')}. If rows and "
            f"columns are swapped, see {layout.key('transposed')}."
        )
    return array.reshape(n, *layout.shape_in_file)


def _label_array(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    """Labels (n,): numbers, or words as str objects."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"{path}: array {name!r} has the shape {array.shape}; labels must be (n,), one number "
            "or word for each image. If each is 0 but for a single 1, save array.argmax(axis=1)."
        )
    if array.dtype.kind == "S":
        try:
            array = np.char.decode(array, "utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}: array {name!r} has bytes that are not text in UTF-8 ({error}). Save it "
                "anew as text, decoded from what they are: np.char.decode(array, 'latin-1')."
            ) from error
    if array.dtype.kind not in "iubfU":
        raise DataError(
            f"{path}: array {name!r} has the type {array.dtype}; labels are numbers or words."
        )
    return array.astype(object) if array.dtype.kind in "Ub" else array
