"""Words of the results as they are printed for people."""

import re

#: A hyphen before a number or between two summands, and in an exponent with its leading zero.
_MINUS = re.compile(r"(^|[ (]|\de)-0?(\d| )")


def in_print(words: str) -> str:
    """The words with a true minus."""
    return _MINUS.sub("\\1\N{MINUS SIGN}\\2", words)
