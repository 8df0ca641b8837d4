"""Sorted lines: values, places, ties, NaN, gradients, bits."""

import numpy as np
import pytest

from lamina import _core
from moved import Moved, check, refused
from thread_proof import same_on_threads

RNG = np.random.default_rng(8)
TYPES = ["float64", "float32", "int32"]
SHAPES = [(4, 1, 3), (2, 5, 48), (3, 49, 2), (2, 300, 5), (1, 3, 2000)]


def places_of(x, axis, descending):
    """Stable; NaN counts as the largest."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable").astype("int32")
    back = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return np.flip(x.shape[axis] - 1 - back, axis).astype("int32")


def sorted_of(x, axis, descending):
    return np.take_along_axis(x, places_of(x, axis, descending), axis)


def drawn(shape, dtype, ties):
    if ties or dtype == "int32":
        spread = 4 if ties else 2**31 - 1
        return RNG.integers(-spread, spread, shape).astype(dtype)
    return (RNG.normal(size=shape) * 10.0 ** RNG.integers(-30, 30, shape)).astype(dtype)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", TYPES)
def test_lines_are_sorted_as_numpy_does(dtype, descending):
    for shape in SHAPES:
        for axis in range(3):
            for ties in (False, True):
                x = drawn(shape, dtype, ties)
                for build, oracle in [("sort", sorted_of), ("argsort", places_of)]:
                    for rows in (False, True)[: 1 + (axis > 0)]:
                        (y, *_) = Moved(
                            lambda g, x, b=build, a=axis - rows: getattr(g, b)(x, a, descending),
                            **{"rows" if rows else "whole": [x]},
                        ).values()
                        want = oracle(x, axis, descending)
                        assert y.dtype == want.dtype
                        np.testing.assert_array_equal(y, want)


@pytest.mark.parametrize("dtype", TYPES)
def test_the_largest_come_first(dtype):
    for shape in SHAPES:
        for k in {1, min(3, shape[-1]), min(32, shape[-1]), min(33, shape[-1]), shape[-1]}:
            for ties in (False, True):
                x = drawn(shape, dtype, ties)
                for given in ({"whole": [x]}, {"rows": [x]}):
                    values, places = Moved(lambda g, x, k=k: g.top_k(x, k), **given).values()
                    assert values.dtype == x.dtype
                    assert places.dtype == np.int32
                    np.testing.assert_array_equal(places, places_of(x, 2, True)[..., :k])
                    np.testing.assert_array_equal(values, sorted_of(x, 2, True)[..., :k])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_zeros_infinities_and_what_is_not_a_number(dtype):
    odd = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, -np.nan, 1e-45, -1e-45, 5e-324, 1], dtype)
    for size in (10, 200):
        x = RNG.choice(odd, (7, size)).astype(dtype)
        for descending in (False, True):
            for name, oracle in [("argsort", places_of), ("sort", sorted_of)]:
                (y, *_) = Moved(
                    lambda g, x, n=name, d=descending: getattr(g, n)(x, 0, d), rows=[x]
                ).values()
                want = oracle(x, 1, descending)
                np.testing.assert_array_equal(y, want)
                np.testing.assert_array_equal(np.signbit(y), np.signbit(want))
        _, places = Moved(lambda g, x: g.top_k(x, 4), rows=[x]).values()
        np.testing.assert_array_equal(places, places_of(x, 1, True)[:, :4])


def test_gradients_go_where_values_came_from():
    for shape in [(3, 4), (2, 5, 3), (2, 60)]:
        x = RNG.permutation(np.arange(np.prod(shape)) * 0.1).reshape(shape)
        for axis in range(1, len(shape)):
            for descending in (False, True):
                check(
                    lambda g, x, a=axis, d=descending: g.sort(x, a - 1, d),
                    lambda x, a=axis, d=descending: sorted_of(x, a, d),
                    rows=[x],
                )
                check(
                    lambda g, x, a=axis, d=descending: g.sort(x, a, d),
                    lambda x, a=axis, d=descending: sorted_of(x, a, d),
                    whole=[x],
                )
        for k in (1, 2, shape[-1]):
            check(
                lambda g, x, k=k: g.top_k(x, k),
                lambda x, k=k: [sorted_of(x, -1, True)[..., :k], places_of(x, -1, True)[..., :k]],
                rows=[x],
            )
    net = Moved(lambda g, x: g.sort(x, 0), rows=[np.ones((1, 5))])  # equal values keep their order
    np.testing.assert_allclose(net.gradients()[0], net.weight / 5, rtol=1e-15)


def test_one_output_alone_serves():
    x = RNG.normal(size=(3, 9))
    check(lambda g, x: g.top_k(x, 2)[0], lambda x: sorted_of(x, 1, True)[:, :2], rows=[x])
    check(lambda g, x: g.top_k(x, 2)[1], lambda x: places_of(x, 1, True)[:, :2], rows=[x])
    check(lambda g, x: g.take_along_axis(x, g.argsort(x, 0), 0), lambda x: np.sort(x, 1), rows=[x])


def test_nothing_and_what_is_refused():
    none = np.zeros((3, 0))
    check(lambda g, x: g.sort(x, 1), lambda x: x, whole=[none])
    check(lambda g, x: g.argsort(x, 1), lambda x: x.astype("int32"), whole=[none])
    check(
        lambda g, x: g.top_k(x, 1), lambda x: [x[:, :1], x[:, :1].astype("int32")],
        whole=[np.zeros((0, 3))],
    )  # fmt: skip
    graph = _core.Graph("float32")
    x, mask = graph.input((3,)), graph.constant(np.zeros((3,), bool))
    for k in (0, -1, 4):
        assert refused(lambda k=k: graph.top_k(x, k)) == (
            f"top_k: k must be in [1, 3] for inputs (3,); got {k}"
        )
    assert refused(lambda: graph.sort(mask, 0)) == "sort: needs numbers; got bool"
    assert refused(lambda: graph.argsort(x, 1)) == (
        "argsort: axis must be in [0, 1) for inputs (3,); got 1"
    )
    assert "top_k: axis must be in [0, 0)" in refused(lambda: graph.top_k(graph.input(()), 1))


def test_bits_do_not_depend_on_threads():
    x = drawn((60, 40, 70), "float32", True)
    nets = [
        Moved(lambda g, x: g.sort(x, 0), rows=[x]),
        Moved(lambda g, x: g.sort(x, 1, True), rows=[x]),
        Moved(lambda g, x: g.top_k(x, 4), rows=[x]),
        Moved(lambda g, x: g.argsort(x, 0), whole=[x]),
    ]
    same_on_threads(*[net.all for net in nets], what="sort", counts=(2, 3, 4))
