"""Embedding and masks."""

import numpy as np
import pytest

from harness import (
    DTYPES,
    ODD_SIZES,
    assert_close,
    assert_same_bits,
    check_added,
    check_invariants,
    check_kernel,
)
from lamina import _core, kernels
from thread_proof import same_on_threads


def normal(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


def some_ids(shape, vocabulary, seed=3):
    """Draw ids, small ones more often, like words in texts."""
    drawn = np.random.default_rng(seed).random(shape) ** 3 * vocabulary
    return drawn.astype(np.int64)


def dense_sum(dy, ids, vocabulary):
    out = np.zeros((vocabulary, dy.shape[-1]))
    np.add.at(out, ids.ravel(), dy.reshape(-1, dy.shape[-1]))
    return out


def check(shape, vocabulary, columns, dtype):
    check_kernel(
        kernels.embedding_forward,
        lambda table, ids: table[ids],
        [normal(vocabulary, columns), some_ids(shape, vocabulary)],
        dtype,
        backward=lambda dy, table, ids: kernels.embedding_backward(dy, ids, len(table)),
        oracle_backward=lambda dy, table, ids: dense_sum(dy, ids, len(table)),
        reduction=int(np.prod(shape)),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", ODD_SIZES)
def test_odd_sizes(size, dtype):
    check((size,), 11, 5, dtype)
    check((7,), size, 5, dtype)
    check((7,), 11, size, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "vocabulary", "columns"),
    [((0,), 4, 3), ((3, 5), 9, 8), ((50, 40), 700, 16), ((9000,), 300, 3), ((600,), 90, 100)],
)
def test_shapes(shape, vocabulary, columns, dtype):
    check(shape, vocabulary, columns, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "vocabulary", "columns"),
    [((0,), 4, 3), ((3, 5), 9, 8), ((50, 40), 700, 16), ((5000,), 64, 129), ((9,), 100_000, 1)],
)
def test_sparse_is_the_whole_gradient(shape, vocabulary, columns, dtype):
    ids, dy = some_ids(shape, vocabulary), normal(*shape, columns).astype(dtype)
    unique, sums = check_invariants(
        lambda dy, ids: kernels.embedding_backward_sparse(dy, ids, vocabulary), [dy, ids]
    )
    np.testing.assert_array_equal(unique, np.unique(ids))
    assert_same_bits([sums], [kernels.embedding_backward(dy, ids, vocabulary)[unique]], "sparse")


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_accumulate(dtype):
    ids, dy = some_ids((40, 30), 50), normal(40, 30, 17).astype(dtype)
    fresh = kernels.embedding_backward(dy, ids, 50)
    check_added(lambda d: kernels.embedding_backward(dy, ids, 50, d), [fresh], 1200)


@pytest.mark.parametrize("columns", [2, 16, 200])
def test_rows_of_an_id_are_added_in_order(columns):
    ids = np.zeros(20_000, np.int32)
    loses, keeps = np.zeros((2, 20_000, columns), np.float32)
    loses[0], loses[1], loses[-1] = 2**24, 1, -(2**24)  # 2**24 + 1 is not a float32
    keeps[0], keeps[1], keeps[-1] = 2**24, -(2**24), 1
    (lost,), (kept,) = same_on_threads(
        lambda: kernels.embedding_backward(loses, ids, 5),
        lambda: kernels.embedding_backward(keeps, ids, 5),
    )
    assert not lost.any()
    assert (kept[0] == 1).all()


def test_ids_refused():
    table = np.ones((4, 3))
    with pytest.raises(ValueError, match=r"embedding_forward: ids must lie in \[0, 4\).*got 4"):
        kernels.embedding_forward(table, [0, 4])
    with pytest.raises(ValueError, match="got -1 at position 0"):
        kernels.embedding_forward(table, [-1])
    with pytest.raises(TypeError, match="ids must hold integers; got dtype float64"):
        kernels.embedding_forward(table, [0.5])
    with pytest.raises(ValueError, match="dy must have shape"):
        kernels.embedding_backward(np.ones((2, 3)), [0, 1, 2], 4)
    with pytest.raises(ValueError, match=r"dtable must have shape \(vocabulary, columns\)"):
        kernels.embedding_backward(np.ones((2, 3)), [0, 1], 4, np.ones((3, 3)))


# --- masks


@pytest.mark.parametrize("size", [0, *ODD_SIZES, 40_001])
def test_token_mask(size):
    ids = some_ids((size,), 3)
    (got,) = check_invariants(_core.kernels.token_mask, [ids])
    np.testing.assert_array_equal(got, ids != 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", ODD_SIZES)
def test_value_mask(columns, dtype):
    x = np.random.default_rng(5).integers(0, 2, (60, columns)).astype(dtype)
    x[::3], x[1::3] = -1, 0
    x[0, -1] = np.nan
    for value in (0.0, -1.0):
        (got,) = check_invariants(lambda x, v=value: _core.kernels.value_mask(x, v), [x])
        np.testing.assert_array_equal(got, (x != value).any(-1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(0, 3), (9, 1), (5, 7, 33), (3000, 17)])
def test_apply_mask(shape, dtype):
    x, mask = normal(*shape).astype(dtype), some_ids(shape[:-1], 3) > 0
    x[~mask] = np.nan  # masked values have no effect, even NaN
    (got,) = check_invariants(_core.kernels.apply_mask, [x, mask])
    np.testing.assert_array_equal(got, np.where(mask[..., None], x, 0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "shape", [(0, 3, 2), (4, 1, 5), (3, 70, 1), (5, 9, 33), (2, 300, 65), (70, 40, 30)]
)
def test_masked_mean(shape, masked, dtype):
    mask = some_ids(shape[:2], 3) > 0 if masked else None
    if masked and shape[0] > 1:
        mask[1] = False

    def share(x):
        kept = np.ones(x.shape[:2]) if mask is None else mask.astype(float)
        return kept / np.maximum(kept.sum(1, keepdims=True), 1)

    (got,) = check_kernel(
        lambda x: _core.kernels.masked_mean_forward(x, mask),
        lambda x: np.einsum("npc,np->nc", x, share(x)),
        [normal(*shape)],
        dtype,
        backward=lambda dy, x: _core.kernels.masked_mean_backward(dy, x.shape[1], mask),
        oracle_backward=lambda dy, x: share(x)[..., None] * dy[:, None],
        magnitude=lambda x: np.einsum("npc,np->nc", np.abs(x), share(x)),
        reduction=shape[1],
    )
    if masked and shape[0] > 1:
        assert not got[1].any()


def test_masks_refused():
    with pytest.raises(TypeError, match="apply_mask: mask must hold booleans"):
        _core.kernels.apply_mask(np.ones((2, 3)), np.ones(2))
    with pytest.raises(ValueError, match="masked_mean_forward: mask must have shape"):
        _core.kernels.masked_mean_forward(np.ones((2, 3, 4)), np.ones((2, 4), bool))
    assert_close(_core.kernels.masked_mean_forward(np.ones((2, 0, 4))), np.zeros((2, 4)))
