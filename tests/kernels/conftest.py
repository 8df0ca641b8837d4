"""Every kernel test runs for every instruction set."""

import pytest


@pytest.fixture(autouse=True)
def _every_isa(isa: str) -> None:
    """Take the parametrisation of ``isa``."""
