"""Pictures (PNG, JPEG) as arrays of their pixels; Pillow decodes."""

import io

import numpy as np
from PIL import Image

from common.errors import DataError
from images.layout import Layout

_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
#: Values of a pixel by Pillow's mode; others (palettes, transparency) have no one meaning.
_CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I;16B": 1, "RGB": 3}


def is_picture(content: bytes) -> bool:
    """Whether bytes begin as a PNG or JPEG file does."""
    return content.startswith(_MAGIC)


def decode(place: str, content: bytes, layout: Layout) -> np.ndarray:
    """Decode one picture; its size is known, and checked, before memory is taken for it.

    Args:
        place: of the picture, for messages.
        content: the bytes of a PNG or JPEG file.
        layout: of its data set.

    Returns:
        Whole numbers (*shape_in_file).

    Raises:
        DataError: the picture is damaged, or has another size or other channels.
    """
    shape = layout.shape_in_file
    rows, columns = shape[-2:] if layout.channels_first and layout.channels > 1 else shape[:2]
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.size != (columns, rows):
                raise DataError(
                    f"{place}: a picture of {picture.height} x {picture.width} pixels, but "
                    f"{layout.key('image_shape')} says {rows} x {columns}."
                )
            if _CHANNELS.get(picture.mode) != layout.channels:
                raise DataError(
                    f"{place}: a picture of mode {picture.mode}, which does not fit "
                    f"{layout.key('channels')}, {layout.channels}: 1 takes shades of grey (mode "
                    "L), 3 takes RGB; Pillow's convert('L') or convert('RGB') makes one."
                )
            pixels = np.asarray(picture.convert("L") if picture.mode == "1" else picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{place}: not readable as a picture ({error}).") from error
    return np.moveaxis(pixels, -1, 0) if pixels.shape != shape else pixels
