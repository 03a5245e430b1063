"""Results that several files of unit tests read."""

import pytest
from synthetic import write_results


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Made-up results of all tasks, to read."""
    folder = tmp_path_factory.mktemp("results")
    write_results(folder)
    return folder
