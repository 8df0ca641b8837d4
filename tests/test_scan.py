"""Running sums and products: values, gradients, both directions, bits."""

import numpy as np
import pytest

from lamina import _core
from moved import Moved, check, refused
from thread_proof import same_on_threads

RNG = np.random.default_rng(7)
NUMPY = {"cumsum": np.cumsum, "cumprod": np.cumprod}
SHAPES = [(3, 1, 5), (2, 4, 3), (5, 7, 33), (1, 90, 1), (2, 3, 70)]


def numpys(name, axis, reverse):
    def run(x):
        x = np.flip(x, axis) if reverse else x
        kind = "float64" if x.dtype.kind == "f" else x.dtype
        y = NUMPY[name](x, axis=axis, dtype=kind).astype(x.dtype)
        return np.flip(y, axis) if reverse else y

    return run


def ours(name, axis, reverse):
    return lambda g, x: getattr(g, name)(x, axis, reverse)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", NUMPY)
def test_they_are_numpys(name, reverse, dtype):
    for shape in SHAPES:
        x = RNG.normal(size=shape) if name == "cumsum" else 1 + 0.1 * RNG.normal(size=shape)
        x = (x * 9).astype("int32") if dtype == "int32" else x.astype(dtype)
        near = {"float64": 1e-13, "float32": 1e-7, "int32": 0}[dtype]
        for axis in range(3):
            check(ours(name, axis, reverse), numpys(name, axis, reverse), whole=[x], near=near)
            if axis > 0:
                check(ours(name, axis - 1, reverse), numpys(name, axis, reverse), [x], near=near)


def test_products_of_zeros_have_their_gradients():
    x = np.array([[2.0, 0.0, 3.0, 4.0], [0.0, 5.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
    for reverse in (False, True):
        check(ours("cumprod", 0, reverse), numpys("cumprod", 1, reverse), rows=[x])


def test_sums_of_float32_are_rounded_once():
    x = RNG.uniform(size=(2, 100000)).astype("float32")
    (y, *_) = Moved(ours("cumsum", 0, False), rows=[x]).values()
    np.testing.assert_allclose(y, np.cumsum(x, 1, dtype="float64"), rtol=6e-8)


def test_nothing_and_what_is_refused():
    check(ours("cumsum", 0, False), lambda x: x, whole=[np.zeros((0, 3))])
    graph = _core.Graph("float32")
    mask = graph.constant(np.zeros((3,), bool))
    assert refused(lambda: graph.cumsum(mask, 0)) == "cumsum: needs numbers; got bool"
    for axis in (-1, 1):
        assert f"cumprod: axis must be in [0, 1) for inputs (3,); got {axis}" in refused(
            lambda axis=axis: graph.cumprod(graph.input((3,)), axis)
        )


def test_bits_do_not_depend_on_threads():
    x = 1 + 0.01 * RNG.normal(size=(30, 60, 70)).astype("float32")
    nets = [
        Moved(ours(name, axis, reverse), rows=[x])
        for name, axis, reverse in [("cumsum", 0, False), ("cumsum", 1, True), ("cumprod", 0, True)]
    ]
    same_on_threads(*[net.all for net in nets], what="scan", counts=(2, 3, 4))
