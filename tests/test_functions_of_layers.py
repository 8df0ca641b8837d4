"""User-defined activations, regularizers and initializers: functions of tensors."""

import copy
from functools import partial

import numpy as np
import pytest

import golden
import lamina
from lamina import activations, initializers, layers, losses, ops, regularizers

theirs = golden.Peer("keras")


@pytest.fixture
def rng():
    return np.random.default_rng(6)


def network(*hidden, **settings):
    lamina.set_random_seed(7)
    model = lamina.Sequential([lamina.Input((3,)), *hidden, layers.Dense(1)], **settings)
    model.compile("sgd", "mse")
    return model


# --- activations

# Not sparsemax: Keras 3.15's has rows that do not sum to 1.
NAMES = [
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6",
    "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus",
    "sparse_sigmoid", "squareplus", "tanh", "tanh_shrink",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_activations_are_keras_s(rng, name):
    x = 3 * rng.normal(size=(5, 4)).astype("float32")
    expected = golden.ask(lambda: getattr(theirs.activations, name)(theirs.ops.array(x)), x)
    function = getattr(activations, name)
    np.testing.assert_allclose(function(x), expected, rtol=2e-5, atol=1e-6)
    layer = layers.Activation(name)
    np.testing.assert_allclose(layer(x), expected, rtol=2e-5, atol=1e-6)
    recorded = layers.Lambda(function)
    np.testing.assert_allclose(recorded(x), expected, rtol=2e-5, atol=1e-6)
    symbol = lamina.Input((4,))
    model = lamina.Model(symbol, function(symbol))
    np.testing.assert_allclose(model.predict(x), expected, rtol=2e-5, atol=1e-6)


def test_settings_in_a_call(rng):
    x = 3 * rng.normal(size=(5, 4)).astype("float32")
    questions = [
        ("relu", {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5}),
        ("relu", {"max_value": 1.0}), ("leaky_relu", {"negative_slope": 0.4}),
        ("elu", {"alpha": 0.5}), ("softmax", {"axis": 0}), ("gelu", {"approximate": True}),
        ("threshold", {"threshold": 1.0, "default_value": -2.0}),
    ]  # fmt: skip
    for name, settings in questions:
        question = partial(_theirs, name, x, settings)
        expected = golden.ask(question, x, name, settings)
        got = getattr(activations, name)(x, **settings)
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=1e-6)


def _theirs(name, x, settings):
    return getattr(theirs.activations, name)(theirs.ops.array(x), **settings)


def leaky(x):
    return ops.maximum(x, 0.3 * x)


@pytest.mark.parametrize(
    "own",
    [leaky, lambda x: ops.maximum(x, 0.3 * x), partial(activations.leaky_relu, negative_slope=0.3),
     layers.LeakyReLU(0.3), layers.PReLU(initializers.Constant(0.3), trainable=False)],
)  # fmt: skip
@pytest.mark.parametrize(
    "make", [lambda a: [layers.Dense(4, activation=a)],
             lambda a: [layers.Dense(4), layers.Activation(a)],
             lambda a: [layers.Reshape((3, 1)), layers.Conv1D(2, 2, activation=a),
                        layers.Flatten()]],
)  # fmt: skip
def test_any_callable_is_an_activation(rng, own, make):
    x, y = rng.normal(size=(9, 3)), rng.normal(size=(9, 1))
    own = copy.deepcopy(own)  # a layer is built once
    runs = []
    for activation in (activations.LeakyReLU(0.3), own):
        model = network(*make(activation))
        runs.append(model.fit(x, y, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-5)
    again = copy.deepcopy(model)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_a_layer_with_weights_as_activation(rng):
    model = network(layers.Dense(4, activation=layers.PReLU()))
    x, y = rng.normal(size=(9, 3)), rng.normal(size=(9, 1))
    model.fit(x, y, epochs=2, verbose=0)
    kernel, bias, alpha = model.layers[0].get_weights()
    assert alpha.shape == (4,)
    assert alpha.any()
    z = (x @ kernel + bias).astype("float32")
    np.testing.assert_allclose(
        model.layers[0](x), np.where(z > 0, z, alpha * z), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: layers.Dense(2, "relu7"), ValueError, "unknown activation 'relu7'"),
        (lambda: layers.Dense(2, activation=ops.sum)(np.ones((2, 3))), ValueError, "dense: "),
        (lambda: layers.Activation(lambda x: x if x > 0 else -x)(np.ones((2, 3))), TypeError,
         r"activation: .*cannot be used in `if`.*line \d+"),
    ],
)  # fmt: skip
def test_bad_activations(call, error, text):
    with pytest.raises(error, match=text):
        call()


# --- regularizers


class Lasso(regularizers.Regularizer):
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return self.factor * ops.sum(ops.absolute(x))


@pytest.mark.parametrize("own", [Lasso(0.1), lambda x: 0.1 * ops.sum(ops.absolute(x))])
@pytest.mark.parametrize("argument", ["kernel_regularizer", "activity_regularizer"])
def test_a_penalty_of_ones_own(rng, own, argument):
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 1))
    runs = []
    for penalty in (own, regularizers.L1(0.1)):
        model = network(layers.Dense(4, **{argument: penalty}))
        logs = model.fit(x, y, batch_size=6, epochs=3, verbose=0, validation_split=0.2).history
        runs.append([*logs["loss"], *logs["val_loss"], model.evaluate(x, y, verbose=0)])
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-6)


@pytest.mark.parametrize("kind", ["l2", "l1", "orthogonal_regularizer"])
def test_penalties_of_tensors_are_keras_s(rng, kind):
    w = rng.normal(size=(4, 3)).astype("float32")
    expected = golden.ask(lambda: theirs.regularizers.get(kind)(theirs.ops.array(w)), w)
    np.testing.assert_allclose(regularizers.get(kind)(w), expected, rtol=1e-5)
    penalty = layers.Lambda(lambda t: regularizers.get(kind)(t[0]))
    np.testing.assert_allclose(penalty(w[None]), expected, rtol=1e-5)


class Sparse(regularizers.Regularizer):
    """A divergence of each unit's mean from a target."""

    def __call__(self, activity):
        mean = ops.mean(activity, axis=0)
        target = 0.1
        kl = losses.kl_divergence
        return 0.5 * (kl([target], mean[:, None]) + kl([1 - target], 1 - mean[:, None]))[0]


def test_activity_is_divided_by_the_rows(rng):
    x = rng.normal(size=(8, 3)).astype("float32")
    y = np.zeros((8, 4), "float32")

    def loss(module, penalty):
        model = module.Sequential(
            [module.layers.Input((3,)),
             module.layers.Dense(4, kernel_initializer="ones", activity_regularizer=penalty)]
        )  # fmt: skip
        model.compile("sgd", "mse")
        return model.evaluate(x, y, batch_size=8, verbose=0)

    for penalty in ("l2", "l1"):
        expected = golden.ask(lambda penalty=penalty: float(loss(theirs, penalty)), x, penalty)
        np.testing.assert_allclose(loss(lamina, penalty), expected, rtol=1e-5)
    layer = layers.ActivityRegularization(l1=0.2, l2=0.1)
    model = lamina.Sequential([lamina.Input((3,)), layer])
    model.compile("sgd", "mse")
    expected = np.mean(x**2) + (0.2 * np.abs(x).sum() + 0.1 * (x**2).sum()) / 8
    np.testing.assert_allclose(model.evaluate(x, np.zeros_like(x), verbose=0), expected, rtol=1e-6)
    again = layers.ActivityRegularization.from_config(layer.get_config())
    assert (again.l1, again.l2) == (0.2, 0.1)


@pytest.mark.parametrize("wrap", [lambda layer: layer, layers.Bidirectional])
def test_activity_of_recurrent_layers(rng, wrap):
    x = rng.normal(size=(6, 4, 3)).astype("float32")
    layer = wrap(layers.LSTM(2, return_sequences=True, activity_regularizer="l2"))
    model = lamina.Sequential([lamina.Input((4, 3)), layer])
    model.compile("sgd", "mse")
    y = model.predict(x)
    expected = 0.01 * np.sum(y**2) / 6
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), expected, rtol=1e-4)


def test_within_time_distributed_it_does_not_count(rng):
    """As in Keras, which does not call the layer there."""
    x = rng.normal(size=(6, 4, 3)).astype("float32")
    layer = layers.TimeDistributed(layers.Dense(2, activity_regularizer="l2"))
    model = lamina.Sequential([lamina.Input((4, 3)), layer])
    model.compile("sgd", "mse")
    assert model.evaluate(x, model.predict(x), verbose=0) == 0.0


def test_a_penalty_on_means_over_the_rows(rng):
    x = rng.normal(size=(8, 3)).astype("float32")
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(4, "sigmoid", activity_regularizer=Sparse())]
    )
    model.compile("sgd", "mse")
    y = model.predict(x)
    mean = y.mean(axis=0)[0]
    penalty = 0.5 * (0.1 * np.log(0.1 / mean) + 0.9 * np.log(0.9 / (1 - mean))) / 8
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), penalty, rtol=1e-4)
    model.fit(x, y, batch_size=4, epochs=2, verbose=0)


def test_penalties_of_frozen_weights_do_not_count(rng):
    layer = layers.Dense(4, kernel_regularizer=lambda w: ops.sum(w * w))
    model = network(layer)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    with_it = model.evaluate(x, y, verbose=0)
    layer.trainable = False
    without = model.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(with_it - without, np.sum(layer.get_weights()[0] ** 2), rtol=1e-4)


@pytest.mark.parametrize(
    ("argument", "penalty", "text"),
    [
        ("kernel_regularizer", lambda w: w, r"regularizer of dense/kernel: must return a single "
         r"number; got <Tensor of shape \(3, 4\)"),
        ("activity_regularizer", lambda y: None, "dense: activity_regularizer: must return a single"
         " number; got None"),
        ("activity_regularizer", lambda y: 1.0 if y > 0 else 0.0, r"activity_regularizer: .*`if`"),
    ],
)  # fmt: skip
def test_bad_penalties(rng, argument, penalty, text):
    layer = layers.Dense(4, name="dense", **{argument: penalty})
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 1))
    with pytest.raises((TypeError, ValueError), match=text):
        network(layer).fit(x, y, verbose=0)


# --- initializers


class Twos(initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return ops.full(shape, 2.0, dtype)


def halves(shape, dtype=None):
    return np.full(shape, 0.5, dtype)


@pytest.mark.parametrize(
    "layer", [lambda **i: layers.Dense(2, **i), lambda **i: layers.LSTM(2, **i)]
)
def test_initializers_of_ones_own(layer):
    made = layer(kernel_initializer=Twos(), bias_initializer=halves)
    made(np.ones((1, 2, 3)))
    kernel, *_, bias = made.get_weights()
    assert (kernel == 2.0).all()
    assert (bias[:2] == 0.5).all()


def test_constants_of_arrays_and_clones():
    values = np.arange(6.0).reshape(3, 2)
    layer = layers.Dense(2, kernel_initializer=initializers.Constant(values))
    layer(np.ones((1, 3)))
    np.testing.assert_array_equal(layer.get_weights()[0], values)
    config = layer.get_config()["kernel_initializer"]
    np.testing.assert_array_equal(initializers.get(config)((3, 2)), values)
    normal = initializers.RandomNormal(stddev=2.0, seed=4)
    np.testing.assert_array_equal(normal.clone()((5,)), normal((5,)))
    assert initializers.get(halves) is halves
    with pytest.raises(ValueError, match=r"Constant: value has shape \(3, 2\).* to \(2, 2\)"):
        layers.Dense(2, kernel_initializer=initializers.Constant(values))(np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"the initializer of dense\w*/kernel must return shape"):
        layers.Dense(2, kernel_initializer=lambda shape: np.ones(4))(np.ones((1, 2)))


@pytest.mark.parametrize(("scale", "offset"), [(0.5, 0.0), ([0.5, 2.0], [1.0, -1.0])])
def test_rescaling(scale, offset):
    pixels = np.arange(12).reshape(3, 2, 2)
    layer = layers.Rescaling(scale, offset)
    np.testing.assert_allclose(layer(pixels), pixels * np.array(scale) + np.array(offset), 1e-6)
    again = layers.Rescaling.from_config(layer.get_config())
    model = lamina.Sequential([lamina.Input((2, 2)), again])
    np.testing.assert_array_equal(model.predict(pixels), layer(pixels))
    with pytest.raises(TypeError, match="Rescaling: scale must be a number; got 'half'"):
        layers.Rescaling("half")
