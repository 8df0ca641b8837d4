"""Operations that keep rows separate are recorded for any number of rows, even with x.shape."""

import numpy as np
import pytest

from lamina import ops
from lamina._tensors.recording import NeedsRows
from ops.running import Recorded, Rows, Whole

RNG = np.random.default_rng(3)
X = RNG.normal(size=(5, 4, 6))


def rows_of(x):
    return ops.shape(x)[0]


FREE = {
    "zeros": (lambda x: x + ops.zeros((rows_of(x), 4, 6)), lambda x: x),
    "ones": (lambda x: ops.ones((rows_of(x), 3)), lambda x: np.ones((len(x), 3))),
    "full": (
        lambda x: ops.full((rows_of(x), 2), 7, "int32"),
        lambda x: np.full((len(x), 2), 7),
    ),
    "full of a tensor": (
        lambda x: ops.full((rows_of(x), 4), ops.mean(x)),
        lambda x: np.full((len(x), 4), x.mean()),
    ),
    "reshape": (lambda x: ops.reshape(x, (rows_of(x), 8, -1)), lambda x: x.reshape(-1, 8, 3)),
    "reshape of all": (lambda x: ops.reshape(x, ops.shape(x)), lambda x: x),
    "broadcast_to": (
        lambda x: ops.broadcast_to(np.arange(3.0), (rows_of(x), 3)),
        lambda x: np.tile(np.arange(3.0), (len(x), 1)),
    ),
    "broadcast_to of one row": (
        lambda x: ops.broadcast_to(ops.sum(x, 0, keepdims=True), ops.shape(x)),
        lambda x: np.tile(x.sum(0), (len(x), 1, 1)),
    ),
    "slice": (
        lambda x: ops.slice(x, (0, 1, 2), (rows_of(x), 2, 3)),
        lambda x: x[:, 1:3, 2:5],
    ),
    "standardized columns": (
        lambda x: (x - ops.mean(x, 0)) / ops.std(x, 0, keepdims=True),
        lambda x: (x - x.mean(0)) / x.std(0),
    ),
    "attention with operators": (
        lambda x: ops.softmax(x @ ops.transpose(x, (0, 2, 1)) / 2.0) @ x,
        lambda x: softmax(x @ x.transpose(0, 2, 1) / 2.0) @ x,
    ),
    "steps": (
        lambda x: ops.stack([x[:, i] * (i + 1) for i in range(4)], axis=1),
        lambda x: x * np.arange(1, 5)[:, None],
    ),
    "recurrence": (
        lambda x: ops.fori_loop(0, 4, lambda i, h: 0.5 * h + x[:, i], ops.zeros_like(x[:, 0])),
        lambda x: np.einsum("bij,i->bj", x, 0.5 ** np.arange(3, -1, -1)),
    ),
}


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("name", FREE)
def test_free(name):
    function, oracle = FREE[name]
    for rows in (None, 5):
        got = Recorded(function, (Rows(X),), {}, rows).run()
        np.testing.assert_allclose(np.broadcast_to(got, oracle(X).shape), oracle(X), 1e-12, 1e-12)


KNOWN = {
    "number of rows": lambda x: ops.sum(x, 0) / rows_of(x),
    "arange": lambda x: ops.multiply(ops.arange(rows_of(x)), 1.0),
    "rows by rows": lambda x: ops.matmul(x[:, 0], ops.transpose(x[:, 0])),
    "shifted rows": lambda x: ops.concatenate([x[1:], x[:1]], axis=0),
    "merged": lambda x: ops.reshape(x, (-1, 6)),
    "picked": lambda x: x[ops.arange(rows_of(x)), np.array([0, 1, 2, 3, 0])],
    "scan": lambda x: ops.scan(lambda h, row: (h + row, h * row), x[0] * 0, x)[1],
    "map": lambda x: ops.map(lambda row: ops.sum(row, 0), x),
    "cumsum": lambda x: ops.associative_scan(ops.add, x),
}
ORACLES = {
    "number of rows": lambda x: x.mean(0),
    "arange": lambda x: np.arange(5.0),
    "rows by rows": lambda x: x[:, 0] @ x[:, 0].T,
    "shifted rows": lambda x: np.roll(x, -1, 0),
    "merged": lambda x: x.reshape(-1, 6),
    "picked": lambda x: x[np.arange(5), [0, 1, 2, 3, 0]],
    "scan": lambda x: (np.cumsum(x, 0) - x) * x,
    "map": lambda x: x.sum(1),
    "cumsum": lambda x: np.cumsum(x, 0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known(name):
    with pytest.raises(NeedsRows):
        Recorded(KNOWN[name], (Rows(X),), {})
    got = Recorded(KNOWN[name], (Rows(X),), {}, rows=5).run()
    np.testing.assert_allclose(got, ORACLES[name](X), 1e-12, 1e-12)


def test_weights_of_any_rank_meet_rows():
    w = RNG.normal(size=(1, 4, 6))
    got = Recorded(lambda x, w: x * w + w[0, 0], (Rows(X), Whole(w)), {}).run()
    np.testing.assert_allclose(got, X * w + w[0, 0], 1e-12)


def test_images_without_rows_beside_a_batch():
    """Weights used as images, in a recording whose batch has another number of rows."""
    images, kernel = RNG.normal(size=(2, 4, 4, 1)), RNG.normal(size=(2, 2, 1, 3))

    def function(x, images, kernel):
        return ops.sum(x) + ops.conv(images, kernel)

    marked = (Rows(X), Whole(images), Whole(kernel))
    want = X.sum() + ops.conv(images, kernel)
    for rows in (5, 2):
        got = Recorded(function, (Rows(X[:rows]), *marked[1:]), {}, rows=rows).run()
        np.testing.assert_allclose(got, want - X[rows:].sum(), 1e-12)
