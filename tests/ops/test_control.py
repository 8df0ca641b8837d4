"""Loops and conditionals that are unrolled while a graph is recorded."""

import numpy as np
import pytest

import lamina
from lamina import ops
from lamina._tensors.recording import NeedsRows
from ops.running import Recorded, Rows, Whole

X = np.arange(6.0).reshape(3, 2)


def test_scan_carries_and_stacks():
    state, results = ops.scan(lambda s, x: (s + x, {"s": s, "p": s * x}), np.zeros(2), X)
    np.testing.assert_array_equal(state, X.sum(0))
    before = np.cumsum(X, 0) - X
    np.testing.assert_array_equal(results["s"], before)
    np.testing.assert_array_equal(results["p"], before * X)
    _, backwards = ops.scan(lambda s, x: (s + x, s), np.zeros(2), X, reverse=True)
    np.testing.assert_array_equal(backwards, X.sum(0) - np.cumsum(X, 0))
    assert ops.scan(lambda s, _: (2 * s, None), 1, length=5) == (32, None)
    with pytest.raises(ValueError, match="scan: length must be that of xs, 3; got 4"):
        ops.scan(lambda s, x: (s, x), 0, X, length=4)


def test_loops():
    assert ops.fori_loop(1, 4, lambda i, v: v * i, 1) == 6
    assert ops.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2), (0, 1)) == (3, 8)
    assert ops.while_loop(lambda i: True, lambda i: i + 1, 0, maximum_iterations=7) == 7
    assert ops.switch(5, [lambda x: x, lambda x: -x], 3) == -3
    np.testing.assert_array_equal(ops.map(lambda v: v[0] - v[1], (X, X[:, ::-1])), X - X[:, ::-1])
    np.testing.assert_array_equal(ops.vectorized_map(ops.sum, X), X.sum(1))


def test_vectorize():
    branch = ops.vectorize(lambda a, b: a - b if a > b else a + b)
    want = np.vectorize(lambda a, b: a - b if a > b else a + b)
    np.testing.assert_array_equal(branch(X, X[:, :1] + 1), want(X, X[:, :1] + 1))
    product = ops.vectorize(ops.matmul, signature="(m,n),(n)->(m)")
    m, v = np.random.default_rng(0).normal(size=(4, 1, 2, 3)), np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(product(m, v), np.einsum("aijk,ik->aij", m.repeat(2, 1), v), 1e-12)
    scaled = ops.vectorize(lambda x, name: (x, {"y": x * len(name)}), excluded={1})
    first, rest = scaled(X, "abc")
    np.testing.assert_array_equal((first, rest["y"]), (X, 3 * X))
    assert ops.vectorize(ops.exp)(0.0) == 1
    with pytest.raises(ValueError, match=r"vectorize: .* must broadcast; got \(2,\), \(3,\)"):
        branch([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="names 2 arguments; got 1"):
        product(m)
    with pytest.raises(ValueError, match="vectorize: signature must be like"):
        ops.vectorize(ops.exp, signature="(m")


def test_vectorize_records_each_call():
    def function(x):
        return ops.vectorize(ops.cumsum, signature="(n)->(n)")(x)

    np.testing.assert_array_equal(Recorded(function, (Rows(X),), {}, 3).run(), np.cumsum(X, 1))
    with pytest.raises(NeedsRows):
        Recorded(function, (Rows(X),), {})


def test_symbolic_tensors_are_told_apart_when_their_rows_are_known():
    cumulated = ops.vectorize(ops.cumsum, signature="(n)->(n)")
    x = lamina.Input((2,))
    twice = ops.vectorize(lambda a, name: {"y": a * len(name)}, excluded={1})(x, "ab")
    outputs = [
        cumulated(cumulated(x)),
        twice["y"],
        ops.map(lambda v: v[0] - v[1], (x, twice["y"])),
        ops.scan(lambda s, v: (s + v, s), np.zeros(2), xs=x)[1],
        ops.associative_scan(ops.add, x),
    ]
    model = lamina.Model(x, outputs)
    wanted = [np.cumsum(np.cumsum(X, 1), 1), 2 * X, -X, np.cumsum(X, 0) - X, np.cumsum(X, 0)]
    for got, want in zip(model.predict(X), wanted, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan(count, reverse):
    """Products of matrices do not commute."""
    m = np.random.default_rng(count).normal(size=(count, 2, 2))
    got = ops.associative_scan(ops.matmul, m, reverse=reverse)
    want = [m[-1] if reverse else m[0]]
    for each in m[-2::-1] if reverse else m[1:]:
        want.append(want[-1] @ each)
    np.testing.assert_allclose(got, want[::-1] if reverse else want, 1e-12, 1e-12)
    along = ops.associative_scan(ops.add, m, axis=-1)
    np.testing.assert_allclose(along, np.cumsum(m, -1), 1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_tensor_chooses_between_what_two_functions_return(sign):
    class Choosing(lamina.layers.Layer):
        def call(self, x):
            found = ops.cond(
                ops.sum(x) > 0, lambda: {"a": x, "b": x + 1}, lambda: {"a": -x, "b": x}
            )
            return found["a"] * found["b"]

    given = sign * np.ones((2, 3), np.float32)
    expected = 2 * given if sign > 0 else -given * given
    np.testing.assert_array_equal(Choosing()(given), expected)
    x = lamina.Input((3,))
    chosen = ops.cond(ops.sum(x) > 0, lambda: x * 2, lambda: x * 3)
    np.testing.assert_array_equal(
        lamina.Model(x, chosen).predict(given), given * (2 if sign > 0 else 3)
    )


def test_choices_of_a_tensor_that_cannot_be():
    class Assigning(lamina.layers.Layer):
        def build(self, input_shape):
            self.seen = self.add_weight(initializer="zeros", trainable=False)

        def call(self, x):
            ops.cond(ops.sum(x) > 0, lambda: self.seen.assign(1.0), lambda: self.seen)
            return x

    with pytest.raises(ValueError, match=r"cond: both functions are recorded.*ops\.where instead"):
        Assigning()(np.ones((1, 2)))
    x = lamina.Input((3,))
    with pytest.raises(ValueError, match="cond: pred must be a single truth value"):
        ops.cond(x > 0, lambda: x, lambda: -x)
    with pytest.raises(ValueError, match="same number of tensors; got 2 and 1"):
        ops.cond(ops.sum(x) > 0, lambda: (x, x), lambda: x)


def test_the_size_of_a_symbolic_tensor_is_a_tensor():
    x = lamina.Input((3,))
    model = lamina.Model(x, x * ops.cast(ops.size(x), "float32"))
    assert model.predict(np.ones((2, 3)))[0, 0] == 6
    assert round(x, 1).shape == (None, 3)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.while_loop(lambda v: ops.max(v) < 9, lambda v: v * 2, x),
        lambda x: x if ops.sum(x) > 0 else -x,
    ],
)
def test_values_are_no_conditions(function):
    with pytest.raises(TypeError, match=r"ops\.where"):
        Recorded(function, (Whole(X),), {})
