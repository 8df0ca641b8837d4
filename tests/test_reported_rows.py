"""Convolutions sum, for the batch normalisations beside them, the pixels that they have finished.

In training the moments of large inputs are summed by the convolution that writes them, and the sums
of the gradient by the convolution of 1 x 1 windows, or the depthwise one, that reads the result.
The oracle is a network in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina
from harness import assert_close, assert_same_bits
from lamina import distribute, layers
from thread_proof import same_on_threads

FILTERS = 72  # rows of more than 256 bytes, and not a whole number of vectors
EPSILON, MOMENTUM = 1e-3, 0.9
PIXELS = ((0, 1, 2), (0, 1, 2))

Window = tuple[int, int, int, int]  # height, width, stride, padding before each axis


def taps(x: Any, window: Window, shape: tuple[int, ...]) -> Any:
    """Yield (row, column, pixels under that tap); pixels outside the image are 0."""
    height, width, stride, pad = window
    padded = np.pad(x, [(0, 0), (pad, height), (pad, width), (0, 0)])
    for r in range(height):
        for s in range(width):
            yield r, s, padded[:, r::stride, s::stride][:, : shape[1], : shape[2]]


def dense(x: Any, w: Any, window: Window, shape: tuple[int, ...]) -> Any:
    return sum(part @ w[r, s] for r, s, part in taps(x, window, shape))


def dense_weights(x: Any, dz: Any, window: Window) -> Any:
    dw = np.empty((*window[:2], x.shape[-1], dz.shape[-1]))
    for r, s, part in taps(x, window, dz.shape):
        dw[r, s] = np.tensordot(part, dz, PIXELS)
    return dw


def depthwise(x: Any, w: Any, window: Window, shape: tuple[int, ...]) -> Any:
    return sum(part * w[r, s, :, 0] for r, s, part in taps(x, window, shape))


def depthwise_weights(x: Any, dz: Any, window: Window) -> Any:
    dw = np.empty((*window[:2], x.shape[-1], 1))
    for r, s, part in taps(x, window, dz.shape):
        dw[r, s, :, 0] = (part * dz).sum((0, 1, 2))
    return dw


def transposed(x: Any, w: Any, window: Window, shape: tuple[int, ...]) -> Any:
    """Windows side by side: each pixel becomes a square of stride x stride pixels."""
    z = np.einsum("nijc,rsoc->nirjso", x, w, optimize=True)
    return z.reshape(shape)


def transposed_weights(x: Any, dz: Any, window: Window) -> Any:
    size = window[2]
    n, i, j, _ = x.shape
    return np.einsum("nijc,nirjso->rsoc", x, dz.reshape(n, i, size, j, size, -1), optimize=True)


# The inputs, the first convolution, how NumPy calculates it, and the images of its outputs.
Case = tuple[tuple[int, ...], Callable[[], Any], tuple[Any, Any], Window, tuple[int, int]]
PLAIN, DEPTHWISE, TRANSPOSED = (
    (dense, dense_weights),
    (depthwise, depthwise_weights),
    (transposed, transposed_weights),
)
CASES: dict[str, Case] = {
    "bands of an image": (
        (10, 60, 50, 4), lambda: layers.Conv2D(FILTERS, 1), PLAIN, (1, 1, 1, 0), (60, 50)
    ),
    "several images": (
        (115, 16, 16, 5), lambda: layers.Conv2D(FILTERS, 1, use_bias=False), PLAIN,
        (1, 1, 1, 0), (16, 16),
    ),
    "3x3": (
        (33, 30, 30, 4), lambda: layers.Conv2D(FILTERS, 3, padding="same"), PLAIN,
        (3, 3, 1, 1), (30, 30),
    ),
    "deep 3x3": (
        (33, 30, 30, 32), lambda: layers.Conv2D(FILTERS, 3, padding="same"), PLAIN,
        (3, 3, 1, 1), (30, 30),
    ),
    "rectified": (
        (33, 32, 32, 3), lambda: layers.Conv2D(FILTERS, 3, activation="relu"), PLAIN,
        (3, 3, 1, 0), (30, 30),
    ),
    "strided": (
        (119, 33, 33, 3), lambda: layers.Conv2D(FILTERS, 3, strides=2), PLAIN,
        (3, 3, 2, 0), (16, 16),
    ),
    "depthwise": (
        (33, 30, 30, FILTERS), lambda: layers.DepthwiseConv2D(3, padding="same"), DEPTHWISE,
        (3, 3, 1, 1), (30, 30),
    ),
    "transposed": (
        (115, 8, 8, 6), lambda: layers.Conv2DTranspose(FILTERS, 2, strides=2), TRANSPOSED,
        (2, 2, 2, 0), (16, 16),
    ),
}  # fmt: skip


def network(
    case: str, dtype: str, between: Callable[[Any], Any] | None = None, **options: Any
) -> lamina.Model:
    """Return a convolution, a normalisation, a rectifier and a convolution of 1 x 1 windows."""
    shape, first, *_ = CASES[case]
    lamina.set_random_seed(5)
    x = lamina.Input(shape[1:])
    z = first()(x)
    z = z if between is None else between(z)
    y = layers.BatchNormalization(
        momentum=MOMENTUM, beta_initializer="random_normal", gamma_initializer="random_normal"
    )(z)
    y = layers.Conv2D(2, 1, use_bias=False)(layers.ReLU()(y))
    model = lamina.Model(x, y, dtype=dtype)
    model.compile(lamina.optimizers.SGD(1.0), "mse")
    return model


def data(case: str, dtype: str, rows: int | None = None) -> tuple[Any, Any]:
    shape, *_, out = CASES[case]
    rng = np.random.default_rng(8)
    x = rng.standard_normal(shape) + 0.5
    wanted = rng.standard_normal((shape[0], *out, 2))
    return x[:rows].astype(dtype), wanted[:rows].astype(dtype)


def oracle(
    case: str, weights: list[Any], x: Any, wanted: Any, masked: bool = False
) -> list[tuple[Any, Any]]:
    """Return the weights after a step, each with the magnitude of the terms of its sums.

    ``masked``: pixels of zeros do not count.
    """
    _, _, (forward, backward), window, out = CASES[case]
    x, wanted, *weights = (np.asarray(a, np.float64) for a in (x, wanted, *weights))
    bias = weights.pop(1) if len(weights) == 7 else None
    w, gamma, beta, moving_mean, moving_variance, v = weights
    raw = forward(x, w, window, (len(x), *out, FILTERS))
    raw = raw if bias is None else raw + bias
    z = np.maximum(raw, 0) if case == "rectified" else raw
    kept = z.any(-1, keepdims=True) if masked else np.ones((*z.shape[:-1], 1), bool)
    count = kept.sum()
    mean = (z * kept).sum((0, 1, 2)) / count
    variance = ((z - mean) ** 2 * kept).sum((0, 1, 2)) / count
    inverse = 1 / np.sqrt(variance + EPSILON)
    normal = (z - mean) * inverse
    y = normal * gamma + beta
    h = np.maximum(y, 0)
    dout = 2 * (h @ v[0, 0] - wanted) / wanted.size
    d = (dout @ v[0, 0].T) * (y > 0)
    plain, centred = d.sum((0, 1, 2)), (d * normal).sum((0, 1, 2))
    dz = gamma * inverse * (d - kept * (plain + normal * centred) / count)
    dz = dz * (raw > 0) if case == "rectified" else dz
    steps = [(w, backward(x, dz, window), backward(np.abs(x), np.abs(dz), window))]
    if bias is not None:
        steps.append((bias, dz.sum((0, 1, 2)), np.abs(dz).sum((0, 1, 2))))
    steps.append((gamma, centred, np.abs(d * normal).sum((0, 1, 2))))
    steps.append((beta, plain, np.abs(d).sum((0, 1, 2))))
    after = [(value - step, np.abs(value) + size) for value, step, size in steps]
    for moving, batch, size in (
        (moving_mean, mean, np.abs(z).mean((0, 1, 2))),
        (moving_variance, variance, variance),
    ):
        now = MOMENTUM * moving + (1 - MOMENTUM) * batch
        after.append((now, np.abs(now) + size))
    dv = np.tensordot(h, dout, PIXELS)[None, None]
    after.append((v - dv, np.abs(v) + np.tensordot(h, np.abs(dout), PIXELS)))
    return after


def step_of(model: lamina.Model, x: Any, wanted: Any) -> tuple[Any, ...]:
    model.train_on_batch(x, wanted)
    return tuple(model.get_weights())


def check_step(case: str, model: lamina.Model, x: Any, wanted: Any, masked: bool = False) -> None:
    """Compare a step of the model with NumPy's."""
    expected = oracle(case, model.get_weights(), x, wanted, masked)
    pixels = wanted.size // wanted.shape[-1]
    for got, (want, size) in zip(step_of(model, x, wanted), expected, strict=True):
        assert_close(got, want, reduction=pixels, magnitude=size, what=case)


def arrays(model: lamina.Model, x: Any, wanted: Any) -> dict[str, float]:
    """Return how many arrays of its size the normalisation reads and writes in each pass."""
    size = x[..., 0].size * FILTERS * x.itemsize / 1e6
    profile = lamina.profile(model, x, wanted, batch_size=len(x), repeats=1)
    return {row.phase: row.mb / size for row in profile.rows if "batch_norm" in row.operation}


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("case", CASES)
def test_a_step_is_that_of_numpy(case: str) -> None:
    check_step(case, network(case, "float32"), *data(case, "float32"))


@pytest.mark.parametrize("case", ["bands of an image", "deep 3x3", "depthwise", "transposed"])
def test_a_step_in_float64(case: str) -> None:
    check_step(case, network(case, "float64"), *data(case, "float64"))


@pytest.mark.parametrize("case", CASES)
def test_no_bit_depends_on_the_threads(case: str) -> None:
    x, wanted = data(case, "float32")
    same_on_threads(
        lambda: step_of(network(case, "float32"), x, wanted), what=case, counts=(2, 3, 16)
    )


def test_values_whose_squares_overflow() -> None:
    """The variance of a column fits the type, but the sum of squares of a part does not."""
    case = "bands of an image"
    model = network(case, "float32")
    weights = model.get_weights()
    weights[0][..., 3] *= 5e18
    model.set_weights(weights)
    check_step(case, model, *data(case, "float32"))


def test_masked_pixels_do_not_count() -> None:
    case = "several images"
    x, wanted = data(case, "float32")
    x[:, :5] = 0
    model = network(case, "float32", layers.Masking())
    assert arrays(model, x, wanted) == pytest.approx({"forward": 3, "backward": 5})
    check_step(case, network(case, "float32", layers.Masking()), x, wanted, masked=True)


def test_the_last_batch_is_smaller() -> None:
    case = "several images"
    x, wanted = (np.concatenate([a, a[:60]]) for a in data(case, "float32"))
    together, apart = network(case, "float32"), network(case, "float32")
    together.fit(x, wanted, batch_size=115, shuffle=False, verbose=0)
    for rows in (slice(0, 115), slice(115, None)):
        step_of(apart, x[rows], wanted[rows])
    assert_same_bits(together.get_weights(), apart.get_weights(), case)


def test_the_inputs_of_a_frozen_convolution() -> None:
    """Nothing reads them later, but what is reported must not be written over them."""
    shape = (33, 30, 30, FILTERS + 40)  # larger than all other arrays
    rng = np.random.default_rng(3)
    x = rng.standard_normal(shape, dtype="float32")
    wanted = rng.standard_normal((*shape[:-1], 2), dtype="float32")

    def step(trainable: bool) -> tuple[Any, ...]:
        lamina.set_random_seed(5)
        inputs = lamina.Input(shape[1:])
        z = layers.Conv2D(FILTERS, 1, trainable=trainable)(layers.ReLU()(inputs))
        y = layers.Conv2D(2, 1)(layers.ReLU()(layers.BatchNormalization()(z)))
        model = lamina.Model(inputs, y)
        model.compile(lamina.optimizers.SGD(1.0), "mse")
        step_of(model, x, wanted)
        return tuple(w.numpy() for layer in model.layers[3:] for w in layer.weights)

    assert_same_bits(step(False), step(True), "frozen")


def test_a_depthwise_convolution_behind() -> None:
    """The twin has a second reader of the normalised values, so that nothing is reported."""
    x, wanted = data("several images", "float32")

    def model(twin: bool) -> lamina.Model:
        lamina.set_random_seed(5)
        inputs = lamina.Input(x.shape[1:])
        y = layers.BatchNormalization(beta_initializer="random_normal")(
            layers.Conv2D(FILTERS, 1)(inputs)
        )
        h = layers.ReLU()(y)
        z = layers.DepthwiseConv2D(3, padding="same")(h)
        z = layers.Add()([z, layers.Rescaling(0.0)(h)]) if twin else z
        made = lamina.Model(inputs, layers.Conv2D(2, 1)(z))
        made.compile(lamina.optimizers.SGD(1.0), "mse")
        return made

    assert arrays(model(False), x, wanted)["backward"] == pytest.approx(3)
    assert arrays(model(True), x, wanted)["backward"] > 4
    alone, twin = model(False), model(True)
    twin.set_weights(alone.get_weights())
    for got, want in zip(step_of(alone, x, wanted), step_of(twin, x, wanted), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    same_on_threads(lambda: step_of(model(False), x, wanted), counts=(2, 3))


@pytest.mark.parametrize("view", [(6000, 36), (60, 3600), (3000, 72), None])
def test_a_view_before_the_normalisation(view: tuple[int, int] | None) -> None:
    """Its columns are those of the view; the twin's convolution has a pass behind it."""
    case = "bands of an image"
    x, wanted = data(case, "float32")
    reshape = layers.Flatten() if view is None else layers.Reshape(view)
    after: list[Any] = []
    before: list[Any] = []
    for apart in (False, True):
        lamina.set_random_seed(5)
        inputs = lamina.Input(x.shape[1:])
        z = layers.Conv2D(FILTERS, 1)(inputs)
        z = layers.Rescaling(1.0)(z) if apart else z
        y = layers.BatchNormalization()(reshape(z))
        model = lamina.Model(inputs, layers.Reshape((60, 50, FILTERS))(layers.ReLU()(y)))
        model.compile(lamina.optimizers.SGD(1.0), "mse")
        model.set_weights(before or model.get_weights())
        before = model.get_weights()
        after.append(step_of(model, x, np.repeat(wanted, FILTERS // 2, -1)))
    for got, want in zip(*after, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("view", [(48, 60, 75), (30, 100, FILTERS)])
def test_a_view_behind_the_normalisation(view: tuple[int, int, int]) -> None:
    case = "bands of an image"
    x, wanted = data(case, "float32")
    after: list[Any] = []
    before: list[Any] = []
    for apart in (False, True):
        lamina.set_random_seed(5)
        inputs = lamina.Input(x.shape[1:])
        y = layers.BatchNormalization()(layers.Conv2D(FILTERS, 1)(inputs))
        y = layers.Reshape(view)(layers.ReLU()(y))
        y = layers.Rescaling(1.0)(y) if apart else y
        model = lamina.Model(inputs, layers.Conv2D(2, 1)(y))
        model.compile(lamina.optimizers.SGD(1.0), "mse")
        model.set_weights(before or model.get_weights())
        before = model.get_weights()
        after.append(step_of(model, x, wanted.reshape(len(x), -1)[:, : view[0] * view[1] * 2]
                             .reshape(len(x), *view[:2], 2)))  # fmt: skip
    for got, want in zip(*after, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


def test_slices_of_a_batch() -> None:
    """Each slice has its own moments, and the step is the mean of theirs."""
    case = "several images"
    x, wanted = data(case, "float32")
    pairs = [(x, wanted), (2 * x[::-1], wanted[::-1])]
    steps = [step_of(network(case, "float32"), *pair) for pair in pairs]
    model = network(case, "float32")
    both = [np.concatenate(each) for each in zip(*pairs, strict=True)]
    parallel = distribute.DataParallel(model, comm=None, slices=2)
    parallel.fit(*both, batch_size=len(both[0]), shuffle=False, verbose=0)
    for got, *each in zip(model.get_weights(), *steps, strict=True):
        np.testing.assert_allclose(got, np.mean(each, axis=0), rtol=1e-5, atol=1e-7)


def test_rows_are_reported_in_convolutions() -> None:
    """Who is told of its pixels reads x once, forward and backward, and dy once."""
    case = "bands of an image"
    x, wanted = data(case, "float32")
    model = network(case, "float32")
    assert arrays(model, x, wanted) == pytest.approx({"forward": 2, "backward": 3})
    # With another reader the gradient is a sum of two.
    zeros = np.zeros_like(wanted)
    for layer, backward in ((model.layers[1], 3), (model.layers[3], 5)):
        other = layers.Conv2D(2, 1)(layer.output)
        two = lamina.Model(model.inputs, [model.outputs[0], other])
        two.compile("sgd", "mse")
        got = arrays(two, x, [wanted, zeros])
        assert got == pytest.approx({"forward": 2, "backward": backward})
