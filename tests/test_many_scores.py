"""Many fits: the scores of rows held out."""

from typing import Any

import numpy as np
import pytest

import lamina
from many_fits import build, data, network


def test_scores_of_ones_own():
    x, y = data()

    def worst(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        return float(np.abs(y_true - y_pred[:, 0]).max())

    fits = lamina.fit_many(
        network(), x, y, folds=2, epochs=1, scoring=[worst, "rmse"], keep="all", verbose=0
    )
    held = fits.held_out[1]
    errors = y[held] - fits.held_out_predictions[1][:, 0]
    assert fits.table["held_out_worst"][1] == np.abs(errors).max()
    np.testing.assert_allclose(fits.table["held_out_rmse"][1], np.sqrt(np.mean(errors**2)), 1e-6)
    with pytest.raises(ValueError, match="it is not known whether larger or smaller"):
        fits.best()
    values = fits.table["held_out_worst"]
    assert fits.best(mode="min") == int(np.argmin(values))
    assert fits.best(by="held_out_rmse") == int(np.argmin(fits.table["held_out_rmse"]))


def test_scores_of_weighted_rows_are_weighted_or_refused():
    x, y = data()
    weight = np.where(x[:, 0] > 0, 2.0, 1.0)
    common = {"sample_weight": weight, "folds": 2, "epochs": 1, "verbose": 0}

    def mean_error(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return np.average(np.abs(y_true - y_pred[:, 0]), weights=sample_weight)

    fits = lamina.fit_many(build, x, y, scoring=["mae", mean_error], **common)
    np.testing.assert_allclose(
        fits.table["held_out_mean_error"], fits.table["held_out_mae"], rtol=1e-6
    )
    message = (
        r"^fit_many: scoring 'worst' must take sample_weight by name, as functions of "
        r"sklearn\.metrics do, where rows have weights; got a function of \(y, p\)$"
    )
    with pytest.raises(TypeError, match=message):
        lamina.fit_many(build, x, y, scoring={"worst": lambda y, p: np.max(y - p)}, **common)


def test_scorers_of_scikit_learn_by_name_and_made():
    metrics = pytest.importorskip("sklearn.metrics")
    x, y = data()
    common = {"folds": 2, "epochs": 1, "verbose": 0, "keep": "all"}
    given = ["neg_mean_absolute_error", metrics.make_scorer(metrics.r2_score)]
    fits = lamina.fit_many(build, x, y, scoring=given, **common)
    for held, said, error, share in zip(
        fits.held_out, fits.held_out_predictions,
        fits.table["held_out_neg_mean_absolute_error"], fits.table["held_out_r2_score"],
        strict=True,
    ):  # fmt: skip
        assert error == pytest.approx(-np.abs(y[held] - said[:, 0]).mean(), rel=1e-6)
        assert share == pytest.approx(metrics.r2_score(y[held], said[:, 0]), rel=1e-6)
    errors = fits.table["held_out_neg_mean_absolute_error"]
    assert fits.best() == int(np.argmax(errors))


def test_a_score_that_cannot_be_computed_is_nan_and_told():
    x, y = data()

    def once(y_true: Any, y_pred: Any) -> float:
        if y_true[0] == y[0]:
            raise ZeroDivisionError("nothing to count")
        return 1.0

    folds = [(np.arange(30, 60), np.arange(30)), (np.arange(30), np.arange(30, 60))]
    common = {"folds": folds, "epochs": 1, "verbose": 0}
    fits = lamina.fit_many(build, x, y, scoring={"ones": once, "mae": "mae"}, **common)
    np.testing.assert_array_equal(fits.table["held_out_ones"], [np.nan, 1.0])
    assert np.isfinite(fits.table["held_out_mae"]).all()
    assert list(fits.table["status"]) == ["ok", "ok"]
    assert fits.table["message"][0] == (
        "fit_many: scoring 'ones' cannot be computed: ZeroDivisionError: nothing to count; it was "
        "given targets of shape (30,) and predictions of shape (30, 1)"
    )


def test_a_score_that_can_never_be_computed_leaves_the_others():
    x, y = data()

    def never(y_true: Any, y_pred: Any) -> float:
        raise ZeroDivisionError("nothing to count")

    common = {"folds": 2, "epochs": 1, "verbose": 0}
    with pytest.warns(UserWarning, match="^fit_many: scoring 'bad' cannot .* other scores are kep"):
        fits = lamina.fit_many(build, x, y, scoring={"bad": never, "mse": "mse"}, **common)
    usual = lamina.fit_many(build, x, y, scoring="mse", **common)
    assert np.isnan(fits.table["held_out_bad"]).all()
    np.testing.assert_array_equal(fits.table["held_out_mse"], usual.table["held_out_mse"])
    assert all("'bad' cannot be computed" in message for message in fits.table["message"])
    with pytest.raises(ValueError, match="scoring 'bad' cannot be computed"):
        lamina.fit_many(build, x, y, scoring={"bad": never, "worse": never}, **common)
    metrics = pytest.importorskip("sklearn.metrics")
    with pytest.raises(ValueError, match=r"'accuracy_score' cannot.*make_scorer\(accuracy_score\)"):
        lamina.fit_many(build, x, y > 0, scoring=metrics.accuracy_score, **common)
