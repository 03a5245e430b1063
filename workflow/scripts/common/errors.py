"""The errors a user can mend. Every other exception is a bug of ours."""


class ReproductionError(Exception):
    """Base of all errors whose message says what is wrong, where, and what to do."""


class DataError(ReproductionError):
    """A data file is damaged, incomplete or not what its name promises."""


class DownloadError(ReproductionError):
    """No source gave a file with the expected SHA-256."""
