"""The analysis that all tests of batches run."""

import pytest
from library.batch.toy import toy_installed


@pytest.fixture
def toy(tmp_path_factory, monkeypatch):
    with toy_installed(tmp_path_factory.mktemp("toy"), monkeypatch) as name:
        yield name
