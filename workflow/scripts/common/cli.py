"""What every script's main shares: errors a user can mend end in one line, not in a traceback."""

import errno
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from common.errors import ReproductionError
from common.seal import note_code, write_seal

#: What to do about an error of the system, whose own message names only the fact.
_CURES = {
    errno.ENOSPC: "the disk is full; free some space and run again, what is finished is kept",
    errno.EDQUOT: "the quota is used up; free some space and run again, what is finished is kept",
    errno.EROFS: "results/ must be writable; make it so, or work in a copy of the folder",
    errno.EMFILE: "too many files are open; allow more (`ulimit -n`), and run again",
    errno.ENOMEM: "memory is short; run again with fewer cores",
    errno.EACCES: "results/ must be writable; make it so, or work in a copy of the folder",
}


def run(main: Callable[[], None]) -> None:
    """Run a script's main; print our own errors and the system's as `error: ...`, exit code 1.

    What main does is sealed if the command line has `--seal FILE TOLD` (see common.seal), of which
    main learns nothing.
    """
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--seal", nargs=2)
    arguments, sys.argv[1:] = parser.parse_known_args()
    try:
        if not arguments.seal:
            main()
            return
        note_code()
        main()
        path, told = arguments.seal
        write_seal(Path(path), told)
    except ReproductionError as error:
        _stop(str(error))
    except OSError as error:
        cure = _CURES.get(error.errno)
        _stop(f"{error}: {cure}" if cure else str(error))


def _stop(reason: str) -> None:
    sys.stdout.flush()  # in a log, which takes both, the reason stands last
    sys.exit(f"error: {reason}")
