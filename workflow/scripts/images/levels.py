"""Pixels as bytes: held to the range that the config declares, and moved to 0..brightest.

A model sees x = 2 (u - low) / (high - low) - 1 of a pixel u. All that the program keeps is the byte
b = (u - low) / (high - low) * brightest, with the number of levels chosen so that every b is a
whole number. Nothing is rounded but what floating point has put in, or a fraction that was written
with three decimals: x = 2 b / brightest - 1.
"""

import numpy as np

from common.errors import DataError
from images.layout import Layout

_MOST_LEVELS = 255
#: Of a level: a fraction such as 3/255 is off by as much in float32, and an end of the range as
#: people write it.
_TOLERANCE = 1e-3
#: So far a value is off that was written with three decimals, or a fraction in float16; of 256
#: levels between 0 and 1 that is an eighth.
_BLUR = 5.05e-4
#: Images of a format of 5 bits or less are darker than this part of 8 bits.
_DIM = 8
_SIGNED = " Bytes that were taken for signed ones are whole again as array.view(np.uint8)."


def to_bytes(sources: dict[str, np.ndarray], layout: Layout) -> tuple[dict[str, np.ndarray], int]:
    """Hold the pixels of all files of a data set to its range, and make them bytes.

    Args:
        sources: by the name of their files, numbers (n, ...).
        layout: of the data set.

    Returns:
        By the same names uint8 of the same shapes, and the byte of a white pixel.

    Raises:
        DataError: a value is outside of the range, the images of a file are far darker than its
            end, or the values are on more than 256 levels.
    """
    for place, pixels in sources.items():
        _require_range(place, pixels, layout)
    brightest = _brightest(sources, layout)
    low, high = layout.pixel_range
    as_bytes = {}
    for place, pixels in sources.items():
        if pixels.dtype == np.uint8 and (low, high) == (0, brightest):
            as_bytes[place] = pixels
        else:
            # A table of the few values there are would need to sort all pixels.
            levels = (pixels.astype(np.float64) - low) * (brightest / (high - low))
            as_bytes[place] = np.rint(levels).astype(np.uint8)
    return as_bytes, brightest


def _require_range(place: str, pixels: np.ndarray, layout: Layout) -> None:
    low, high = layout.pixel_range
    key = f"{layout.key('pixel_range')}, [{low:g}, {high:g}]"
    slack = _slack(layout)
    # NaN fails every comparison.
    inside = (pixels >= low - slack) & (pixels <= high + slack)
    finite = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
    if not inside.all():
        raise DataError(
            f"{place}: {_first(pixels, ~inside)}, outside of {key}. The values go from {least:g} "
            f"to {most:g}: set the range to that of the format, from black to white."
            f"{_SIGNED if pixels.dtype == np.int8 else ''}"
        )
    if most <= low:
        raise DataError(f"{place}: all pixels are {low:g}, black by {key}. Is it another file?")
    brightest = pixels.reshape(len(pixels), -1).max(axis=1)
    # Of half of the images that show anything: a single bright pixel may be a slip.
    white = float(np.median(brightest[brightest > low]))
    too_dark = most - low < (high - low) / 2
    # But a bright pixel here and there is what dim images have: only a far smaller range is none.
    if too_dark or white - low < (high - low) / _DIM:
        found, cure = f"the largest pixel is {most:g}", ""
        if too_dark:
            white = most
        else:
            found = f"half of the images have no pixel above {white:g}"
            cure = (
                f" Then correct what is brighter, such as image {brightest.argmax() + 1}, which "
                f"has {most:g}."
            )
        raise DataError(
            f"{place}: {found}, far below the end of {key}; a model would see all images almost "
            f"black. Set {layout.key('pixel_range')} to what black and white are in these files, "
            f"such as [{min(least, 0):g}, {white:g}].{cure}"
        )


def _first(pixels: np.ndarray, chosen: np.ndarray) -> str:
    """The first of the pixels that are chosen, and where it is."""
    image, *where = np.unravel_index(np.argmax(chosen), pixels.shape)
    pixel = np.ravel_multi_index(where, pixels.shape[1:]) if where else 0
    return f"image {image + 1}, pixel {pixel + 1}: found {pixels[(image, *where)]:g}"


def _brightest(sources: dict[str, np.ndarray], layout: Layout) -> int:
    """The number of steps from black to white on which all pixels lie."""
    low, high = layout.pixel_range
    span = high - low
    if float(low).is_integer() and float(span).is_integer() and span <= _MOST_LEVELS:
        odd = {place: _first_fraction(pixels, layout) for place, pixels in sources.items()}
        if all(fraction is None for fraction in odd.values()):
            return int(span)
    else:
        odd = {}
    found = np.unique(np.concatenate([_few_values(p, s, layout) for p, s in sources.items()]))
    fractions = (found - low) / span
    exactly = ((steps, _TOLERANCE) for steps in range(1, _MOST_LEVELS + 1))
    for steps, tolerance in (*exactly, (_MOST_LEVELS, _MOST_LEVELS * _BLUR / max(span, 1))):
        if np.abs(fractions * steps - np.rint(fractions * steps)).max() < tolerance:
            return steps
    for place, fraction in odd.items():
        if fraction is not None:
            raise DataError(_too_fine(f"{place}: {fraction}", layout))
    raise DataError(_too_fine(f"{', '.join(sources)}: found {len(found)} values", layout))


def _slack(layout: Layout) -> float:
    """So much is put down to floating point."""
    low, high = layout.pixel_range
    return _TOLERANCE * (high - low) / _MOST_LEVELS


def _first_fraction(pixels: np.ndarray, layout: Layout) -> str | None:
    if pixels.dtype.kind != "f":
        return None
    odd = np.abs(pixels - np.rint(pixels)) > _slack(layout)
    return _first(pixels, odd) if odd.any() else None


def _few_values(place: str, pixels: np.ndarray, layout: Layout) -> np.ndarray:
    """The different values; more than so many cannot be on 256 levels."""
    values = np.unique(pixels).astype(np.float64)
    if len(values) > 4 * _MOST_LEVELS:
        found = _first_fraction(pixels, layout) or f"found {len(values)} different values"
        raise DataError(_too_fine(f"{place}: {found}", layout))
    return values


def _too_fine(found: str, layout: Layout) -> str:
    low, high = layout.pixel_range
    return (
        f"{found}; pixels must be whole numbers, or on at most {_MOST_LEVELS + 1} evenly spaced "
        f"levels from {low:g} to {high:g}, {layout.key('pixel_range')}. Is white another number? "
        "If not, round them to whole numbers from 0 to 255."
    )
