"""Run every kernel test with every instruction set."""

import pytest


@pytest.fixture(autouse=True)
def _every_isa(isa: str) -> None:
    """Use the parametrisation of ``isa``."""
