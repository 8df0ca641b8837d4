"""Multilayer perceptrons: fits that end early or are refused."""

import re

import numpy as np
import pytest

import lamina
from mlp_data import NUMBERS, X

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def ours():
    pytest.importorskip("sklearn")
    from lamina import sklearn as ours

    return ours


def test_ctrl_c_keeps_what_is_learned(ours):
    class Stop(lamina.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.history.epoch and self.model.history.epoch[-1] == 2:
                raise KeyboardInterrupt

    mlp = ours.MLPRegressor(hidden_layer_sizes=7, random_state=3, callbacks=[Stop()])
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        mlp.fit(X, NUMBERS)
    assert mlp.n_iter_ == 3
    assert np.isfinite(mlp.predict(X)).all()


def test_a_fit_that_diverges(ours):
    mlp = ours.MLPRegressor(
        hidden_layer_sizes=7, solver="sgd", learning_rate_init=1e9, random_state=0
    )
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights") as told:
        mlp.fit(X, NUMBERS)
    assert "learning rate 1e+09" in str(told.value.__cause__)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation": "rely"}, "The 'activation' parameter of MLPRegressor must be a str among"),
        ({"activation": ["relu", "tanh"]}, "activation must be one value, or one for each of 1"),
        ({"dropout": [0.1, 0.2]}, "dropout must be one value, or one for each of 1 hidden"),
        ({"dropout": 1.0}, "The 'dropout' parameter of MLPRegressor must be"),
        ({"loss": "squared_eror"}, "squared_eror"),
        ({"solver": "lbfgs", "dropout": 0.5}, "lbfgs needs a smooth loss .*got dropout=0.5"),
        ({"solver": "lbfgs", "l1": 1.0}, "lbfgs needs a smooth loss .*got l1=1.0"),
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes must be > 0, got \[3, 0\]"),
        ({"validation_data": (X,)}, r"validation_data must be \(X, y\) or \(X, y, sample_weight"),
        (
            {"loss": "log_loss"},
            "MLPRegressor: loss must be a loss for numbers; got 'log_loss', which",
        ),
        ({"loss": "sparse_categorical_crossentropy"}, "which is for classes: see MLPClassifier"),
        ({"dtype": "float16"}, "The 'dtype' parameter of MLPRegressor must be"),
        ({"loss": "poisson"}, "out of the valid range of the loss 'poisson'"),
    ],
)
def test_bad_settings_are_told(ours, settings, message):
    mlp = ours.MLPRegressor(**{"hidden_layer_sizes": 5, **settings})
    with pytest.raises(ValueError, match=message):
        mlp.fit(X, NUMBERS)
    assert not hasattr(mlp, "model_")


@pytest.mark.parametrize("sizes", [[2.5], [[3]]])
def test_sizes_must_be_integers(ours, sizes):
    message = rf"must be an integer, or one for each .*; got {re.escape(str(sizes))}"
    with pytest.raises(TypeError, match=message):
        ours.MLPRegressor(hidden_layer_sizes=sizes).fit(X, NUMBERS)


def test_losses_of_numbers_by_scikit_learns_names(ours):
    with pytest.raises(ValueError, match=r"MLPClassifier: loss must be 'log_loss' or .*got 'poiss"):
        ours.MLPClassifier(loss="poisson").fit(X, X[:, 0] > 0)


def test_lbfgs_warns_of_what_has_no_effect(ours):
    hooks = [lamina.callbacks.EarlyStopping("loss")]
    for given in ({"callbacks": hooks}, {"validation_data": (X, NUMBERS)}):
        mlp = ours.MLPRegressor(hidden_layer_sizes=3, solver="lbfgs", **given)
        with pytest.warns(UserWarning, match=f"^{next(iter(given))} has no effect with solver"):
            mlp.fit(X, NUMBERS)


def test_layers_of_another_size_need_a_new_fit(ours):
    mlp = ours.MLPRegressor(hidden_layer_sizes=5, max_iter=2, warm_start=True).fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"continues with the layers of the first, of \[6, 5, 1\]"):
        mlp.set_params(hidden_layer_sizes=4).fit(X, NUMBERS)


def test_names_of_parameters_are_those_of_each_class(ours):
    class Own(ours.MLPRegressor):
        def __init__(self, units=3):
            super().__init__(units)
            self.units = units

    assert "class_weight" in ours.MLPClassifier().get_params()
    assert "class_weight" not in ours.MLPRegressor().get_params()
    assert Own(4).get_params() == {"units": 4}
