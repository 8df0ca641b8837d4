"""The scores of a fit on the rows held out of it."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina import metrics
from lamina._arrays import is_array
from lamina.metrics.direction import DOWN, direction_of, direction_of_name
from lamina.metrics.scorer import Scorer, of_sklearn

PREFIX = "held_out_"


class Scoring:
    """The names and functions of scores on the rows held out.

    Parameters
    ----------
    given : None, str, Metric, scorer, callable, or a list or dict of them
        None stands for the loss and metrics of ``compile``.  A callable is called with targets and
        predictions, like functions of ``sklearn.metrics``.
    """

    def __init__(self, who: str, given: Any) -> None:
        self.who = who
        self.by_name: dict[str, Any] | None = None if given is None else _named(who, given)

    def of(
        self, model: Any, x: Any, y: Any, weight: Any, prediction: Any
    ) -> tuple[dict[str, float], Exception | None]:
        """Return the scores of a fitted model on rows, for which it predicts ``prediction``.

        A score that raises is NaN; the exception, which says so, is returned too.
        """
        if self.by_name is None:
            found = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
            return {f"{PREFIX}{name}": float(value) for name, value in found.items()}, None
        values, failure = {}, None
        for name, score in self.by_name.items():
            try:
                values[f"{PREFIX}{name}"] = _score(score, model, y, prediction, weight)
            except Exception as error:
                values[f"{PREFIX}{name}"] = np.nan
                failure = failure or self._failure(name, score, error, y, prediction)
        return values, failure

    def _failure(self, name: str, score: Any, error: Exception, y: Any, given: Any) -> Exception:
        own = getattr(score, "__name__", name)
        scorer = f"; sklearn.metrics.make_scorer({own}) gives it classes instead"
        shapes = " and ".join(
            f"{what} of shape {np.shape(each)}" if is_array(each) else what
            for what, each in (("targets", y), ("predictions", given))
        )
        return ValueError(
            f"{self.who}: scoring {name!r} cannot be computed: {type(error).__name__}: {error}; it "
            f"was given {shapes}{scorer if of_sklearn(score) else ''}"
        )

    def refuse_unweighted(self) -> None:
        """Raise TypeError for a function without ``sample_weight``."""
        for name, score in (self.by_name or {}).items():
            if _is_function(score) and not _takes_weights(score):
                raise TypeError(
                    f"{self.who}: scoring {name!r} must take sample_weight by name, as functions "
                    f"of sklearn.metrics do, where rows have weights; got a function of "
                    f"{inspect.signature(score)}"
                )

    def directions(self) -> dict[str, str | None]:
        """Return for each score whether larger values are better ("up"), or smaller ("down")."""
        if self.by_name is None:
            return {}
        return {f"{PREFIX}{n}": _direction(n, score) for n, score in self.by_name.items()}


def direction(column: str, known: Mapping[str, str | None]) -> str | None:
    """Return whether larger values of a column of the table are better, if that is known."""
    if column in known:
        return known[column]
    name = column.removeprefix(PREFIX).removeprefix("val_")
    return DOWN if name == "loss" else direction_of_name(name)


def _named(who: str, given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        pairs = list(given.items())
    elif isinstance(given, Sequence) and not isinstance(given, str):
        pairs = [(None, each) for each in given]
    else:
        pairs = [(None, given)]
    found: dict[str, Any] = {}
    for name, score in pairs:
        judge = score if _is_function(score) else _metric(who, score)
        own = name or (judge if isinstance(judge, str) else None)
        own = own or getattr(judge, "name", None) or getattr(judge, "__name__", None)
        if own is None:
            raise ValueError(f"{who}: scoring has no name for {score!r:.80}; give a dict by names")
        if own in found:
            raise ValueError(f"{who}: scoring has two scores named {own!r}")
        found[str(own)] = judge
    return found


def _is_function(score: Any) -> bool:
    """Return whether a score is a plain function of targets and predictions."""
    own = isinstance(score, (metrics.Metric, type)) or hasattr(score, "_score_func")
    return callable(score) and not own


def _takes_weights(score: Any) -> bool:
    try:
        inspect.signature(score).bind(None, None, sample_weight=None)
    except TypeError:
        return False
    except ValueError:  # a C function without a known signature
        return True
    return True


def _metric(who: str, score: Any) -> Any:
    if isinstance(score, str) and score.lower() in ("accuracy", "acc"):
        return score  # its form depends on the loss of the model
    try:
        return metrics.get(score)
    except (TypeError, ValueError) as error:
        scorer = _named_scorer(score)
        if scorer is not None:
            return scorer
        raise type(error)(f"{who}: scoring: {error}") from error


def _named_scorer(name: Any) -> Any:
    """Return scikit-learn's scorer of this name as a metric; None if there is none."""
    if not isinstance(name, str) or importlib.util.find_spec("sklearn") is None:
        return None
    try:
        return Scorer(name)
    except ValueError:
        return None


def _score(score: Any, model: Any, y: Any, prediction: Any, weight: Any) -> float:
    if _is_function(score):
        weights = {} if weight is None else {"sample_weight": weight}
        return float(np.mean(score(y, prediction, **weights)))
    loss = model.loss
    metric: Any = metrics.resolve(score, loss, np.shape(prediction)[1:])
    metric.reset_state()
    targets = np.asarray(y)
    if targets.ndim < np.ndim(prediction) and targets.size == np.size(prediction):
        targets = targets.reshape(np.shape(prediction))
    metric.update_state(targets, prediction, *(() if weight is None else (weight,)))
    return float(metric.result())


def _direction(name: str, score: Any) -> str | None:
    if isinstance(score, str):
        return direction_of_name(score)
    if isinstance(score, metrics.Metric):
        return direction_of(score)
    own: str | None = getattr(score, "direction", None)
    return own or direction_of_name(getattr(score, "__name__", name)) or direction_of_name(name)
