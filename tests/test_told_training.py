"""``layer(x, training=...)`` on symbolic tensors: the argument of the call holds in the model."""

import copy
import pickle

import numpy as np
import pytest

import lamina
from lamina import layers

ONES = np.ones((200, 3), np.float32)
X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


class Shifted(layers.Layer):
    """Adds 1 in training."""

    def call(self, x, training=None, scale=1.0):
        return x + (scale if training else 0.0)


def twice(layer):
    """A model that contains the layer, whose inner call has no argument."""
    x = lamina.Input((3,))
    return lamina.Model(x, layer(x))


def model_of(layer, *args, **told):
    x = lamina.Input((3,))
    return lamina.Model(x, layer(x, *args, **told))


SHIFTING = {
    "own layer": Shifted,
    "functional model": lambda: twice(Shifted()),
    "sequential model": lambda: lamina.Sequential([lamina.Input((3,)), Shifted()]),
    "model in a model": lambda: twice(twice(Shifted())),
}


@pytest.mark.parametrize("told", [None, True, False])
@pytest.mark.parametrize("make", SHIFTING.values(), ids=SHIFTING)
def test_what_a_call_is_told_holds_whatever_the_model_does(make, told):
    model = model_of(make(), training=told)
    model.compile("sgd", "mse")

    def shift(training):
        return float(training if told is None else told)

    np.testing.assert_array_equal(model.predict(X), X + shift(False))
    np.testing.assert_array_equal(model(X), X + shift(False))
    np.testing.assert_array_equal(model(X, training=True), X + shift(True))
    np.testing.assert_array_equal(model(X, training=False), X + shift(False))
    np.testing.assert_allclose(model.evaluate(X, X, verbose=0), shift(False), 1e-6)
    np.testing.assert_allclose(model.fit(X, X, verbose=0).history["loss"], shift(True), 1e-6)


NOISY = {
    "dropout": (lambda: layers.Dropout(0.5), ONES),
    "gaussian noise": (lambda: layers.GaussianNoise(1.0), ONES),
    "gru": (lambda: layers.GRU(3, dropout=0.5, seed=1), np.ones((20, 4, 3), np.float32)),
    "bidirectional": (
        lambda: layers.Bidirectional(layers.LSTM(3, dropout=0.5)),
        np.ones((20, 4, 3), np.float32),
    ),
    "by step": (
        lambda: layers.TimeDistributed(model_of(layers.Dropout(0.5), training=True)),
        np.ones((20, 4, 3), np.float32),
    ),
}


@pytest.mark.parametrize(("make", "x"), NOISY.values(), ids=NOISY)
def test_noise_that_is_told_to_act_is_drawn_anew_by_each_prediction(make, x):
    inputs = lamina.Input(x.shape[1:])
    model = lamina.Model(inputs, make()(inputs, training=True))
    first, second = model.predict(x), model.predict(x)
    assert (first != second).any()
    assert (model(x, training=False) != model(x, training=False)).any()


def test_a_layer_that_holds_noise_told_to_act_draws_anew_on_arrays():
    make, x = NOISY["by step"]
    layer = make()
    assert (layer(x) != layer(x)).any()


def test_noise_that_is_told_not_to_act_rests_in_training():
    model = model_of(layers.Dropout(0.5), training=False)
    np.testing.assert_array_equal(model(ONES, training=True), ONES)


def test_statistics_stay_where_a_base_is_told_that_it_is_not_training():
    norm = layers.BatchNormalization()
    base = lamina.Sequential([lamina.Input((3,)), layers.Dense(3), norm])
    x = lamina.Input((3,))
    model = lamina.Model(x, layers.Dense(1)(base(x, training=False)))
    model.compile("sgd", "mse")
    before, kernel = norm.get_weights(), base.layers[0].get_weights()[0]
    model.fit(X, X[:, :1], verbose=0)
    np.testing.assert_array_equal(before[2:], norm.get_weights()[2:])
    assert (kernel != base.layers[0].get_weights()[0]).any()  # it is trained nevertheless


def test_one_layer_is_told_different_things_by_different_calls():
    layer, x = layers.Dropout(0.5), lamina.Input((3,))
    both = lamina.Model(x, [layer(x, training=True), layer(x, training=False), layer(x)])
    dropped, kept, usual = both.predict(ONES)
    assert set(np.unique(dropped)) == {0.0, 2.0}
    np.testing.assert_array_equal(kept, ONES)
    np.testing.assert_array_equal(usual, ONES)
    dropped, kept, usual = both(ONES, training=True)
    assert set(np.unique(dropped)) == set(np.unique(usual)) == {0.0, 2.0}
    np.testing.assert_array_equal(kept, ONES)


def through_file(model, folder):
    model.save(folder / "m.lamina")
    return lamina.saving.load_model(folder / "m.lamina")


COPIES = {
    "config": lambda model, _: lamina.Model.from_config(model.get_config()),
    "clone": lambda model, _: lamina.models.clone_model(model),
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "file": through_file,
}


@pytest.mark.parametrize("made", COPIES.values(), ids=COPIES)
def test_copies_are_told_the_same(made, tmp_path):
    x = lamina.Input((3,))
    inner = lamina.Sequential([lamina.Input((3,)), layers.Dropout(0.5)])
    model = lamina.Model(x, [layers.Dropout(0.5)(x, training=False), inner(x, training=True)])
    kept, dropped = made(model, tmp_path)(ONES, training=True)
    np.testing.assert_array_equal(kept, ONES)
    assert set(np.unique(dropped)) == {0.0, 2.0}
    assert set(np.unique(made(model, tmp_path).predict(ONES)[1])) == {0.0, 2.0}


def test_training_and_what_follows_it_may_be_given_by_position():
    np.testing.assert_array_equal(Shifted()(ONES, True), ONES + 1)
    np.testing.assert_array_equal(Shifted()(ONES, True, 3.0), ONES + 3)
    np.testing.assert_array_equal(Shifted()(ONES, True, scale=3.0), ONES + 3)
    np.testing.assert_array_equal(model_of(Shifted(), True, 3.0).predict(ONES), ONES + 3)
    with pytest.raises(TypeError, match=r"shifted.*takes 4 positional arguments but 5 were given"):
        Shifted()(ONES, True, 3.0, 4.0)
    with pytest.raises(TypeError, match="multiple values for argument 'training'"):
        Shifted()(ONES, True, training=False)

    class Calling(lamina.Model):
        def __init__(self):
            super().__init__()
            self.shift = Shifted()

        def call(self, x, training=None):
            return self.shift(x, training)

    np.testing.assert_array_equal(Calling()(ONES, True), ONES + 1)


def test_training_is_true_or_false():
    x = lamina.Input((3,))
    for layer in (layers.Dropout(0.5), Shifted(), twice(Shifted())):
        for value in (x, ONES):
            for said in ("no", 2, 0.5, [True]):
                with pytest.raises(TypeError, match="training must be True, False or None; got"):
                    layer(value, training=said)
    np.testing.assert_array_equal(Shifted()(ONES, training=np.True_), ONES + 1)
    np.testing.assert_array_equal(Shifted()(ONES, training=1), ONES + 1)
