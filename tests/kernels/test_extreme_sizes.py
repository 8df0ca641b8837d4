"""Rows far wider than a chunk: vocabularies, flattened pictures, long series."""

import numpy as np
import pytest

from harness import DTYPES, assert_close
from lamina import kernels
from thread_proof import same_on_threads

# Around the elements of one chunk, around 16 bits, and a million.
WIDTHS = (2**14 - 1, 2**14, 2**14 + 1, 2**16 - 1, 2**16 + 1, 2**20)
EPSILON = 1e-7  # Keras's backend.epsilon()


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def log_softmax(z):
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def by_element(value, slope):
    """Return the mean of a function over the columns, and its gradient."""
    return (
        lambda t, p: value(t, p).mean(-1),
        lambda t, p: slope(t, p) / p.shape[-1],
    )


def of_probabilities(t, p):
    total = p.sum(-1, keepdims=True)
    q = p / total
    inside = np.where((q > EPSILON) & (q < 1 - EPSILON), t, 0.0)
    return (inside.sum(-1, keepdims=True) - inside / q) / total


SETTINGS = {
    "mean_squared_error": (
        "signal",
        *by_element(lambda t, p: (p - t) ** 2, lambda t, p: 2 * (p - t)),
    ),
    "mean_absolute_error": (
        "signal",
        *by_element(lambda t, p: np.abs(p - t), lambda t, p: np.sign(p - t)),
    ),
    "huber": (
        "signal",
        *by_element(
            lambda t, p: np.where(np.abs(p - t) <= 1, 0.5 * (p - t) ** 2, np.abs(p - t) - 0.5),
            lambda t, p: np.clip(p - t, -1, 1),
        ),
    ),
    "binary_crossentropy": (
        "sides",
        *by_element(
            lambda t, p: -(t * np.log(p) + (1 - t) * np.log(1 - p)),
            lambda t, p: (p - t) / (p * (1 - p)),
        ),
    ),
    "binary_crossentropy from logits": (
        "sides",
        *by_element(
            lambda t, z: np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z))),
            lambda t, z: 1 / (1 + np.exp(-z)) - t,
        ),
    ),
    "categorical_crossentropy": (
        "classes",
        lambda t, p: -(t * np.log(np.clip(p / p.sum(-1, keepdims=True), EPSILON, 1))).sum(-1),
        of_probabilities,
    ),
    "categorical_crossentropy from logits": (
        "classes",
        lambda t, z: -(t * log_softmax(z)).sum(-1),
        lambda t, z: softmax(z) - t,
    ),
}


def inputs(kind, columns, dtype, rows=3):
    rng = np.random.default_rng(columns)
    targets = SETTINGS[kind][0]
    if kind.endswith("logits") or targets == "signal":
        p = rng.normal(size=(rows, columns))
    else:
        p = rng.uniform(0.1, 0.9, (rows, columns))
    labels = rng.integers(0, columns, rows)
    labels[0] = columns - 1
    if targets == "classes":
        t = (np.arange(columns) == labels[:, None]).astype(float)
    elif targets == "sides":
        t = rng.integers(0, 2, (rows, columns)).astype(float)
    else:
        t = rng.normal(size=(rows, columns))
    return t.astype(dtype), p.astype(dtype), labels


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("kind", SETTINGS)
def test_losses(kind, columns):
    """A row's sums are taken in blocks: their error does not grow with the width."""
    for dtype in DTYPES if columns == 2**14 + 1 else DTYPES[:1]:
        t, p, labels = inputs(kind, columns, dtype, rows=3 if columns < 2**20 else 1)
        _, law, slope = SETTINGS[kind]
        name, logits = kind.split(" ")[0], kind.endswith("logits")
        exact = t.astype(float), p.astype(float)
        weight = np.linspace(0.5, 1.5, len(t)).astype(dtype)
        with_class = {name: t}
        if SETTINGS[kind][0] == "classes":
            with_class[f"sparse_{name}"] = labels[: len(t)]
        for loss, target in with_class.items():
            got = kernels.loss_forward(loss, target, p, from_logits=logits)
            assert_close(got, law(*exact), 100, what=f"{loss}, {dtype}")
            got = kernels.loss_backward(loss, target, p, weight, from_logits=logits)
            want = slope(*exact) * weight[:, None].astype(float)
            assert_close(got, want, 100, np.abs(want).max(), 4.0, f"{loss}'s gradient, {dtype}")


def test_losses_of_wide_rows_on_threads():
    for kind in ("mean_squared_error", "categorical_crossentropy from logits"):
        t, p, _ = inputs(kind, 2**14 + 1, "float32", rows=12)
        name, logits = kind.split(" ")[0], kind.endswith("logits")
        same_on_threads(
            lambda name=name, logits=logits, t=t, p=p: kernels.loss_forward(
                name, t, p, from_logits=logits
            ),
            lambda name=name, logits=logits, t=t, p=p: kernels.loss_backward(
                name, t, p, from_logits=logits
            ),
            what=kind,
        )


@pytest.mark.parametrize("columns", [2**14 + 1, 2**16 + 1])
def test_other_kernels_of_rows(columns):
    rng = np.random.default_rng(columns)
    x, dy = rng.normal(size=(2, 3, columns))
    small, slope = x.astype(np.float32), dy.astype(np.float32)
    x, dy = small.astype(float), slope.astype(float)
    gamma = np.abs(slope[0]) + np.float32(0.5)
    size = np.abs(x).max()

    y = softmax(x)
    assert_close(kernels.softmax_forward(small), y, 100, what="softmax")
    assert_close(kernels.log_softmax_forward(small), log_softmax(x), 10, what="log_softmax")

    mean, std = x.mean(-1, keepdims=True), np.sqrt(x.var(-1, keepdims=True) + 1e-3)
    got, kept, inverse = kernels.layer_norm_forward(small, gamma)
    assert_close(got, (x - mean) / std * gamma, 100, size * gamma, what="layer_norm")
    g, normal = dy * gamma, (x - mean) / std
    want = (g - g.mean(-1, keepdims=True) - normal * (g * normal).mean(-1, keepdims=True)) / std
    got = kernels.layer_norm_backward(slope, small, kept, inverse, gamma)[0]
    assert_close(got, want, 100, np.abs(g).max(), what="layer_norm's gradient")

    assert_close(kernels.prelu_forward(small, gamma), np.where(x > 0, x, gamma * x), what="prelu")
    got = kernels.prelu_backward(slope, small, gamma)[1]
    assert_close(got, np.where(x > 0, 0, dy * x).sum(0), 3, size**2, what="prelu's slopes")
    got = kernels.normalize_forward(small, gamma, gamma)
    assert_close(got, (x - gamma) / gamma, 1, size, 2.0, what="normalize")
    np.testing.assert_array_equal(kernels.gather_rows(small, [2, 0]), small[[2, 0]])
    np.testing.assert_array_equal(kernels.embedding_forward(small, [2, 0]), small[[2, 0]])
    unit = x / np.linalg.norm(x, axis=-1, keepdims=True)
    other = dy / np.linalg.norm(dy, axis=-1, keepdims=True)
    got = kernels.dot_forward(small, slope, normalize=True)
    assert_close(got[:, 0], (unit * other).sum(-1), 100, 0.1, what="cosine")


@pytest.mark.parametrize("columns", [1, 2])
def test_many_rows(columns):
    rng = np.random.default_rng(columns)
    x = rng.normal(size=(2**20, columns)).astype(np.float32)
    t = rng.normal(size=x.shape).astype(np.float32)
    exact = x.astype(float), t.astype(float)
    got = kernels.loss_forward("mean_squared_error", t, x)
    assert_close(got, ((exact[0] - exact[1]) ** 2).mean(-1), 4, 1.0, what="mean_squared_error")
    _, mean, variance = kernels.batch_norm_forward(x)
    assert_close(mean, exact[0].mean(0), 2**14, 1.0, what="mean")
    assert_close(variance, exact[0].var(0), 2**14, what="variance")
    state = kernels.metric_state("mean_squared_error")
    kernels.metric_update("mean_squared_error", state, t, x)
    np.testing.assert_allclose(state[0] / state[1], ((exact[0] - exact[1]) ** 2).mean(), rtol=1e-12)


def test_tables_and_columns_without_elements():
    none, bare = np.zeros(0, int), np.ones((2, 0))
    assert kernels.embedding_forward(np.ones((0, 3)), none).shape == (0, 3)
    assert kernels.embedding_forward(np.ones((4, 0)), [1, 3]).shape == (2, 0)
    with pytest.raises(ValueError, match=r"ids must lie in \[0, 4\)"):
        kernels.embedding_forward(np.ones((4, 0)), [1, 4])
    assert kernels.embedding_backward(np.ones((0, 3)), none, 0).shape == (0, 3)
    assert kernels.embedding_backward(bare, [1, 3], 4).shape == (4, 0)
    assert not kernels.embedding_backward(np.ones((0, 3)), none, 4).any()
    assert kernels.normalize_forward(bare, none, none).shape == (2, 0)
    assert kernels.normalize_backward(bare, np.ones(0)).shape == (2, 0)
    moments = kernels.batch_norm_forward(bare, np.ones(0))[1:]
    assert [m.shape for m in moments] == [(0,), (0,)]
    gradients = kernels.batch_norm_backward(bare, bare, *moments)
    assert [g.shape for g in gradients] == [(2, 0), (0,), (0,)]
