"""Convolution and pooling layers against Keras 3: forward pass and gradients."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
pytest.importorskip("jax")
keras = pytest.importorskip("keras")
if keras.backend.backend() != "jax":
    pytest.skip("needs Keras on JAX", allow_module_level=True)

from lamina import _core, layers  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras on NumPy 2

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


def assert_near(got, expected, what):
    expected = np.asarray(expected)
    assert got.shape == expected.shape, what
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("name", "shape", "arguments", "options"), CASES)
def test_like_keras(name, shape, arguments, options):
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(90)
    x = rng.normal(size=(5, *shape)).astype("float32")
    theirs = getattr(keras.layers, name)(*arguments, **options)
    ours = getattr(layers, name)(*arguments, **options)
    theirs.build(x.shape)
    y = ours(x)
    weights = [rng.normal(size=w.shape).astype("float32") for w in ours.get_weights()]
    assert [w.shape for w in theirs.get_weights()] == [w.shape for w in weights]
    ours.set_weights(weights)
    y = ours(x)
    target = rng.normal(size=y.shape).astype("float32")

    def loss(trained, image):
        output, _ = theirs.stateless_call(trained, [], image)
        return jnp.mean((output - target) ** 2), output

    gradients, output = jax.grad(loss, argnums=(0, 1), has_aux=True)(weights, x)
    assert_near(y, output, "output")

    graph = _core.Graph("float32")
    recorded = ours.record(graph, graph.input(shape, "x"))
    graph.add_loss(graph.loss("mean_squared_error", recorded, graph.input(y.shape[1:], "target")))
    graph.build()
    run = _core.Execution(graph, len(x), True, 1, True)
    run.bind([x, target])
    run.gradients(None, 0, len(x), 3)
    for parameter, expected in zip(ours.parameters, gradients[0], strict=True):
        assert_near(np.array(run.gradient_of(parameter)), expected, parameter.name)
    assert_near(run.input_gradient(0), gradients[1], "input")
