"""User-defined model classes against Keras's: inputs, outputs, copies."""

import copy
import gc
import pickle
import sys
import threading
import weakref

import numpy as np
import pytest

import lamina
from keras_models import assert_same, numbers
from lamina import layers, ops

X, Y = numbers(10, 3), numbers(10, 1, seed=6)
WIDE = numbers(10, 6, seed=8)
STEPS = numbers(10, 5, 3)
IMAGES = numbers(10, 8, 8, 3)
IDS = np.random.default_rng(7).integers(1, 7, (10, 5))
PAIRS = np.random.default_rng(8).integers(0, 6, (10, 2))


# --- inputs and outputs


def test_structures_of_several_outputs():
    def make(keras):
        class Several(keras.Model):
            def __init__(self):
                super().__init__()
                self.price, self.kind = keras.layers.Dense(1), keras.layers.Dense(2)

            def call(self, x):
                return {"price": self.price(x), "kind": self.kind(x)}

        return Several()

    kinds = np.concatenate([Y, -Y], 1)
    y = {"price": Y, "kind": kinds}
    assert_same(make, X, y, {"price": "mse", "kind": "mae"}, loss_weights={"price": 2, "kind": 1})
    model = make(lamina)  # compiled before the outputs are known
    model.compile("sgd", {"price": "mse", "kind": "mae"}, {"kind": ["mse"]})
    history = model.fit(X, y, verbose=0, validation_data=(X, y)).history
    names = ["loss", "kind_loss", "price_loss", "kind_mse"]
    assert set(history) == {*names, *(f"val_{name}" for name in names)}
    assert set(model.evaluate(X, y, return_dict=True, verbose=0)) == set(names)
    assert set(model.predict(X)) == {"price", "kind"}


class Two(lamina.Model):
    def __init__(self, units=2, **base):
        super().__init__(**base)
        self.units = units
        self.first, self.second = layers.Dense(units), layers.Dense(1)
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x, training=None, factor=1.0):
        return self.second(self.first(x)) * self.scale * factor, self.first(x)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def test_lists_and_tuples_are_alike():
    model = Two()
    model.compile("sgd", ["mse", None])
    for y in ([Y], (Y,)):
        model.fit(X, y, verbose=0)
    first, second = model.predict(X)
    assert (first.shape, second.shape) == ((10, 1), (10, 2))
    whole = model(X, factor=2.0)
    np.testing.assert_allclose(whole[0], 2 * first, 1e-6)
    assert len(model.get_weights()) == 5
    assert model.count_params() == 3 * 2 + 2 + 2 + 1 + 1


def test_a_model_builds_itself():
    class Builds(lamina.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def build(self, input_shape):
            self.dense.build(input_shape)
            self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
            super().build(input_shape)
            self.built = True

        def call(self, x):
            return self.dense(x) * self.factor

    by_shape, by_data = Builds(), Builds()
    by_shape.build((None, 3))
    assert by_shape.built
    assert by_shape.count_params() == 15
    assert not by_data.built
    by_data.predict(X)
    assert [w.shape for w in by_data.weights] == [(3,), (3, 3), (3,)]


def test_summaries_before_and_after_building():
    lines = []
    model = Two(name="two")
    model.summary(print_fn=lines.append)
    assert "not built" in lines[0]
    model.predict(X)
    model.summary(print_fn=lines.append)
    assert "first" not in lines[1]
    for row in ("dense (Dense)", "dense_1 (Dense)", "(rows, 2)", "(rows, 1)", "Weights: 12"):
        assert row in lines[1]


# --- classes constructed from inputs and outputs


def test_classes_made_of_inputs_and_outputs():
    class Own(lamina.Model):
        def __init__(self, units):
            x = lamina.Input((3,))
            super().__init__(inputs=x, outputs=layers.Dense(units)(x), name="own")
            self.units = units

    class Twice(lamina.Model):
        def twice(self, x):
            return 2 * self.predict(x)

    assert (Own(2).name, Own(2).predict(X).shape, Own(3).units) == ("own", (10, 2), 3)
    x = lamina.Input((3,))
    model = Twice(x, layers.Dense(1)(x))
    np.testing.assert_array_equal(model.twice(X), 2 * model.predict(X))


# --- within other models, copies


def test_models_within_models():
    inner = Two()
    x = lamina.Input((3,))
    first, second = inner(x, factor=3.0)
    outer = lamina.Model(x, [first, ops.sum(second, axis=-1)])
    a, b = outer.predict(X)
    np.testing.assert_allclose(a, 3 * inner.predict(X)[0], 1e-5)
    np.testing.assert_allclose(b, inner.predict(X)[1].sum(1), 1e-5)
    inner.scale.assign(0.0)
    assert not outer.predict(X)[0].any()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("trained", [False, True])
def test_copies_have_the_same_weights_and_live_alone(copied, trained):
    model = Two(seed=3)
    model.compile("adam", ["mse", None])
    if trained:
        model.fit(X, [Y], verbose=0)
    twin = copied(model)
    for a, b in zip(twin.predict(X), model.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)
    a, b = (m.fit(X, [Y], epochs=2, verbose=0).history["loss"] for m in (twin, model))
    assert a == b
    twin.scale.assign(0.0)
    assert not twin.predict(X)[0].any()
    assert model.predict(X)[0].any()


def test_configurations_of_models():
    model = Two(3, name="three")
    model.predict(X)
    twin = Two.from_config(model.get_config())
    twin.predict(X)
    twin.set_weights(model.get_weights())
    assert (twin.units, twin.name) == (3, "three")
    np.testing.assert_array_equal(twin.predict(X)[0], model.predict(X)[0])


def test_frozen_parts_and_own_weights():
    model = Two()
    model.compile("sgd", ["mse", None])
    model.first.trainable = False
    model.fit(X, [Y], verbose=0)
    assert [w.name for w in model.trainable_weights] == [
        "two/scale",
        "dense_1/kernel",
        "dense_1/bias",
    ]
    before = model.get_weights()
    model.fit(X, [Y], verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert moved == [True, False, False, True, True]
    model.trainable = False
    assert not model.trainable_weights


def test_a_layer_of_a_sequential_may_use_the_weights_of_one_before_it():
    class Transposed(lamina.layers.Layer):
        def __init__(self, dense):
            super().__init__()
            self.dense = dense

        def build(self, input_shape):
            self.offset = self.add_weight((self.dense.kernel.shape[0],), "zeros")

        def call(self, x):
            return x @ ops.transpose(self.dense.kernel) + self.offset

    inner = lamina.layers.Dense(2)
    model = lamina.Sequential([lamina.Sequential([inner]), lamina.Sequential([Transposed(inner)])])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 5))
    loss = model.fit(x, x, epochs=8, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
    assert model.count_params() == 5 * 2 + 2 + 5


def test_batch_normalization_told_to_train():
    images = numbers(6, 4, 4, 2)
    for x, axes in ((X, (0,)), (images, (0, 1, 2))):
        wanted = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-3)

        class Told(lamina.Model):
            def __init__(self):
                super().__init__()
                self.norm = layers.BatchNormalization()

            def call(self, x, training=None):
                return self.norm(x, training=training)

        norm, model = layers.BatchNormalization(), Told()
        for call in (norm, model):
            call(x)
            np.testing.assert_allclose(call(x, training=False), x / np.sqrt(1.001), 1e-4, 1e-4)
            np.testing.assert_allclose(call(x, training=True), wanted, 1e-4, 1e-4)
            mean, variance = 0.01 * x.mean(axes), 0.99 + 0.01 * x.var(axes)  # training updated them
            moved = (x - mean) / np.sqrt(variance + 1e-3)
            np.testing.assert_allclose(call(x, training=False), moved, 1e-4, 1e-4)


# --- threads and memory


@pytest.mark.parametrize("trained", [False, True])
def test_models_are_collected(trained):
    model, x = Two(), [X]
    model.predict(X)
    if trained:
        model.compile("sgd", ["mse", None])
        model.fit(X, Y, verbose=0, validation_data=(X, Y))
        model.evaluate(X, Y, verbose=0)
        model.train_on_batch(X, Y)
    array = model.first.kernel.numpy()
    model.noted = array
    held = [weakref.ref(thing) for thing in (model, model.first, model.as_layer(), array)]
    del model, x, array
    gc.collect()
    assert [ref() for ref in held] == [None] * 4


def test_threads_build_and_predict_at_once():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for seed in range(5):
            model, alone = Two(seed=seed), Two(seed=seed)
            wanted = alone.predict(X)[0]
            barrier, found = threading.Barrier(4), []

            def run(model=model, barrier=barrier, found=found):
                barrier.wait()
                found.extend(model.predict(X)[0] for _ in range(5))

            threads = [threading.Thread(target=run) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(found) == 20
            for y in found:
                np.testing.assert_array_equal(y, wanted)
            assert len(model.get_weights()) == 5
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("asked", ["_id", "backward"])  # by TensorFlow's tape, and as PyTorch's
def test_steps_that_take_gradients_themselves_are_told_how_to_do_without(asked):
    class Model(lamina.Model):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(1)

        def call(self, x):
            return self.last(x)

        def train_step(self, data):
            x, y = data
            loss = ops.mean(ops.square(self(x) - y))
            getattr(loss, asked)
            return {"loss": loss}

    model = Model()
    model.compile("sgd")
    with pytest.raises(
        AttributeError, match=r"train_step returns \{'loss': loss\}, without Gradient"
    ):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


def test_a_class_without_call_is_refused_only_when_it_is_called():
    class Holds(lamina.Model):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

    class Says(Holds):
        def call(self, x):
            return self.inner(x)

    inner = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
    model = Holds(inner)
    assert [w.shape for w in model.trainable_variables] == [(3, 1), (1,)]
    model.compile("sgd", "mse")
    for use in (lambda: model(X), lambda: model.predict(X), lambda: model.fit(X, Y, verbose=0)):
        with pytest.raises(TypeError, match="Holds: a user-defined model must define call"):
            use()
    np.testing.assert_array_equal(Says(inner)(X), inner(X))
