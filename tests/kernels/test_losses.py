"""Losses: formulas, derivatives, fused logits at extreme values."""

from functools import partial

import numpy as np
import pytest

import golden
from harness import DTYPES, ODD_SIZES, assert_close, assert_same_bits, check_kernel
from kernels.test_activations import softplus
from kernels.test_softmax import log_softmax, softmax
from lamina import kernels
from thread_proof import same_on_threads

EPSILON = 1e-7  # Keras's backend.epsilon()


def mean(values):
    return values.mean(axis=-1)


def mse(t, p):
    return mean((p - t) ** 2)


def mae(t, p):
    return mean(np.abs(p - t))


def huber(t, p, delta=1.0):
    r = np.abs(p - t)
    return mean(np.where(r <= delta, 0.5 * r * r, delta * r - 0.5 * delta * delta))


def binary(t, p, smoothing=0.0):
    t = t * (1 - smoothing) + smoothing / 2
    p = np.clip(p, EPSILON, 1 - EPSILON)
    return mean(-(t * np.log(p) + (1 - t) * np.log(1 - p)))


def binary_logits(t, z, smoothing=0.0):
    t = t * (1 - smoothing) + smoothing / 2
    return mean(np.maximum(z, 0) - t * z + softplus(-np.abs(z)))


def categorical(t, p, smoothing=0.0):
    t = t * (1 - smoothing) + smoothing / t.shape[-1]
    p = np.clip(p / p.sum(axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
    return -(t * np.log(p)).sum(axis=-1)


def categorical_logits(t, z, smoothing=0.0):
    t = t * (1 - smoothing) + smoothing / t.shape[-1]
    return -(t * log_softmax(z)).sum(axis=-1)


def one_hot(labels, classes):
    return np.eye(classes)[labels]


ORACLES = {
    ("mean_squared_error", False): mse,
    ("mean_absolute_error", False): mae,
    ("huber", False): huber,
    ("binary_crossentropy", False): binary,
    ("binary_crossentropy", True): binary_logits,
    ("categorical_crossentropy", False): categorical,
    ("categorical_crossentropy", True): categorical_logits,
}
CASES = sorted(ORACLES)


def data(kind, from_logits, shape, seed=3):
    rng = np.random.default_rng(seed)
    if kind.startswith("categorical"):
        z = rng.normal(size=shape, scale=2)
        t = one_hot(rng.integers(shape[-1], size=shape[:-1]), shape[-1])
        return t, (z if from_logits else rng.uniform(0.3, 1, shape))
    if kind == "binary_crossentropy":
        z = rng.normal(size=shape, scale=2)
        return (rng.random(shape) < 0.5).astype(float), (
            z if from_logits else rng.uniform(0.2, 0.8, shape)
        )
    t = rng.normal(size=shape, scale=2)
    gap = rng.uniform(0.05, 0.9, shape) + (rng.random(shape) < 0.4) * 1.2  # off every kink
    return t, t + gap * rng.choice([-1, 1], shape)


def check(kind, from_logits, shape, dtype, **settings):
    t, p = data(kind, from_logits, shape)
    oracle = ORACLES[kind, from_logits]
    named = {"smoothing": settings["label_smoothing"]} if "label_smoothing" in settings else {}
    named |= {"delta": settings["delta"]} if "delta" in settings else {}
    settings["from_logits"] = from_logits
    wide = kind.startswith("categorical")
    rng = np.random.default_rng(10)
    weight = rng.normal(size=shape[:-1])
    check_kernel(
        lambda p, t: kernels.loss_forward(kind, t, p, **settings),
        lambda p, t: oracle(t, p, **named),
        [p, t],
        dtype,
        backward=lambda dy, p, t: kernels.loss_backward(kind, t, p, dy, **settings),
        # terms of both signs and probabilities near 1 round at the size of the inputs
        magnitude=lambda p, t: 2 + (np.abs(p).sum(-1) if wide else np.abs(p).max(-1) ** 2),
        reduction=shape[-1],
        factor=2.0,
    )
    # All ones for dloss, and a row's gradient scales with its dloss.
    t, p, weight = (a.astype(dtype) for a in (t, p, weight))
    ones = kernels.loss_backward(kind, t, p, **settings)
    scaled = kernels.loss_backward(kind, t, p, weight, **settings)
    want = ones.astype(float) * weight[..., None]
    assert_close(scaled, want, 1, np.abs(want).max(initial=0), 4.0, "dloss")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("kind", "from_logits"), CASES)
def test_law(kind, from_logits, dtype):
    for shape in [
        (0, 3),
        (1, 1),
        (7, 1),
        (5, 2),
        (33, 10),
        (9, 24),
        (9, 25),
        (6, 100),
        (2, 3, 4),
        (5,),
    ]:
        check(kind, from_logits, shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", ODD_SIZES)
def test_odd_sizes(size, dtype):
    for kind, from_logits in CASES:
        check(kind, from_logits, (5, size), dtype)
        check(kind, from_logits, (size, 4), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_settings(dtype):
    for from_logits in (False, True):
        for kind in ("binary_crossentropy", "categorical_crossentropy"):
            check(kind, from_logits, (9, 6), dtype, label_smoothing=0.1)
            check(kind, from_logits, (9, 30), dtype, label_smoothing=0.3)
    check("huber", False, (9, 6), dtype, delta=0.5)
    check("huber", False, (9, 60), dtype, delta=3.0)


# --- sparse labels: the categorical loss of the one-hot row


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (17, 2), (33, 10), (9, 24), (9, 25), (3, 5, 70)])
def test_sparse(shape, from_logits, dtype):
    kind = "sparse_categorical_crossentropy"
    _, p = data("categorical_crossentropy", from_logits, shape)
    labels = np.random.default_rng(4).integers(shape[-1], size=shape[:-1])
    oracle = categorical_logits if from_logits else categorical
    check_kernel(
        lambda p, t: kernels.loss_forward(kind, t, p, from_logits=from_logits),
        lambda p, t: oracle(one_hot(t, shape[-1]), p),
        [p, labels],
        dtype,
        backward=lambda dy, p, t: kernels.loss_backward(kind, t, p, dy, from_logits=from_logits),
        magnitude=lambda p, t: 2 + np.abs(p).sum(-1),
        reduction=shape[-1],
        factor=2.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [3, 24, 25, 60])
def test_sparse_from_logits_is_softmax_minus_one_hot(classes, dtype):
    z = np.random.default_rng(4).normal(size=(20, classes)).astype(dtype)
    labels = np.arange(20) % classes
    got = kernels.loss_backward("sparse_categorical_crossentropy", labels, z, from_logits=True)
    want = softmax(z.astype(float)) - one_hot(labels, classes)
    assert_close(got, want, classes, 1.0)


# --- extremes


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1e4, 1e30])
@pytest.mark.parametrize("classes", [2, 40])
def test_extreme_logits_of_classes(size, classes, dtype):
    z = np.zeros((4, classes), dtype)
    z[0, 0], z[1, 1], z[2], z[3] = size, size, size, -size
    z[3, 1] = size
    large = float(dtype_value(size, dtype))
    want = [0, large, np.log(classes), 2 * large]
    labels = np.zeros(4, int)
    for kind, truth in [
        ("sparse_categorical_crossentropy", labels),
        ("categorical_crossentropy", one_hot(labels, classes).astype(dtype)),
    ]:
        loss = kernels.loss_forward(kind, truth, z, from_logits=True)
        np.testing.assert_allclose(loss, want, rtol=1e-6 if dtype == "float32" else 1e-14)
        gradient = kernels.loss_backward(kind, truth, z, from_logits=True)
        exact = np.zeros((4, classes))
        exact[1, :2] = exact[3, :2] = [-1, 1]
        exact[2] = 1 / classes - one_hot(0, classes)
        np.testing.assert_allclose(gradient, exact, atol=1e-6)


def dtype_value(value, dtype):
    return np.array(value, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1e4, 1e30])
def test_extreme_logits_of_two_sides(size, dtype):
    z = np.array([[size], [-size], [size], [-size], [0]], dtype)
    t = np.array([[1], [0], [0], [1], [1]], dtype)
    large = float(dtype_value(size, dtype))
    loss = kernels.loss_forward("binary_crossentropy", t, z, from_logits=True)
    np.testing.assert_allclose(loss, [0, 0, large, large, np.log(2)], rtol=1e-6)
    gradient = kernels.loss_backward("binary_crossentropy", t, z, from_logits=True)
    np.testing.assert_allclose(gradient.ravel(), [0, 0, 1, -1, -0.5], atol=1e-7)


@pytest.mark.parametrize("dtype", DTYPES)
def test_probabilities_of_zero_and_one_are_kept_off_the_logarithm(dtype):
    p = np.array([[0.0, 1.0]], dtype)
    # 1 - EPSILON and its complement as the dtype holds them
    inner = 1 - float(dtype_value(1, dtype) - dtype_value(1 - EPSILON, dtype))
    want = -(np.log(EPSILON) + np.log(1 - inner)) / 2
    loss = kernels.loss_forward("binary_crossentropy", p[:, ::-1], p)
    np.testing.assert_allclose(loss, [want], rtol=1e-6)
    assert np.isfinite(kernels.loss_backward("binary_crossentropy", p[:, ::-1], p)).all()
    for kind, truth in [
        ("categorical_crossentropy", p[:, ::-1]),
        ("sparse_categorical_crossentropy", [0]),
    ]:
        np.testing.assert_allclose(
            kernels.loss_forward(kind, truth, p), [-np.log(EPSILON)], rtol=1e-6
        )
        assert np.isfinite(kernels.loss_backward(kind, truth, p)).all()


def test_nan_is_not_swallowed():
    p = np.array([[np.nan, 0.5]])
    t = np.array([[1.0, 0.0]])
    for kind, from_logits in CASES:
        assert np.isnan(kernels.loss_forward(kind, t, p, from_logits=from_logits)).all(), kind


# --- rows, threads, peers


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [1, 3, 24, 25, 90])
def test_rows_do_not_depend_on_the_batch(columns, dtype):
    for kind, from_logits in CASES:
        t, p = (a.astype(dtype) for a in data(kind, from_logits, (70, columns)))
        loss = kernels.loss_forward(kind, t, p, from_logits=from_logits)
        slope = kernels.loss_backward(kind, t, p, from_logits=from_logits)
        for rows in (1, 5, 16, 69):
            part = t[:rows], p[:rows]
            got = kernels.loss_forward(kind, *part, from_logits=from_logits)
            assert_same_bits([got], [loss[:rows]], f"{kind} {rows}")
            got = kernels.loss_backward(kind, *part, from_logits=from_logits)
            assert_same_bits([got], [slope[:rows]], f"{kind} {rows}")


@pytest.mark.parametrize("columns", [1, 10, 100])
def test_many_rows_on_threads(columns):
    for kind, from_logits in CASES:
        shape = (100_000 // columns, columns)
        t, p = (a.astype(np.float32) for a in data(kind, from_logits, shape))
        same_on_threads(
            partial(kernels.loss_forward, kind, t, p, from_logits=from_logits),
            partial(kernels.loss_backward, kind, t, p, from_logits=from_logits),
            what=kind,
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch(dtype):
    rng = np.random.default_rng(5)
    p, t = rng.normal(size=(11, 7)).astype(dtype), rng.random((11, 7)).astype(dtype)
    labels = rng.integers(7, size=11)

    def by_torch(law, truth):
        torch = golden.Peer("torch")
        z = torch.tensor(p, requires_grad=True)
        loss = law(torch.nn.functional, z, torch.tensor(truth))
        return loss, *torch.autograd.grad(loss.sum(), z)

    for name, settings, truth, law in [
        ("binary_crossentropy", {"from_logits": True}, t,
         lambda f, z, t: f.binary_cross_entropy_with_logits(z, t, reduction="none").mean(-1)),
        ("sparse_categorical_crossentropy", {"from_logits": True}, labels,
         lambda f, z, t: f.cross_entropy(z, t, reduction="none")),
        ("huber", {"delta": 0.7}, t,
         lambda f, z, t: f.huber_loss(z, t, reduction="none", delta=0.7).mean(-1)),
        ("mean_squared_error", {}, t,
         lambda f, z, t: f.mse_loss(z, t, reduction="none").mean(-1)),
    ]:  # fmt: skip
        loss, slope = golden.ask(partial(by_torch, law, truth), name, p, truth)
        atol = 50 * np.finfo(dtype).eps
        got = kernels.loss_forward(name, truth, p, **settings)
        np.testing.assert_allclose(got, loss, atol=atol, rtol=atol)
        got = kernels.loss_backward(name, truth, p, **settings)
        np.testing.assert_allclose(got, slope, atol=atol, rtol=atol)


def test_refused():
    p = np.full((2, 3), 1 / 3)
    sparse = "sparse_categorical_crossentropy"
    with pytest.raises(
        ValueError,
        match=r"loss_forward: y_true must lie in \[0, 3\), the classes; got 3 at position 1",
    ):
        kernels.loss_forward(sparse, [0, 3], p)
    with pytest.raises(ValueError, match="got -1 at position 0"):
        kernels.loss_backward(sparse, [-1, 0], p)
    with pytest.raises(TypeError, match="y_true must hold integers; got dtype float64"):
        kernels.loss_forward(sparse, [0.0, 1.0], p)
    with pytest.raises(
        ValueError, match=r"y_true must have shape \(...,\) = \(2,\); got shape \(2, 1\)"
    ):
        kernels.loss_forward(sparse, [[0], [1]], p)
    with pytest.raises(
        ValueError, match=r"y_true must have shape of y_pred = \(2, 3\); got shape \(2,\)"
    ):
        kernels.loss_forward("huber", [0, 1], p)
    with pytest.raises(ValueError, match=r"unknown name 'mean_square_error'.*sparse_categorical"):
        kernels.loss_forward("mean_square_error", p, p)
    with pytest.raises(ValueError, match="from_logits is for the crossentropies; got kind 'huber'"):
        kernels.loss_forward("huber", p, p, from_logits=True)
    with pytest.raises(
        ValueError, match=r"label_smoothing is for .*; got kind 'sparse_categorical"
    ):
        kernels.loss_forward(sparse, [0, 1], p, label_smoothing=0.1)
    with pytest.raises(ValueError, match=r"label_smoothing must lie in \[0, 1\]; got 1.5"):
        kernels.loss_forward("categorical_crossentropy", p, p, label_smoothing=1.5)
    with pytest.raises(ValueError, match="delta must be a finite number of at least 0; got nan"):
        kernels.loss_forward("huber", p, p, delta=float("nan"))
    with pytest.raises(
        ValueError, match=r"dloss must have shape \(...,\) = \(2,\); got shape \(3,\)"
    ):
        kernels.loss_backward("huber", p, p, np.ones(3))
    with pytest.raises(ValueError, match="y_pred must have at least one column"):
        kernels.loss_forward("huber", np.ones((2, 0)), np.ones((2, 0)))
    with pytest.raises(TypeError, match="got y_pred of float64 and y_true of float32"):
        kernels.loss_forward("huber", p.astype(np.float32), p)
