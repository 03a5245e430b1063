"""What every script's main shares: errors a user can mend end in one line, not in a traceback."""

import errno
import sys
from collections.abc import Callable

from common.errors import ReproductionError

#: What to do about an error of the system, whose own message names only the fact.
_CURES = {
    errno.ENOSPC: "the disk is full; free some space and run again, what is finished is kept",
    errno.EDQUOT: "the quota is used up; free some space and run again, what is finished is kept",
    errno.EROFS: "results/ must be writable; make it so, or work in a copy of the folder",
    errno.EACCES: "results/ must be writable; make it so, or work in a copy of the folder",
}


def run(main: Callable[[], None]) -> None:
    """Run a script's main; print our own errors and the system's as `error: ...`, exit code 1."""
    try:
        main()
    except ReproductionError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        cure = _CURES.get(error.errno)
        sys.exit(f"error: {error}" + (f": {cure}" if cure else ""))
