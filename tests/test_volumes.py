"""Layers for volumes, and pooling to a given size, against Keras."""

import numpy as np
import pytest

from called_layers import assert_gradients, assert_same_as_keras, assert_same_settings
from lamina import layers

SIGNAL, IMAGE, VOLUME = (7, 3), (7, 5, 3), (5, 6, 4, 2)
SOUND = (7, 4)
FIRST = {"data_format": "channels_first"}
MARGINS = ((1, 0), (2, 1), (0, 1))
CONVOLUTIONS = [
    ("Conv3D", {"filters": 6, "kernel_size": (2, 3, 2)}, [VOLUME], {}),
    (
        "Conv3D",
        {
            "filters": 4,
            "kernel_size": (2, 3, 2),
            "strides": (1, 2, 3),
            "padding": "same",
            "groups": 2,
            "activation": "relu",
        },
        [VOLUME],
        {},
    ),
    (
        "Conv3D",
        {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "use_bias": False},
        [VOLUME],
        {},
    ),
    ("Conv3DTranspose", {"filters": 3, "kernel_size": (2, 3, 2), "strides": 2}, [VOLUME], {}),
    (
        "Conv3DTranspose",
        {
            "filters": 3,
            "kernel_size": (2, 3, 2),
            "strides": (1, 3, 2),
            "padding": "same",
            "activation": "tanh",
        },
        [VOLUME],
        {},
    ),
    (
        "Conv3DTranspose",
        {"filters": 3, "kernel_size": 2, "strides": 2, "output_padding": 1},
        [VOLUME],
        {},
    ),
    (
        "Conv3DTranspose",
        {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "use_bias": False},
        [VOLUME],
        {},
    ),
    (
        "Conv1DTranspose",
        {"filters": 3, "kernel_size": 2, "strides": 3, "padding": "same", "activation": "relu"},
        [SOUND],
        {},
    ),
    (
        "Conv1DTranspose",
        {"filters": 3, "kernel_size": 3, "strides": 2, "output_padding": 1},
        [SOUND],
        {},
    ),
    (
        "Conv1DTranspose",
        {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "use_bias": False},
        [SOUND],
        {},
    ),
    ("DepthwiseConv1D", {"kernel_size": 2, "strides": 2, "depth_multiplier": 2}, [SOUND], {}),
    (
        "DepthwiseConv1D",
        {
            "kernel_size": 3,
            "padding": "same",
            "dilation_rate": 2,
            "activation": "relu",
            "use_bias": False,
        },
        [SOUND],
        {},
    ),
    (
        "SeparableConv1D",
        {"filters": 3, "kernel_size": 2, "strides": 2, "depth_multiplier": 2},
        [SOUND],
        {},
    ),
    (
        "SeparableConv1D",
        {
            "filters": 3,
            "kernel_size": 3,
            "padding": "same",
            "dilation_rate": 2,
            "activation": "relu",
            "use_bias": False,
        },
        [SOUND],
        {},
    ),
]
CASES = [
    *CONVOLUTIONS,
    ("Identity", {}, [SIGNAL], {}),
    ("UpSampling1D", {"size": 3}, [SIGNAL], {}),
    ("UpSampling3D", {"size": (1, 2, 3)}, [VOLUME], {}),
    ("UpSampling3D", {**FIRST}, [VOLUME], {}),
    ("ZeroPadding3D", {"padding": MARGINS}, [VOLUME], {}),
    ("ZeroPadding3D", {"padding": (1, 0, 2), **FIRST}, [VOLUME], {}),
    ("Cropping3D", {"cropping": MARGINS}, [VOLUME], {}),
    ("Cropping3D", {"cropping": 1, **FIRST}, [(2, 5, 6, 4)], {}),
    *[
        (f"{kind}Pooling3D", {"pool_size": (2, 3, 2), **more}, [VOLUME], {})
        for kind in ("Max", "Average")
        for more in ({}, {"strides": (1, 2, 1)}, {"padding": "same", "strides": (2, 1, 3)})
    ],
    *[
        (f"Global{kind}Pooling3D", {"keepdims": keep}, [VOLUME], {})
        for kind in ("Max", "Average")
        for keep in (False, True)
    ],
    *[
        (f"Adaptive{kind}Pooling{axes}D", {"output_size": size, **more}, [shape], {})
        for kind in ("Max", "Average")
        for axes, size, shape, more in (
            (1, 3, SIGNAL, {}), (1, 3, SIGNAL, FIRST), (2, (3, 2), IMAGE, {}), (2, 3, IMAGE, FIRST),
            (3, (4, 3, 2), VOLUME, {}), (3, 2, VOLUME, FIRST),
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_same_as_keras(case):
    assert_same_as_keras(*case)


def constant(value):
    return lambda kit: kit.initializers.Constant(value)


def penalty(value):
    return lambda kit: kit.regularizers.L2(value)


BIAS = {"bias_initializer": constant(0.1), "bias_regularizer": penalty(0.1)}
KERNEL = {**BIAS, "kernel_initializer": constant(0.2), "kernel_regularizer": penalty(0.2)}
DEPTHWISE = {**BIAS, "depthwise_initializer": constant(0.2), "depthwise_regularizer": penalty(0.2)}
SETTINGS = [
    ("Conv3D", {"filters": 2, "kernel_size": 2, **KERNEL}, [VOLUME]),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, **KERNEL}, [VOLUME]),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 2, **KERNEL}, [SOUND]),
    ("DepthwiseConv1D", {"kernel_size": 2, **DEPTHWISE}, [SOUND]),
    ("SeparableConv1D", {"filters": 2, "kernel_size": 2, **DEPTHWISE,
                         "pointwise_initializer": constant(0.3),
                         "pointwise_regularizer": penalty(0.3)}, [SOUND]),
]  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS, ids=lambda case: case[0])
def test_settings_of_weights_and_steps_of_adam_same_as_keras(case):
    assert_same_settings(*case)


def test_dropout_of_channels_of_volumes():
    x = np.ones((2, 3, 4, 5, 6), "float32")
    for options in ({}, FIRST):
        y = layers.SpatialDropout3D(0.5, seed=3, **options)(x, training=True)
        flat = y if not options else np.moveaxis(y, 1, -1)
        assert (flat == flat[:, :1, :1, :1]).all()
        assert set(np.unique(y)) == {0.0, 2.0}
    np.testing.assert_array_equal(layers.SpatialDropout3D(0.5)(x), x)


GRADIENTS = ("Conv3D", "Conv3DTranspose", "AveragePooling3D", "MaxPooling3D",
             "AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D")  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    case = next(case for case in reversed(CASES) if case[0] == name)
    assert_gradients(*case[:3])


@pytest.mark.parametrize("case", CASES[1:8], ids=lambda case: case[0])
def test_configurations(case):
    layer = getattr(layers, case[0])(**case[1])
    assert layers.deserialize(layers.serialize(layer)).get_config() == layer.get_config()


def test_other_names():
    assert layers.MaxPool3D is layers.MaxPooling3D
    assert layers.AvgPool3D is layers.AveragePooling3D
    assert layers.GlobalMaxPool3D is layers.GlobalMaxPooling3D
    assert layers.GlobalAvgPool3D is layers.GlobalAveragePooling3D


A = np.zeros((2, 3, 4, 5), "float32")


@pytest.mark.parametrize(("call", "rule", "value"), [
    (lambda: layers.Conv3D(3, (2, 2)), "Conv3D: kernel_size", "(2, 2)"),
    (lambda: layers.Conv3D(3, 2)(A), "conv3d: input has shape", "depth, height, width, channels"),
    (lambda: layers.Conv3DTranspose(3, 2, output_padding=1), "output_padding must be smaller",
     "(1, 1, 1)"),
    (lambda: layers.Conv1DTranspose(3, 0), "Conv1DTranspose: kernel_size", "0"),
    (lambda: layers.SeparableConv1D(3, 9)(A[0]), "the kernel spans", "(9,)"),
    (lambda: layers.Cropping3D((1, 2)), "Cropping3D: cropping must be", "(1, 2)"),
    (lambda: layers.Cropping3D(3)(A[None]), "leaves nothing of input", "(rows, 2, 3, 4, 5)"),
    (lambda: layers.ZeroPadding3D(-1), "ZeroPadding3D: padding", "-1"),
    (lambda: layers.UpSampling1D(0), "UpSampling1D: size", "0"),
    (lambda: layers.UpSampling3D(2)(A), "up_sampling3d: input has shape", "(rows, 3, 4, 5)"),
    (lambda: layers.MaxPooling3D(9)(A[None]), "pool_size", "(9, 9, 9)"),
    (lambda: layers.MaxPooling3D(2, data_format="first"), "MaxPooling3D: data_format", "'first'"),
    (lambda: layers.AdaptiveMaxPooling2D((2, 3, 4)), "AdaptiveMaxPooling2D: output_size",
     "(2, 3, 4)"),
    (lambda: layers.AdaptiveMaxPooling1D(2)(A), "adaptive_max_pooling1d: input", "(rows, 3, 4, 5)"),
])  # fmt: skip
def test_bad_arguments(call, rule, value):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert rule in str(caught.value)
    assert value in str(caught.value)
