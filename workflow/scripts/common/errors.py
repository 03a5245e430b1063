"""The errors a user can mend. Every other exception is a bug of ours."""


class ReproductionError(Exception):
    """Base of all errors whose message says what is wrong, where, and what to do."""


class DataError(ReproductionError):
    """A data file is damaged, incomplete or not what its name promises."""


class DownloadError(ReproductionError):
    """No source gave a file with the expected SHA-256."""


class DivergenceError(ReproductionError):
    """The loss became NaN or infinite.

    Attributes:
        step: the update, counted from 0, whose loss or check was not finite.
    """

    def __init__(self, step: int, what: str, value: float):
        """Name the step and the value, and suggest the cure."""
        self.step = step
        super().__init__(
            f"the {what} became {value} at step {step}; a smaller learning_rate usually cures it"
        )
