"""User-defined metrics: variables, functions written with operations, means and sums."""

import copy
import pickle

import numpy as np
import pytest

import golden
import lamina
from lamina import layers, losses, metrics, ops

theirs = golden.Peer("keras.metrics")


@pytest.fixture
def rng():
    return np.random.default_rng(3)


class HuberMetric(metrics.Metric):
    def __init__(self, delta=1.0, name="huber", **options):
        super().__init__(name=name, **options)
        self.delta = delta
        self.total = self.add_weight("total", initializer="zeros")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(ops.sum(losses.huber(y_true, y_pred, self.delta)))
        self.count.assign(self.count + ops.cast(ops.shape(y_true)[0], "float32"))

    def result(self):
        return self.total / self.count


def test_variables_are_what_is_added_up(rng):
    y, p = rng.normal(size=(2, 9, 1))
    metric = HuberMetric(0.5)
    for rows in (slice(0, 4), slice(4, 9)):
        metric.update_state(y[rows], p[rows])
    np.testing.assert_allclose(metric.result(), losses.Huber(0.5)(y, p), rtol=1e-7)
    assert [v.name for v in metric.variables] == ["huber/total", "huber/count"]
    for again in (copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))):
        np.testing.assert_array_equal(again.result(), metric.result())
        assert again.total is again.variables[0]
        again.reset_state()
        assert float(again.count) == 0.0
    assert float(metric.count) == 9.0


def test_initial_values_come_back():
    class Largest(metrics.Metric):
        def __init__(self):
            super().__init__()
            self.best = self.add_variable((2,), initializer=lambda shape: np.full(shape, -1.0))

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.best.assign(ops.maximum(self.best, ops.max(y_pred, axis=0)))

        def result(self):
            return ops.max(self.best)

    metric = Largest()
    metric.update_state(None, np.array([[3.0, -7.0]]))
    np.testing.assert_array_equal(metric.best, [3.0, -1.0])
    metric.reset_state()
    np.testing.assert_array_equal(metric.best, [-1.0, -1.0])


def test_in_a_fit(rng):
    def absolute(y_true, y_pred):
        return ops.mean(ops.absolute(y_true - y_pred), axis=-1)

    def one_number(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred))

    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(2)])
    model.compile(
        "sgd", "huber",
        metrics=[HuberMetric(), absolute, "mae", "mse", one_number, "log_cosh"],
        weighted_metrics=[metrics.MeanMetricWrapper(losses.huber, name="w", delta=1.0)],
    )  # fmt: skip
    x, y, weight = rng.normal(size=(30, 3)), rng.normal(size=(30, 2)), rng.uniform(size=30)
    logs = model.fit(x, y, batch_size=7, epochs=2, verbose=0, validation_data=(x, y)).history
    for one, other in [("huber", "loss"), ("absolute", "mae"), ("one_number", "mse")]:
        np.testing.assert_allclose(logs[one], logs[other], rtol=1e-5)
        np.testing.assert_allclose(logs[f"val_{one}"], logs[f"val_{other}"], rtol=1e-5)
    found = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    values = losses.huber(y.astype("float32"), model.predict(x))
    np.testing.assert_allclose(found["w"], np.average(values, weights=weight), rtol=1e-5)
    np.testing.assert_allclose(found["log_cosh"], losses.LogCosh()(y, model.predict(x)), rtol=1e-5)


def test_mean_and_sum_are_keras_s(rng):
    values, weight = rng.normal(size=(5, 3)), rng.uniform(size=5)
    for cls in ("Mean", "Sum"):
        for given in (None, weight):

            def question(cls=cls, given=given):
                metric = getattr(theirs, cls)()
                metric.update_state(values[:, 0], sample_weight=given)
                metric.update_state(values[:2, 1], None if given is None else given[:2])
                return float(metric.result())

            expected = golden.ask(question, values, weight, cls, given is None)
            metric = getattr(metrics, cls)()
            metric.update_state(values[:, 0], sample_weight=given)
            metric.update_state(values[:2, 1], None if given is None else given[:2])
            np.testing.assert_allclose(metric.result(), expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize("axes", [None, 1, 2])
def test_tables_are_summed_over_all_values_and_averaged_by_rows(name, axes):
    table = np.array([[1.0, 2.0, 4.0], [3.0, 4.0, 9.0]])
    weight = {None: None, 1: np.array([1.0, 2.0]), 2: np.array([[1.0, 0.5, 2.0], [0.0, 3.0, 1.0]])}

    def measured(cls):
        metric = cls()
        metric.update_state(table, sample_weight=weight[axes])
        metric.update_state(table[:, 0] + 1.0)
        return float(metric.result())

    expected = golden.ask(lambda: measured(getattr(theirs, name)), table, name, repr(axes))
    np.testing.assert_allclose(measured(getattr(metrics, name)), expected, rtol=1e-6)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_top_k_is_keras_s(rng, k):
    labels, p = rng.integers(0, 5, 12), rng.normal(size=(12, 5)).astype("float32").round(1)
    onehot, weight = np.eye(5, dtype="float32")[labels], rng.uniform(size=12).astype("float32")
    for name, y in [("TopKCategoricalAccuracy", onehot), ("SparseTopKCategoricalAccuracy", labels)]:

        def question(name=name, y=y):
            metric = getattr(theirs, name)(k=k)
            metric.update_state(y, p, sample_weight=weight)
            return float(metric.result())

        expected = golden.ask(question, y, p, weight, name, k)
        np.testing.assert_allclose(getattr(metrics, name)(k=k)(y, p, weight), expected, rtol=1e-5)


def test_a_metric_need_not_take_weights(rng):
    class Rows(metrics.Metric):
        def __init__(self):
            super().__init__()
            self.rows = self.add_variable(name="rows")

        def update_state(self, y_true, y_pred):
            self.rows.assign_add(len(y_pred))

        def result(self):
            return self.rows

    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[Rows()])
    logs = model.fit(rng.normal(size=(9, 3)), np.ones(9), batch_size=4, verbose=0).history
    assert logs["rows"] == [9.0]


def test_sparse_accuracies_beside_a_loss_of_ones_own(rng):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(4, "softmax")])
    names = ["accuracy", "sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy"]
    model.compile("sgd", lambda y, p: -ops.log(ops.max(p, axis=-1)) * y, metrics=names)
    x, y = rng.normal(size=(9, 3)), rng.integers(0, 4, 9)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    share = np.mean(model.predict(x).argmax(axis=1) == y)
    np.testing.assert_allclose(logs["sparse_categorical_accuracy"], share)
    np.testing.assert_allclose(logs["accuracy"], share)
    assert logs["sparse_top_k_categorical_accuracy"] == 1.0


class Several(metrics.Metric):
    def update_state(self, y_true, y_pred, sample_weight=None):
        pass

    def result(self):
        return np.ones(3)


def test_a_result_may_have_several_numbers(capsys):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[Several(), metrics.ConfusionMatrix()])
    history = model.fit(np.ones((4, 3)), np.ones(4), epochs=2, verbose=2).history
    np.testing.assert_array_equal(history["several"], np.ones((2, 3)))
    assert np.shape(history["confusion_matrix"]) == (2, 2, 2)
    shown = capsys.readouterr().out
    assert "several: [1 1 1]" in shown
    assert "confusion_matrix: array of shape (2, 2)" in shown


def test_a_function_of_another_number_of_values_is_refused():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[lambda y, p: np.ones(3)])
    text = r"one value per row, shape \(4,\), or a single number; got \(3,\)"
    with pytest.raises(ValueError, match=text):
        model.evaluate(np.ones((4, 3)), np.ones(4), verbose=0)


def test_metrics_of_one_class_are_numbered():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(2, "sigmoid")])
    several = [metrics.Precision(class_id=0), metrics.Precision(class_id=1), metrics.Recall()]
    for _ in range(2):
        model.compile("sgd", "bce", metrics=several, weighted_metrics=[metrics.Recall(class_id=1)])
        assert model.metrics_names == [
            "loss",
            "precision",
            "precision_1",
            "recall",
            "weighted_recall",
        ]


def test_bad_variables():
    with pytest.raises(ValueError, match=r"initializer of metric/v must return shape \(2,\)"):
        metrics.Metric().add_variable((2,), initializer=lambda shape: np.ones(3), name="v")
    with pytest.raises(ValueError, match=r"huber/total: assign needs shape \(\); got \(2,\)"):
        HuberMetric().total.assign([1.0, 2.0])


def test_own_metrics_see_labels_in_the_shape_that_they_came_in():
    shapes = []

    class Seen(metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            shapes.append(y_true.shape)

        def result(self):
            return 0.0

    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(4, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[Seen()])
    for labels in (np.zeros((6, 1)), np.zeros(6)):
        model.fit(np.ones((6, 3)), labels, verbose=0)
    assert shapes == [(6, 1), (6,)]


def test_a_mean_may_be_given_tensors_while_a_model_is_recorded():
    class Reports(lamina.Model):
        def __init__(self):
            super().__init__()
            self.dense = lamina.layers.Dense(1)
            self.size, self.rate = metrics.Mean("size"), metrics.Mean("rate")

        def call(self, x, training=None):
            if training:
                self.size.update_state(ops.square(x), ops.ones_like(x))
            return self.dense(x)

    class Steps(Reports):
        def compute_loss(self, x, y, y_pred):
            loss = ops.mean(ops.square(y - y_pred))
            self.rate.update_state(3 * loss)
            return loss

    x = np.arange(12.0).reshape(4, 3)
    for kind, loss, keys in ((Reports, "mse", ["loss", "size"]), (Steps, None, ["loss", "rate"])):
        model = kind()
        model.compile("sgd", loss)
        logs = model.fit(x, x[:, :1], epochs=1, verbose=0).history
        assert set(keys) <= set(logs)
        assert logs["size"][0] == pytest.approx((x**2).mean())
        if "rate" in keys:
            assert logs["rate"][0] == pytest.approx(3 * logs["loss"][0])
            seen = model.evaluate(x, x[:, :1], return_dict=True, verbose=0)
            assert seen["rate"] == pytest.approx(3 * seen["loss"])


def test_functions_are_named_as_keras_names_them():
    def PSNR(y_true, y_pred):  # noqa: N802
        return ops.mean(y_pred, axis=-1)

    def meanGap(y_true, y_pred):  # noqa: N802
        return ops.mean(y_pred, axis=-1)

    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[PSNR, meanGap])
    assert list(model.fit(np.ones((4, 3)), np.ones(4), verbose=0).history) == [
        "loss", "mean_gap", "psnr",
    ]  # fmt: skip


def test_metrics_that_return_nothing_are_named():
    class Silent(lamina.metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            pass

        def result(self):
            pass

    def forgot(y, prediction):
        np.mean(y - prediction)

    for metric, said in (
        (forgot, "forgot: the function must return numbers; got None"),
        (Silent(name="silent"), "metric silent: result must return a number; got None"),
    ):
        model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[metric])
        with pytest.raises(TypeError, match=said):
            model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


def test_a_function_of_a_whole_batch_is_evaluated_as_in_keras():
    """It depends on the rows of a batch: 32 in evaluate, those of fit in validation."""

    def spread(y_true, y_pred):
        return ops.sqrt(ops.mean(ops.square(y_pred - y_true)))

    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(80, 3)), rng.normal(size=(80, 1))
    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(1)], seed=2)
    model.compile("sgd", "mse", metrics=[spread])

    def by(rows):
        parts = [slice(i, min(i + rows, 80)) for i in range(0, 80, rows)]
        roots = [np.sqrt(np.mean((model.predict(x[p]) - y[p]) ** 2)) for p in parts]
        return np.average(roots, weights=[len(x[p]) for p in parts])

    np.testing.assert_allclose(model.evaluate(x, y, verbose=0)[1], by(32), rtol=1e-5)
    logs = model.fit(x, y, batch_size=10, validation_data=(x, y), verbose=0).history
    np.testing.assert_allclose(logs["val_spread"], by(10), rtol=1e-5)


def test_a_function_of_operations_is_recorded_once_a_shape(rng):
    calls = []

    def spread(y_true, y_pred):
        calls.append(type(y_pred).__name__)
        return ops.sqrt(ops.mean(ops.square(y_true - y_pred))) + len(y_pred)

    def in_numpy(y_true, y_pred):
        return np.abs(np.asarray(y_true) - np.asarray(y_pred)).max(axis=-1)

    y, p = rng.normal(size=(2, 11, 2))
    metric, plain = metrics.MeanMetricWrapper(spread), metrics.MeanMetricWrapper(in_numpy)
    parts = [slice(0, 4), slice(4, 8), slice(8, 11)]
    for _ in range(2):
        metric.reset_state()
        plain.reset_state()
        for rows in parts:
            metric.update_state(y[rows], p[rows])
            plain.update_state(y[rows], p[rows])
    expected = [np.sqrt(np.mean((y[r] - p[r]) ** 2)) + len(y[r]) for r in parts]
    np.testing.assert_allclose(metric.result(), np.average(expected, weights=[4, 4, 3]), rtol=1e-12)
    np.testing.assert_allclose(plain.result(), np.abs(y - p).max(axis=1).mean(), rtol=1e-12)
    assert calls == ["Tensor", "Tensor"]
    labels = metrics.MeanMetricWrapper(losses.sparse_categorical_crossentropy)
    labels.update_state(np.array([0, 1]), np.array([[0.5, 0.5], [0.25, 0.75]]))
    np.testing.assert_allclose(labels.result(), -np.log([0.5, 0.75]).mean())
    assert copy.deepcopy(metric).result() == pickle.loads(pickle.dumps(labels)).result() * 0 + (
        metric.result()
    )


def test_functions_without_names_are_called_as_in_keras():
    class Largest:
        def __call__(self, y, p):
            return np.abs(y - p).max(axis=-1)

    model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[lambda y, p: p[:, 0], lambda y, p: y[:, 0], Largest()])
    history = model.fit([[1.0]], [[2.0]], verbose=0).history
    assert list(history) == ["lambda", "lambda_1", "largest", "loss"]
    assert history["lambda_1"] == [2.0]


def test_a_metric_is_called_with_what_its_update_takes():
    mean = lamina.metrics.Mean()
    assert mean([1.0, 3.0]) == mean(values=2.0) == mean(5.0, sample_weight=0.0) == 2

    class Spread(lamina.metrics.Metric):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.low = self.add_weight("low", initializer="ones")
            self.high = self.add_weight((), "zeros", name="high")

        def update_state(self, values, others, more=0.0, sample_weight=None):
            self.high.assign_add(values + others + more)

        def result(self):
            return self.high - self.low

    assert float(Spread()(1.0, 2.0, more=4.0)) == 6
