"""Evaluations within evaluations and within fits, and the weights of rows in each."""

import numpy as np
import pytest

import lamina
from lamina.callbacks import Callback, EarlyStopping
from lamina.layers import Dense, Input, Normalization
from lamina.metrics import Metric

RNG = np.random.default_rng(5)
X = RNG.normal(size=(64, 5)).astype("float32")
Y = X.sum(axis=1)


def far(y, p):
    return np.abs(y - p)[:, 0]


def network(rate=1e-12, metrics=(far, "mae")):
    model = lamina.Sequential([Input((5,)), Dense(4, "relu"), Dense(1)], seed=1)
    model.compile(lamina.optimizers.SGD(rate), "mse", metrics=list(metrics))
    return model


def test_a_python_metric_is_not_disturbed_by_an_evaluation_in_a_callback():
    class Evaluate(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.seen = self.model.evaluate(X, Y * 0 + 1e6, batch_size=16)

    inner = Evaluate()
    alone = network().fit(X, Y, batch_size=16, verbose=0).history
    beside = network().fit(X, Y, batch_size=16, verbose=0, callbacks=[inner]).history
    assert beside == alone
    np.testing.assert_allclose(inner.seen[1:], [1e6, 1e6], rtol=1e-4)


def test_a_pass_that_cannot_begin_is_not_running():
    class Fails(Metric):
        name, refuses = "fails", False

        def reset_state(self):
            if self.refuses:
                raise ArithmeticError("no")
            self.rows = 0

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.rows += len(y_true)

        def result(self):
            return float(self.rows)

    metric = Fails()
    metric.reset_state()
    model = network(metrics=[metric])
    metric.refuses = True
    with pytest.raises(ArithmeticError):
        model.evaluate(X, Y)
    assert not model.compilation("test").running
    metric.refuses = False
    assert model.evaluate(X, Y)[1] == metric.rows == 64


def test_an_evaluation_within_an_evaluation_with_the_same_batches():
    class Nested(Callback):
        inside = False

        def on_test_batch_end(self, batch, logs=None):
            if not self.inside:
                self.inside = True
                self.seen = self.model.evaluate(X * 2, Y, batch_size=16)
                self.inside = False

    model, nested = network(), Nested()
    alone = model.evaluate(X, Y, batch_size=16)
    assert model.evaluate(X, Y, batch_size=16, callbacks=[nested]) == alone
    assert nested.seen == model.evaluate(X * 2, Y, batch_size=16)


def test_the_users_metric_object_serves_the_outermost_pass():
    class Count(Metric):
        name = "count"

        def reset_state(self):
            self.rows = 0

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.rows += len(y_true)

        def result(self):
            return self.rows

    count = Count()
    history = network(metrics=[count]).fit(X, Y, validation_split=0.25, epochs=2, verbose=0)
    assert history.history["count"] == [48, 48]
    assert history.history["val_count"] == [16, 16]
    assert count.rows == 48


def test_a_weighted_python_metric_of_a_sequence():
    x, y, w = RNG.normal(size=(8, 3, 5)), RNG.normal(size=(8, 3, 2)), RNG.uniform(size=(8, 3))
    model = lamina.Sequential([Input((3, 5)), Dense(2)], dtype="float64")
    each = [lambda t, p: np.abs(t - p).mean(-1), lambda t, p: np.abs(t - p).mean((1, 2))]
    for metric in each:
        model.compile("sgd", "mse", weighted_metrics=[metric])
        error = np.abs(y - model.predict(x)).mean(-1)
        rows = np.arange(1.0, 9.0)
        expected = np.average(error.mean(-1), weights=rows)
        np.testing.assert_allclose(model.evaluate(x, y, sample_weight=rows)[1], expected)
    model.compile("sgd", "mse", weighted_metrics=[each[0]])
    got = model.evaluate(x, y, sample_weight=w)[1]
    np.testing.assert_allclose(got, np.average(error, weights=w))


def test_only_weighted_metrics_in_python_are_weighted():
    x, y, w = RNG.normal(size=(8, 5)), RNG.normal(size=(8, 2)), RNG.uniform(size=8)

    def plain(t, p):
        return np.abs(t - p).mean(-1)

    def heavy(t, p):
        return np.abs(t - p).mean(-1)

    model = lamina.Sequential([Input((5,)), Dense(2)], dtype="float64")
    model.compile("sgd", "mse", metrics=[plain], weighted_metrics=[heavy])
    error = np.abs(y - model.predict(x)).mean(-1)
    got = model.evaluate(x, y, sample_weight=w, batch_size=3, return_dict=True)
    np.testing.assert_allclose(got["plain"], error.mean())
    np.testing.assert_allclose(got["heavy"], np.average(error, weights=w))


def classifier():
    model = lamina.Sequential([Input((5,)), Dense(1, "sigmoid")], seed=1, dtype="float64")
    model.compile(lamina.optimizers.SGD(1e-12), "binary_crossentropy")
    return model


@pytest.mark.parametrize("weights", [{0: 1.0, 1: 100.0}, "balanced"])
def test_class_weights_are_for_the_training_rows_alone(weights):
    x, c = RNG.normal(size=(200, 5)), (RNG.random(200) < 0.1).astype(int)
    model = classifier()
    history = model.fit(x, c, validation_split=0.5, stratify=False, class_weight=weights,
                        verbose=0, batch_size="all")  # fmt: skip
    held = history.validation_rows
    np.testing.assert_allclose(history.history["val_loss"][0], model.evaluate(x[held], c[held]))
    alone, rest = classifier(), np.delete(np.arange(200), held)
    again = alone.fit(x[rest], c[rest], class_weight=weights, verbose=0, batch_size="all")
    np.testing.assert_allclose(history.history["loss"], again.history["loss"], rtol=1e-12)


def test_stratify_refusals():
    model = classifier()
    c = (X[:, 0] > 0).astype(int)
    for labels in (list(c), c, tuple(c), True):
        with pytest.raises(ValueError, match="give stratify or time_ordered=True, not both"):
            model.fit(X, c, validation_split=0.2, stratify=labels, time_ordered=True, verbose=0)
    mixed = np.array(["a", None] * 32, dtype=object)
    with pytest.raises(TypeError, match="stratify must hold labels of one type; got NoneType, str"):
        model.fit(X, c, validation_split=0.2, stratify=mixed, verbose=0)


@pytest.mark.parametrize("scale", [1e-24, 1e25])
def test_statistics_outside_the_dtypes_range_survive_restoring(scale):
    x = X * np.float32(scale)
    layer = Normalization()
    layer.adapt(x)
    model = lamina.Sequential([Input((5,)), layer, Dense(1)], seed=1)
    model.compile(lamina.optimizers.SGD(0.1), "mse")
    mean, variance, before = layer.mean.copy(), layer.variance.copy(), model.predict(x)
    model.fit(x, Y, epochs=4, validation_split=0.25, verbose=0,
              callbacks=[EarlyStopping("loss", patience=0, min_delta=1e9)])  # fmt: skip
    np.testing.assert_array_equal(layer.variance, variance)
    held = model.snapshot()
    at = model.predict(x)
    model.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict(x), at)
    assert not np.array_equal(at, before)
    with pytest.raises(ValueError, match="must have shape"):
        model.set_weights([np.zeros(5), np.ones(5), 0, np.ones((5, 1)), np.ones(2)])
    np.testing.assert_array_equal(model.predict(x), at)
    layer.set_weights([np.zeros(5), np.ones(5)])
    model.restore(held)
    np.testing.assert_array_equal(layer.mean, mean)
    np.testing.assert_array_equal(model.predict(x), at)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # inputs are large on purpose
def test_weights_that_the_last_step_spoilt_are_found():
    for validation in (0.0, 0.25):
        model = network(rate=1e30, metrics=())
        x = X * np.float32(1e9)
        with pytest.raises(lamina.models.TrainingDiverged, match="the weights must stay") as caught:
            model.fit(x, Y, batch_size="all", verbose=0, validation_split=validation)
        assert caught.value.weight in {p.name for p in model.parameters}
        assert model.history.history == {}
    with pytest.raises(lamina.models.TrainingDiverged):
        network(rate=1e30, metrics=()).train_on_batch(X * np.float32(1e9), Y)


def test_many_rows_are_predicted_in_several_calls_to_the_same_bits(monkeypatch):
    calls = []

    class Spy:
        def __init__(self, inner):
            self.inner = inner

        def predict(self, arrays, rows, *noise):
            calls.append(len(arrays[0]))
            return self.inner.predict(arrays, rows, *noise)

        def block(self, rows):
            return self.inner.block(rows)

    model = network()
    x = RNG.normal(size=(150_000, 5)).astype("float32")
    model.build()
    predictor = model._predictor([(5,)], 1024)
    at_once = predictor.predict([x], 1024)[0]
    monkeypatch.setattr(model._predictors, "kept", lambda *_: Spy(predictor))
    for batch in (None, 7, 100_000):
        calls.clear()
        np.testing.assert_array_equal(model.predict(x, batch_size=batch), at_once)
        assert len(calls) > 1
        assert sum(calls) == 150_000
        assert max(calls) <= 100_000


def test_sizes_beyond_memory_are_value_errors():
    with pytest.raises(ValueError, match="more than memory can address"):
        lamina.Sequential([Input((2**20,)), Dense(2**39)]).build()
    with pytest.raises(ValueError, match="set_num_threads: n must be at most"):
        lamina.set_num_threads(2**40)
    with pytest.raises(ValueError, match="n must be at most 4096; got 4097"):
        lamina.set_num_threads(4097)
