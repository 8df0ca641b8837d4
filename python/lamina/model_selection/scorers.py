"""The scores of a model: scikit-learn's scorers, for which larger is better."""

from __future__ import annotations

import copy
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from lamina._names import unknown
from lamina.model_selection.plain_scores import plain_score
from lamina.model_selection.scikit import get_scorer, get_scorer_names

Scorer = Callable[[Any, Any, Any], Any]

DEFAULT = "score"


class Scoring:
    """One score or several.

    Parameters
    ----------
    who : str
        The caller, for messages.
    given : None, str, callable, list of str, or dict
        As scikit-learn's ``scoring``: None is the estimator's own ``score``; a callable is called
        with an estimator, x and y, and returns a number or a dict of them.

    Attributes
    ----------
    scorers : dict of str to callable
    multiple : bool
        Whether there are several, or names were given.
    """

    def __init__(self, who: str, given: Any) -> None:
        self.who = who
        # For each score the name of scikit-learn's scorer; None for the estimator's own score.
        self._known: dict[str, str | None] = {}
        self.several = isinstance(given, (list, tuple, set, frozenset, Mapping))
        if isinstance(given, Mapping):
            self.scorers = {str(name): self._scorer(each) for name, each in given.items()}
            self._known = {str(k): v for k, v in given.items() if v is None or isinstance(v, str)}
        elif self.several:
            names = list(given)
            if any(not isinstance(name, str) for name in names) or len(set(names)) < len(names):
                raise ValueError(
                    f"{who}: scoring must list different names of scores; got {given!r}; give a "
                    f"dict for functions"
                )
            self.scorers = {name: self._scorer(name) for name in names}
            self._known = {name: name for name in names}
        else:
            self.scorers = {DEFAULT: self._scorer(given)}
            if given is None or isinstance(given, str):
                self._known = {DEFAULT: given}
        if not self.scorers:
            raise ValueError(f"{who}: scoring must have at least one score; got {given!r}")
        self.multiple = self.several

    def _scorer(self, given: Any) -> Scorer:
        if callable(given):
            self._check_function(given)
            return given  # type: ignore[no-any-return]
        if given is None:
            return _own_score
        if not isinstance(given, str):
            raise TypeError(
                f"{self.who}: scoring must be a name, a function of (estimator, x, y), a list of "
                f"names or a dict; got {given!r}"
            )
        if given not in get_scorer_names():
            raise ValueError(f"{self.who}: {unknown('score', given, get_scorer_names())}")
        return get_scorer(given)  # type: ignore[no-any-return]

    def _check_function(self, given: Any) -> None:
        """Refuse a metric: it would be called with an estimator instead of targets."""
        room, name = getattr(given, "__module__", None) or "", getattr(given, "__name__", "it")
        if room.startswith("sklearn.metrics.") and "._scorer" not in room:
            raise ValueError(
                f"{self.who}: scoring must be a name or a function of (estimator, x, y); got "
                f"{name}, a function of targets and predictions: "
                f"sklearn.metrics.make_scorer({name}) makes a scorer from it"
            )

    def of(self, estimator: Any, x: Any, y: Any, error_score: Any) -> dict[str, float]:
        """Return the scores of a fitted estimator on some rows.

        A score that cannot be computed is ``error_score``, with a warning, or raises if that is
        "raise".
        """
        found: dict[str, float] = {}
        for name, scorer in self.scorers.items():
            try:
                value = self._plain(name, estimator, x, y)
                if value is None:
                    value = scorer(estimator, *_for(scorer, x, y))
            except Exception:
                if isinstance(error_score, str):
                    raise
                warnings.warn(
                    f"{self.who}: scoring failed. The score on this split will be set to "
                    f"{error_score}. Details: \n{traceback.format_exc()}",
                    UserWarning,
                    stacklevel=2,
                )
                value = error_score
            if isinstance(value, Mapping):
                self.multiple = True
                found |= {str(key): float(each) for key, each in value.items()}
            else:
                found[name] = float(value)
        return found

    def _plain(self, name: str, estimator: Any, x: Any, y: Any) -> Any:
        """Return a score of plain arrays that is implemented here; None for others."""
        if name not in self._known:
            return None
        score = plain_score(self._known[name], estimator, y)
        return None if score is None else score(y, estimator.predict(x))


def _for(scorer: Scorer, x: Any, y: Any) -> tuple[Any, Any]:
    """Return the rows for a scorer; a function of the user gets its own copies.

    It may write to them, while other fits use the same rows and know their predictions.
    """
    if scorer is _own_score or hasattr(scorer, "_score_func"):  # None, or from make_scorer
        return x, y
    return copy.deepcopy((x, y))


def _own_score(estimator: Any, x: Any, y: Any) -> float:
    return float(estimator.score(x, y))
