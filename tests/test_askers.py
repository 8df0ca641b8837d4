"""Errors of statistics name the function that the user called, not the functions that it calls."""

import numpy as np
import pytest

import lamina
from lamina import inference, layers, model_selection, nnet
from lamina.inference import intervals

RNG = np.random.default_rng(2)
X = RNG.normal(size=(30, 3))
Y = X.sum(axis=1)


def build(units=2):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(units, "tanh"), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


@pytest.fixture(scope="module")
def made():
    model = build()
    model.fit(X[:15], Y[:15], verbose=0)
    classes = lamina.Sequential([lamina.Input((3,)), layers.Dense(2, "softmax")])
    classes.compile("adam", "sparse_categorical_crossentropy")
    classes.fit(X[:15], Y[:15] > 0, verbose=0)
    model.calibrate(X[15:], Y[15:])
    classes.calibrate(X[15:], Y[15:] > 0)
    return {"model": model, "classes": classes, "bare": build}


CASES = [
    # Data that an inner model refuses.
    ("calibrate", lambda m: m["model"].calibrate("rows", Y), "x must be an array"),
    ("predict_set", lambda m: m["classes"].predict_set(X[:, :2]), "x has shape"),
    ("predict_set", lambda m: m["classes"].predict_set(X, batch_size=0), "batch_size must be"),
    ("coverage_report", lambda m: intervals.coverage_report(m["model"], 3.0, Y), "x must have an"),
    ("coverage_report", lambda _: intervals.coverage_report(4, X, Y), "needs a model"),
    ("of", lambda _: intervals.of(4), "needs a model"),
    ("hessian", lambda m: m["model"].hessian(X, None), "y is None"),
    ("inference", lambda m: m["model"].inference(X, Y[:4]), "x and y must have the same"),
    ("lekprofile", lambda m: inference.lekprofile(m["model"], X[:, :2]), "x has shape"),
    ("occlusion", lambda m: inference.occlusion(m["model"], X[:, :2]), "x has shape"),
    ("occlusion", lambda _: inference.occlusion(4, X), "model must be a lamina model"),
    ("permutation_importance",
     lambda m: inference.permutation_importance(m["model"], X, Y, sample_weight=Y[:4]),
     "sample_weight must have shape"),
    ("avNNet", lambda _: nnet.avNNet(X, Y, size=-1, trace=False), "size must be an integer"),
    ("avNNet", lambda _: nnet.avNNet(X, Y, weights=Y, size=1, trace=False), "invalid weights"),
    # Arguments of fit_many, which these use.
    ("cross_validate", lambda m: model_selection.cross_validate(m["bare"](), X, Y, n_jobs=0),
     "n_jobs must be a positive integer"),
    ("grid_search",
     lambda m: model_selection.grid_search(m["bare"], {"units": [1]}, X, Y, executor=3),
     "executor must be"),
    ("complexity_path",
     lambda m: lamina.complexity_path(m["bare"], X, Y, (X, Y), [1], verbose="loud"),
     "verbose must be"),
    # Arguments that Python or NumPy would refuse with their own messages.
    ("nnet", lambda _: nnet.nnet(X, Y, size=1, decay="much"), "decay must be a number, or one"),
    ("nnet", lambda _: nnet.nnet(X, Y, size=1, Wts=["a"]), "Wts must hold numbers"),
    ("nnet", lambda _: nnet.nnet(X, Y, size=1, MaxNWts=None), "MaxNWts must be a positive integer"),
    ("nnet", lambda _: nnet.nnet(X, Y, size=1, random_state=-1), "random_state must be in"),
    ("nnet", lambda _: nnet.nnet(X, Y, size=1, executor=3), "executor must be"),
    ("avNNet", lambda _: nnet.avNNet(X, Y, size=1, seeds=3), "seeds must be a list of integers"),
    ("which_is_max", lambda _: nnet.which_is_max("abc"), "x must be an array"),
    ("cross_validate", lambda m: model_selection.cross_validate(m["bare"](), X, Y, params=3),
     "params must be a dict"),
    ("cross_validate", lambda m: model_selection.cross_validate(m["bare"](), X, Y, cv=[1.0, 2.0]),
     "cv must be a number of folds"),
    ("cross_validate", lambda m: model_selection.cross_validate(m["bare"](), X, None),
     "y must hold a target for each row"),
    ("cross_validate",
     lambda m: model_selection.cross_validate(m["bare"](), X, Y, sample_weight="much"),
     "sample_weight must be arrays with rows"),
    ("fit_many", lambda m: lamina.fit_many(m["bare"], X, Y, keep=3), "keep must be one of"),
    ("inference", lambda m: m["model"].inference(X, Y, names=3), "names must be a list of names"),
    ("inference", lambda m: m["model"].inference(X, Y, use_t="yes"), "use_t must be True or"),
    ("garson", lambda m: inference.garson(m["model"], input_names=3), "input_names must be a list"),
    ("lekprofile", lambda m: inference.lekprofile(m["model"], X, grp_nms=3), "grp_nms must be a"),
    ("lekprofile", lambda m: inference.lekprofile(m["model"], X, xsel=[]), "needs at least one"),
    ("partial_dependence",
     lambda m: inference.partial_dependence(m["model"], X, 0, percentiles="all"),
     "percentiles must be an array"),
    ("partial_dependence",
     lambda m: inference.partial_dependence(m["model"], X, 0, custom_values=[1]),
     "custom_values must be a dict"),
    ("occlusion", lambda m: inference.occlusion(m["model"], X, size=2.5), "size must be a"),
    ("saliency", lambda m: inference.saliency(m["model"], X, times_input=2), "times_input must be"),
    ("clopper_pearson", lambda _: intervals.clopper_pearson(9, 3), "hits must be at most rows, 3"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "call", "text"), CASES, ids=[f"{c[0]}: {c[2]}" for c in CASES])
def test_errors_name_who_was_called(made, who, call, text):
    if who in ("cross_validate", "grid_search"):
        pytest.importorskip("sklearn")
    with pytest.raises((TypeError, ValueError), match=f"^{who}: {text}"):
        call(made)


def test_na_action_is_one_that_is_known():
    pytest.importorskip("formulaic")
    table = {"y": Y, "a": X[:, 0]}
    for wrong in (3, "na.skip"):
        with pytest.raises(ValueError, match=r"^multinom: na_action must be one of "):
            nnet.multinom("y > 0 ~ a", table, na_action=wrong, trace=False)


def test_figures_name_who_was_called(made):
    pytest.importorskip("matplotlib")
    from lamina import plot

    for call, text in (
        (lambda: plot.decision_boundary(made["model"], X, features=2), "features must be two"),
        (lambda: plot.decision_boundary(made["model"], X, fixed=[1.0]), "fixed must have a value"),
        (lambda: plot.decision_boundary(made["model"], X, Y[:4]), "y must have a class or number"),
        (lambda: plot.confusion_matrix([0, 1], [0, 1], cmap="none"), "'none' is not a valid value"),
        (lambda: plot.confusion_matrix([0, 1], [0, 1], labels=3), "labels must be a list"),
        (lambda: plot.calibration([0, 1], "both"), "probabilities must be an array"),
        (lambda: plot.images(3), "x must hold images"),
        (lambda: plot.plotnet(made["model"], pos_col="none of them"), "Invalid RGBA argument"),
        (lambda: plot.plotnet(made["model"], circle_cex="a"), "circle_cex must be a number"),
    ):
        with pytest.raises((TypeError, ValueError), match=rf"^\w+: {text}"):
            call()
