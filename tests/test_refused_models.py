"""A model is unchanged after an error of another model or of build."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import lamina
from lamina.layers import LSTM, Conv1D, Dense, Flatten, Input, Reshape, TimeDistributed


class Odd(lamina.initializers.Initializer):
    """Returns the wrong shape while ``wrong``."""

    wrong = True

    def __call__(self, shape, dtype="float32", rng=None):
        return np.ones(7 if self.wrong else shape, dtype)


def two_outputs():
    x = Input((5, 3))
    return lamina.Model(x, [Dense(2)(x), Dense(3)(x)])


REFUSED = {
    "shape": lambda m: lamina.Sequential([Input((4,)), m]),
    "name": lambda m: lamina.Sequential([Input((3,)), Dense(3, name="inner"), m]),
    "symbol": lambda m: m(Input((4,))),
    "layer on a symbol": lambda m: m.as_layer()(Input((4,))),
    "mask": lambda m: m(Input((3,)), mask=Input((3,))),
    "empty beside": lambda m: lamina.Sequential([Input((3,)), m, lamina.Sequential()]),
    "itself": lambda m: m.add(m),
    "wrapped itself": lambda m: m.add(TimeDistributed(m)),
    "wrapped": lambda m: TimeDistributed(m)(Input((5, 4))),
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_model_refused_by_another_can_still_change(how):
    inner = lamina.Sequential([Input((3,)), Dense(2)], name="inner")
    with pytest.raises((ValueError, TypeError)):
        REFUSED[how](inner)
    assert inner.name == "inner"
    inner.add(Dense(1))
    assert inner.predict(np.ones((2, 3))).shape == (2, 1)
    inner.pop()
    outer = lamina.Sequential([Input((3,)), inner])
    with pytest.raises(ValueError, match="'inner' is part of a model or layer"):
        inner.add(Dense(1))
    assert outer.predict(np.ones((2, 3))).shape == (2, 2)


@pytest.mark.parametrize("use", ["symbol", "model", "copy"])
def test_what_holds_a_model_at_any_depth_seals_it(use):
    inner = lamina.Sequential([Input((3,)), Dense(2)], name="inner")
    middle = lamina.Sequential([Input((4, 3)), TimeDistributed(inner)], name="middle")
    if use == "symbol":
        middle(Input((4, 3)))
    else:
        outer = lamina.Sequential([Input((4, 3)), middle])
        if use == "copy":
            inner = copy.deepcopy(outer).layers[0].layers[0].layer.model
    with pytest.raises(ValueError, match="'inner' is part of a model or layer"):
        inner.add(Dense(1))
    with pytest.raises(ValueError, match="'inner' is part of a model or layer"):
        inner.add(TimeDistributed(middle))


def test_calling_a_model_as_a_layer_on_arrays_seals_nothing():
    model = lamina.Sequential([Dense(2)])
    assert model.as_layer()(np.ones((2, 3))).shape == (2, 2)
    model.add(Dense(1))
    assert model.as_layer()(np.ones((2, 3))).shape == (2, 1)
    outer = lamina.Sequential([Dense(3, input_shape=(4,)), Dense(3, kernel_initializer=Odd())])
    outer.add(model)
    before = model.layers[0].get_weights()
    with pytest.raises(ValueError, match="must return shape"):
        outer.build()
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], before[0])


def test_a_wrapper_used_on_arrays_seals_what_it_holds():
    inner = lamina.Sequential([Dense(2)], name="inner")
    layer = TimeDistributed(inner)
    with pytest.raises(ValueError, match="needs at least 3 axes"):
        layer(np.ones((2, 3)))
    inner.add(Dense(3))
    assert layer(np.ones((2, 4, 3))).shape == (2, 4, 3)
    with pytest.raises(ValueError, match="'inner' is part of a model or layer"):
        inner.add(Dense(1))
    assert layer(np.ones((2, 4, 3))).shape == (2, 4, 3)


def test_a_refused_build_leaves_the_shape_open():
    odd = Odd()
    model = lamina.Sequential([Dense(2), Dense(2, kernel_initializer=odd)])
    with pytest.raises(ValueError, match="must return shape"):
        model.build((None, 5))
    assert model.input_shape is None
    odd.wrong = False
    model.build((None, 3))
    assert model.input_shape == (None, 3)


class Late(Dense):
    """Raises an error while it is recorded."""

    def record(self, graph, x):
        raise ArithmeticError("not today")


@pytest.mark.parametrize("use", ["predict", "fit", "evaluate", "build"])
def test_what_recording_refuses_is_not_built(use):
    model = lamina.Sequential([Dense(2), Late(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3)), np.ones((4, 1))
    arguments = {"predict": (x,), "fit": (x, y), "evaluate": (x, y), "build": ((None, 3),)}
    with pytest.raises(ArithmeticError, match="not today"):
        getattr(model, use)(*arguments[use])
    assert not model.built
    assert model.input_shape is None
    model.pop()
    assert model.predict(np.ones((4, 5))).shape == (4, 2)


def test_callbacks_are_looked_at_before_anything_is_built():
    model = lamina.Sequential([Dense(2)])
    with pytest.raises(TypeError):
        model.predict(np.ones((2, 3)), callbacks=[3])
    assert not model.built


def test_a_refused_build_leaves_what_another_model_built_since():
    inner = Dense(2)
    held = TimeDistributed(inner)
    with pytest.raises(ValueError, match="dtype is float64"):
        lamina.Sequential([Input((4, 3)), held, Dense(1, dtype="float64")]).build()
    assert not inner.built
    other = lamina.Sequential([Input((3,)), inner])
    before = other.predict(np.ones((1, 3)))
    with pytest.raises(ValueError, match="dtype is float64"):
        lamina.Sequential([Input((4, 3)), Dense(3, dtype="float64"), held]).build()
    np.testing.assert_array_equal(other.predict(np.ones((1, 3))), before)


def test_a_refused_outer_build_leaves_an_inner_shape_open():
    inner = lamina.Sequential([Dense(6)], name="inner")
    outer = lamina.Sequential([inner, Reshape((3, 2)), Conv1D(2, 2), Dense(2)])
    outer.add(Flatten())
    outer.layers[-2].kernel_initializer = Odd()
    with pytest.raises(ValueError, match="must return shape"):
        outer.build((None, 5))
    assert inner.input_shape is None
    assert not inner.built
    outer.layers[-2].kernel_initializer = lamina.initializers.get("zeros")
    assert outer.predict(np.ones((2, 4))).shape == (2, 4)
    assert inner.input_shape == (None, 4)


def test_a_refused_list_of_layers_renames_nothing():
    layers = [Dense(2), Dense(2), lamina.Sequential([Dense(2)]), lamina.Sequential([Dense(2)])]
    names = [layer.name for layer in layers]
    with pytest.raises(ValueError, match="has 2 elements"):
        lamina.Sequential([Input((3,)), *layers, Reshape((5,))])
    assert [layer.name for layer in layers] == names
    layers[2].add(Dense(1))


def test_a_refused_graph_renames_nothing():
    x = Input((3,))
    first = Dense(2)
    lamina.backend.clear_session()
    second = Dense(2, kernel_initializer=Odd())
    y = second(first(x))
    with pytest.raises(ValueError, match="must return shape"):
        lamina.Model(x, y)
    assert [first.name, second.name] == ["dense", "dense"]
    assert first.built
    assert lamina.Model(x, first(x)).predict(np.ones((1, 3))).shape == (1, 2)


def test_a_layer_whose_first_values_are_refused_is_not_built():
    odd = Odd()
    layer = LSTM(2, kernel_initializer=odd)
    with pytest.raises(ValueError, match="must return shape"):
        layer(np.ones((1, 2, 3)))
    assert not layer.built
    odd.wrong = False
    assert layer(np.ones((1, 2, 4))).shape == (1, 2)


def test_data_that_are_refused_leave_a_model_with_call_unbuilt():
    class Own(lamina.Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    model.compile("sgd", "mse")
    x = np.ones((4, 6), "float32")
    for y in (x[:, :3], np.full((4, 2), np.nan), x[:3, :2]):
        for method in (model.fit, model.evaluate, model.train_on_batch):
            with pytest.raises(ValueError, match="y"):
                method(x, y)
            assert not model.built
            assert not model.dense.built
    model.fit(x[:, :4], x[:, :2], verbose=0)  # of another width
    assert model.dense.kernel.shape == (4, 2)


class RefusesTraining(lamina.layers.Layer):
    """A layer that is built, and records predictions, but raises an error in training."""

    def call(self, x, training=None):
        if training:
            raise ValueError("no training today")
        return x


@pytest.mark.parametrize("method", ["fit", "train_on_batch", "gradients"])
def test_a_refused_training_leaves_a_model_unbuilt(method):
    x, y = np.ones((4, 6), "float32"), np.ones((4, 2), "float32")
    model = lamina.Sequential([Dense(2), RefusesTraining()], seed=1)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no training today"):
        getattr(model, method)(x, y)
    assert not model.built
    model.build((None, 6))
    alone = lamina.Sequential([Dense(2, input_shape=(6,))], seed=1)
    np.testing.assert_array_equal(model.layers[0].kernel, alone.layers[0].kernel)


@pytest.mark.parametrize("method", ["fit", "train_on_batch", "gradients"])
def test_a_refused_training_leaves_a_built_model_as_it_was(method):
    x, y = np.ones((4, 6), "float32"), np.ones((4, 2), "float32")
    model = lamina.Sequential([Input((6,)), Dense(2), RefusesTraining()])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match="no training today"):
        getattr(model, method)(x, y)
    assert model.built
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_a_fit_refused_after_a_backup_was_read_keeps_its_weights(tmp_path):
    class Stop(lamina.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 6:
                raise KeyboardInterrupt  # before the sixth backup
            self.weights = self.model.get_weights()

    def fit(model, batch_size, *more):
        backup = lamina.callbacks.BackupAndRestore(tmp_path, save_freq=1)
        model.fit(x, x[:, :2], batch_size, epochs=3, callbacks=[backup, *more], verbose=0)

    x = np.random.default_rng(1).normal(size=(32, 6)).astype("float32")
    first = lamina.Sequential([Dense(2)], seed=1)
    first.compile("adam", "mse")
    stop = Stop()
    with pytest.raises(KeyboardInterrupt):
        fit(first, 8, stop)
    second = lamina.Sequential([Dense(2)], seed=2)
    second.compile("adam", "mse")
    with pytest.raises(ValueError, match="needs the same batches"):
        fit(second, 16)
    assert second.optimizer.iterations == 5
    np.testing.assert_array_equal(second.get_weights()[0], stop.weights[0])
