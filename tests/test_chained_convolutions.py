"""In predictions a depthwise convolution, and the means over an image, run with a convolution."""

import numpy as np
import pytest

import lamina
from harness import assert_close, assert_same_bits
from lamina import _core, layers
from thread_proof import same_on_threads

# The shape of an image; the layers.  `Norm` stands for a normalisation and an activation.
CASES = {
    "mobile": ((32, 32, 128), "depthwise norm one norm means"),
    "one row of tiles": ((7, 7, 64), "depthwise norm one norm means"),
    "no normalisation": ((9, 14, 80), "depthwise one means"),
    "stored": ((9, 14, 80), "depthwise norm one norm"),
    "smooth": ((5, 17, 64), "depthwise gelu one tanh means"),
    "no padding": ((12, 6, 67), "valid norm one means"),
    "pooled": ((8, 8, 64), "depthwise norm one norm pool"),
    "means alone": ((8, 8, 3), "three norm means"),
    "winograd": ((26, 26, 64), "three norm means"),
    "signal": ((40, 5), "signal relu signal_means"),
    "strided": ((20, 20, 64), "strided norm one norm means"),
}  # fmt: skip
# What runs as one operation in a graph for predictions.
FUSED = {
    "mobile": ["conv2d+batch_norm+relu+conv2d+batch_norm+relu+average_pool2d"],
    "no normalisation": ["conv2d+conv2d+average_pool2d"],
    "stored": ["conv2d+batch_norm+relu+conv2d+batch_norm+relu"],
    "pooled": ["conv2d+batch_norm+relu", "conv2d+batch_norm+relu+max_pool2d"],
    "strided": ["conv2d+batch_norm+relu", "conv2d+batch_norm+relu+average_pool2d"],
}  # fmt: skip


def layers_of(words):
    for word in words.split():
        match word:
            case "depthwise":
                yield layers.DepthwiseConv2D(3, padding="same", use_bias=False)
            case "valid":
                yield layers.DepthwiseConv2D(3)
            case "strided":
                yield layers.DepthwiseConv2D(3, strides=2, padding="same")
            case "one":
                yield layers.Conv2D(33, 1)
            case "three":
                yield layers.Conv2D(64, 3, padding="same")
            case "signal":
                yield layers.Conv1D(7, 3)
            case "norm":
                yield layers.BatchNormalization()
                yield layers.ReLU()
            case "means":
                yield layers.GlobalAveragePooling2D()
            case "signal_means":
                yield layers.GlobalAveragePooling1D()
            case "pool":
                yield layers.MaxPooling2D()
            case activation:
                yield layers.Activation(activation)


def model_of(case, dtype, *, apart=False, seed=1):
    """A model of the case; ``apart``: every layer's result is an output, so nothing is fused."""
    shape, words = CASES[case]
    values = [lamina.Input(shape)]
    for layer in layers_of(words):
        values.append(layer(values[-1]))
    model = lamina.Model(values[0], values[1:] if apart else values[-1], dtype=dtype)
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        positive = weight.path.endswith(("variance", "gamma"))
        weight.assign(rng.uniform(0.5, 2.0, weight.shape) if positive
                      else rng.normal(size=weight.shape))  # fmt: skip
    return model


def rows_of(case, rows, dtype="float32"):
    return np.random.default_rng(2).normal(size=(rows, *CASES[case][0])).astype(dtype)


@pytest.mark.parametrize("rows", [1, 3, 20])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_outputs_are_those_of_separate_layers(case, dtype, rows):
    x = rows_of(case, rows, dtype)
    model = model_of(case, dtype)
    *between, y = model_of(case, "float64", apart=True).predict(x.astype("float64"))
    terms = 9 * max(CASES[case][0][-1], 9)
    size = 10 * max(np.abs(v).max() for v in (*between, y))
    assert_close(model.predict(x), y, terms, size)


@pytest.mark.parametrize("case", ["mobile", "stored", "smooth", "one row of tiles", "winograd"])
def test_rows_and_threads_do_not_matter(case):
    model, x = model_of(case, "float32"), rows_of(case, 20)
    whole = model.predict(x)
    for rows in (1, 2, 7, 19):
        assert_same_bits([model.predict(x[:rows])], [whole[:rows]], f"{rows} rows")
        assert_same_bits([model.predict(x, batch_size=rows)], [whole], f"{rows} at a time")
    same_on_threads(lambda: model.predict(x))
    if case in ("mobile", "winograd"):
        same_on_threads(lambda: model.predict(x[:1]))


def test_evaluation_has_the_bits_of_predictions():
    model, x = model_of("no normalisation", "float64"), rows_of("no normalisation", 5, "float64")
    y = model.predict(x)
    model.compile("sgd", "mse")
    assert model.evaluate(x, y, verbose=0) == 0


@pytest.mark.parametrize(("rows", "batch"), [(40, 16), (17, 64), (5, 2)])
@pytest.mark.parametrize("shape", [(50, 6), (20, 20, 3), (80, 80, 3)])
def test_means_are_trained_as_those_of_a_stored_result(shape, rows, batch):
    """The twin's convolution is an output too; its loss has no weight."""
    rng = np.random.default_rng(4)
    x, wanted = rng.normal(size=(rows, *shape)), rng.normal(size=(rows, 3))
    inputs, signal = lamina.Input(shape), len(shape) == 2
    convolution = layers.Conv1D(12, 5) if signal else layers.Conv2D(20, 3)
    z = layers.ReLU()(convolution(inputs))
    means = layers.GlobalAveragePooling1D() if signal else layers.GlobalAveragePooling2D()
    model = lamina.Model(inputs, layers.Dense(3)(means(z)), dtype="float64")
    twin = lamina.Model(inputs, [model.outputs[0], z], dtype="float64")
    before, after = model.get_weights(), []
    for trained, losses, weights in ((model, "mse", None), (twin, ["mse", "mse"], [1.0, 0.0])):
        model.set_weights(before)
        trained.compile(lamina.optimizers.SGD(0.1), losses, loss_weights=weights)
        wants = wanted if weights is None else [wanted, rng.uniform(size=(rows, *z.shape[1:]))]
        trained.fit(x, wants, batch_size=batch, shuffle=False, verbose=0)
        after.append(model.get_weights())
        assert np.abs(after[-1][0] - before[0]).max() > 1e-4
    for got, want in zip(*after, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


def test_new_weights_and_statistics_are_seen():
    model, other = model_of("mobile", "float32"), model_of("mobile", "float32", seed=5)
    x = rows_of("mobile", 2)
    first = model.predict(x)
    for place in range(len(model.weights)):
        model.weights[place].assign(other.weights[place])
        now = model.predict(x)
        assert not np.array_equal(now, first), model.weights[place].path
        first = now
    assert_same_bits([first], [other.predict(x)], "all weights of the other")


# Layers behind a depthwise convolution of an input shape, or a convolution: a view changes what the
# next layer takes for pixels and channels, and an image of one row is treated as a column.
VIEWS = {
    "other channels": ((8, 16, 64), "depthwise", (4, 16, 128), "one norm means"),
    "other sides": ((8, 16, 64), "depthwise", (16, 8, 64), "one"),
    "one row": ((1, 256, 64), "depthwise", None, "one means"),
    "one column": ((256, 1, 64), "depthwise", None, "one means"),
    "one row is left": ((3, 200, 64), "valid", None, "one"),
    "means of other channels": ((8, 16, 6), "three", (8, 4, 256), "means"),
    "means of more pixels": ((8, 16, 6), "three", (64, 128, 1), "means"),
    "means of other sides": ((8, 16, 6), "three relu", (16, 8, 64), "means"),
    "highest of other sides": ((9, 15, 6), "three", (15, 9, 64), "pool"),
    "highest of other channels": ((9, 15, 6), "three", (9, 60, 16), "pool"),
    "norm and means": ((8, 16, 6), "three norm", (16, 8, 64), "means"),
    "norm and means of other channels": ((8, 16, 6), "norm", (8, 4, 24), "means"),
}


@pytest.mark.parametrize("rows", [2, 12])
@pytest.mark.parametrize("case", VIEWS)
def test_views_between_layers(case, rows):
    """In predictions and in training; the results of a twin's layers are outputs as well."""
    shape, first, view, behind = VIEWS[case]
    values = [lamina.Input(shape)]
    between = [] if view is None else [layers.Reshape(view)]
    for layer in (*layers_of(first), *between, *layers_of(behind)):
        values.append(layer(values[-1]))
    model = lamina.Model(values[0], values[-1], dtype="float64")
    twin = lamina.Model(values[0], [values[-1], *values[1:-1]], dtype="float64")
    rng = np.random.default_rng(9)
    x = rng.normal(size=(rows, *shape))
    y, *others = twin.predict(x)
    np.testing.assert_allclose(model.predict(x), y, rtol=1e-9, atol=1e-11)
    before, after = model.get_weights(), []
    wanted = [y + rng.normal(size=y.shape), *others]
    for trained, losses in ((model, "mse"), (twin, ["mse"] * len(wanted))):
        model.set_weights(before)
        weights = None if trained is model else [1.0] + [0.0] * len(others)
        trained.compile(lamina.optimizers.SGD(0.1), losses, loss_weights=weights)
        trained.train_on_batch(x, wanted[0] if trained is model else wanted)
        after.append(model.get_weights())
    for got, want in zip(*after, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-11)


# --- graphs


def graphs(case, epsilon=1e-3, dtype="float32", *, every=True):
    """The case as a graph for predictions and as one that trains, whose results are all outputs.

    ``every=False``: the last one only.  The weights are returned as well.
    """
    shape, words = CASES[case]
    rng = np.random.default_rng(3)
    weights, made = {}, []

    def parameter(graph, name, shape, low=-1.0):
        if name not in weights:
            weights[name] = _core.Parameter(name, shape, dtype)
            _core.allocate([weights[name]])
            weights[name].array[...] = rng.uniform(low, 1.5, shape)
        return graph.parameter(weights[name])

    for inference in (True, False):
        graph = _core.Graph(dtype)
        y = graph.input(shape, "x")
        for at, word in enumerate(words.split()):
            channels = y.shape[-1]
            if word in ("depthwise", "strided"):
                steps = 2 if word == "strided" else 1
                w = parameter(graph, f"w{at}", (3, 3, channels, 1))
                y = graph.conv2d(y, w, None, (steps, steps), (1, 1), (1, 1, 1, 1), groups=0)
            elif word == "one":
                w = parameter(graph, f"w{at}", (1, 1, channels, 33))
                b = parameter(graph, f"b{at}", (33,))
                y = graph.conv2d(y, w, b, (1, 1), (1, 1), (0, 0, 0, 0))
            elif word == "norm":
                terms = [
                    parameter(graph, f"{n}{at}", (channels,), 0.5)
                    for n in ("mean", "variance", "gamma", "beta")
                ]
                y = graph.batch_norm(y, *terms, epsilon=epsilon)
                y = graph.activation(y, "relu")
            elif word == "means":
                y = graph.pool2d("average", y, y.shape[:2], (1, 1), (0, 0, 0, 0))
            elif word == "pool":
                y = graph.pool2d("max", y, (2, 2), (2, 2), (0, 0, 0, 0))
            if every and not inference:
                graph.add_output(y)
        if inference or not every:
            graph.add_output(y)
        graph.build(inference=inference)
        made.append(graph)
    return made, weights


def outputs(graph, x):
    return _core.Predictor(graph).predict([x], len(x))[-1]


@pytest.mark.parametrize("case", FUSED)
def test_what_is_fused(case):
    (fused, apart), _ = graphs(case)
    assert fused.operations() == FUSED[case]
    x = rows_of(case, 9)
    np.testing.assert_allclose(outputs(fused, x), outputs(apart, x), rtol=1e-4, atol=1e-4)


def test_a_graph_that_trains_keeps_the_convolutions_apart():
    _, trains = graphs("no normalisation", every=False)[0]
    assert trains.operations() == ["conv2d", "conv2d+average_pool2d"]


@pytest.mark.parametrize("place", [1, 3])
def test_where_folding_would_overflow_there_is_a_pass(place):
    (fused, apart), weights = graphs("mobile", 0.0)
    for name, value in [("gamma", 1e25), ("gamma", 1e-30), ("variance", np.nan)]:
        weight = weights[f"{name}{place}"].array
        kept = weight.copy()
        weight[2] = value
        for rows in (1, 9):
            x = rows_of("mobile", rows)
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(
                    outputs(fused, x), outputs(apart, x), rtol=1e-4, atol=1e-4, err_msg=name
                )
        weight[...] = kept


def test_other_readers_of_a_result_keep_it_apart():
    inputs = lamina.Input((8, 8, 64))
    between = layers.DepthwiseConv2D(3, padding="same")(inputs)
    y = layers.Conv2D(64, 1)(between)
    model = lamina.Model(inputs, layers.GlobalAveragePooling2D()(layers.Add()([y, between])))
    alone = lamina.Model(inputs, [y, between])
    x = np.random.default_rng(6).normal(size=(3, 8, 8, 64)).astype("float32")
    np.testing.assert_allclose(
        model.predict(x), sum(alone.predict(x)).mean((1, 2)), rtol=1e-5, atol=1e-5
    )
