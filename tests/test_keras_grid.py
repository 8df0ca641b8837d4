"""Every layer's arguments against Keras 3: those that the other modules do not compare."""

from __future__ import annotations

import numpy as np
import pytest

import golden
from keras_peer import Theirs, assert_near, assert_same_step, keras, twins
from lamina import layers

ACTIVATIONS = (
    "linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "sigmoid", "tanh",
    "softplus", "softsign", "hard_sigmoid", "mish", "exponential", "softmax", "log_softmax",
)  # fmt: skip
SIGNAL, IMAGE = (9, 4), (7, 6, 4)
CASES = [
    # layer, shapes of a row of the inputs, arguments
    *(("Dense", [(7,)], {"units": 5, "activation": name}) for name in ACTIVATIONS),
    ("Dense", [(3, 7)], {"units": 5, "activation": "tanh", "use_bias": False}),
    ("Dense", [(2, 3, 7)], {"units": 4, "activation": "softmax"}),
    *(("Activation", [(3, 5)], {"activation": name}) for name in ACTIVATIONS),
    ("Flatten", [(3, 4, 2)], {}),
    ("Reshape", [(3, 4)], {"target_shape": (2, -1)}),
    ("Reshape", [(3, 4)], {"target_shape": (2, 3, 2)}),
    ("Conv1D", [SIGNAL], {"filters": 5, "kernel_size": 2, "use_bias": False}),
    ("Conv1D", [SIGNAL], {"filters": 5, "kernel_size": 3, "dilation_rate": 3, "padding": "same"}),
    (
        "Conv1D",
        [SIGNAL],
        {"filters": 4, "kernel_size": 2, "groups": 4, "strides": 3, "activation": "softmax"},
    ),
    ("Conv2D", [IMAGE], {"filters": 3, "kernel_size": 1, "strides": 2, "padding": "same"}),
    ("Conv2D", [IMAGE], {"filters": 8, "kernel_size": 2, "groups": 4, "activation": "softmax"}),
    ("Conv2D", [IMAGE], {"filters": 4, "kernel_size": 5, "padding": "same", "use_bias": False}),
    (
        "Conv2D",
        [IMAGE],
        {"filters": 4, "kernel_size": (3, 2), "dilation_rate": (3, 2), "padding": "same"},
    ),
    ("Conv2D", [IMAGE], {"filters": 4, "kernel_size": 3, "strides": 2, "groups": 2}),
    ("DepthwiseConv2D", [IMAGE], {"kernel_size": (3, 2), "use_bias": False}),
    (
        "DepthwiseConv2D",
        [IMAGE],
        {"kernel_size": 3, "depth_multiplier": 3, "dilation_rate": 2, "activation": "gelu"},
    ),
    (
        "DepthwiseConv2D",
        [IMAGE],
        {"kernel_size": 3, "depth_multiplier": 2, "strides": 2, "padding": "same"},
    ),
    (
        "SeparableConv2D",
        [IMAGE],
        {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "use_bias": False},
    ),
    (
        "SeparableConv2D",
        [IMAGE],
        {"filters": 3, "kernel_size": 3, "activation": "softmax", "depth_multiplier": 3},
    ),
    (
        "Conv2DTranspose",
        [IMAGE],
        {"filters": 3, "kernel_size": 3, "strides": (3, 2), "output_padding": (1, 0)},
    ),
    (
        "Conv2DTranspose",
        [IMAGE],
        {
            "filters": 3,
            "kernel_size": (4, 3),
            "strides": 3,
            "padding": "same",
            "output_padding": (2, 1),
            "activation": "tanh",
        },
    ),
    ("Conv2DTranspose", [IMAGE], {"filters": 3, "kernel_size": 2, "use_bias": False}),
    ("Conv2DTranspose", [IMAGE], {"filters": 3, "kernel_size": 3, "dilation_rate": (1, 2)}),
    ("MaxPooling1D", [SIGNAL], {"pool_size": 4, "strides": 3}),
    ("MaxPooling2D", [IMAGE], {"pool_size": 3, "strides": 1}),
    ("AveragePooling1D", [SIGNAL], {"pool_size": 2}),
    ("AveragePooling2D", [IMAGE], {"pool_size": (2, 3), "strides": 3, "padding": "valid"}),
    ("GlobalMaxPooling1D", [SIGNAL], {"keepdims": True}),
    ("GlobalMaxPooling2D", [IMAGE], {}),
    ("GlobalAveragePooling1D", [SIGNAL], {}),
    ("GlobalAveragePooling2D", [IMAGE], {"keepdims": True}),
    ("ZeroPadding1D", [SIGNAL], {"padding": 2}),
    ("ZeroPadding1D", [SIGNAL], {"padding": (1, 2), "data_format": "channels_first"}),
    ("Flatten", [IMAGE], {"data_format": "channels_first"}),
    ("ZeroPadding2D", [IMAGE], {"padding": 1}),
    ("Cropping1D", [SIGNAL], {"cropping": 2}),
    ("Cropping2D", [IMAGE], {"cropping": 1}),
    ("Cropping2D", [IMAGE], {"cropping": (2, 1), "data_format": "channels_first"}),
    ("UpSampling2D", [IMAGE], {"size": 2, "interpolation": "bilinear"}),
    (
        "UpSampling2D",
        [IMAGE],
        {"size": (2, 3), "interpolation": "bilinear", "data_format": "channels_first"},
    ),
    ("UpSampling2D", [IMAGE], {"size": (2, 3), "interpolation": "bicubic"}),
    ("UpSampling2D", [IMAGE], {"size": 2, "interpolation": "lanczos3"}),
    (
        "UpSampling2D",
        [IMAGE],
        {"size": (3, 2), "interpolation": "lanczos5", "data_format": "channels_first"},
    ),
    ("PReLU", [IMAGE], {"shared_axes": (1, 3)}),
    ("PReLU", [SIGNAL], {"shared_axes": 1}),
    ("Softmax", [IMAGE], {"axis": (1, 3)}),
    ("Softmax", [IMAGE], {"axis": -2}),
    ("ReLU", [(9,)], {"negative_slope": 0.3}),
    ("ReLU", [(9,)], {"threshold": 0.4}),
    ("ReLU", [(9,)], {"max_value": 0.5}),
    ("LeakyReLU", [(9,)], {"negative_slope": 0.05}),
    ("ELU", [(9,)], {}),
    ("Permute", [(3, 4)], {"dims": (2, 1)}),
    ("LayerNormalization", [IMAGE], {"axis": (1, 2, 3)}),
    ("LayerNormalization", [SIGNAL], {"axis": 2, "scale": False}),
    ("LayerNormalization", [SIGNAL], {"axis": 1}),
    ("LayerNormalization", [IMAGE], {"axis": [3, 1]}),
    ("LayerNormalization", [IMAGE], {"axis": -2, "center": False}),
    ("LayerNormalization", [IMAGE], {"axis": [-3, -2], "epsilon": 0.2}),
    ("LayerNormalization", [SIGNAL], {"axis": -1, "center": False, "scale": False}),
    ("Normalization", [SIGNAL], {"mean": [1.0, -2, 3, 4], "variance": [0.5, 2.0, 1.0, 9.0]}),
    ("Normalization", [SIGNAL], {"mean": 1.5, "variance": 4.0, "axis": None}),
    (
        "Normalization",
        [SIGNAL],
        {"mean": [1.0, -2, 3, 4], "variance": [0.5, 2.0, 1.0, 9.0], "invert": True},
    ),
]
JOINED = [
    *(
        (name, shapes, {})
        for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")
        for shapes in ([(3, 4)] * 2, [(5,)] * 3, [(3, 1), (1, 4), (4,)])
    ),
    ("Subtract", [(3, 4)] * 2, {}),
    ("Subtract", [(3, 4), (3, 1)], {}),
    ("Concatenate", [(3, 4), (3, 2)], {}),
    ("Concatenate", [(3, 4), (1, 4), (2, 4)], {"axis": 1}),
    ("Concatenate", [(3, 4, 2), (3, 1, 2)], {"axis": -2}),
    ("Dot", [(4,), (4,)], {"axes": 1}),
    ("Dot", [(4,), (4,)], {"axes": -1, "normalize": True}),
    ("Dot", [(3, 4), (5, 4)], {"axes": 2}),
    ("Dot", [(3, 4), (4, 5)], {"axes": (2, 1), "normalize": True}),
    ("Dot", [(4, 3), (5, 2, 4)], {"axes": (1, 3)}),
]


def _id(case):
    name, shapes, options = case
    return f"{name}-{'-'.join('x'.join(map(str, s)) for s in shapes)}-{options}"


def pair(name, options):
    """Return lamina's layer and Keras's."""
    theirs = Theirs(lambda: getattr(keras.layers, name)(**options))
    return getattr(layers, name)(**options), theirs


def _normal(rng, shapes, rows=5):
    return [rng.normal(size=(rows, *shape)).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("case", [*CASES, *JOINED], ids=_id)
def test_outputs_and_gradients(case):
    name, shapes, options = case
    rng = np.random.default_rng(6)
    inputs = _normal(rng, shapes)
    mine, theirs = pair(name, options)
    if name == "Normalization":  # its statistics are given
        mine(inputs[0])
        theirs.build(inputs[0].shape)
    else:
        twins(mine, theirs, inputs, rng, states=False)
    given = inputs if len(inputs) > 1 else inputs[0]
    assert_near(mine(given), theirs(given), "prediction")
    assert_same_step(mine, theirs, inputs)


@pytest.mark.parametrize("shape", [(6,), (2, 3), ()])
@pytest.mark.parametrize("mask_zero", [False, True])
def test_embedding_gradient(shape, mask_zero):
    rng = np.random.default_rng(7)
    ids = rng.integers(0, 5, (7, *shape)).astype(np.int32)  # repeated and, of 9, absent ones
    mine = layers.Embedding(9, 3, mask_zero=mask_zero)
    theirs = Theirs(lambda: keras.layers.Embedding(9, 3))
    twins(mine, theirs, [ids], rng, states=False)
    assert_near(mine(ids), theirs(ids), "prediction")
    assert_same_step(mine, theirs, [ids])


@pytest.mark.parametrize("name", ["MaxPooling1D", "MaxPooling2D"])
def test_the_first_of_equal_maxima_gets_the_gradient(name):
    rng = np.random.default_rng(8)
    shape = (12, 3) if name.endswith("1D") else (9, 8, 3)
    x = rng.integers(0, 3, (6, *shape)).astype(np.float32)
    options = {"pool_size": 3, "padding": "same"}
    mine, theirs = pair(name, options)
    theirs.build(x.shape)
    assert_same_step(mine, theirs, [x])


@pytest.mark.parametrize("name", ["Maximum", "Minimum"])
def test_equal_inputs_share_the_gradient(name):
    x = np.array([[1.0, 2.0, 3.0]], np.float32)
    other = np.array([[1.0, 5.0, 2.0]], np.float32)
    mine, theirs = pair(name, {})
    theirs.build([x.shape, other.shape])
    assert_same_step(mine, theirs, [x, other])


def test_adapted_statistics():
    x = np.random.default_rng(9).normal(3.0, 2.0, (40, 4)).astype(np.float32)
    for axis in (-1, None):
        mine = layers.Normalization(axis)
        mine.adapt(x)

        def adapted(axis=axis):
            theirs = keras.layers.Normalization(axis)
            theirs.adapt(x)
            return theirs(x)

        assert_near(mine(x), golden.ask(adapted, axis, x), "standardised", 1e-5)


@pytest.mark.parametrize("mask_value", [0.0, -1.5])
def test_masking(mask_value):
    x = np.random.default_rng(10).normal(size=(6, 5, 3)).astype(np.float32)
    x[1, 3:], x[4, 0], x[2, 1, 1] = mask_value, mask_value, mask_value  # the last hides nothing
    mine, theirs = pair("Masking", {"mask_value": mask_value})
    theirs.build(x.shape)
    assert_near(mine(x), theirs(x), "prediction")
    assert_same_step(mine, theirs, [x])


# --- arguments that change the first weights, and those that change the loss

WITH_WEIGHTS = {
    "Dense": ((4,), {"units": 3}),
    "Conv1D": ((7, 4), {"filters": 3, "kernel_size": 2}),
    "Conv2D": ((5, 6, 2), {"filters": 3, "kernel_size": 2}),
    "DepthwiseConv2D": ((5, 6, 2), {"kernel_size": 2, "depth_multiplier": 2}),
    "SeparableConv2D": ((5, 6, 2), {"filters": 3, "kernel_size": 2}),
    "Conv2DTranspose": ((3, 4, 2), {"filters": 3, "kernel_size": 2}),
    "BatchNormalization": ((6,), {}),
    "LayerNormalization": ((6,), {}),
    "SimpleRNN": ((5, 3), {"units": 4}),
    "LSTM": ((5, 3), {"units": 4}),
    "GRU": ((5, 3), {"units": 4}),
    "PReLU": ((6,), {}),
    "Embedding": ((6,), {"input_dim": 8, "output_dim": 3}),
}


def arguments_of(name, ending):
    import inspect

    names = inspect.signature(getattr(layers, name)).parameters
    return [argument for argument in names if argument.endswith(ending)]


def _inputs(name, shape, rng):
    if name == "Embedding":
        return rng.integers(0, 8, (6, *shape)).astype(np.int32)
    return rng.normal(size=(6, *shape)).astype(np.float32)


@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_initializers_fill_the_weights_they_name(name):
    from lamina import initializers

    shape, options = WITH_WEIGHTS[name]
    arguments = arguments_of(name, "_initializer")
    values = {argument: 0.5 + 0.25 * i for i, argument in enumerate(arguments)}
    x = _inputs(name, shape, np.random.default_rng(1))
    mine = getattr(layers, name)(
        **options, **{a: initializers.Constant(v) for a, v in values.items()}
    )

    def weights():
        constants = {a: keras.initializers.Constant(v) for a, v in values.items()}
        theirs = getattr(keras.layers, name)(**options, **constants)
        theirs(x)
        return theirs.get_weights()

    mine(x)
    theirs = golden.ask(weights, options, values, x)
    for got, wanted in zip(mine.get_weights(), theirs, strict=True):
        np.testing.assert_array_equal(got, wanted)


FIRST_BIASES = [{"unit_forget_bias": forget} for forget in (True, False)]


@pytest.mark.parametrize("options", FIRST_BIASES)
def test_the_bias_of_forget_gates(options):
    x = np.zeros((1, 2, 3), np.float32)
    mine = layers.LSTM(4, **options)
    theirs = Theirs(lambda: keras.layers.LSTM(4, **options))
    theirs.build(x.shape)
    mine(x)
    bias = theirs.ask(lambda layer: layer.get_weights()[2])
    np.testing.assert_array_equal(mine.get_weights()[2], bias)


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_penalties_change_loss_and_gradients(name, trainable):
    """One step of gradient descent, with a separate penalty on every weight that may have one.

    Weights that do not train have none.
    """
    import lamina

    shape, options = WITH_WEIGHTS[name]
    rng = np.random.default_rng(2)
    x = _inputs(name, shape, rng)
    arguments = arguments_of(name, "_regularizer")
    assert arguments

    def made(kit):
        penalties = {
            a: kit.regularizers.L1L2(l1=0.02 * (i + 1), l2=0.03 * (i + 1))
            for i, a in enumerate(arguments)
        }
        layer = getattr(kit.layers, name)(**options, **penalties, trainable=trainable)
        kind = {"dtype": "int32"} if name == "Embedding" else {}
        model = kit.Sequential([kit.Input(shape, **kind), layer])
        model.compile(kit.optimizers.SGD(0.1), "mean_squared_error")
        return model

    mine = made(lamina)
    weights = [
        rng.uniform(0.2, 1.2, w.shape).astype(np.float32) * rng.choice([-1, 1])
        if w.ndim > 1 else rng.uniform(0.2, 1.2, w.shape).astype(np.float32)
        for w in mine.get_weights()
    ]  # fmt: skip
    mine.set_weights(weights)
    y = rng.normal(size=mine.predict(x).shape).astype(np.float32)

    def trained():
        theirs = made(keras)
        theirs.set_weights(weights)
        losses = [np.float64(theirs.train_on_batch(x, y)).reshape(-1)[0] for _ in range(2)]
        return losses, theirs.get_weights()

    losses, wanted = golden.ask(trained, options, arguments, trainable, weights, x, y)
    for loss in losses:
        assert_near(np.float64(mine.train_on_batch(x, y)).reshape(-1)[0], loss, "loss")
    for i, (a, b) in enumerate(zip(mine.get_weights(), wanted, strict=True)):
        assert_near(a, b, f"weight {i}")


@pytest.mark.parametrize("axis", [-1, 1, (1, 2)])
def test_softmax_leaves_out_what_is_hidden(axis):
    rng = np.random.default_rng(41)
    x = rng.normal(size=(5, 4, 3)).astype("float32")
    mask = rng.random((5, 4, 3)) > 0.4
    mask[0] = False  # a whole row
    mine, theirs = pair("Softmax", {"axis": axis})
    assert_near(mine(x, mask=mask), theirs(x, mask=mask), "in inference")
    assert_same_step(mine, theirs, [x], mask=mask)
