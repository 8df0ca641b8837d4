"""The dense layer's kernels."""

import numpy as np
import pytest

import golden
from harness import DTYPES, ODD_SIZES, assert_close, assert_same_bits, check_added, check_kernel
from kernels.test_activations import LAWS
from lamina import kernels
from thread_proof import same_on_threads


def oracle(x, kernel, bias=None, activation="linear"):
    z = x @ kernel + (0 if bias is None else bias)
    return LAWS[activation](z)


def oracle_backward(dz, x, kernel, bias=None):
    rows = x.reshape(-1, x.shape[-1])
    flat = dz.reshape(-1, dz.shape[-1])
    return dz @ kernel.T, rows.T @ flat, flat.sum(axis=0)


def magnitude(x, kernel, bias=None):
    return np.abs(x) @ np.abs(kernel) + (0 if bias is None else np.abs(bias))


def arrays(rows, inputs, units, bias=True, seed=2):
    rng = np.random.default_rng(seed)
    leading = rows if isinstance(rows, tuple) else (rows,)
    x = rng.normal(size=(*leading, inputs))
    w = rng.normal(size=(inputs, units)) / np.sqrt(inputs)
    return [x, w, rng.normal(size=units)] if bias else [x, w]


def check(rows, inputs, units, dtype, bias=True):
    check_kernel(
        kernels.dense_forward,
        oracle,
        arrays(rows, inputs, units, bias),
        dtype,
        backward=lambda dz, x, w, b=None: kernels.dense_backward(dz, x, w)[: 3 if bias else 2],
        differentiable=(0, 1, 2) if bias else (0, 1),
        oracle_backward=lambda *a: oracle_backward(*a)[: 3 if bias else 2],
        magnitude=magnitude,
        reduction=inputs + 1,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", ODD_SIZES)
def test_odd_sizes(size, dtype):
    check(size, 5, 3, dtype)
    check(7, size, 3, dtype)
    check(7, 5, size, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("rows", "inputs", "units"),
    [
        (0, 4, 3),
        (1, 13, 64),
        (32, 19, 64),
        (32, 64, 1),
        (128, 128, 10),
        ((3, 5), 4, 6),
        (200, 30, 40),
        (700, 9, 3),
    ],
)
def test_shapes(rows, inputs, units, dtype):
    check(rows, inputs, units, dtype)
    check(rows, inputs, units, dtype, bias=False)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", sorted(LAWS))
@pytest.mark.parametrize("units", [1, 33])
def test_fused_activation_is_the_separate_one(activation, units, dtype):
    x, w, b = (a.astype(dtype) for a in arrays(33, 9, units))
    fused = kernels.dense_forward(x, w, b, activation)
    z = kernels.dense_forward(x, w, b)
    assert_same_bits([fused], [kernels.activation_forward(z, activation)], activation)
    wide = [a.astype(np.float64) for a in (x, w, b)]
    # The error of z passes through a slope of at most about 1, or of y itself for exp.
    size = magnitude(*wide) * np.maximum(np.abs(oracle(*wide, activation)), 1.1)
    assert_close(fused, oracle(*wide, activation), 10, size, what=activation)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("units", [1, 2, 3, 4, 8, 29])
def test_rows_do_not_depend_on_the_batch(units, dtype):
    x, w, b = (a.astype(dtype) for a in arrays(530, 37, units))
    whole = kernels.dense_forward(x, w, b, "tanh")
    for rows in (1, 2, 5, 31, 64, 129, 300, 529):
        assert_same_bits([kernels.dense_forward(x[:rows], w, b, "tanh")], [whole[:rows]], str(rows))


def test_an_empty_batch_of_a_large_layer_leaves_memory_alone(threads):
    threads(1)
    x, w, b = (a.astype(np.float32) for a in arrays(1, 1024, 1024))
    for _ in range(20):
        kernels.dense_forward(x, w, b)
        assert kernels.dense_forward(x[:0], w, b).shape == (0, 1024)


# Few rows read the weights in place, large ones row by row or by other tiles; more rows pack them,
# panel by panel if they are large; with one chunk of terms and with several.
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(("inputs", "units"), [(7, 129), (1027, 933), (600, 97), (1536, 1024)])
def test_few_rows_have_the_bits_they_have_among_many(inputs, units, activation, dtype, threads):
    threads(1)
    x, w, b = (a.astype(dtype) for a in arrays(300, inputs, units))
    together = kernels.dense_forward(x, w, b, activation)
    for rows in (1, 2, 3, 4, 5, 6, 7, 13, 16, 40, 48, 49, 128, 129, 256, 257):
        few = kernels.dense_forward(x[:rows], w, b, activation)
        assert_same_bits([few], [together[:rows]], f"{rows} rows")
    if inputs == 1536:
        same_on_threads(lambda: kernels.dense_forward(x[:1], w, b, activation))


# Many rows of small layers have their own kernel, up to 15 rows use tiles; with one unit, rows of
# 4 and 8 inputs lie several to a vector.
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("inputs", "units"),
    [
        (4, 32),
        (32, 16),
        (16, 4),
        (13, 4),
        (13, 8),
        (13, 17),
        (3, 12),
        (1, 5),
        (16, 61),
        (90, 30),
        (800, 4),
        (4, 800),
        (700, 2),
        *((inputs, 1) for inputs in (1, 3, 4, 5, 8, 11, 16, 20, 32, 70)),
    ],
)
def test_many_rows_of_small_layers_have_the_bits_of_few(inputs, units, bias, dtype):
    arguments = arrays(203, inputs, units, bias=bias)
    x, w = arguments[0].astype(dtype), arguments[1].astype(dtype)
    b = arguments[2].astype(dtype) if bias else None
    dz = np.random.default_rng(6).normal(size=(203, units)).astype(dtype)
    for activation in ("linear", "relu", "tanh"):
        whole = kernels.dense_forward(x, w, b, activation)
        few = [kernels.dense_forward(x[i : i + 15], w, b, activation) for i in range(0, 203, 15)]
        assert_same_bits([np.concatenate(few)], [whole], activation)
    dx, _, _ = kernels.dense_backward(dz, x, w)
    few = [kernels.dense_backward(dz[i : i + 15], x[i : i + 15], w)[0] for i in range(0, 203, 15)]
    assert_same_bits([np.concatenate(few)], [dx], "input gradients")
    check(203, inputs, units, dtype, bias=bias)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [30, 1300])
def test_columns_do_not_depend_on_their_number(rows, dtype):
    """Few columns of a gradient are calculated as rows."""
    x, w = (a.astype(dtype) for a in arrays(rows, 13, 40, bias=False))
    dz = np.random.default_rng(4).normal(size=(rows, 40)).astype(dtype)
    _, dw, db = kernels.dense_backward(dz, x, w)
    _, added, _ = kernels.dense_backward(dz, x, w, dw.copy(), db.copy())
    for units in (2, 3, 4, 7):
        some, kernel = np.ascontiguousarray(dz[:, :units]), np.ascontiguousarray(w[:, :units])
        _, few, sums = kernels.dense_backward(some, x, kernel)
        assert_same_bits([few], [dw[:, :units]], str(units))
        _, more, _ = kernels.dense_backward(some, x, kernel, few.copy(), sums)
        assert_same_bits([more], [added[:, :units]], f"{units} added")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("rows", "inputs", "units"), [(9, 5, 7), (128, 64, 33), (0, 3, 2)])
def test_gradients_accumulate(rows, inputs, units, dtype):
    x, w = (a.astype(dtype) for a in arrays(rows, inputs, units, bias=False))
    dz = np.random.default_rng(4).normal(size=(rows, units)).astype(dtype)
    _, dw, db = kernels.dense_backward(dz, x, w)
    check_added(lambda a, c: kernels.dense_backward(dz, x, w, a, c), [dw, db], rows)
    if rows == 0:
        assert not dw.any()
        assert not db.any()


@pytest.mark.parametrize("rows", [300, 1000, 4001])
def test_many_rows_on_threads(rows):
    x, w, b = (a.astype(np.float32) for a in arrays(rows, 70, 50))
    dz = np.random.default_rng(4).normal(size=(rows, 50)).astype(np.float32)
    _, alone = same_on_threads(
        lambda: kernels.dense_forward(x, w, b, "relu"), lambda: kernels.dense_backward(dz, x, w)
    )
    for want, got in zip(
        oracle_backward(*(a.astype(float) for a in (dz, x, w))), alone, strict=True
    ):
        assert_close(got, want, rows, np.abs(want).max())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("inputs", "units"), [(32, 16), (16, 4), (4, 32), (64, 64), (64, 65), (300, 1)]
)
def test_many_rows_of_few_weights_on_threads(inputs, units, dtype):
    """Threads divide the rows, or the columns of more weights."""
    x = arrays(10_001, inputs, units)[0].astype(dtype)
    dz = np.random.default_rng(4).normal(size=(10_001, units)).astype(dtype)
    start = np.ones((inputs, units), dtype)
    (fresh, added) = same_on_threads(
        lambda: kernels.matmul(x, dz, transpose_a=True),
        lambda: kernels.matmul(x, dz, transpose_a=True, out=start.copy(), accumulate=True),
    )
    want = x.T.astype(float) @ dz.astype(float)
    size = np.abs(x.T.astype(float)) @ np.abs(dz.astype(float))
    assert_close(fresh[0], want, 10_001, size)
    assert_close(added[0], want + 1, 10_001, size + 1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch(dtype):
    plain = [a.astype(dtype) for a in arrays(17, 19, 23)]

    def by_torch():
        torch = golden.Peer("torch")
        x, w, b = (torch.tensor(a, requires_grad=True) for a in plain)
        y = torch.relu(x @ w + b)
        y.backward(torch.ones_like(y))
        return y, [x.grad, w.grad, b.grad]

    y, gradients = golden.ask(by_torch, *plain)
    z = kernels.dense_forward(*plain)
    dz = kernels.activation_backward(np.ones_like(y), z, "relu")
    tolerance = 200 * np.finfo(dtype).eps
    np.testing.assert_allclose(kernels.dense_forward(*plain, "relu"), y, atol=tolerance)
    for got, want in zip(kernels.dense_backward(dz, *plain[:2]), gradients, strict=True):
        np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def test_refused():
    x, w = np.ones((4, 3)), np.ones((3, 2))
    with pytest.raises(
        ValueError,
        match=r"kernel must have one row for each of the 3 inputs of x; got shape \(4, 2\)",
    ):
        kernels.dense_forward(x, np.ones((4, 2)))
    with pytest.raises(
        ValueError,
        match=r"dense_forward: x must have at least 2 axes \(rows, ..., inputs\); got shape \(3,\)",
    ):
        kernels.dense_forward(np.ones(3), w)
    with pytest.raises(
        ValueError,
        match=r"dense_forward: bias must have shape \(units,\) = \(2,\); got shape \(3,\)",
    ):
        kernels.dense_forward(x, w, np.ones(3))
    with pytest.raises(ValueError, match=r"dense_forward: .*unknown.*'rleu'"):
        kernels.dense_forward(x, w, activation="rleu")
    with pytest.raises(TypeError, match="dense_forward: activation must be a string; got 3"):
        kernels.dense_forward(x, w, activation=3)
    with pytest.raises(ValueError, match="at least one input and one unit"):
        kernels.dense_forward(np.ones((4, 0)), np.ones((0, 2)))
    with pytest.raises(ValueError, match="alpha must be a finite number of at least 0; got -1"):
        kernels.dense_forward(x, w, activation="elu", alpha=-1)
    with pytest.raises(ValueError, match="dkernel and dbias must be given together"):
        kernels.dense_backward(np.ones((4, 2)), x, w, np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"dz must have shape \(rows, ..., units\) = \(4, 2\)"):
        kernels.dense_backward(np.ones((4, 3)), x, w)
