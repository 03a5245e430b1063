"""What Numba compiles may not work on a machine; then NumPy does the same work."""

import logging
from collections.abc import Callable
from typing import TypeVar

Loaded = TypeVar("Loaded")


def compiled(load: Callable[[], Loaded], what: str) -> Loaded | None:
    """What `load` returns, or None, with a warning, if it fails.

    Args:
        load: imports what is compiled, which compiles it or loads what was compiled before.
        what: it does, for the warning.
    """
    try:
        return load()
    except Exception as error:  # a compiler may fail in any way
        logging.warning(
            "The compiled %s does not work here (%s: %s); NumPy does it instead, ten times as "
            "slowly and with other last digits.",
            what,
            type(error).__name__,
            error,
        )
        return None
