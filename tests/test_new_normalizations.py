"""Group, unit, RMS and spectral normalisation against Keras; weights assigned in training."""

import numpy as np
import pytest

import lamina
from called_layers import assert_gradients, assert_same_as_keras, assert_same_settings
from lamina import layers, ops

X, IMAGE = (5, 4), (5, 4, 6)


def inner(name, *args):
    return lambda kit: getattr(kit, name)(*args)


CASES = [
    ("GroupNormalization", {"groups": 2}, [X], {}),
    ("GroupNormalization", {"groups": -1, "epsilon": 0.1}, [X], {}),
    ("GroupNormalization", {"groups": 2, "axis": 2, "scale": False}, [IMAGE], {}),
    ("GroupNormalization", {"groups": 3, "center": False}, [IMAGE], {}),
    ("UnitNormalization", {}, [X], {}),
    ("UnitNormalization", {"axis": (1, 2)}, [IMAGE], {}),
    ("RMSNormalization", {}, [X], {}),
    ("RMSNormalization", {"axis": [2, 3], "epsilon": 0.1}, [IMAGE], {}),
    ("SpectralNormalization", {"layer": inner("Dense", 3)}, [X], {"training": True}),
    ("SpectralNormalization", {"layer": inner("Conv2D", 3, 2), "power_iterations": 2}, [IMAGE],
     {"training": True}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES[:8], ids=lambda case: case[0])
def test_same_as_keras(case):
    assert_same_as_keras(*case)


@pytest.mark.parametrize("case", [CASES[2], CASES[5], CASES[7]], ids=lambda case: case[0])
def test_gradients(case):
    assert_gradients(*case[:3], **case[3])


def constant(value):
    return lambda kit: kit.initializers.Constant(value)


def penalty(value):
    return lambda kit: kit.regularizers.L2(value)


def spectral(layer):
    return lambda kit: layer(kit.layers)


SETTINGS = [
    ("GroupNormalization", {
        "groups": 2, "gamma_initializer": constant(0.7), "beta_initializer": constant(0.2),
        "gamma_regularizer": penalty(0.1), "beta_regularizer": penalty(0.2)}, [X]),
    ("RMSNormalization", {}, [X]),
]  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS, ids=lambda case: case[0])
def test_settings_of_weights_and_steps_of_adam_same_as_keras(case):
    assert_same_settings(*case)


@pytest.mark.parametrize("case", CASES[8:])
def test_steps_of_spectral_normalization_same_as_keras(case):
    """The vector is updated in each step, and predictions use the kernel unchanged."""
    import golden
    from keras_peer import assert_near, keras

    _, options, (shape,), _ = case
    rng = np.random.default_rng(4)
    x = rng.normal(size=(3, *shape)).astype("float32")

    def made(kit):
        given = {k: v(kit.layers) if callable(v) else v for k, v in options.items()}
        layer = kit.layers.SpectralNormalization(**given)
        model = kit.Sequential([kit.Input(shape), layer])
        model.compile("adam", "mean_squared_error")
        return model

    mine = made(lamina)
    weights = [rng.normal(size=w.shape).astype("float32") for w in mine.get_weights()]
    mine.set_weights(weights)
    y = rng.normal(size=mine.predict(x).shape).astype("float32")

    def trained(model):
        losses = [np.float64(model.train_on_batch(x, y)).reshape(-1)[0] for _ in range(3)]
        return [losses, model.get_weights(), model.predict(x, verbose=0)]

    def theirs():
        model = made(keras)
        model.set_weights(weights)
        return trained(model)

    wanted = golden.ask(theirs, str(sorted(options)), weights, x, y)
    losses, last, predicted = trained(mine)
    np.testing.assert_allclose(losses, wanted[0], rtol=1e-5)
    for i, (a, b) in enumerate(zip(last, wanted[1], strict=True)):
        assert_near(a, b, f"weight {i}")
    assert_near(predicted, wanted[2], "prediction")


def test_a_kernel_of_zeros_stays():
    layer = layers.SpectralNormalization(layers.Dense(3, kernel_initializer="zeros"))
    model = lamina.Sequential([lamina.Input((4,)), layer])
    model.compile("sgd", "mse")
    before = model.get_weights()[1]
    model.train_on_batch(np.ones((2, 4), "float32"), np.zeros((2, 3), "float32"))
    np.testing.assert_array_equal(model.get_weights()[1], before)


class Counts(layers.Layer):
    """Counts training steps, and scales by the count before the step."""

    def build(self, input_shape):
        self.seen = self.add_weight("seen", (), "zeros", trainable=False)
        self.mean = self.add_weight("mean", (input_shape[-1],), "zeros", trainable=False)

    def call(self, x, training=None):
        if training:
            self.seen.assign_add(1.0)
            self.mean.assign(ops.mean(x, axis=0))
            self.seen.assign(self.seen + 1.0)
        return x * self.seen


def test_training_assigns_and_reads_what_it_assigned():
    layer = Counts()
    model = lamina.Sequential([lamina.Input((2,)), layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.array([[1.0, 2.0], [3.0, 6.0]], "float32")
    y = np.zeros((2, 1), "float32")
    model.evaluate(x, y)
    assert float(layer.seen) == 0.0
    for step in (1, 2):
        model.train_on_batch(x, y)
        assert float(layer.seen) == 2.0 * step
    np.testing.assert_allclose(np.asarray(layer.mean), [2.0, 4.0])
    np.testing.assert_allclose(layer(x), 4.0 * x)


def test_assigned_values_of_a_step_that_fails_stay():
    layer = Counts()
    model = lamina.Sequential([lamina.Input((2,)), layer])
    model.compile("sgd", "mse")
    huge = np.full((2, 2), 3e38, "float32")
    with pytest.raises(lamina.models.TrainingDiverged):
        model.train_on_batch(huge, np.zeros((2, 2), "float32"))
    assert float(layer.seen) == 0.0


@pytest.mark.parametrize("case", [CASES[2], CASES[5], CASES[7]], ids=lambda case: case[0])
def test_configurations(case):
    layer = getattr(layers, case[0])(**case[1])
    assert layers.deserialize(layers.serialize(layer)).get_config() == layer.get_config()


def test_configuration_of_a_wrapper():
    layer = layers.SpectralNormalization(layers.Dense(3), 2)
    again = layers.deserialize(layers.serialize(layer))
    assert (again.layer.units, again.power_iterations) == (3, 2)


class Within(layers.Layer):
    """A layer that reads the kernel of another before there is a model."""

    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(3)

    def build(self, input_shape):
        self.inner.build(input_shape)
        self.scale = self.add_weight("scale", (self.inner.kernel.shape[-1],), "ones")

    def call(self, x):
        return self.inner(x) * self.scale


@pytest.mark.parametrize(("shape", "made"), [
    ((4,), lambda: layers.SpectralNormalization(layers.Dense(3))),
    ((5, 4), lambda: layers.SpectralNormalization(layers.Conv1D(3, 2))),
    ((5, 4), lambda: layers.TimeDistributed(layers.SpectralNormalization(layers.Dense(3)))),
    ((4,), Within),
], ids=["Dense", "Conv1D", "TimeDistributed", "Within"])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_model_gives_precision_and_seed_to_kernels_read_before(shape, made, dtype):
    x = layers.Input(shape)
    model = lamina.Model(x, made()(x), dtype=dtype, seed=3)
    chain = lamina.Sequential([layers.Input(shape), made()], dtype=dtype, seed=3)
    assert {w.dtype for w in model.weights} == {dtype}
    for ours, same in zip(model.get_weights(), chain.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, same)
    model.compile("sgd", "mse")
    rows = np.ones((2, *shape))
    model.fit(rows, model.predict(rows, verbose=0) + 1, verbose=0)


A = np.zeros((2, 3, 4), "float32")


@pytest.mark.parametrize(("call", "rule", "value"), [
    (lambda: layers.GroupNormalization(0), "GroupNormalization: groups", "0"),
    (lambda: layers.GroupNormalization(3)(A), "groups must divide the input's", "3 groups"),
    (lambda: layers.GroupNormalization(2, axis=0)(A), "group_normalization: axis", "got 0"),
    (lambda: layers.UnitNormalization(axis=3)(A), "unit_normalization: axis", "got 3"),
    (lambda: layers.RMSNormalization(axis=0)(A), "rms_normalization: axis", "got 0"),
    (lambda: layers.RMSNormalization(epsilon=-1), "RMSNormalization: epsilon", "-1"),
    (lambda: layers.SpectralNormalization(3), "SpectralNormalization: layer must be", "3"),
    (lambda: layers.SpectralNormalization(layers.Dense(2), 0), "power_iterations", "0"),
    (lambda: layers.SpectralNormalization(layers.ReLU())(A), "kernel or embeddings", "re_lu"),
])  # fmt: skip
def test_bad_arguments(call, rule, value):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert rule in str(caught.value)
    assert value in str(caught.value)
