"""Models with intervals: fits of copies by fit_many, staleness, copies, files, bad input."""

import copy
import pickle

import numpy as np
import pytest

import lamina
from interval_lines import data, exact_rank, kth, plus
from lamina import layers, losses
from lamina.inference import PredictionIntervals, coverage_report
from lamina.inference.intervals import Calibration, NotCalibratedError, of

# Most of these tests hold for any weights and any rows.
pytestmark = [
    pytest.mark.filterwarnings("ignore:calibrate. .* has not been trained"),
    pytest.mark.filterwarnings("ignore:calibrate. the model was trained on"),
]

X, Y = data(60, 0)
NEW = data(5, 1)[0]
FIT = {"epochs": 3, "batch_size": 16}


def regression(loss="mse", outputs=1, seed=3, rows=slice(0, 40), **fit):
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(4, "tanh"), layers.Dense(outputs)], seed=seed
    )
    model.compile(lamina.optimizers.Adam(0.05), loss)
    model.fit(X[rows], Y[rows], verbose=0, **{**FIT, **fit})
    return model


def classifier(units=3, loss="sparse_categorical_crossentropy", last="softmax"):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(units, last)], seed=0)
    model.compile("adam", loss)
    return model


def test_cross_validation_of_a_model_is_that_of_models_fitted_by_hand():
    model = regression()
    cv = [(np.delete(np.arange(40), np.s_[k::4]), np.arange(40)[k::4]) for k in range(4)]
    model.calibrate(X[:40], Y[:40], "cv+", cv=cv)  # with the epochs and batch size of the fit
    found = model.predict(NEW, interval=0.8)
    there, scores = np.empty((40, 5)), np.empty(40)
    for train, held in cv:
        fitted = regression(rows=train)
        there[held] = fitted.predict(NEW, verbose=0)[:, 0].astype(float)
        said = fitted.predict(X[held], verbose=0)[:, 0].astype(float)
        scores[held] = abs(Y[held] - said)
    assert np.array_equal(found.prediction, model.predict(NEW, verbose=0))
    for row in range(5):
        assert (found.lower[row, 0], found.upper[row, 0]) == plus(there[:, row], scores, 0.8)


def test_copies_of_a_bootstrap_are_fitted_to_its_resamples():
    model = regression()
    kept = model.calibrate(X[:40], Y[:40], "jackknife+ab", n_resamples=20, epochs=2)
    drawn = np.random.default_rng([0, 7]).integers(0, 40, 40)
    byhand = regression(rows=drawn, epochs=2).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(kept.copies[7], byhand, strict=True))
    assert np.array_equal(kept.arrays["lacking"][:, 7], ~np.isin(np.arange(40), drawn))


def test_quantile_regression_of_two_copies():
    model = regression()
    kept = model.calibrate(X, Y, "cqr", level=0.8, calibration_size=0.25)
    order = np.random.default_rng(0).permutation(60)
    held, train = np.sort(order[:15]), np.sort(order[15:])
    low, high = (regression(losses.Pinball(q), rows=train) for q in (0.1, 0.9))

    def ends(x):
        both = np.stack([m.predict(x, verbose=0)[:, 0].astype(float) for m in (low, high)])
        return both.min(axis=0), both.max(axis=0)

    below, above = ends(X[held])
    scores = np.maximum(below - Y[held], Y[held] - above)
    assert np.array_equal(kept.scores[:, 0], scores)
    below, above = ends(NEW)
    width = kth(scores, exact_rank(15, 0.9))
    found = model.predict(NEW, interval=0.9)
    assert np.array_equal(found.lower[:, 0], below - width)
    assert np.array_equal(found.upper[:, 0], above + width)


def test_a_model_of_quantiles_is_conformalised_as_it_is():
    model = regression(losses.Pinball((0.95, 0.5, 0.05)), outputs=3)
    said = model.predict(X[40:], verbose=0).astype(float)
    scores = np.maximum(said.min(axis=1) - Y[40:], Y[40:] - said.max(axis=1))
    kept = model.calibrate(X[40:], Y[40:])
    assert (kept.method, len(kept.copies)) == ("cqr", 0)
    found, said = model.predict(NEW, interval=0.9), model.predict(NEW, verbose=0)
    width = kth(scores, exact_rank(20, 0.9))
    assert np.array_equal(found.prediction, said[:, 1])
    assert np.array_equal(found.lower, said.min(axis=1).astype(float) - width)
    assert np.array_equal(found.upper, said.max(axis=1).astype(float) + width)


def test_ends_that_would_cross_meet():
    model = lamina.Sequential([lamina.Input((1,)), layers.Dense(2)])
    model.compile(loss=losses.Pinball((0.1, 0.9)))
    model.set_weights([[[-1.0, 1.0]], [7.0, 7.0]])
    # Targets far inside a wide interval move its ends inwards by 100 each.
    model.calibrate(np.full((30, 1), 100.0), np.full(30, 7.0))
    found = model.predict([[10.0], [300.0]], interval=0.9)
    assert np.array_equal(found.lower, [7.0, -193.0])
    assert np.array_equal(found.upper, [7.0, 207.0])


METHODS = ["split", "cv+", "cv-minmax", "jackknife+ab", "bootstrap", "cqr"]


@pytest.mark.parametrize("method", METHODS)
def test_no_rows_and_one_row(method):
    model = regression()
    model.calibrate(X, Y, method, verbose=0)
    assert [a.shape for a in model.predict(NEW[:0], interval=0.9)] == [(0, 1)] * 3
    whole, one = model.predict(NEW, interval=0.9), model.predict(NEW[3:4], interval=0.9)
    assert (one.lower[0], one.upper[0]) == (whole.lower[3], whole.upper[3])


# --- copies and files


@pytest.mark.parametrize("method", ["split", "cv+", "jackknife+ab", "cqr"])
def test_copies_pickles_and_files_have_the_intervals(method, tmp_path):
    model = regression()
    model.calibrate(X[40:], Y[40:], method)
    expected = model.predict(NEW, interval=0.5)
    model.save(tmp_path / "m.lamina")
    others = (copy.deepcopy(model), pickle.loads(pickle.dumps(model)),
              lamina.models.load_model(tmp_path / "m.lamina"))  # fmt: skip
    for other in others:
        found = other.predict(NEW, interval=0.5)
        assert np.array_equal(found.lower, expected.lower)
        assert np.array_equal(found.upper, expected.upper)


def test_files_of_classifiers_keep_the_calibration(tmp_path):
    model = classifier()
    model.calibrate(X, np.arange(60) % 3, randomized=True)
    model.save(tmp_path / "m.lamina")
    other = lamina.models.load_model(tmp_path / "m.lamina")
    assert np.array_equal(other.predict_set(X).sets, model.predict_set(X).sets)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("scores", np.zeros((19, 1))), ("scores", np.full((20, 1), np.nan)),
        ("scores", np.zeros((20, 1), np.float32)), ("fold_of", np.full(20, 2)),
        ("fold_of", np.full(20, -1)), ("fold_of", np.zeros(19, np.int64)),
        ("lacking", np.zeros((20, 2), bool)), ("lacking", np.ones((20, 3), bool)),
        ("lacking", np.ones((20, 2))),
    ],
)  # fmt: skip
def test_arrays_of_strange_files_are_refused(name, array):
    arrays = {"scores": np.zeros((20, 1)), name: array}
    with pytest.raises(ValueError, match=f"^calibration: {name} must"):
        Calibration("cv+", 20, (1,), "", arrays, copies=[[], []]).check()


@pytest.mark.parametrize("change", ["fit", "set_weights", "in place"])
def test_a_change_of_weights_makes_a_calibration_stale(change):
    model = regression()
    model.calibrate(X[40:], Y[40:])
    weights = model.get_weights()
    if change == "fit":
        model.fit(X[:40], Y[:40], verbose=0)
    elif change == "set_weights":
        model.set_weights([w + 1 for w in weights])
    else:
        model.weights[0][0, 0] += 1
    with pytest.raises(NotCalibratedError, match="has changed since it was calibrated"):
        model.predict(NEW, interval=0.9)
    assert model.predict(NEW).shape == (5, 1)
    model.set_weights(weights)
    assert model.predict(NEW, interval=0.9).lower.shape == (5, 1)


def test_a_failed_calibration_leaves_the_last_one():
    model = regression()
    kept = model.calibrate(X[40:], Y[40:])
    with pytest.raises(ValueError, match="same number of rows"):
        model.calibrate(X, Y[:5])
    assert of(model).calibration is kept


def test_calibrating_changes_nothing_of_the_model():
    model = regression()
    before, position = model.get_weights(), model.optimizer.iterations
    model.calibrate(X[:40], Y[:40], "cv+", cv=3)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations == position


# --- bad input


def two_heads(second="mse"):
    a = lamina.Input((3,))
    outputs = {"one": layers.Dense(1)(a), "two": layers.Dense(2, name="two")(a)}
    model = lamina.Model(a, outputs, seed=0)
    model.compile("adam", {"one": "mse", "two": second})
    return model


@pytest.mark.parametrize("method", ["split", "cv+", "cqr", "jackknife+ab"])
def test_each_of_several_outputs_has_intervals(method):
    model, targets = two_heads(), {"one": Y, "two": np.c_[2 * Y, Y]}
    model.fit(X, targets, epochs=2, verbose=0)
    model.calibrate(X, targets, method, verbose=0)
    found = model.predict(NEW, interval=0.8)
    assert {name: a.shape for name, a in found.lower.items()} == {"one": (5, 1), "two": (5, 2)}
    table = coverage_report(model, X, targets, levels=[0.8])
    assert table["output"].tolist() == [0, 1, 2]
    if method == "split":  # each as if it were the only one
        residual = np.abs(Y - model.predict(X, verbose=0)["two"][:, 1].astype(float))
        width = kth(list(residual), exact_rank(60, 0.8))
        assert np.array_equal(
            found.upper["two"][:, 1], found.prediction["two"][:, 1].astype(float) + width
        )


def test_outputs_with_axes_keep_them():
    model = lamina.Sequential([layers.SimpleRNN(2, return_sequences=True), layers.Dense(3)])
    model.compile("adam", "mse")
    x, y = X[:, :2].reshape(30, 4, 1), np.repeat(X[:, :2].reshape(30, 4, 1), 3, axis=2)
    model.fit(x, y, verbose=0)
    model.calibrate(x, y, "cv+", cv=3)
    assert model.predict(x[:2], interval=0.8).lower.shape == (2, 4, 3)


def of_generator():
    model = regression()
    model.calibrate(X, Y)
    model.predict((NEW for _ in range(2)), interval=0.9)


LABELS = np.arange(60) % 3
ALL = np.arange(60)
BAD = [
    (lambda: regression().predict(NEW, interval=0.9), NotCalibratedError,
     r"predict: intervals need a calibrated model; call calibrate\(x, y\)"),
    (lambda: classifier().predict_set(NEW), NotCalibratedError,
     r"predict_set: prediction sets need a calibrated model; call calibrate"),
    (lambda: regression().predict_set(NEW), ValueError,
     "predict_set: sets are for classifiers; the model given is a regression"),
    (lambda: regression().calibrate(X, LABELS, "aps"), ValueError,
     "calibrate: method 'aps' is for a classifier; the model given is a regression"),
    (lambda: classifier().calibrate(X, LABELS, "split"), ValueError,
     "calibrate: method 'split' is for a regression; the model given is a classifier"),
    (lambda: regression().calibrate(X, Y, "cv"), ValueError,
     "calibrate: method must be one of 'split', .*got 'cv'"),
    (lambda: regression().calibrate(X, Y, "split", epochs=3), TypeError,
     "calibrate: method 'split' trains nothing; .*got epochs"),
    (lambda: regression().calibrate(X, Y, "split", cv=3), TypeError,
     "calibrate: cv is for 'cv\\+', 'cv-minmax'; method is 'split'"),
    (lambda: regression().calibrate(X, Y, "jackknife+", cv=3), TypeError,
     "calibrate: cv is for 'cv\\+', 'cv-minmax'; method is 'jackknife\\+'"),
    (lambda: regression().calibrate(X, Y, "cv+", n_resamples=3), TypeError,
     "calibrate: n_resamples is for 'bootstrap', 'jackknife\\+ab'; method is 'cv\\+'"),
    (lambda: classifier().calibrate(X, LABELS, "lac", randomized=True), TypeError,
     "calibrate: randomized is for 'aps'; method is 'lac'"),
    (lambda: regression().calibrate(X, Y, "cv+", cv=61), ValueError,
     "calibrate: cv=61 folds need as many rows; got 60"),
    (lambda: regression().calibrate(X, Y, "cv+", cv=1), ValueError,
     "calibrate: cv must be an integer >= 2; got 1"),
    (lambda: regression().calibrate(X, Y, "cv+", cv=[([0], [1])]), ValueError,
     "calibrate: cv must hold out each of 60 rows once.*hold out 1 rows"),
    (lambda: regression().calibrate(X, Y, "cv+", cv=[(ALL, ALL[:30]), (ALL[:30], ALL[30:])]),
     ValueError, "calibrate: fold 0 of cv must hold out rows that it does not train on; 30 of 30 "),
    (lambda: regression().calibrate(X, Y, "cv+", cv=[(ALL[30:] + 1, ALL[:30]),
                                                     (ALL[:30], ALL[30:])]),
     ValueError, "calibrate: fold 0 of cv must train on rows from 0 to 59; got 31 to 60"),
    (lambda: regression().calibrate(X, Y, "cv-minmax", cv=[([], ALL[:30]), (ALL[:30], ALL[30:])]),
     ValueError, "calibrate: fold 0 of cv must train on rows, given by their numbers; got array"),
    (lambda: regression().calibrate(X, Y, "cv+", cv=[1, 2]), TypeError,
     "calibrate: cv must be a number of folds, a splitter"),
    (lambda: regression().calibrate(X, Y, "bootstrap", n_resamples=2), ValueError,
     "calibrate: each row must be missing from some resample; 2 resamples of 60 rows are too few"),
    (lambda: regression().calibrate(X[:1], Y[:1], "jackknife+"), ValueError,
     "calibrate: method 'jackknife\\+' needs at least 2 rows; got 1"),
    (lambda: regression().calibrate(X[:1], Y[:1], "cqr"), ValueError,
     "calibrate: method 'cqr' trains on some rows and holds out others; 1 rows"),
    (lambda: regression().calibrate(X, Y[:9]), ValueError,
     "calibrate: x and y must have the same number of rows; x has 60, y has 9"),
    (lambda: regression().calibrate(X[:0], Y[:0]), ValueError,
     "calibrate: needs at least 1 row; got 0"),
    (lambda: regression().calibrate(X, np.c_[Y, Y]), ValueError,
     r"calibrate: y must have rows of the predictions' shape \(1,\); got rows of shape \(2,\)"),
    (lambda: regression().calibrate(X, np.where(LABELS, Y, np.nan)), ValueError,
     "calibrate: y must be finite; row 0 is not"),
    (lambda: regression().calibrate(X, ["a"] * 60), TypeError,
     "calibrate: y must hold real numbers"),
    (lambda: regression().calibrate(X, Y, sample_weight=Y), TypeError,
     "calibrate: sample_weight is not supported"),
    (lambda: regression().calibrate(X, Y, "cv+", epoch=3), TypeError,
     "calibrate: unknown argument 'epoch'; did you mean 'epochs'"),
    (lambda: regression().calibrate(X, Y, randomized=True), TypeError,
     "calibrate: randomized is for 'aps'; method is 'split'"),
    (lambda: classifier().calibrate(X, LABELS + 1), ValueError,
     "calibrate: y must hold labels from 0 to 2; row 2 holds 3"),
    (lambda: classifier().calibrate(X, Y), ValueError,
     "calibrate: y must hold a label for each row, an integer from 0 to 2"),
    (lambda: classifier(loss="binary_crossentropy").calibrate(X, LABELS), ValueError,
     "calibrate: sets need one label per row; .* is trained for 3 labels at once"),
    (lambda: classifier(last=None).calibrate(X, LABELS), ValueError,
     "calibrate: sets need class probabilities, .*from_logits=True"),
    (lambda: two_heads().calibrate(X, Y), TypeError,
     "calibrate: y must hold 2 arrays in a dict, like the outputs; got ndarray"),
    (lambda: two_heads().calibrate(X, {"one": Y, "three": Y}), TypeError,
     "calibrate: y must hold 2 arrays in a dict, like the outputs; got dict"),
    (lambda: two_heads("categorical_crossentropy").calibrate(X, Y), TypeError,
     "calibrate: sets and models of quantiles need one output; this model has 2"),
    (lambda: PredictionIntervals("line"), TypeError,
     "PredictionIntervals: needs a model or an object with predict; got str"),
    (lambda: coverage_report(regression(), X, Y, levels=[]), ValueError,
     "coverage_report: levels must be at least one number; got none"),
    (of_generator, TypeError,
     "predict: intervals need rows that can be read again; got generator"),
    (lambda: coverage_report(regression(), X, Y), NotCalibratedError,
     "coverage_report: intervals need a calibrated model"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), BAD, ids=[text for _, _, text in BAD])
def test_bad_input(call, error, text):
    with pytest.raises(error, match=f"^{text}"):
        call()


@pytest.mark.parametrize(("level", "error"), [(0, ValueError), (1, ValueError), (90, ValueError),
                                              ("0.9", TypeError), (True, TypeError)])  # fmt: skip
def test_levels_outside_0_and_1(level, error):
    model, sets = regression(), classifier()
    model.calibrate(X[40:], Y[40:])
    sets.calibrate(X, LABELS)
    calls = [
        ("interval", lambda: model.predict(NEW, interval=level)),
        ("level", lambda: sets.predict_set(NEW, level=level)),
        ("level", lambda: model.calibrate(X, Y, "cqr", level=level)),
        ("levels", lambda: coverage_report(model, X, Y, levels=[0.9, level])),
    ]
    for name, call in calls:
        with pytest.raises(error, match=rf"{name} must be (a number|in \(0, 1\)); got {level!r}"):
            call()


def test_a_copy_that_diverges_is_told_of():
    model = regression()
    model.optimizer.learning_rate = 1e30
    with pytest.raises(ValueError, match="copies could not be fitted; copy 0: diverged"):
        model.calibrate(X, Y, "cv+", cv=3)


class Interrupting(lamina.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


def test_an_interrupt_ends_the_calibration_and_leaves_the_last_one():
    model = regression()
    kept = model.calibrate(X[40:], Y[40:])
    with pytest.raises(KeyboardInterrupt):
        model.calibrate(X, Y, "cv+", cv=3, callbacks=[Interrupting()])
    assert of(model).calibration is kept


def test_a_model_that_was_not_fitted_here_needs_to_be_told_for_how_long():
    model = regression()
    other = lamina.models.clone_model(model)
    other.compile("adam", "mse")
    with pytest.raises(ValueError, match="the number of epochs is unknown; give epochs="):
        other.calibrate(X, Y, "cv+")
    assert len(other.calibrate(X, Y, "cv+", cv=3, epochs=1).copies) == 3


def test_a_mean_and_a_variance_are_no_values():
    model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(2)], seed=1)
    model.compile("sgd", "gaussian_nll")
    x = np.linspace(-1, 1, 30)[:, None]
    with pytest.raises(TypeError, match="gaussian_nll predicts a mean and a variance for each"):
        model.calibrate(x, x[:, 0])
    plain = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)], seed=1)
    plain.compile("sgd", "mse")
    with pytest.raises(TypeError, match="y is None; needs a target for each of 30 rows"):
        plain.calibrate(x)
