"""Sets of classes that contain the true class at a chosen rate: APS and LAC."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from lamina._check import Array
from lamina.inference.intervals import ranks
from lamina.inference.intervals.fitted import Fitted
from lamina.inference.intervals.methods import Kept, Plan, Prepared


class SetMethod:
    """A method of prediction sets: all classes with scores up to a quantile of the rows' scores."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ("classes",)
    conformal: ClassVar[bool] = True

    @abstractmethod
    def class_scores(self, probabilities: Array, uniform: Array | None) -> Array:
        """Return the score of every class in every row.

        Parameters
        ----------
        probabilities : ndarray of shape (rows, classes), float64
        uniform : ndarray of shape (rows,) or None
            Numbers drawn from [0, 1), for a randomised score.
        """

    def needs_unseen(self, kind: str) -> bool:  # noqa: ARG002
        """Return True: the true classes of training rows are too probable."""
        return True

    def prepare(self, fitted: Fitted, x: Any, labels: Array, plan: Plan) -> Prepared:
        """Return the scores of the true classes."""
        plan.refuse_fit()
        probabilities = fitted.probabilities(x)
        drawn = uniform(len(labels), plan.seed) if plan.randomized else None
        scores = self.class_scores(probabilities, drawn)[np.arange(len(labels)), labels]
        # Predictions draw other random numbers than the calibration.
        seed = plan.seed + 1 if plan.randomized else None
        return Prepared({"scores": scores}, {"seed": seed})

    def sets(self, kept: Kept, probabilities: Array, level: float) -> Array:
        """Return which classes are in each row's set."""
        seed = kept.settings["seed"]
        drawn = None if seed is None else uniform(len(probabilities), seed)
        most = ranks.upper(kept.arrays["scores"], level)
        return self.class_scores(probabilities, drawn) <= most


class AdaptivePredictionSets(SetMethod):
    """``sum of p_k > p_c, plus (1 - u) p_c``: classes are added in order of probability.

    Romano, Sesia and Candès 2020, "Classification with valid and adaptive coverage".  u is drawn
    for each row, or is 1 without randomisation: the score of a class is then the probability of the
    classes before it, so the class that crosses the quantile is in the set, and no set is empty.
    """

    name = "aps"

    def class_scores(self, probabilities: Array, uniform: Array | None) -> Array:
        """Return the probability of the classes before each class, plus a share of its own."""
        order = np.argsort(-probabilities, axis=1, kind="stable")
        falling = np.take_along_axis(probabilities, order, axis=1)
        through = np.cumsum(falling, axis=1)
        before = np.concatenate([np.zeros((len(falling), 1)), through[:, :-1]], axis=1)
        # Classes of equal probability have the same classes before them.
        first = np.concatenate(
            [np.ones((len(falling), 1), bool), falling[:, 1:] < falling[:, :-1]], axis=1
        )
        place = np.maximum.accumulate(np.where(first, np.arange(falling.shape[1]), 0), axis=1)
        scores = np.take_along_axis(before, place, axis=1)
        if uniform is not None:
            scores = scores + (1.0 - uniform[:, None]) * falling
        made = np.empty_like(scores)
        np.put_along_axis(made, order, scores, axis=1)
        return made


class LeastAmbiguousClassifier(SetMethod):
    """``1 - p_c``: the smallest sets on average, of which some may be empty.

    Sadinle, Lei and Wasserman 2019, "Least ambiguous set-valued classifiers with bounded error
    levels".
    """

    name = "lac"

    def class_scores(self, probabilities: Array, uniform: Array | None) -> Array:  # noqa: ARG002
        """Return 1 minus the probabilities."""
        return 1.0 - probabilities


def uniform(rows: int, seed: int) -> Array:
    """Return numbers from [0, 1), the same for the same seed."""
    return np.random.default_rng(seed).random(rows)
