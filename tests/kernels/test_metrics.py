"""Metrics' states."""

import numpy as np
import pytest

from harness import DTYPES, layouts
from lamina import kernels

KINDS = (
    "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
    "mean_absolute_error", "mean_squared_error", "r2",
)  # fmt: skip


def row_values(kind, t, p, threshold=0.5):
    if kind == "binary_accuracy":
        return ((p > threshold) == t).mean(-1)
    if kind == "categorical_accuracy":
        return (p.argmax(-1) == t.argmax(-1)).astype(float)
    if kind == "sparse_categorical_accuracy":
        return (p.argmax(-1) == t).astype(float)
    if kind == "mean_absolute_error":
        return np.abs(p - t).mean(-1)
    return ((p - t) ** 2).mean(-1)


def oracle(kind, t, p, w):
    """State after all rows."""
    w = np.ones(p.shape[:-1]) if w is None else w
    if kind != "r2":
        return np.array([(w * row_values(kind, t, p)).sum(), w.sum()])
    t, p, w = t.reshape(-1, t.shape[-1]), p.reshape(-1, p.shape[-1]), w.reshape(-1, 1)
    total = np.full(t.shape[-1], w.sum())
    center = (w * t).sum(0) / total
    return np.stack(
        [total, center, (w * (t - center) ** 2).sum(0), (w * (t - p) ** 2).sum(0)], axis=-1
    ).ravel()


def data(kind, shape, dtype, seed=6):
    rng = np.random.default_rng(seed)
    p = rng.random(shape).astype(dtype)
    if kind == "sparse_categorical_accuracy":
        t = rng.integers(shape[-1], size=shape[:-1])
    elif kind == "categorical_accuracy":
        t = np.eye(shape[-1], dtype=dtype)[rng.integers(shape[-1], size=shape[:-1])]
    elif kind == "binary_accuracy":
        t = (rng.random(shape) < 0.5).astype(dtype)
    else:
        t = rng.normal(size=shape, loc=100).astype(dtype)
    return t, p, rng.random(shape[:-1]).astype(dtype)


def wide(*arrays):
    return [None if a is None else a.astype(float) if a.dtype.kind == "f" else a for a in arrays]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "shape", [(1, 1), (9, 1), (17, 2), (33, 10), (5, 65), (2, 3, 4), (3000, 3)]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_law(kind, shape, weighted, dtype):
    t, p, w = data(kind, shape, dtype)
    w = w if weighted else None
    state = kernels.metric_state(kind, shape[-1])
    kernels.metric_update(kind, state, t, p, w)
    np.testing.assert_allclose(state, oracle(kind, *wide(t, p, w)), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_add_up(kind):
    t, p, w = data(kind, (100, 4), "float64")
    state = kernels.metric_state(kind, 4)
    for begin, end in [(0, 7), (7, 7), (7, 8), (8, 60), (60, 100)]:
        kernels.metric_update(kind, state, t[begin:end], p[begin:end], w[begin:end])
    np.testing.assert_allclose(state, oracle(kind, t, p, w), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_layouts_and_repetition(kind):
    t, p, w = data(kind, (3000, 5), "float32")

    def run(*arrays):
        state = kernels.metric_state(kind, 5)
        kernels.metric_update(kind, state, *arrays)
        return state.tobytes()

    want = run(t, p, w)
    assert run(t, p, w) == want
    for k, x in enumerate((t, p, w)):
        for layout, other in layouts(x):
            arrays = [t, p, w]
            arrays[k] = other
            assert run(*arrays) == want, layout


def test_r2_far_from_zero():
    t = 1e8 + np.random.default_rng(0).normal(size=(1000, 1))
    p = t + 0.1
    state = kernels.metric_state("r2")
    for begin in range(0, 1000, 100):
        kernels.metric_update("r2", state, t[begin : begin + 100], p[begin : begin + 100])
    np.testing.assert_allclose(state[2], ((t - t.mean()) ** 2).sum(), rtol=1e-6)
    np.testing.assert_allclose(1 - state[3] / state[2], 1 - 0.01 / t.var(), rtol=1e-5)


def test_ties_go_to_the_first_and_the_threshold_is_open():
    state = kernels.metric_state("sparse_categorical_accuracy")
    kernels.metric_update("sparse_categorical_accuracy", state, [0, 1], np.ones((2, 3)))
    assert state.tolist() == [1, 2]
    state = kernels.metric_state("binary_accuracy")
    kernels.metric_update(
        "binary_accuracy", state, [[0], [1]], np.array([[0.7], [0.8]]), threshold=0.7
    )
    assert state.tolist() == [2, 2]


def test_refused():
    p = np.ones((2, 3))
    state = kernels.metric_state("mean_squared_error")
    with pytest.raises(ValueError, match=r"metric_state: .*unknown name 'mse2'"):
        kernels.metric_state("mse2")
    with pytest.raises(
        ValueError, match=r"state must have shape \(metric_state,\) = \(12,\); got shape \(2,\)"
    ):
        kernels.metric_update("r2", state, p, p)
    with pytest.raises(TypeError, match="state is updated in place and must be of native float64"):
        kernels.metric_update("mean_squared_error", np.zeros(2, np.float32), p, p)
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(...,\) = \(2,\)"):
        kernels.metric_update("mean_squared_error", state, p, p, np.ones(3))
    with pytest.raises(ValueError, match=r"y_true must lie in \[0, 3\), the classes; got 5"):
        kernels.metric_update("sparse_categorical_accuracy", state, [5, 0], p)
    assert not state.any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_add_each_amount_at_its_place(dtype, weighted):
    rng = np.random.default_rng(3)
    amounts = rng.normal(size=(40, 3)).astype(dtype)
    places = rng.integers(0, 5, (40, 3)).astype("int32")
    w = rng.random(40).astype(dtype) if weighted else None
    state = kernels.metric_state("sums", 5)
    for rows in (slice(0, 1), slice(1, 40)):
        by = None if w is None else w[rows]
        kernels.metric_update("sums", state, places[rows], amounts[rows], by)
    full = amounts.astype(float) * (1.0 if w is None else w.astype(float)[:, None])
    expected = [full[places == k].sum() for k in range(5)]
    np.testing.assert_allclose(state, expected, rtol=1e-12)
    with pytest.raises(ValueError, match=r"y_true must lie in \[0, 5\)"):
        kernels.metric_update("sums", state, places + 1, amounts)


def test_a_weight_of_0_hides_what_is_infinite():
    state = kernels.metric_state("sums", 2)
    kernels.metric_update(
        "sums", state, [[0], [1]], np.array([[np.inf], [2.0]]), np.array([0.0, 3.0])
    )
    np.testing.assert_array_equal(state, [0.0, 6.0])
