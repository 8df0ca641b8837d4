"""In predictions a batch normalisation is folded into a convolution that only it reads."""

import numpy as np
import pytest

import lamina
from harness import assert_close, assert_same_bits
from lamina import _core, layers
from thread_proof import same_on_threads

# The shape of an image, the convolution, the normalisation, and the layer after it.
CASES = {
    "plain": ((9, 8, 3), layers.Conv2D(5, 3, use_bias=False), {}, "relu"),
    "bias": ((9, 8, 3), layers.Conv2D(21, 3, padding="same", strides=2), {}, None),
    "no scale": ((9, 8, 3), layers.Conv2D(5, 3), {"scale": False}, "tanh"),
    "no centre": ((9, 8, 3), layers.Conv2D(5, 3), {"center": False}, "relu"),
    "depthwise": (
        (10, 10, 17),
        layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
        {},
        "relu6",
    ),
    "silu": ((8, 8, 6), layers.Conv2D(9, 3, padding="same"), {}, "silu"),
    "hard silu": ((8, 8, 6), layers.Conv2D(9, 1, use_bias=False), {}, "hard_silu"),
    "gelu": ((8, 8, 6), layers.Conv2D(17, 3), {}, "gelu"),
    "groups": ((8, 8, 6), layers.Conv2D(9, 3, groups=3), {}, "elu"),
    "signal": ((40, 5), layers.Conv1D(7, 4), {}, "relu"),
    "one by one": ((16, 16, 33), layers.Conv2D(40, 1, use_bias=False), {"epsilon": 1e-5}, "relu"),
    "pooled": ((12, 12, 3), layers.Conv2D(6, 3), {}, "pool"),
    "far apart": ((72, 72, 1), layers.Conv2D(16, 3), {}, "pool"),
}  # fmt: skip


def model_of(case, dtype, *, apart=False, seed=1):
    """A model of the case; ``apart``: the convolution's result is an output too."""
    shape, convolution, options, behind = CASES[case]
    x = lamina.Input(shape)
    z = type(convolution).from_config(convolution.get_config())(x)
    y = layers.BatchNormalization(**options)(z)
    y = layers.MaxPooling2D()(layers.ReLU()(y)) if behind == "pool" else y
    y = layers.Activation(behind)(y) if behind not in (None, "pool") else y
    model = lamina.Model(x, [y, z] if apart else y, dtype=dtype)
    rng = np.random.default_rng(seed)
    model.set_weights(
        [
            rng.uniform(0.2, 3.0, w.shape) if path.endswith(("variance", "gamma"))
            else rng.normal(size=w.shape)
            for path, w in zip([v.path for v in model.weights], model.get_weights(), strict=True)
        ]
    )  # fmt: skip
    return model


def rows_of(case, rows, dtype="float64"):
    return np.random.default_rng(2).normal(size=(rows, *CASES[case][0])).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_outputs_are_those_of_two_layers(case, dtype):
    x = rows_of(case, 3, dtype)
    model = model_of(case, dtype)
    y, z = model_of(case, "float64", apart=True).predict(x.astype("float64"))
    kernel = model.get_weights()[0]
    terms = kernel.size // z.shape[-1]
    size = np.sqrt(terms) * 10 * (np.abs(y).max() + 1)  # weights, inputs and factors are about 1
    assert_close(model.predict(x), y, terms, size)


@pytest.mark.parametrize("case", CASES)
def test_rows_and_threads_do_not_matter(case):
    model, x = model_of(case, "float32"), rows_of(case, 40, "float32")
    whole = model.predict(x)
    for rows in (1, 4, 7, 8, 39):
        assert_same_bits([model.predict(x[:rows])], [whole[:rows]], f"{rows} rows")
        assert_same_bits([model.predict(x, batch_size=rows)], [whole], f"{rows} at a time")
    assert_same_bits([model.predict_on_batch(x), model(x)], [whole, whole], "calls")
    if case in ("one by one", "far apart"):
        same_on_threads(lambda: model.predict(x))


def test_new_weights_and_statistics_are_seen():
    model, other = model_of("pooled", "float32"), model_of("pooled", "float32", seed=5)
    x = rows_of("pooled", 9, "float32")
    first = model.predict(x)
    for place in range(len(model.weights)):
        model.weights[place].assign(other.weights[place])
        now = model.predict(x)
        assert not np.array_equal(now, first), model.weights[place].path
        first = now
    assert_same_bits([first], [other.predict(x)], "all weights of the other")
    model.compile("sgd", "mse")
    model.fit(x, first, epochs=1, verbose=0)
    other.set_weights(model.get_weights())
    assert_same_bits([model.predict(x)], [other.predict(x)], "after a fit")
    assert not np.array_equal(model.predict(x), first)


def graphs(behind, epsilon, dtype="float32"):
    """A convolution, a normalisation and the next layer, built for inference and not; weights."""
    rng = np.random.default_rng(3)
    shapes = {"w": (3, 3, 2, 4), "b": (4,), "gamma": (4,), "beta": (4,), "m": (4,), "v": (4,)}
    weights = {name: _core.Parameter(name, shape, dtype) for name, shape in shapes.items()}
    _core.allocate(list(weights.values()))
    for weight in weights.values():
        weight.array[...] = rng.uniform(0.5, 1.5, weight.shape)
    made = []
    for inference in (True, False):
        graph = _core.Graph(dtype)
        x = graph.input((9, 9, 2), "x")
        t = {name: graph.parameter(weight) for name, weight in weights.items()}
        z = graph.conv2d(x, t["w"], t["b"], (1, 1), (1, 1), (0, 0, 0, 0))
        y = graph.batch_norm(z, t["m"], t["v"], t["gamma"], t["beta"], epsilon=epsilon)
        y = graph.activation(y, "relu")
        y = graph.pool2d("max", y, (2, 2), (2, 2), (0, 0, 0, 0)) if behind == "pool" else y
        graph.add_output(y)
        graph.build(inference=inference)
        made.append(graph)
    return made, weights


@pytest.mark.parametrize("behind", ["relu", "pool"])
def test_where_folding_would_overflow_there_is_a_pass(behind):
    (folded, plain), weights = graphs(behind, 0.0)
    assert len(folded.operations()) == 1
    assert len(plain.operations()) > 1
    x = np.random.default_rng(4).normal(size=(9, 9, 9, 2)).astype("float32")

    def outputs(rows):
        return [_core.Predictor(g).predict([x[:rows]], rows)[0] for g in (folded, plain)]

    one, other = outputs(9)
    assert not np.array_equal(one, other)  # it is folded
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    before = weights["gamma"].array.copy()
    for name, value in [
        ("gamma", 1e30),
        ("gamma", 1e-30),
        ("v", 1e-38),
        ("v", np.nan),
    ]:
        kept = weights[name].array.copy()
        weights[name].array[2] = value
        for rows in (1, 9):
            assert_same_bits(*([y] for y in outputs(rows)), f"{name} {value}")
        weights[name].array[...] = kept
    np.testing.assert_array_equal(weights["gamma"].array, before)
    weights["gamma"].array[2] = 0.0
    one, other = outputs(9)
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_a_graph_for_inference_does_not_train():
    (folded, _), _ = graphs("relu", 1e-3)
    for options in ({"training": True}, {"input_gradients": True}):
        with pytest.raises(RuntimeError, match="built for inference"):
            _core.Execution(folded, 4, **options)


def test_a_sum_behind_the_normalisation_is_one_pass_with_it():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(5, 8, 8, 6)).astype("float32")
    inputs = lamina.Input((8, 8, 6))
    y = layers.Conv2D(6, 3, padding="same", use_bias=False)(inputs)
    inner = layers.ReLU()(layers.BatchNormalization()(y))
    z = layers.Conv2D(6, 3, padding="same", use_bias=False)(inner)
    whole = layers.ReLU()(layers.Add()([layers.BatchNormalization()(z), inputs]))
    model = lamina.Model(inputs, whole)
    apart = lamina.Model(inputs, [whole, y, z])
    for weight in model.weights:
        if weight.path.endswith(("variance", "gamma")):
            weight.assign(rng.uniform(0.5, 2.0, weight.shape))
    assert_close(model.predict(x), apart.predict(x)[0], 54, 30.0)
    assert_same_bits([model.predict(x[:1])], [model.predict(x)[:1]], "one row")
