"""What every script's main shares: errors a user can mend end in one line, not in a traceback."""

import sys
from collections.abc import Callable

from regression.errors import ReproductionError


def run(main: Callable[[], None]) -> None:
    """Run a script's main; print our own errors and the system's as `error: ...`, exit code 1."""
    try:
        main()
    except (ReproductionError, OSError) as error:
        sys.exit(f"error: {error}")
