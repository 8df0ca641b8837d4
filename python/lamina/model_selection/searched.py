"""The results of a search."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._columns import Columns
from lamina._names import unknown
from lamina._public import Public
from lamina.model_selection.scorers import DEFAULT, Scoring

Array = NDArray[Any]

SHOWN = 10


class Search(Public):
    """The results of a search over settings, with scikit-learn's names.

    Returned by ``grid_search`` and ``random_search``; not made directly.

    Attributes
    ----------
    cv_results_ : Columns
        One row per setting: ``params``, ``param_<name>``, ``split<k>_test_<score>``,
        ``mean_test_<score>``, ``std_test_<score>``, ``rank_test_<score>``, times, and
        ``se_test_<score>``, the standard error of the mean over the splits.  ``to_pandas()``
        returns it as a frame.
    best_index_ : int
        The index of the best setting, which ``refit`` chooses.
    best_params_ : dict
    best_score_ : float
        Its mean score over the splits; absent if ``refit`` is a function and there are several
        scores.
    best_model_ : Model
        The network of that setting, fitted to all rows; absent with ``refit=False``.
    best_estimator_ : estimator
        The same with ``predict`` (numbers or classes), ``predict_proba`` and ``score``.
    refit_time_ : float
        Seconds.
    n_splits_ : int
    multimetric_ : bool
        Whether there are several scores.
    scorer_ : callable, or dict of them
    splits : list of tuple of ndarray
        The rows of each split: for training, and held out.
    """

    best_model_: Any
    best_estimator_: Any
    refit_time_: float

    def __init__(self, results: Columns, scoring: Scoring, refit: Any, splits: Any) -> None:
        self.cv_results_, self.splits, self.n_splits_ = results, splits, len(splits)
        self.multimetric_ = scoring.multiple
        self.scorer_ = scoring.scorers if self.multimetric_ else scoring.scorers[DEFAULT]
        self._by = refit if isinstance(refit, str) and self.multimetric_ else DEFAULT
        if callable(refit):
            self.best_index_ = _checked(refit(results), results.rows)
        elif f"rank_test_{self._by}" in results:
            self.best_index_ = int(np.argmin(results[f"rank_test_{self._by}"]))
        else:  # several scores, and none is selected
            self._by = ""
            if refit is not False:
                raise ValueError(
                    f"search: refit must be one of the scores {', '.join(self._scores())}; "
                    f"got {refit!r}"
                )
            return
        self.best_params_: dict[str, Any] = dict(results["params"][self.best_index_])
        if f"mean_test_{self._by}" in results:
            self.best_score_ = float(results[f"mean_test_{self._by}"][self.best_index_])
        else:
            self._by = ""

    def _scores(self) -> list[str]:
        start = "mean_test_"
        return [name.removeprefix(start) for name in self.cv_results_ if name.startswith(start)]

    # --- the best

    def _best(self) -> Any:
        if not hasattr(self, "best_estimator_"):
            raise AttributeError(
                "search: with refit=False nothing is fitted to all rows; search with refit=True"
            )
        return self.best_estimator_

    @property
    def classes_(self) -> Array:
        """The classes of a classifier, in the order of ``predict_proba``."""
        return np.asarray(self._best().classes_)

    @property
    def n_features_in_(self) -> int:
        """The columns of the rows, if the best is an estimator of scikit-learn's protocol."""
        return int(self._best().n_features_in_)

    @property
    def feature_names_in_(self) -> Array:
        """The names of these columns, if the rows were a table."""
        return np.asarray(self._best().feature_names_in_)

    def predict(self, x: Any) -> Array:
        """Return predictions of the best setting, fitted to all rows: numbers or classes."""
        return np.asarray(self._best().predict(x))

    def predict_proba(self, x: Any) -> Array:
        """Return its probabilities of the classes, of shape (rows, classes)."""
        return np.asarray(self._best().predict_proba(x))

    def score(self, x: Any, y: Any) -> float:
        """Return its score on other rows, by the score that selected it."""
        scorers = self.scorer_ if isinstance(self.scorer_, dict) else {DEFAULT: self.scorer_}
        if self._by not in scorers:
            raise ValueError("search: there are several scores, and no refit selects one")
        return float(scorers[self._by](self._best(), x, y))

    # --- the table

    def ranking(self, score: str | None = None) -> Columns:
        """Return the settings, the best first, with mean score, its spread and its error.

        Parameters
        ----------
        score : str, optional
            One of several scores; by default the one that selected the best, or the first.

        Returns
        -------
        Columns
            ``rank``, the settings, ``mean``, ``std`` (as ``std_test_<score>``) and ``se``.
        """
        name = score or self._by or self._scores()[0]
        if name not in self._scores():
            raise ValueError(f"ranking: {unknown('score', name, self._scores())}")
        results = self.cv_results_
        order = np.argsort(results[f"rank_test_{name}"], kind="stable")
        columns = {"rank": results[f"rank_test_{name}"][order]}
        keys = [key for key in results if key.startswith("param_")]
        columns |= {key.removeprefix("param_"): results[key][order] for key in keys}
        for short in ("mean", "std", "se"):
            columns[short] = results[f"{short}_test_{name}"][order]
        return Columns(columns, f"{name}: {results.rows} settings, {self.n_splits_} splits")

    def optimism(self, score: str | None = None) -> float:
        """Estimate by how much the best mean score is too good because it was selected.

        The mean over the splits of the best score of the split minus the chosen setting's score
        there: Tibshirani and Tibshirani, "A bias correction for the minimum error rate in
        cross-validation", Annals of Applied Statistics 3 (2009), https://doi.org/10.1214/08-AOAS224.
        ``best_score_ - optimism()`` is the corrected score.  It is a rough estimate, and rather too
        large; rows that were not used in the search are more informative.

        Parameters
        ----------
        score : str, optional
            Which of several scores.
        """
        name = score or self._by or self._scores()[0]
        columns = [
            np.asarray(self.cv_results_[f"split{k}_test_{name}"], dtype=np.float64)
            for k in range(self.n_splits_)
        ]
        return float(np.mean([np.nanmax(each) - each[self.best_index_] for each in columns]))

    def to_pandas(self) -> Any:
        """Return ``cv_results_`` as a ``pandas.DataFrame``; pandas must be installed."""
        return self.cv_results_.to_pandas()

    def __repr__(self) -> str:
        """Return the best settings."""
        table = self.ranking()
        rows = min(SHOWN, table.rows)
        shown = Columns({name: table[name][:rows] for name in table}, table.title)
        more = table.rows - rows
        return f"{shown}\n... and {more} more" if more else str(shown)


def _checked(place: Any, rows: int) -> int:
    if isinstance(place, bool) or not isinstance(place, (int, np.integer)):
        raise TypeError(
            f"search: refit must return an integer, the index of a setting; got {place!r}"
        )
    if not 0 <= place < rows:
        raise IndexError(f"search: refit must return an index from 0 to {rows - 1}; got {place}")
    return int(place)
