"""The keys of logs and history: no quantity overwrites another."""

import numpy as np
import pytest

import lamina
from lamina.layers import Dense, Input
from lamina.metrics import MeanMetricWrapper, Metric
from lamina.optimizers.schedules import ExponentialDecay

X = np.linspace(-1, 1, 12)


def model_of(metrics, optimizer="sgd"):
    model = lamina.Sequential([Input((1,)), Dense(1)])
    model.compile(optimizer, "mse", metrics=metrics)
    return model


def gap(y, p):
    return np.abs(y - p)[:, 0]


def two_outputs(first, second, **options):
    x = Input((1,))
    model = lamina.Model(x, [Dense(1, name=first)(x), Dense(1, name=second)(x)])
    model.compile("sgd", "mse", **options)
    return model


def test_a_metric_called_like_the_validation_of_another():
    model = model_of([MeanMetricWrapper(gap, "val_loss")])
    weights, rng = model.get_weights(), np.random.default_rng(0)
    for held in ({"validation_data": (X, X)}, {"validation_split": 0.25}):
        with pytest.raises(ValueError, match="fit: the quantity 'val_loss' and the validation's"):
            model.fit(X, rng.normal(size=12), verbose=0, **held)
    assert model.history is None
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert sorted(model.fit(X, X, verbose=0).history) == ["loss", "val_loss"]


@pytest.mark.parametrize("first", [ExponentialDecay(0.1, 1, 0.5), 0.1])
@pytest.mark.parametrize("epoch", [0, 1])
def test_columns_are_of_one_length_whenever_a_schedule_comes_or_goes(first, epoch):
    model = model_of(["mae"], lamina.optimizers.SGD(first))
    other = 0.1 if first != 0.1 else ExponentialDecay(0.1, 1, 0.5)

    def set_rate(at, logs=None):
        if at == epoch:
            model.optimizer.learning_rate = other

    hook = lamina.callbacks.LambdaCallback(on_epoch_begin=set_rate)
    history = model.fit(X, X, epochs=3, verbose=0, callbacks=hook).history
    assert {key: len(values) for key, values in history.items()} == dict.fromkeys(history, 3)
    assert ("learning_rate" in history) == ((first != 0.1) == (epoch == 1))


def test_a_model_refused_for_its_names_is_not_built():
    model = lamina.Sequential([Dense(1)])
    model.compile("sgd", "mse", metrics=["mae", MeanMetricWrapper(gap, "val_mae")])
    with pytest.raises(ValueError, match="'val_mae' and the validation's 'mae' would share"):
        model.fit(X[:, None], X, validation_split=0.25, verbose=0)
    assert not model.built


@pytest.mark.parametrize(
    ("names", "key"), [(("x", "val_x"), "val_x_loss"), (("val", "other"), "val_loss")]
)
def test_outputs_called_like_the_validation_of_another(names, key):
    model = two_outputs(*names)
    with pytest.raises(ValueError, match=f"the quantity '{key}' and the validation's"):
        model.fit(X, [X, X], validation_data=(X, [X, X]), verbose=0)
    assert key in model.fit(X, [X, X], verbose=0).history


def test_a_metric_called_like_the_rate_of_a_schedule():
    metric = [MeanMetricWrapper(gap, "learning_rate")]
    model = model_of(metric, lamina.optimizers.SGD(ExponentialDecay(0.1, 10, 0.9)))
    with pytest.raises(ValueError, match="'learning_rate' and the rate of the optimizer's sched"):
        model.fit(X, X, verbose=0)
    assert "learning_rate" in model_of(metric).fit(X, X, verbose=0).history


def test_callbacks_are_told_all_keys():
    model = model_of(["mae"], lamina.optimizers.SGD(ExponentialDecay(0.1, 10, 0.9)))
    history = model.fit(X, X, validation_split=0.25, verbose=0)
    assert history.params["metrics"] == list(history.history)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: model_of([MeanMetricWrapper(gap, "loss")]), ValueError, "the total loss"),
        (lambda: model_of(["mae", MeanMetricWrapper(gap, "mae")]), ValueError, "another metric"),
        (
            lambda: two_outputs("a", "b", metrics={"a": [MeanMetricWrapper(gap, "loss")]}),
            ValueError,
            "'a_loss' is already the name of an output's loss",
        ),
        (
            lambda: two_outputs("a", "a_b", metrics={"a": [MeanMetricWrapper(gap, "b_loss")]}),
            ValueError,
            "'a_b_loss' is already the name of an output's loss",
        ),
        (lambda: MeanMetricWrapper(gap, 3), TypeError, "name must be a string; got 3"),
    ],
)
def test_names_that_are_taken_are_refused_at_compile(make, error, text):
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize("name", [3, None, "", ("a",)])
def test_a_metric_needs_a_name(name):
    class Nameless(Metric):
        def __init__(self):
            self.name = name

    with pytest.raises(TypeError, match=r"compile: a metric's name must be a string"):
        model_of([Nameless()])
