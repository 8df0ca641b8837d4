"""The one-standard-error rule: the simplest setting that is about as good as the best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina._calls import answering_calls


class OneStandardError:
    """A ``refit`` for searches, also scikit-learn's: see ``one_standard_error``."""

    def __init__(self, complexity: tuple[str, ...], score: str) -> None:
        self.complexity, self.score = complexity, score

    def __call__(self, cv_results: Mapping[str, Any]) -> int:
        """Return the index of the setting that the rule chooses."""
        means = np.asarray(cv_results[f"mean_test_{self.score}"], dtype=np.float64)
        if np.isnan(means).all():
            raise ValueError("one_standard_error: no setting has a score")
        best = int(np.nanargmax(means))
        limit = means[best] - self._error(cv_results, best)
        good = np.flatnonzero(means >= limit)
        keys = [(*self._key(cv_results, int(place)), -means[place]) for place in good]
        return int(good[min(range(len(good)), key=keys.__getitem__)])

    def _error(self, cv_results: Mapping[str, Any], best: int) -> float:
        splits = [
            np.asarray(cv_results[name], dtype=np.float64)[best]
            for name in cv_results
            if name.startswith("split") and name.endswith(f"_test_{self.score}")
        ]
        if len(splits) < 2:
            raise ValueError(
                f"one_standard_error: needs at least two splits; there are {len(splits)}"
            )
        return float(np.std(splits, ddof=1) / np.sqrt(len(splits)))

    def _key(self, cv_results: Mapping[str, Any], place: int) -> tuple[Any, ...]:
        found: list[Any] = []
        for name in self.complexity:
            column = f"param_{name.removeprefix('-')}"
            if column not in cv_results:
                known = [c.removeprefix("param_") for c in cv_results if c.startswith("param_")]
                raise ValueError(
                    f"one_standard_error: no setting has {name.removeprefix('-')!r}; settings have "
                    f"{', '.join(known)}"
                )
            value = cv_results[column][place]
            found.append(-value if name.startswith("-") else value)
        return tuple(found)

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"one_standard_error({', '.join(map(repr, self.complexity))}, score={self.score!r})"


@answering_calls
def one_standard_error(*complexity: str, score: str = "score") -> OneStandardError:
    """Return a ``refit`` that takes the simplest setting within one standard error of the best.

    Breiman et al., *Classification and Regression Trees* (1984), section 3.4.3: of all settings
    whose mean score is not below the best one's by more than that one's standard error over the
    splits, the simplest.

    Parameters
    ----------
    *complexity : str
        Settings that are small for a simple model, such as ``"units"``, the most important one
        first; with ``-`` in front, settings that are large for it, such as ``"-dropout"``.
    score : str, default "score"
        The score to use, if there are several.

    Returns
    -------
    callable
        A function of ``cv_results_`` that returns the index of the setting.

    Examples
    --------
    >>> from lamina.model_selection import one_standard_error
    >>> rule = one_standard_error("units")
    >>> rule({"param_units": [2, 8, 32], "mean_test_score": [0.4, 0.78, 0.8],
    ...       "split0_test_score": [0.3, 0.7, 0.7], "split1_test_score": [0.5, 0.86, 0.9]})
    1
    """
    if not complexity or not all(isinstance(name, str) and name.strip("-") for name in complexity):
        raise TypeError(
            f"one_standard_error: needs names of settings, such as 'units'; got {complexity!r}"
        )
    return OneStandardError(complexity, score)
