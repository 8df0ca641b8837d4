"""Models whose class overrides predict_step."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops

X = np.random.default_rng(1).normal(size=(70, 6)).astype("float32")


class Classes(lamina.Model):
    """Predicts the index of the largest output; counts the batches."""

    batches = 0

    def predict_step(self, data):
        self.batches += 1
        x, y, weight = lamina.utils.unpack_x_y_sample_weight(data)
        assert (y, weight) == (None, None)
        return ops.argmax(self(x, training=False), axis=-1)


def classes():
    x = lamina.Input((6,))
    return Classes(x, layers.Dense(3)(x))


def test_predict_uses_it_batch_by_batch():
    model = classes()
    want = model(X).argmax(-1)  # a call of the model does not use it
    assert model.batches == 0
    np.testing.assert_array_equal(model.predict(X, verbose=0), want)
    assert model.batches == 3
    np.testing.assert_array_equal(model.predict(X, batch_size=7, verbose=0), want)
    assert model.batches == 13
    np.testing.assert_array_equal(model.predict(X, steps=2, verbose=0), want[:64])
    np.testing.assert_array_equal(model.predict_on_batch(X), want)
    assert model.batches == 16
    np.testing.assert_array_equal(model.predict(iter([X[:5], X[5:9]]), verbose=0), want[:9])
    assert model.predict(X[:0], verbose=0).shape == (0,)


def test_callbacks_hear_its_batches():
    class Heard(lamina.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.shapes = []

        def on_predict_batch_end(self, batch, logs=None):
            self.shapes.append((batch, logs["outputs"].shape))

    heard = Heard()
    classes().predict(X, verbose=0, callbacks=[heard])
    assert heard.shapes == [(0, (32,)), (1, (32,)), (2, (6,))]


@pytest.mark.parametrize("form", ["functional", "call"])
def test_structures_of_inputs_and_outputs(form):
    class Step:
        def predict_step(self, data):
            (x,) = data
            assert sorted(x) == ["a", "b"]
            return {"sum": super().predict_step(data), "parts": (x["a"][:, 0], x["b"])}

    if form == "functional":

        class Own(Step, lamina.Model):
            pass

        inputs = {"a": lamina.Input((6,), name="a"), "b": lamina.Input((6,), name="b")}
        model = Own(inputs, layers.Add()([inputs["a"], inputs["b"]]))
    else:

        class Own(Step, lamina.Model):
            def call(self, x):
                return x["a"] + x["b"]

        model = Own()
    y = model.predict({"a": X, "b": 2 * X}, verbose=0)
    np.testing.assert_array_equal(y["sum"], 3 * X)
    np.testing.assert_array_equal(y["parts"][0], X[:, 0])
    np.testing.assert_array_equal(y["parts"][1], 2 * X)


def test_training_changes_what_it_returns():
    model = classes()
    model.compile(
        lamina.optimizers.Adam(0.1), lamina.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    wanted = (X[:, 0] > 0).astype("int32")
    model.fit(X, wanted, epochs=30, verbose=0)
    assert (model.predict(X, verbose=0) == wanted).mean() > 0.9
    assert model.evaluate(X, wanted, verbose=0) < 1


def test_bad_data_are_refused_before_it_is_called():
    model = classes()
    with pytest.raises(ValueError, match="predict: x"):
        model.predict(X[:, :4], verbose=0)
    with pytest.raises(ValueError, match="batch_size"):
        model.predict(X, batch_size=0, verbose=0)
    assert model.batches == 0


def test_a_step_without_outputs_is_refused():
    class Forgets(lamina.Sequential):
        def predict_step(self, data):
            super().predict_step(data)

    with pytest.raises(ValueError, match=r"predict_step must return arrays, .*; got None"):
        Forgets([layers.Dense(2)]).predict(X, verbose=0)


class Same(lamina.Model):
    def predict_step(self, data):
        return super().predict_step(data)


def test_models_that_begin_with_layers_on_strings():
    words = np.array([["a"], ["b"], ["zz"]] * 15)
    x = lamina.Input((1,), dtype="string")
    y = layers.Embedding(6, 2)(layers.StringLookup(vocabulary=["a", "b", "c"])(x))
    own, plain = Same(x, y), lamina.Model(x, y)
    np.testing.assert_array_equal(own.predict(words, verbose=0), plain.predict(words, verbose=0))
    np.testing.assert_array_equal(own.predict_on_batch(words), plain.predict_on_batch(words))


def test_rows_of_unequal_length():
    rng = np.random.default_rng(2)
    rows = [rng.normal(size=(1 + k % 5, 4)).astype("float32") for k in range(40)]
    x = lamina.Input((None, 4))
    y = layers.LSTM(2)(x)
    want = lamina.Model(x, y).predict(rows, verbose=0)
    np.testing.assert_array_equal(Same(x, y).predict(rows, verbose=0), want)
    np.testing.assert_array_equal(Same(x, y).predict_on_batch(rows), want)
