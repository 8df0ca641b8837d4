"""Small programs with the same results in lamina and Keras 3."""

import numpy as np
import pytest

import book_programs  # noqa: F401  (which lists its programs)
import golden
import lamina
import programs_that_train  # noqa: F401  (which lists its programs)
import published_programs  # noqa: F401  (which lists its programs)
from keras_models import keras
from programs_beside_keras import PROGRAMS

TOLERANCE = 2e-5  # of the largest number of an array


def plain(value):
    """Return lists, numbers, strings and arrays."""
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return np.asarray(value)


def run(program, library):
    library.backend.clear_session()
    library.utils.set_random_seed(1)
    return plain(program(library))


def assert_alike(got, wanted, where):
    if isinstance(wanted, list):
        assert isinstance(got, list), f"{where}: {got}, {wanted}"
        assert len(got) == len(wanted), f"{where}: {got}, {wanted}"
        for i, (a, b) in enumerate(zip(got, wanted, strict=True)):
            assert_alike(a, b, f"{where}[{i}]")
    elif isinstance(wanted, (np.ndarray, float)):
        a, b = np.asarray(got, float), np.asarray(wanted, float)
        assert a.shape == b.shape, f"{where}: shape {a.shape}, Keras's {b.shape}"
        scale = max(float(np.abs(b).max(initial=0.0)), 1e-2)
        assert np.abs(a - b).max(initial=0.0) <= TOLERANCE * scale, f"{where}: {got}, {wanted}"
    else:
        assert got == wanted, where


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_give_what_keras_gives(name):
    program = PROGRAMS[name]
    assert_alike(run(program, lamina), golden.ask(lambda: run(program, keras)), name)
