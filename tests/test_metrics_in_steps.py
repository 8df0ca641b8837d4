"""Metrics as objects: those that a model lists, and those that steps of its own update."""

import numpy as np
import pytest

import lamina
from lamina import layers, metrics, ops

RNG = np.random.default_rng(4)
X = RNG.normal(size=(50, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True) + 1


class Largest(metrics.Metric):
    """A metric of one's own: the largest error, and how many rows there were."""

    def __init__(self, name="largest"):
        super().__init__(name=name)
        self.most, self.rows = self.add_variable(name="most"), self.add_variable(name="rows")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.most.assign(ops.maximum(self.most, ops.max(ops.abs(y_true - y_pred))))
        self.rows.assign_add(ops.shape(y_pred)[0])

    def result(self):
        return self.most


class Both(Largest):
    def result(self):
        return {"most": self.most, "rows": self.rows}


class Tracked(lamina.Model):
    """As Keras's guides write it, with what the engine needs returned."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dense = layers.Dense(1)
        self.loss_tracker = metrics.Mean(name="loss")
        self.rmse = metrics.RootMeanSquaredError(name="rmse")
        self.others = [Largest()]

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        x, y = data
        y_pred = self(x, training=True)
        loss = ops.mean(ops.square(y - y_pred))
        self.loss_tracker.update_state(loss)
        self.rmse.update_state(y, y_pred)
        self.others[0].update_state(y, y_pred)
        results = {"far": self.others[0].result(), "rmse": self.rmse.result()}
        return {"loss": self.loss_tracker.result(), **results}

    test_step = train_step

    @property
    def metrics(self):
        return [self.loss_tracker, self.rmse, *self.others]


class Guided(lamina.Model):
    """The metrics of compile, in a step of one's own."""

    def train_step(self, data):
        x, y = data
        y_pred = self(x, training=True)
        loss = self.compute_loss(y=y, y_pred=y_pred)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


def chain(**options):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)], seed=1)
    model.compile(lamina.optimizers.SGD(0.0), "mse", **options)
    return model


def test_metrics_of_ones_own_in_a_step():
    model = Tracked()
    model.compile(lamina.optimizers.SGD(0.0))
    history = model.fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_data=(X, Y)).history
    assert set(history) == {f"{s}{k}" for s in ("", "val_") for k in ("loss", "far", "rmse")}
    error = Y - model.predict(X)
    for start in ("", "val_"):
        for epoch in range(2):
            far = history[f"{start}far"][epoch]
            assert far == pytest.approx(np.abs(error).max(), rel=1e-5)
            rmse = history[f"{start}rmse"][epoch]
            assert rmse == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
            assert history[f"{start}loss"][epoch] == pytest.approx(np.mean(error**2), rel=1e-5)
    assert float(model.others[0].rows) == 50


def test_the_metrics_of_compile_in_a_step():
    x = lamina.Input((3,))
    model = Guided(x, layers.Dense(1)(x), seed=1)
    model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=["mae", Largest()])
    plain = chain(metrics=["mae", Largest()])
    plain.set_weights(model.get_weights())
    logs = [m.fit(X, Y, batch_size=25, shuffle=False, verbose=0).history for m in (model, plain)]
    assert set(logs[0]) == {"loss", "mae", "largest"}
    for key in logs[1]:
        np.testing.assert_allclose(logs[0][key], logs[1][key], rtol=1e-6)


def test_metrics_that_a_layer_updates_are_reported():
    class Watches(layers.Layer):
        def __init__(self):
            super().__init__()
            self.largest = Largest()

        def call(self, x):
            self.largest.update_state(x, ops.zeros_like(x))
            return x

    model = lamina.Sequential([lamina.Input((3,)), Watches(), layers.Dense(1)])
    model.compile(lamina.optimizers.SGD(0.0), "mse")
    assert model.fit(X, Y, verbose=0).history["largest"] == [pytest.approx(np.abs(X).max())]
    assert model.metrics[1] is model.layers[0].largest


def test_an_endpoint_s_metric_takes_weights_of_one_column():
    class Endpoint(layers.Layer):
        def __init__(self):
            super().__init__()
            self.loss_fn = lamina.losses.BinaryCrossentropy(from_logits=True)
            self.accuracy = metrics.BinaryAccuracy(name="accuracy", threshold=0.0)

        def call(self, logits, targets, weights):
            self.add_loss(self.loss_fn(targets, logits, weights))
            self.accuracy.update_state(targets, logits, weights)
            return ops.sigmoid(logits)

    inputs = [lamina.Input((n,)) for n in (3, 1, 1)]
    model = lamina.Model(inputs, Endpoint()(layers.Dense(1)(inputs[0]), *inputs[1:]))
    model.compile("sgd")
    rng = np.random.default_rng(3)
    data = [rng.normal(size=(20, 3)), rng.integers(0, 2, (20, 1)), rng.uniform(size=(20, 1))]
    right = (model.predict(data) > 0.5) == data[1]
    logs = model.fit(data, batch_size=20, verbose=0).history
    assert logs["accuracy"] == [pytest.approx(np.average(right, weights=data[2]))]


def test_a_model_lists_its_metrics():
    model = chain(metrics=["mae", "accuracy"], weighted_metrics=[Largest()])
    logs = model.evaluate(X, Y, return_dict=True)
    assert [m.name for m in model.metrics] == list(logs) == model.metrics_names
    np.testing.assert_allclose([m.result() for m in model.metrics], list(logs.values()), rtol=1e-6)
    history = model.fit(X[:16], Y[:16], verbose=0, validation_data=(X[:20], Y[:20])).history
    assert model.metrics[1].result() == history["mae"][0]
    model.reset_metrics()
    assert [float(m.result()) for m in model.metrics] == [0.0] * 4
    model = Tracked()
    assert [m.name for m in lamina.Model.metrics.fget(model)] == ["loss", "rmse", "largest"]


def test_a_result_may_be_a_dict():
    model = chain(metrics=[Both(), "mae"])
    logs = model.evaluate(X, Y, return_dict=True)
    assert list(logs) == ["loss", "most", "rows", "mae"]
    assert logs["rows"] == 50
    history = model.fit(X, Y, verbose=0, validation_data=(X[:7], Y[:7])).history
    assert history["val_rows"] == [7]
    assert history["rows"] == [50]


def test_a_result_is_no_loss():
    class Wrong(Tracked):
        def train_step(self, data):
            x, y = data
            self.rmse.update_state(y, self(x))
            return {"loss": self.rmse.result()}

    model = Wrong()
    model.compile("sgd")
    with pytest.raises(TypeError, match=r"train_step must return a tensor; got <result of metric"):
        model.fit(X, Y, verbose=0)
