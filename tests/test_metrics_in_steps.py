"""Metrics as objects: those listed by a model, and those updated by user-defined steps."""

import numpy as np
import pytest

import lamina
from lamina import layers, metrics, ops

RNG = np.random.default_rng(4)
X = RNG.normal(size=(50, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True) + 1


class Largest(metrics.Metric):
    """A user-defined metric: the largest error, and the number of rows."""

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
    """The metrics of compile, in a user-defined step."""

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
    given = {"batch_size": 16, "epochs": 2, "verbose": 0, "shuffle": False}
    history = model.fit(X, Y, validation_data=(X, Y), **given).history
    assert set(history) == {f"{s}{k}" for s in ("", "val_") for k in ("loss", "far", "rmse")}
    error = Y - model.predict(X)
    for start in ("", "val_"):
        for epoch in range(2):
            far = history[f"{start}far"][epoch]
            assert far == pytest.approx(np.abs(error).max(), rel=1e-5)
            rmse = history[f"{start}rmse"][epoch]
            assert rmse == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
            batches = [np.mean(error[i : i + 16] ** 2) for i in range(0, 50, 16)]
            assert history[f"{start}loss"][epoch] == pytest.approx(np.mean(batches), rel=1e-5)
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
    names = [m.name for m in model.metrics]
    assert names == model.metrics_names == ["loss", "mae", "accuracy", "largest"]
    assert list(logs) == sorted(names)
    for metric in model.metrics:
        np.testing.assert_allclose(metric.result(), logs[metric.name], rtol=1e-6)
    history = model.fit(X[:16], Y[:16], verbose=0, validation_data=(X[:20], Y[:20])).history
    assert model.metrics[1].result() == history["mae"][0]
    model.reset_metrics()
    assert [float(m.result()) for m in model.metrics] == [0.0] * 4
    model = Tracked()
    assert [m.name for m in lamina.Model.metrics.fget(model)] == ["loss", "rmse", "largest"]


def test_a_result_may_be_a_dict():
    model = chain(metrics=[Both(), "mae"])
    logs = model.evaluate(X, Y, return_dict=True)
    assert list(logs) == ["loss", "mae", "most", "rows"]
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


class Averages(lamina.Model):
    """A step that updates a mean twice, of batches of unequal size."""

    def __init__(self):
        super().__init__()
        self.mean, self.twice, self.sum = metrics.Mean("m"), metrics.Mean("t"), metrics.Sum("s")

    def call(self, x):
        return x

    def train_step(self, data):
        x, y = data
        loss = ops.mean(ops.square(y - self(x)))
        self.mean.update_state(loss)
        self.twice.update_state(loss)
        self.twice.update_state(3 * loss)
        self.sum.update_state(loss)
        weighted = {"s": self.sum.result(), "again": self.mean.result()}
        return {"loss": self.mean.result(), "t": self.twice.result(), **weighted}

    test_step = train_step


def test_means_count_each_update_as_in_keras():
    x, y = np.zeros((7, 1), "float32"), np.arange(1, 8, dtype="float32")[:, None]
    losses = [np.mean(y[:3] ** 2), np.mean(y[3:6] ** 2), y[6, 0] ** 2]
    model = Averages()
    model.compile(lamina.optimizers.SGD(0.0))
    fit = {"batch_size": 3, "verbose": 0, "shuffle": False, "epochs": 2}
    history = model.fit(x, y, validation_data=(x, y), **fit).history
    logs = model.evaluate(x, y, batch_size=3, return_dict=True)
    wanted = {"loss": np.mean(losses), "t": 2 * np.mean(losses), "s": np.sum(losses)}
    wanted["again"] = wanted["loss"]
    assert set(logs) == set(wanted)
    for key, value in wanted.items():
        assert history[key] == [pytest.approx(value)] * 2 == history[f"val_{key}"]
        assert logs[key] == pytest.approx(value)
    assert model.mean.result() == pytest.approx(np.mean(losses))
    model.fit(x[:3], y[:3], **fit)
    assert model.mean.result() == model.sum.result() == pytest.approx(losses[0])


class Measures(layers.Layer):
    def __init__(self, name, value):
        super().__init__()
        self.metric, self.value = metrics.Mean(name=name), value

    def call(self, x):
        self.metric.update_state(x * 0 + self.value)
        return x


def test_metrics_of_one_name_are_numbered():
    measures = [Measures("m", 1.0), Measures("m", 2.0), Measures("mae", 3.0), Measures("loss", 4.0)]
    model = lamina.Sequential([lamina.Input((3,)), *measures, layers.Dense(1)])
    model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=["mae"])
    logs = model.fit(X, Y, verbose=0).history
    assert model.metrics_names == ["loss", "mae", "m", "m_1", "mae_1", "loss_1"]
    assert list(logs) == sorted(model.metrics_names)
    assert [logs[k] for k in ("m", "m_1", "mae_1", "loss_1")] == [[1.0], [2.0], [3.0], [4.0]]
    assert [each.metric.result() for each in measures] == [1.0, 2.0, 3.0, 4.0]


def test_a_layer_s_metric_is_fed_once_by_a_step_that_calls_the_model():
    class Steps(lamina.Model):
        def __init__(self):
            super().__init__()
            self.measured, self.dense = Measures("m", 2.0), layers.Dense(1)
            self.measured.metric = metrics.Sum("sum")

        def call(self, x):
            return self.dense(self.measured(x))

        def train_step(self, data):
            x, y = data
            return {"loss": ops.mean(ops.square(y - self(x)))}

    model = Steps()
    model.compile("sgd")
    assert model.fit(X, Y, verbose=0).history["sum"] == [2.0 * X.size]


def test_the_results_of_a_pass_by_name():
    model = chain(metrics=["mae", Both()])
    logs = model.evaluate(X, Y, return_dict=True)
    found = {name: float(value) for name, value in model.get_metrics_result().items()}
    assert found == pytest.approx(logs)
