"""Convolution layers against plain NumPy, with the checks for all layers."""

import itertools

import numpy as np
import pytest

import lamina
from lamina import layers, ops, runtime
from lamina.layers import Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D
from layer_harness import _built, _Replay, check_layer
from thread_proof import assert_on_threads, assert_step_on_threads

RNG = np.random.default_rng(80)


def pads(size, taps, stride, dilation, padding):
    """Return the cells of zeros before and after an axis, by Keras's rule."""
    span = (taps - 1) * dilation + 1
    if padding == "causal":
        return span - 1, 0
    if padding == "valid":
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + span - size, 0)
    return total // 2, total - total // 2


def conv2d(
    x, kernel, bias=0.0, strides=(1, 1), padding=("valid", "valid"), dilation=(1, 1), groups=1
):
    """Return the cross-correlation, window by window."""
    taps = kernel.shape[:2]
    around = [pads(x.shape[1 + a], taps[a], strides[a], dilation[a], padding[a]) for a in (0, 1)]
    x = np.pad(x, ((0, 0), *around, (0, 0)))
    spans = [(t - 1) * d + 1 for t, d in zip(taps, dilation, strict=True)]
    counts = [(x.shape[1 + a] - spans[a]) // strides[a] + 1 for a in (0, 1)]
    filters, channels = kernel.shape[3] // groups, kernel.shape[2]
    y = np.zeros((len(x), *counts, kernel.shape[3]))
    for g, r, s in itertools.product(range(groups), range(taps[0]), range(taps[1])):
        top, left = r * dilation[0], s * dilation[1]
        cells = x[
            :,
            top : top + (counts[0] - 1) * strides[0] + 1 : strides[0],
            left : left + (counts[1] - 1) * strides[1] + 1 : strides[1],
            g * channels : (g + 1) * channels,
        ]
        out = slice(g * filters, (g + 1) * filters)
        y[..., out] += cells @ kernel[r, s, :, out]
    return y + bias


@pytest.mark.parametrize(
    ("kernel", "strides", "padding", "dilation", "groups"),
    [
        ((3, 3), (1, 1), "valid", (1, 1), 1),
        ((3, 2), (2, 1), "same", (1, 1), 1),
        ((2, 3), (1, 1), "same", (2, 1), 2),
        ((2, 2), (2, 3), "valid", (1, 2), 4),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_conv2d(kernel, strides, padding, dilation, groups, dtype):
    check_layer(
        lambda **base: Conv2D(
            8, kernel, strides, padding, dilation_rate=dilation, groups=groups, **base
        ),
        (7, 8, 4),
        lambda x, w, b: conv2d(x, w, b, strides, (padding,) * 2, dilation, groups),
        dtype=dtype,
        reduction=kernel[0] * kernel[1] * 4,
        magnitude=40.0,
        refused=[(np.zeros((32, 28, 28)), ValueError, "needs 4 axes (batch, height, width, chan")],
    )


@pytest.mark.parametrize(
    ("size", "stride", "padding", "dilation", "groups"),
    [(3, 1, "valid", 1, 1), (2, 2, "same", 1, 2), (3, 1, "causal", 2, 1)],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_conv1d(size, stride, padding, dilation, groups, dtype):
    check_layer(
        lambda **base: Conv1D(
            6, size, stride, padding, dilation_rate=dilation, groups=groups, **base
        ),
        (9, 4),
        lambda x, w, b: conv2d(
            x[:, None], w[None], b, (1, stride), ("valid", padding), (1, dilation), groups
        )[:, 0],
        dtype=dtype,
        reduction=size * 4,
        magnitude=20.0,
        refused=[(np.zeros((5, 9)), ValueError, "needs 3 axes (batch, steps, channels)")],
    )


def test_depthwise_conv2d():
    check_layer(
        lambda **base: DepthwiseConv2D((3, 2), 2, "same", depth_multiplier=2, **base),
        (6, 5, 3),
        lambda x, w, b: conv2d(x, w.reshape(3, 2, 1, 6), b, (2, 2), ("same", "same"), groups=3),
        dtype="float64",
        reduction=6,
        magnitude=10.0,
        refused=[(np.zeros((3, 6, 5)), ValueError, "needs 4 axes")],
    )


def test_separable_conv2d():
    check_layer(
        lambda **base: SeparableConv2D(4, 3, depth_multiplier=2, **base),
        (6, 5, 3),
        lambda x, w, v, b: conv2d(conv2d(x, w.reshape(3, 3, 1, 6), groups=3), v, b),
        dtype="float64",
        reduction=54,
        magnitude=100.0,
        refused=[(np.zeros((3, 6, 5)), ValueError, "needs 4 axes")],
    )


def test_conv2d_transpose():
    def spread(x, w, b):
        y = np.zeros((len(x), 2 * 4 + 3, 2 * 3 + 2, 4)) + b
        for r, s in itertools.product(range(3), range(2)):
            y[:, r : r + 9 : 2, s : s + 7 : 2] += x @ w[r, s].T
        return y

    check_layer(
        lambda **base: Conv2DTranspose(4, (3, 2), 2, **base),
        (5, 4, 3),
        spread,
        dtype="float64",
        reduction=18,
        magnitude=20.0,
        refused=[(np.zeros((3, 6, 5)), ValueError, "needs 4 axes")],
    )
    with pytest.raises(ValueError, match="output_padding must be smaller than strides"):
        Conv2DTranspose(4, 3, 2, output_padding=2)


@pytest.mark.parametrize(
    "factory",
    [
        lambda **base: Conv2D(8, 3, padding="same", **base),
        lambda **base: Conv2D(8, 3, 2, groups=2, **base),
        lambda **base: DepthwiseConv2D(3, **base),
        lambda **base: SeparableConv2D(8, 3, **base),
        lambda **base: Conv2DTranspose(8, 3, 2, **base),
    ],
)
def test_large_batches_have_the_same_bits_on_any_number_of_threads(factory):
    layer = _built(factory, (8, 8, 4), "float32")
    replay = _Replay(layer, (8, 8, 4), "float32")
    rows = 2000
    x = RNG.normal(size=(rows, 8, 8, 4)).astype("float32")
    arrays = [x, RNG.normal(size=(rows, *replay.output_shape)).astype("float32")]
    limit = runtime.get_num_threads()
    try:
        results = []
        for count in (1, 2, 4):
            runtime.set_num_threads(count)
            results.append(replay.all(rows, arrays, layer))
            if count > 1:
                assert_on_threads(replay.execution(rows, arrays), rows)
    finally:
        runtime.set_num_threads(limit)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "softmax"])
def test_conv2d_activation_and_no_bias(activation):
    x = RNG.normal(size=(3, 5, 6, 2))
    layer = Conv2D(4, 3, activation=activation, use_bias=False, dtype="float64")
    y = layer(x)
    expected = lamina.activations.get(activation)(conv2d(x, layer.kernel))
    assert layer.bias is None
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


def test_relu_is_fused():
    model = lamina.Sequential(
        [Conv2D(2, 2, input_shape=(4, 4, 1)), lamina.layers.Activation("relu")]
    )
    model.compile("sgd", "mse")
    assert model.objective(False).graph.operations()[0] == "conv2d+relu"
    x = RNG.normal(size=(5, 4, 4, 1)).astype("float32")
    y = conv2d(x, *model.get_weights())
    assert y.min() < 0
    np.testing.assert_allclose(model.predict(x), np.maximum(y, 0), rtol=1e-5, atol=1e-6)


def test_kernel_shapes_and_fans_are_keras():
    lamina.set_random_seed(1)
    layer = Conv2D(60, (3, 2), groups=2, kernel_initializer="he_uniform")
    layer(np.zeros((1, 4, 4, 4)))
    assert [w.shape for w in layer.get_weights()] == [(3, 2, 2, 60), (60,)]
    bound = np.sqrt(6 / (3 * 2 * 2))
    assert 0.98 * bound < np.abs(layer.kernel).max() <= bound


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"filters": 0}, ValueError, "Conv2D: filters must be a positive integer; got 0"),
        ({"filters": 2.0}, TypeError, "Conv2D: filters must be a positive integer; got 2.0"),
        ({"kernel_size": 0}, ValueError, "Conv2D: kernel_size must lie in [1, "),
        ({"kernel_size": (1, 2, 3)}, ValueError, "kernel_size must be an integer or 2 of them"),
        ({"strides": -1}, ValueError, "Conv2D: strides must lie in"),
        ({"dilation_rate": 0}, ValueError, "Conv2D: dilation_rate must lie in"),
        ({"padding": "causal"}, ValueError, "Conv2D: padding must be one of 'valid', 'same'"),
        ({"padding": 1}, ValueError, "Conv2D: padding must be one of"),
        (
            {"data_format": "first"},
            ValueError,
            "Conv2D: data_format must be 'channels_last' or 'channels_first'; got 'first'",
        ),
        ({"groups": 3}, ValueError, "Conv2D: groups must divide filters; got 3 groups, 4 filters"),
    ],
)
def test_refused_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        Conv2D(**{"filters": 4, "kernel_size": 2, **arguments})
    assert text in str(caught.value)


def test_refused_shapes():
    with pytest.raises(ValueError, match=r"conv2d: the kernel spans .* more than the image"):
        Conv2D(4, 5)(np.zeros((1, 4, 9, 1)))
    with pytest.raises(ValueError, match=r"groups must divide the input's channels; got 2 .* 3"):
        Conv2D(4, 2, groups=2)(np.zeros((1, 4, 4, 3)))
    with pytest.raises(ValueError, match="needs at least one element per row"):
        Conv2D(4, 2)(np.zeros((1, 4, 0, 3)))
    with pytest.raises(ValueError, match=r"\(batch, 28, 28\); needs 4 axes"):
        Conv2D(4, 3, input_shape=(28, 28)).compute_output_shape((None, 28, 28))


def test_penalties():
    layer = Conv2D(2, 2, kernel_regularizer="l2")
    layer(np.zeros((1, 3, 3, 1)))
    assert [(p.name, l1, l2) for p, l1, l2 in layer.penalties()] == [("conv2d/kernel", 0.0, 0.01)]


def test_a_fit_has_the_same_bits_on_any_number_of_threads():
    x = RNG.normal(size=(96, 16, 16, 3)).astype("float32")
    labels = RNG.integers(0, 5, size=96)
    limit = runtime.get_num_threads()
    results = []
    try:
        for count in (1, 2, 4):
            runtime.set_num_threads(count)
            lamina.set_random_seed(5)
            model = lamina.Sequential([
                lamina.layers.Input((16, 16, 3)),
                Conv2D(16, 3, padding="same", activation="relu"),
                lamina.layers.MaxPooling2D(),
                Conv2D(24, 3, activation="relu"),
                lamina.layers.AveragePooling2D(2),
                lamina.layers.Flatten(),
                lamina.layers.Dense(5, activation="softmax"),
            ])  # fmt: skip
            model.compile("adam", "sparse_categorical_crossentropy")
            history = model.fit(x, labels, batch_size=32, epochs=3, verbose=0)
            results.append([*model.get_weights(), np.array(history.history["loss"])])
            pooled = {"conv2d+relu+max_pool2d", "conv2d+relu+average_pool2d"}
            assert_step_on_threads(model, x, labels, 32, pooled)
    finally:
        runtime.set_num_threads(limit)
    assert results[0][-1][-1] < results[0][-1][0]
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("name", "padding"),
    [*itertools.product(("Conv1D", "Conv2D", "Conv3D"), ("valid", "same")), ("Conv1D", "causal")],
)
def test_classes_may_convolve_with_a_kernel_of_their_own(name, padding, data_format):
    base, axes = getattr(layers, name), int(name[4])

    class Halved(base):
        def convolution_op(self, inputs, kernel):
            return super().convolution_op(inputs, kernel * 0.5)

    class Called(base):
        def call(self, inputs):
            y = self.convolution_op(inputs, self.kernel * 0.5)
            places = (-1, *[1] * axes) if data_format == "channels_first" else (-1,)
            return self.activation(y + ops.reshape(self.bias, places))

    sizes = [7, 6, 5][:axes]
    shape = (2, 4, *sizes) if data_format == "channels_first" else (2, *sizes, 4)
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    options = {
        "padding": padding, "data_format": data_format, "activation": "tanh", "groups": 2,
        "bias_initializer": "ones", "strides": 1 if padding == "causal" else 2,
    }  # fmt: skip
    plain = base(6, 3, **{**options, "groups": 1 if axes == 3 else 2})
    plain(x)
    kernel, bias = plain.get_weights()
    plain.set_weights([kernel * np.float32(0.5), bias])
    for cls in (Halved, Called):
        layer = cls(6, 3, **{**options, "groups": 1 if axes == 3 else 2})
        layer(x)
        layer.set_weights([kernel, bias])
        np.testing.assert_allclose(layer(x), plain(x), rtol=1e-5, atol=1e-6)
        model = lamina.Sequential([lamina.Input(shape[1:]), layer])
        np.testing.assert_allclose(model.predict(x, verbose=0), plain(x), rtol=1e-5, atol=1e-6)
