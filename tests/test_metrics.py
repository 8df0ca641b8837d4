"""Metrics against NumPy, and against scikit-learn's or Keras's if installed."""

import numpy as np
import pytest

import golden
import lamina
from lamina import losses, metrics


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def weighted(values, weight):
    values = values.reshape(len(weight), -1).mean(axis=1)
    return np.sum(weight * values) / np.sum(weight)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(7,), (7, 1), (40, 3), (5, 4, 3)])
def test_regression_metrics_are_weighted_means(rng, shape, dtype):
    y, p = rng.normal(size=shape), rng.normal(size=shape).astype(dtype)
    weight = rng.uniform(0.5, 2.0, size=shape[0])
    rtol = 1e-5 if dtype == "float32" else 1e-12
    mse = weighted((y - p.astype("float64")) ** 2, weight)
    mae = weighted(np.abs(y - p.astype("float64")), weight)
    np.testing.assert_allclose(metrics.MeanSquaredError()(y, p, weight), mse, rtol=rtol)
    np.testing.assert_allclose(metrics.MeanAbsoluteError()(y, p, weight), mae, rtol=rtol)
    np.testing.assert_allclose(metrics.RootMeanSquaredError()(y, p, weight), mse**0.5, rtol=rtol)


def test_accuracies(rng):
    p = rng.uniform(size=(50, 4))
    labels = rng.integers(0, 4, size=50)
    weight = rng.uniform(size=50)
    right = (p.argmax(axis=1) == labels).astype(float)
    expected = np.sum(weight * right) / weight.sum()
    sparse, dense = metrics.SparseCategoricalAccuracy(), metrics.CategoricalAccuracy()
    np.testing.assert_allclose(sparse(labels, p, weight), expected, rtol=1e-12)
    np.testing.assert_allclose(dense(np.eye(4)[labels], p, weight), expected, rtol=1e-12)
    y = rng.integers(0, 2, size=(50, 4))
    np.testing.assert_allclose(
        metrics.BinaryAccuracy(threshold=0.3)(y, p, weight),
        weighted((y == (p > 0.3)).astype(float), weight),
        rtol=1e-12,
    )


def test_ties_go_to_the_first_column():
    assert metrics.SparseCategoricalAccuracy()([0], [[0.5, 0.5]]) == 1.0
    assert metrics.CategoricalAccuracy()([[0, 1]], [[0.5, 0.5]]) == 0.0


@pytest.mark.parametrize(
    "metric",
    [metrics.R2Score(), metrics.RootMeanSquaredError(), metrics.MeanAbsoluteError()],
    ids=lambda m: m.name,
)
def test_batches_add_up(rng, metric):
    y, p, weight = rng.normal(3, 1, size=(90, 2)), rng.normal(size=(90, 2)), rng.uniform(size=90)
    whole = metric(y, p, weight)
    metric.update_state(y + 1, p)
    metric.reset_state()
    assert metric.result() == 0.0
    for rows in (slice(0, 1), slice(1, 50), slice(50, 90)):
        metric.update_state(y[rows], p[rows], weight[rows])
    np.testing.assert_allclose(metric.result(), whole, rtol=1e-10)


def r2(y, p, w):
    mean = (w[:, None] * y).sum(axis=0) / w.sum()
    return 1 - (w[:, None] * (y - p) ** 2).sum(axis=0) / (w[:, None] * (y - mean) ** 2).sum(axis=0)


def test_r2(rng):
    y = rng.normal(size=(60, 3)) * [1, 2, 3]
    p, w = y + rng.normal(size=(60, 3)), rng.uniform(size=60)
    expected = r2(y, p, w)
    total = (w[:, None] * (y - np.average(y, axis=0, weights=w)) ** 2).sum(axis=0)
    np.testing.assert_allclose(metrics.R2Score(class_aggregation=None)(y, p, w), expected)
    np.testing.assert_allclose(metrics.R2Score()(y, p, w), expected.mean())
    np.testing.assert_allclose(
        metrics.R2Score(class_aggregation="variance_weighted_average")(y, p, w),
        np.average(expected, weights=total),
    )
    adjusted = 1 - (1 - r2(y, p, np.ones(60)).mean()) * 59 / (60 - 5 - 1)
    np.testing.assert_allclose(metrics.R2Score(num_regressors=5)(y, p), adjusted)
    assert metrics.R2Score()([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert metrics.R2Score()([2.0, 2.0], [2.0, 3.0]) == 0.0
    assert metrics.R2Score()([2.0, 3.0], [2.0, 3.0], [0.0, 0.0]) == 0.0


def test_against_keras(rng):
    y, p = rng.integers(0, 2, size=(30, 3)), rng.uniform(size=(30, 3)).astype("float32")
    weight = rng.uniform(size=30)
    for name in (
        "BinaryAccuracy", "CategoricalAccuracy", "MeanAbsoluteError", "MeanSquaredError",
        "RootMeanSquaredError", "R2Score",
    ):  # fmt: skip
        weighted = weight if name != "R2Score" else None

        def result(name=name, weighted=weighted):
            theirs = getattr(golden.Peer("keras").metrics, name)()
            theirs.update_state(y.astype("float32"), p, weighted)  # keeps its sums in float32
            return float(theirs.result())

        ours = getattr(metrics, name)()(y, p, weighted)
        np.testing.assert_allclose(ours, golden.ask(result, name, y, p, weighted), rtol=2e-5)


@pytest.mark.parametrize(
    ("loss", "shape", "cls", "threshold"),
    [
        ("sparse_categorical_crossentropy", (10,), metrics.SparseCategoricalAccuracy, None),
        ("categorical_crossentropy", (10,), metrics.CategoricalAccuracy, None),
        ("binary_crossentropy", (1,), metrics.BinaryAccuracy, 0.5),
        ("binary_crossentropy", (3,), metrics.CategoricalAccuracy, None),
        (losses.BinaryCrossentropy(from_logits=True), (1,), metrics.BinaryAccuracy, 0.5),
        ("mse", (), metrics.BinaryAccuracy, 0.5),
        ("mse", (1,), metrics.BinaryAccuracy, 0.5),
        ("mse", (4,), metrics.CategoricalAccuracy, None),
    ],
)
def test_accuracy_takes_its_form_from_the_loss(loss, shape, cls, threshold):
    for name in ("accuracy", "acc"):
        metric = metrics.resolve(name, losses.get(loss), shape)
        assert type(metric) is cls
        assert metric.name == name
        if threshold is not None:
            assert metric.threshold == threshold


def test_names_and_configurations():
    assert metrics.get("mae").name == "mae"
    assert metrics.get("MeanAbsoluteError").name == "MeanAbsoluteError"
    assert metrics.MeanAbsoluteError().name == "mean_absolute_error"
    assert metrics.RootMeanSquaredError().name == "root_mean_squared_error"
    for metric in (
        metrics.BinaryAccuracy(threshold=0.2),
        metrics.R2Score(class_aggregation=None, num_regressors=2, name="fit"),
    ):
        copy = metrics.get(metrics.serialize(metric))
        assert copy.get_config() == metric.get_config()


def test_a_function_of_ones_own(rng):
    def worst(y, p):
        return np.abs(y - p).max(axis=-1)

    y, p, weight = rng.normal(size=(9, 2)), rng.normal(size=(9, 2)), rng.uniform(size=9)
    metric = metrics.get(worst)
    assert metric.name == "worst"
    np.testing.assert_allclose(metric(y, p, weight), weighted(worst(y, p), weight))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: metrics.get("acuracy"), ValueError, "did you mean 'accuracy'"),
        (lambda: metrics.get("accuracy"), ValueError, "depends on the loss"),
        (lambda: metrics.get(1.5), TypeError, "got 1.5"),
        (lambda: metrics.BinaryAccuracy(threshold="x"), TypeError, "threshold"),
        (lambda: metrics.R2Score(class_aggregation="sum"), ValueError, "got 'sum'"),
        (lambda: metrics.R2Score(num_regressors=-1), ValueError, "num_regressors"),
        (lambda: metrics.MeanMetricWrapper(abs, dtype="banana"), ValueError, "dtype.*'banana'"),
        (lambda: metrics.MeanSquaredError()([1.0], [1.0, 2.0]), ValueError, "1 and 2"),
        (
            lambda: metrics.SparseCategoricalAccuracy()([2], [[0.1, 0.9]]),
            ValueError,
            "got 2 in",
        ),
        (
            lambda: metrics.resolve("mae", losses.SparseCategoricalCrossentropy(), (10,)),
            ValueError,
            "mae does not fit the loss sparse_categorical_crossentropy",
        ),
        (
            lambda: metrics.MeanMetricWrapper(lambda y, p: np.ones(2))([1.0], [1.0]),
            ValueError,
            "one value per row",
        ),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_columns_may_not_change():
    metric = metrics.MeanSquaredError()
    metric.update_state([[1.0, 2.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="same number of columns as before, 2; got 1"):
        metric.update_state([[1.0]], [[1.0]])


def test_a_metric_of_ones_own_is_named_as_keras_s_are():
    class LargestGap(metrics.Metric):
        pass

    class Called(metrics.Metric):
        def __init__(self, name="called"):
            super().__init__(name=name)

    assert LargestGap().name == "largest_gap"
    assert LargestGap(name="gap").name == "gap"
    assert Called().name == "called"
    with pytest.raises(TypeError, match="LargestGap: name must be a string; got 3"):
        LargestGap(name=3)


def test_a_call_adds_rows_to_those_before():
    metric = metrics.MeanAbsoluteError()
    assert metric([0.0], [8.0]) == 8.0
    assert metric([0.0, 5.0], [1.0, 5.0]) == 3.0
    metric.reset_state()
    assert metric([1.0], [2.0]) == 1.0


def test_the_adjusted_score_of_few_rows_is_the_score():
    metric = metrics.R2Score(num_regressors=2)
    with pytest.warns(UserWarning, match="num_regressors . 1 = 3 rows; for 3 it equals R2"):
        assert metric([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]) == 0.5
    assert metrics.R2Score(num_regressors=2)(np.arange(5.0), np.arange(5.0) + 1) == 0.0


def test_a_metric_named_like_the_loss_is_told_how_to_have_another_name():
    def loss(y, p):
        return lamina.ops.mean(lamina.ops.absolute(y - p), axis=-1)

    model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"MeanMetricWrapper\(function, name='my_loss'\)"):
        model.compile("sgd", "mse", metrics=[loss])
    model.compile("sgd", "mse", metrics=[metrics.MeanMetricWrapper(loss, name="my_loss")])
    assert set(model.fit([[1.0]], [[2.0]], verbose=0).history) == {"loss", "my_loss"}
