"""How numbers are written in tables that people read."""


def in_digits(value: float, digits: int) -> str:
    """With so many decimal places, but a loss of 1e71 without all the digits before its point."""
    return f"{value:.{digits}f}" if not digits or abs(value) < 1e6 else f"{value:.4g}"
