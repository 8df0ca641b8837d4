"""Axes of unknown length, and models that must know the number of rows of a batch."""

import sys
import threading

import numpy as np
import pytest

import lamina
from keras_models import assert_same, numbers
from lamina import layers, ops

X, Y = numbers(10, 3), numbers(10, 1, seed=6)


def steps_of(length):
    return numbers(10, length, 3, seed=length)


def ids_of(length):
    return np.random.default_rng(length).integers(1, 7, (10, length))


def sequential(shape, *parts, dtype=None):
    """Return a function that makes a model for an input of a shape."""

    def make(keras, known=shape):
        given = {} if dtype is None else {"dtype": dtype}
        made = [part(keras) for part in parts]
        return keras.Sequential([keras.Input(known, **given), *made, keras.layers.Dense(1)])

    return make


def attention(keras):
    class Attention(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.query, self.key = keras.layers.Dense(3), keras.layers.Dense(3)

        def call(self, x):
            scores = self.query(x) @ keras.ops.transpose(self.key(x), (0, 2, 1))
            y = keras.ops.softmax(scores) @ x
            count = keras.ops.shape(x)[1]
            return keras.ops.concatenate([y[:, -1], keras.ops.sum(x, axis=1) / count], -1)

    return Attention()


def layer(name, *args, **kwargs):
    def part(keras):
        return getattr(keras.layers, name)(*args, **kwargs)

    return part


def bidirectional(keras):
    return keras.layers.Bidirectional(keras.layers.GRU(3))


def distributed(keras):
    return keras.layers.TimeDistributed(keras.layers.Dense(4, activation="relu"))


POOL = layer("GlobalAveragePooling1D")
SERIES = {
    "lstm": [layer("LSTM", 4)],
    "gru": [layer("GRU", 4, return_sequences=True), layer("SimpleRNN", 3)],
    "bidirectional": [bidirectional],
    "conv1d": [layer("Conv1D", 4, 3, padding="same", strides=2), layer("MaxPooling1D", 2), POOL],
    "distributed": [distributed, POOL],
    "attention": [attention],
}


@pytest.mark.parametrize("name", SERIES)
def test_steps_of_any_number(name):
    make = sequential((None, 3), *SERIES[name])
    assert_same(make, steps_of(9), Y)
    model, weights = make(lamina), None
    for length in (9, 5, 12, 9):
        x, fixed = steps_of(length), make(lamina, (length, 3))
        weights = model.get_weights() if weights is None else weights
        model.set_weights(weights)
        fixed.set_weights(weights)
        results = []
        for each in (model, fixed):
            each.compile("sgd", "mse")
            losses = each.fit(x, Y, batch_size=4, shuffle=False, verbose=0).history["loss"]
            results.append([*losses, each.evaluate(x, Y, verbose=0), *each.predict(x).ravel()])
        assert results[0] == results[1]


def test_tokens_and_masks_of_any_number():
    def text(keras):
        return keras.layers.Embedding(7, 4, mask_zero=True)

    make = sequential((None,), text, layer("LSTM", 3), dtype="int32")
    assert_same(make, ids_of(6), Y)
    model = make(lamina)
    short = np.pad(ids_of(4), ((0, 0), (0, 3)))
    np.testing.assert_allclose(model.predict(short), model.predict(ids_of(4)), 1e-6)


def test_images_of_any_size():
    parts = [layer("Conv2D", 4, 3, activation="relu"), layer("AveragePooling2D", 2),
             layer("UpSampling2D", 2), layer("GlobalMaxPooling2D")]  # fmt: skip
    make = sequential((None, None, 3), *parts)
    assert_same(make, numbers(10, 9, 7, 3), Y)
    model = make(lamina)
    for size in ((8, 8), (6, 11)):
        fixed = make(lamina, (*size, 3))
        fixed.set_weights(model.get_weights())
        x = numbers(2, *size, 3)
        np.testing.assert_array_equal(model.predict(x), fixed.predict(x))


def test_many_lengths_in_turn():
    model = sequential((None, 3), layer("LSTM", 2))(lamina)
    first = {length: model.predict(steps_of(length)) for length in range(1, 80)}
    assert len(model._predictors._kept) == 64
    for length, y in first.items():
        np.testing.assert_array_equal(model.predict(steps_of(length)), y)


def test_windows_longer_than_most_series():
    for part in (layers.Conv1D(2, 400), layers.Cropping1D(200), layers.MaxPooling1D(250)):
        model = lamina.Sequential([
            lamina.Input((None, 3)), part, layers.GlobalAveragePooling1D(), layers.Dense(1),
        ])  # fmt: skip
        model.compile("sgd", "mse")
        assert model.predict(numbers(2, 500, 3)).shape == (2, 1)
        model.fit(numbers(2, 450, 3), numbers(2, 1), verbose=0)
        model.summary(print_fn=lambda line: None)
        with pytest.raises(ValueError, match=f"{part.name}: "):
            model.predict(numbers(2, 90, 3))
    with pytest.raises(ValueError, match=r"dense\w*: .*give Input a number in place of None"):
        lamina.Sequential([lamina.Input((None, 3)), layers.Flatten(), layers.Dense(2)])


def test_other_errors_are_not_asked_for_again_at_longer_lengths():
    seen = []

    class Refuses(layers.Layer):
        def call(self, x):
            seen.append(x.value.shape[0])
            raise ValueError("never")

    with pytest.raises(ValueError, match="never"):
        lamina.Sequential([lamina.Input((None, 3)), Refuses()])
    assert max(seen) <= 320


def test_lengths_that_only_data_told_may_change():
    def text(keras):
        return keras.layers.Embedding(7, 4)

    parts = [text, layer("GRU", 3, return_sequences=True), layer("Dense", 2)]
    model = lamina.Sequential([part(lamina) for part in parts])
    model.compile("adam", "mse")
    model.fit(ids_of(6), numbers(10, 6, 2), verbose=0)
    open_ = lamina.Sequential([lamina.Input((None,), dtype="int32"), *(p(lamina) for p in parts)])
    open_.set_weights(model.get_weights())
    for length in (4, 9, 6):
        np.testing.assert_array_equal(model.predict(ids_of(length)), open_.predict(ids_of(length)))
    before = model.optimizer.iterations
    model.fit(ids_of(9), numbers(10, 9, 2), verbose=0)
    assert model.optimizer.iterations == before + 1
    assert model.input_shape == (None, None)
    for fixed in (
        [layers.Flatten(), layers.Dense(2)],
        [layers.Dense(2)],
        [layers.Dense(2, input_shape=(5, 3))],
    ):
        model = lamina.Sequential(fixed)
        model.predict(numbers(2, 5, 3))
        other = numbers(2, 5, 4) if len(fixed) == 1 else numbers(2, 6, 3)
        with pytest.raises(ValueError, match=r"x has shape .*; the model needs \(rows, 5, 3\)"):
            model.predict(other)
        assert model.predict(numbers(2, 5, 3)).shape[0] == 2


def test_threads_that_predict_many_lengths():
    model = sequential((None, 3), layer("LSTM", 2))(lamina)
    known = {length: model.predict(steps_of(length)) for length in range(1, 81, 5)}
    failures = []

    def work(seed):
        rng = np.random.default_rng(seed)
        try:
            for length in rng.permutation(np.arange(1, 81)):
                y = model.predict(steps_of(int(length)))
                if length in known:
                    np.testing.assert_array_equal(y, known[length])
        except Exception as error:
            failures.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not failures


def test_a_size_that_weights_need_is_asked_for():
    for make in (
        lambda: lamina.Sequential([lamina.Input((None, 3)), layers.Flatten(), layers.Dense(2)]),
        lambda: layers.Dense(2)(layers.Flatten()(lamina.Input((None, 3)))),
        lambda: layers.Dense(2)(ops.reshape(lamina.Input((None, 3)), (-1, 3 * 1))),
    ):
        try:
            made = make()
        except ValueError as error:
            said = str(error)
            assert said.startswith("dense"), said
            assert "has to be known" in said
            assert "192" not in said
        else:
            assert made.shape[-1] == 2


# --- batches of known numbers of rows


def similar(keras):
    """Rows are compared with each other."""

    class Similar(keras.Model):
        def __init__(self):
            super().__init__()
            self.embed, self.last = keras.layers.Dense(4), keras.layers.Dense(1)

        def call(self, x):
            h = self.embed(x)
            close = keras.ops.softmax(h @ keras.ops.transpose(h), axis=-1)
            return self.last(close @ h)

    return Similar()


def centred(keras):
    """The number of rows is a number."""

    class Centred(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = keras.layers.Dense(1)

        def call(self, x):
            count = keras.ops.shape(x)[0]
            mean = keras.ops.sum(x, axis=0) / (count + 1)
            return self.last(x - mean)

    return Centred()


def moved(keras):
    """Rows are rotated and reversed."""

    class Moved(keras.layers.Layer):
        def call(self, x):
            return keras.ops.concatenate([x[1:], x[:1]], axis=0) + keras.ops.flip(x, axis=0)

    return keras.Sequential([keras.Input((3,)), Moved(), keras.layers.Dense(1)])


@pytest.mark.parametrize("make", [similar, centred, moved], ids=lambda make: make.__name__)
def test_batches_that_rows_share(make):
    assert_same(make, X, Y, validation_data=(X[:7], Y[:7]), validation_batch_size=4)


def test_results_of_bound_models_batch_by_batch():
    model = similar(lamina)
    whole = model(np.tile(X, (7, 1)))
    assert whole.shape == (70, 1)
    by_batch = model.predict(np.tile(X, (7, 1)), batch_size=35)
    np.testing.assert_allclose(by_batch[:35], model(np.tile(X, (7, 1))[:35]), 1e-5)
    assert np.abs(whole[:35] - by_batch[:35]).max() > 0
    assert model.predict(X[:0]).shape == (0, 1)
    model.compile("adam", "mse", metrics=["mae"])
    assert np.isfinite(model.train_on_batch(X, Y)).all()
    assert np.isfinite(model.train_on_batch(X[:3], Y[:3])).all()
    assert np.isfinite(model.test_on_batch(X[:5], Y[:5])).all()


def test_contrastive_loss_over_a_batch():
    def make(keras):
        class Pairs(keras.Model):
            def __init__(self):
                super().__init__()
                self.left, self.right = keras.layers.Dense(4), keras.layers.Dense(4)

            def call(self, inputs):
                a, b = self.left(inputs[0]), self.right(inputs[1])
                return a @ keras.ops.transpose(b)

        return Pairs()

    def loss(y_true, y_pred):
        return lamina.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)

    model = make(lamina)
    model.compile("adam", loss)
    x, y = [X[:8], X[:8]], np.arange(8) % 4
    history = model.fit(x, y, batch_size=4, shuffle=False, epochs=30, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_what_depends_on_training_is_recorded_for_both():
    class Phases(lamina.Model):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(1, kernel_initializer="ones")

        def call(self, x, training=None):
            return self.last(x * 3 if training else x)

    model = Phases()
    plain = X.sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict(X), plain, 1e-5, 1e-5)
    np.testing.assert_allclose(model(X, training=True), 3 * plain, 1e-5, 1e-5)
    model.compile(lamina.optimizers.SGD(1e-30), "mse")
    history = model.fit(X, 0 * Y, batch_size=4, verbose=0, validation_data=(X, 0 * Y)).history
    np.testing.assert_allclose(history["val_loss"][0], np.mean(plain**2), 1e-5)
    np.testing.assert_allclose(history["loss"][0], 9 * np.mean(plain**2), 1e-5)
    np.testing.assert_allclose(model.evaluate(X, 0 * Y, verbose=0), np.mean(plain**2), 1e-5)


class Stated(layers.Layer):
    def compute_output_shape(self, input_shape):
        raise ValueError(f"stated: got {input_shape}")

    def record(self, graph, x):
        return x


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (layers.MaxPooling2D(), r"input has shape \(batch, None, 192\); needs 4 axes"),
        (layers.Reshape((5, 7)), r"a row of shape \(None, 192\) has None elements; .* \(5, 7\)"),
        (layers.Lambda(lambda x: ops.add(x, np.ones(5))), r"got \(None, 192\), \(5,\)"),
        (Stated(), r"stated: got \(None, None, 192\)"),
    ],
)
def test_messages_say_none_for_a_length_that_is_not_known(call, text):
    with pytest.raises(ValueError, match=text):
        call(lamina.Input((None, 192)))


def test_metrics_are_asked_for_before_lengths_are_known():
    x = lamina.Input((None, 3))
    model = lamina.Model(x, layers.LSTM(4, return_sequences=True, activation="sigmoid")(x))
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy", "mae"])
    data = np.ones((2, 5, 3))
    assert len(model.evaluate(data, np.eye(4)[np.zeros((2, 5), int)], verbose=0)) == 3
