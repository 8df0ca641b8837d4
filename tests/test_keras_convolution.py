"""Convolution and pooling layers against Keras 3: forward pass and gradients."""

import numpy as np
import pytest

from keras_peer import Theirs, assert_near, assert_same_step, keras
from lamina import layers

CASES = [
    ("Conv1D", (11, 4), (6, 3), {}),
    ("Conv1D", (11, 4), (6, 3), {"padding": "causal", "dilation_rate": 2}),
    ("Conv1D", (11, 4), (6, 3), {"padding": "same", "strides": 2, "groups": 2}),
    ("Conv2D", (9, 8, 4), (6, 3), {"activation": "relu"}),
    ("Conv2D", (9, 8, 4), (6, (3, 2)), {"padding": "same", "strides": (2, 3)}),
    ("Conv2D", (9, 8, 4), (6, (2, 3)), {"dilation_rate": (2, 1), "groups": 2}),
    ("DepthwiseConv2D", (9, 8, 3), (3,), {"depth_multiplier": 2, "padding": "same"}),
    ("DepthwiseConv2D", (9, 8, 3), (3,), {"strides": 2, "activation": "tanh"}),
    ("SeparableConv2D", (9, 8, 3), (5, 3), {"depth_multiplier": 2, "padding": "same"}),
    ("SeparableConv2D", (9, 8, 3), (5, 3), {"strides": 2, "activation": "relu"}),
    ("Conv2DTranspose", (5, 6, 3), (4, 3), {}),
    ("Conv2DTranspose", (5, 6, 3), (4, 3), {"strides": 2, "padding": "same"}),
    ("Conv2DTranspose", (5, 6, 3), (4, (2, 4)), {"strides": (3, 2)}),
    ("Conv2DTranspose", (5, 6, 3), (4, 3), {"strides": 2, "padding": "same", "output_padding": 1}),
    ("Conv2DTranspose", (5, 6, 3), (4, 3), {"strides": 2, "output_padding": 1}),
    ("Conv2DTranspose", (5, 6, 3), (4, 2), {"dilation_rate": 2, "padding": "same"}),
    ("MaxPooling1D", (9, 3), (), {}),
    ("MaxPooling1D", (9, 3), (3,), {"strides": 2, "padding": "same"}),
    ("MaxPooling2D", (9, 8, 3), (), {}),
    ("MaxPooling2D", (9, 8, 3), ((3, 2),), {"strides": (2, 1), "padding": "same"}),
    ("AveragePooling1D", (9, 3), (3,), {"strides": 2, "padding": "same"}),
    ("AveragePooling2D", (9, 8, 3), (2,), {}),
    ("AveragePooling2D", (9, 8, 3), ((3, 2),), {"strides": (2, 1), "padding": "same"}),
    ("GlobalMaxPooling1D", (9, 3), (), {}),
    ("GlobalMaxPooling2D", (9, 8, 3), (), {"keepdims": True}),
    ("GlobalAveragePooling1D", (9, 3), (), {"keepdims": True}),
    ("GlobalAveragePooling2D", (9, 8, 3), (), {}),
]


@pytest.mark.parametrize(("name", "shape", "arguments", "options"), CASES)
def test_like_keras(name, shape, arguments, options):
    rng = np.random.default_rng(90)
    x = rng.normal(size=(5, *shape)).astype("float32")
    theirs = Theirs(lambda: getattr(keras.layers, name)(*arguments, **options))
    ours = getattr(layers, name)(*arguments, **options)
    theirs.build(x.shape)
    ours(x)
    weights = [rng.normal(size=w.shape).astype("float32") for w in ours.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    assert_near(ours(x), theirs(x), "output")
    assert_same_step(ours, theirs, [x])
