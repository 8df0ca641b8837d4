"""Making a calibration: the methods by name, the checks, the view of a fitted model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lamina import _check, _screen
from lamina.inference.intervals import ranks
from lamina.inference.intervals.bootstrap import Bootstrap, JackknifePlusAfterBootstrap
from lamina.inference.intervals.cross import (
    CrossValidationMinmax,
    CrossValidationPlus,
    JackknifeMinmax,
    JackknifePlus,
)
from lamina.inference.intervals.fitted import Fitted
from lamina.inference.intervals.kept import Calibration
from lamina.inference.intervals.methods import Method, Plan
from lamina.inference.intervals.quantiles import QuantileRegression
from lamina.inference.intervals.sets import (
    AdaptivePredictionSets,
    LeastAmbiguousClassifier,
    SetMethod,
)
from lamina.inference.intervals.split import Split
from lamina.models import Model

METHODS: dict[str, Method | SetMethod] = {
    method.name: method
    for method in (
        Split(), CrossValidationPlus(), CrossValidationMinmax(), JackknifePlus(), JackknifeMinmax(),
        JackknifePlusAfterBootstrap(), QuantileRegression(), Bootstrap(), AdaptivePredictionSets(),
        LeastAmbiguousClassifier(),
    )
}  # fmt: skip
SEEN = 0.2  # share of training rows in a calibration above which a warning is given
DEFAULTS = {"values": "split", "quantiles": "cqr", "classes": "aps"}
NEEDS = {
    "values": "a regression",
    "quantiles": "a model of quantiles, trained with losses.Pinball",
    "classes": "a classifier",
}


def planned(who: str, fitted: Fitted, method: str | None, settings: dict[str, Any]) -> Plan:
    """Return the plan of a calibration, checked for a model.

    ``settings`` are ``cv``, ``n_resamples``, ``level``, ``calibration_size``, ``randomized`` and
    ``seed``.
    """
    wanted = DEFAULTS[fitted.kind] if method is None else method
    name = _check.choice(who, "method", wanted, list(METHODS))
    plan = Plan(
        name,
        settings["cv"],
        settings["n_resamples"],
        ranks.checked_level(who, "level", settings["level"]),
        ranks.checked_level(who, "calibration_size", settings["calibration_size"]),
        _check.boolean(who, "randomized", settings["randomized"]),
        _check.integer(who, "seed", settings["seed"], 0),
    )
    check_kind(who, name, fitted.kind)
    _refuse_idle(who, plan)
    return plan


def calibration_of(fitted: Fitted, x: Any, y: Any, plan: Plan, fit: dict[str, Any]) -> Calibration:
    """Return the calibration of a model with these rows; ``fit`` is for the copies."""
    plan = replace(plan, who=fitted.who, fit=fit)
    check_kind(fitted.who, plan.method, fitted.kind)
    fitted.check_fit(fit)
    predicted = fitted.raw(x)
    targets = fitted.targets(y, predicted)
    if len(targets) == 0:
        raise ValueError(f"{fitted.who}: needs at least 1 row; got 0")
    fitted.warn_of_no_training()
    if METHODS[plan.method].needs_unseen(fitted.kind):
        _warn_of_seen(fitted, plan.method, fitted.trained_share(x, y, predicted))
    kept = METHODS[plan.method].prepare(fitted, x, targets, plan)
    count = len(kept.arrays["scores"])
    return Calibration(
        plan.method,
        count,
        fitted.form.shape,
        fitted.mark(x),
        kept.arrays,
        kept.settings,
        kept.copies,
    )


def fitted_of(estimator: Any, who: str, refit: Any = None) -> Fitted:
    """Return calibration's view of a fitted model of any library."""
    if isinstance(estimator, Model):
        from lamina.inference.intervals.of_models import FittedModel

        return FittedModel(estimator, who)
    if not hasattr(estimator, "predict"):
        raise TypeError(
            f"{who}: needs a model or an object with predict; got {type(estimator).__name__}"
        )
    from lamina.inference.intervals.of_estimators import FittedEstimator
    from lamina.inference.intervals.of_r_fits import FittedR, is_r_fit

    kind = FittedR if is_r_fit(estimator) else FittedEstimator
    return kind(estimator, who, refit)


def check_kind(who: str, method: str, kind: str) -> None:
    """Refuse a method for another kind of models."""
    kinds = METHODS[method].kinds
    if kind not in kinds:
        fits = [name for name, other in METHODS.items() if kind in other.kinds]
        raise ValueError(
            f"{who}: method {method!r} is for {NEEDS[kinds[0]]}; the model given is "
            f"{NEEDS[kind]}, for {', '.join(map(repr, fits))}"
        )


def _warn_of_seen(fitted: Fitted, method: str, share: float) -> None:
    """Warn about rows on which the model was trained, if they are a fifth or more."""
    if share < SEEN:
        return
    found = "these rows" if share > 0.99 else f"about {100 * share:.0f} % of these rows"
    outcome = "sets are too small" if fitted.kind == "classes" else "intervals are too narrow"
    other = ", or use method='cv+', which is for training rows" if fitted.kind == "values" else ""
    _screen.warn(
        f"{fitted.who}: the model was trained on {found}, where its errors are smaller than on "
        f"other rows, so {outcome}; method {method!r} needs rows that it was not trained on: hold "
        f"some out of fit{other}"
    )


def _refuse_idle(who: str, plan: Plan) -> None:
    """Refuse arguments that belong to another method."""
    for name, given, takers in (
        ("cv", plan.cv, ("cv+", "cv-minmax")),
        ("n_resamples", plan.n_resamples, ("bootstrap", "jackknife+ab")),
        ("randomized", plan.randomized or None, ("aps",)),
    ):
        if given is not None and plan.method not in takers:
            raise TypeError(
                f"{who}: {name} is for {', '.join(map(repr, takers))}; method is {plan.method!r}"
            )
