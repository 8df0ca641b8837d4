"""Data moved within a graph: every type, with rows and without, axes of no elements."""

import numpy as np
import pytest

from lamina import _core
from moved import Moved, check, refused
from thread_proof import same_on_threads

RNG = np.random.default_rng(5)
TYPES = ["float64", "float32", "int32", "bool"]


def array(shape, dtype):
    values = RNG.integers(-50, 50, shape) if dtype != "bool" else RNG.integers(0, 2, shape)
    return np.asarray(values).astype(dtype)


def pads(margins):
    return [(0, 0), *margins]


# name: how it is recorded, and the same in NumPy for arrays with an axis of rows in front
MOVES = {
    "permute": (lambda g, x: g.permute(x, [2, 0, 1]), lambda x: x.transpose(0, 3, 1, 2)),
    "pad": (
        lambda g, x: g.pad(x, [(1, 0), (0, 0), (2, 3)], 1),
        lambda x: np.pad(x, pads([(1, 0), (0, 0), (2, 3)]), constant_values=x.dtype.type(1)),
    ),
    "crop": (lambda g, x: g.crop(x, [(1, 0), (0, 1), (1, 1)]), lambda x: x[:, 1:, :-1, 1:-1]),
    "flip": (lambda g, x: g.flip(x, 1), lambda x: x[:, :, ::-1]),
    "repeat": (
        lambda g, x: g.repeat(x, [1, 3, 2]),
        lambda x: x.repeat(3, axis=2).repeat(2, axis=3),
    ),
    "concatenate": (
        lambda g, x: g.concatenate([x, g.flip(x, 2), x], 1),
        lambda x: np.concatenate([x, x[..., ::-1], x], axis=2),
    ),
    "slice": (
        lambda g, x: g.slice(x, [1, 2, 0], [2, 3, 3], [1, -1, 2]),
        lambda x: x[:, 1:3, 2::-1, 0:5:2],
    ),
    "slice of one": (
        lambda g, x: g.slice(x, [2, 0, 4], [1, 3, 1], [2**62, 1, -(2**62)]),
        lambda x: x[:, 2:3, :, 4:5],
    ),
}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", MOVES)
def test_every_type_moves_with_rows_and_without(name, dtype):
    build, oracle = MOVES[name]
    x = array((5, 3, 3, 5), dtype)
    check(build, oracle, rows=[x])
    check(build, lambda x: oracle(x[None])[0], whole=[x[0]])


def test_fills_have_the_type_of_what_they_surround():
    for dtype, value, want in [("int32", -7.0, -7), ("bool", 3, True), ("float32", np.inf, np.inf),
                               ("bool", 0, False), ("int32", -(2**31), -(2**31))]:  # fmt: skip
        x = array((2, 3), dtype)
        check(
            lambda g, x, value=value: g.pad(x, [(2, 1)], value),
            lambda x, want=want: np.pad(x, [(0, 0), (2, 1)], constant_values=want),
            rows=[x],
        )
    graph = _core.Graph("float32")
    whole = graph.constant(np.zeros(3, "int32"))
    for value in (0.5, 2.0**31, np.nan):
        assert "pad: int32 tensors need an int32 value; got " in refused(
            lambda value=value: graph.pad(whole, [(1, 1)], value)
        )


EMPTY = np.zeros((0, 3), "float64")


@pytest.mark.parametrize("dtype", TYPES)
def test_axes_of_no_elements_are_moved_without_rows(dtype):
    none, some = np.zeros((0, 3), dtype), array((2, 3), dtype)
    for build, oracle in [
        (lambda g, x: g.permute(x, [1, 0]), np.transpose),
        (lambda g, x: g.flip(x, 0), lambda x: x[::-1]),
        (lambda g, x: g.pad(x, [(2, 1), (0, 1)], 1), lambda x: np.ones((3, 4), dtype)),
        (lambda g, x: g.crop(x, [(0, 0), (1, 2)]), lambda x: x[:, 1:1]),
        (lambda g, x: g.repeat(x, [2, 3]), lambda x: x.repeat(2, 0).repeat(3, 1)),
        (lambda g, x: g.reshape(x, (3, 0, 7)), lambda x: x.reshape(3, 0, 7)),
        (lambda g, x: g.slice(x, [5, 1], [0, 2], [1, 1]), lambda x: x[5:5, 1:3]),
    ]:
        check(build, oracle, whole=[none])
    for build, oracle in [
        (lambda g, x: g.crop(x, [(1, 1), (0, 0)]), lambda x: x[1:1]),
        (lambda g, x: g.repeat(x, [1, 0]), lambda x: x.repeat(0, 1)),
        (lambda g, x: g.slice(x, [0, 9], [2, 0], [1, 1]), lambda x: x[:, 9:9]),
        (lambda g, x: g.concatenate([g.slice(x, [0, 0], [0, 3], [1, 1]), x], 0), lambda x: x),
    ]:
        check(build, oracle, whole=[some])


def test_nothing_is_summed_and_broadcast_as_numpy_does():
    for axes, want in [([0], np.zeros(3)), ([1], np.zeros(0)), ([0, 1], np.zeros(()))]:
        check(lambda g, x, axes=axes: g.sum(x, axes), lambda x, want=want: want, whole=[EMPTY])
    check(lambda g, x: g.prod(x, [0]), lambda x: np.ones(3), whole=[EMPTY])
    check(lambda g, x: g.max(x, [1]), lambda x: np.zeros(0), whole=[EMPTY])
    check(lambda g, x: g.mean(x, [0]), lambda x: np.full(3, np.nan), whole=[EMPTY])
    graph = _core.Graph("float64")
    none = graph.constant(EMPTY)
    for name in ("max", "min", "argmax", "argmin"):
        said = refused(lambda name=name: getattr(graph, name)(none, [0]))
        assert said == f"{name}: needs at least 1 element along the reduced axes; got none"
    # Gradients of values broadcast to no elements are 0, and nothing is written out of bounds.
    shapes = [((4, 1), (4, 0)), ((1,), (0,)), ((2, 1, 3), (2, 0, 3)), ((3,), (0, 3)), ((), (2, 0))]
    for shape, other in shapes:

        def whole(g, a, w, b):
            wide = g.expression([("multiply", 0, 1), ("exp", 2)], [w, b])
            total = g.sum(wide, list(range(len(wide.shape))))
            return g.expression([("add", 0, 1), ("add", 3, 2)], [a, total, w])

        check(
            whole,
            lambda a, w, b: a + w + np.sum(np.exp(w * b)),
            whole=[RNG.normal(size=(1,)), RNG.normal(size=shape), np.zeros(other)],
        )
    # An axis of length zero beside one that is broadcast.
    check(
        lambda g, w, x: g.expression([("multiply", 0, 1)], [x, w]),
        lambda w, x: x * w,
        whole=[RNG.normal(size=(1, 3)), np.zeros((0, 1))],
    )


def test_gradients_pass_through_what_was_made_of_nothing():
    def build(g, w):
        none = g.slice(w, [0, 0], [0, 3], [1, 1])
        wide = g.expression(
            [("multiply", 0, 1), ("sin", 2)], [none, g.slice(w, [1, 0], [1, 3], [1, 1])]
        )
        return g.concatenate([w, wide, w, g.repeat(none, [3, 1])], 0)

    check(build, lambda w: np.concatenate([w, w]), whole=[RNG.normal(size=(2, 3))])


def test_products_along_an_axis_of_none_are_zeros():
    for a, b in [((3, 0), (0, 4)), ((2, 3, 0), (0, 4)), ((2, 1, 3, 0), (5, 0, 2)), ((0, 3), (3, 4)),
                 ((0, 3, 2), (0, 2, 5)), ((3, 2), (2, 0))]:  # fmt: skip
        check(lambda g, a, b: g.matmul(a, b), np.matmul, whole=[np.ones(a), np.ones(b)])


def test_what_is_made_of_nothing_is_nothing_or_refused():
    graph = _core.Graph("float64")
    none, flat = graph.constant(np.zeros((3, 0))), graph.constant(EMPTY)
    scale, kernel = graph.constant(np.ones(0)), graph.constant(np.ones((3, 4)))
    made = [
        graph.softmax(none), graph.log_softmax(flat), graph.unit_rows(none),
        graph.activation(none, "gelu"), graph.layer_norm(none, 1, scale, scale, 1e-3),
        graph.normalize(none, scale, scale), graph.add([flat, flat]), graph.dense(flat, kernel),
        graph.spatial_dropout(none, 0.5, 0), graph.dropout(flat, 0.5, 0),
    ]  # fmt: skip
    shapes = [tuple(y.shape) for y in made]
    for y in made:
        graph.add_output(y)
    for call in (
        lambda: graph.dense(none, graph.constant(np.ones((0, 4)))),
        lambda: graph.resize(flat, 0, 5),
        lambda: graph.embedding(graph.input((3,), "ids", "int32"), flat),
    ):
        assert "needs inputs of at least 1 element; got one without any" in refused(call)
    graph.build()
    run = _core.Execution(graph, 1, True)
    run.bind([np.zeros((1, 3), "int32")])
    run.test(None, 0, 1)
    assert [run.output(k).shape for k in range(len(made))] == shapes
    assert all(0 in shape for shape in shapes)


def test_what_cannot_be_moved_is_refused():
    graph = _core.Graph("float32")
    x = graph.input((3, 4), "x")
    ids = graph.input((3, 4), "ids", "int32")
    for starts, sizes, steps in [
        ([0, 0], [4, 4], [1, 1]), ([-1, 0], [1, 4], [1, 1]), ([0, 0], [2, 4], [0, 1]),
        ([0, 3], [3, 2], [1, 1]), ([0, 0], [3, 2], [1, -1]), ([0, 0], [3, -1], [1, 1]),
        ([0, 1], [3, 2], [1, 2**63 - 1]), ([0, 0], [3, 2], [1, -(2**63)]), ([3, 0], [1, 1], [1, 1]),
        ([0, 0], [2**62, 1], [2, 1]),
    ]:  # fmt: skip
        said = refused(lambda a=starts, b=sizes, c=steps: graph.slice(x, a, b, c))
        assert said.startswith("slice: indices of axis ")
        assert "must lie in [0, " in said
    assert "slice: needs one entry for each axis of (3, 4); got 1" in refused(
        lambda: graph.slice(x, [0, 0], [1], [1, 1])
    )
    assert "every axis needs at least 1 element" in refused(
        lambda: graph.slice(x, [0, 0], [0, 4], [1, 1])
    )
    assert refused(lambda: graph.concatenate([x, ids], 0)) == (
        "concatenate: inputs must be of one type; got float32 and int32"
    )
    assert refused(lambda: graph.reshape(x, (0, 4))).startswith(
        "reshape: every axis needs at least"
    )
    assert graph.slice(x, [0, 0], [3, 4], [1, 1]) is not None
    assert graph.operations() == []


def test_bits_do_not_depend_on_threads():
    nets = []
    for dtype in ("float32", "int32", "bool"):
        x = array((40, 64, 90), dtype)
        nets.append(Moved(lambda g, x: g.permute(x, [1, 0]), rows=[x]))
        nets.append(Moved(lambda g, x: g.pad(x, [(3, 1)] * 2, 1), rows=[x]))
    same_on_threads(*[net.all for net in nets], what="moves", counts=(2, 3, 4))
