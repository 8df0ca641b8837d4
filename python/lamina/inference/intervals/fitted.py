"""The interface of a fitted model of any library for calibration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.inference.intervals.forms import Form, by_output, real_targets

Rows = tuple[Array, Array]  # training rows, held-out rows


@dataclass
class Refits:
    """Copies of a model fitted to other rows.

    Attributes
    ----------
    copies : list
        Small objects that predict, one for each fit.
    held_out : list of ndarray of shape (rows held out, outputs), float64
        Predictions for the rows to which a copy was not fitted.
    """

    copies: list[Any]
    held_out: list[Array]


class Fitted(ABC):
    """A fitted model: regression, quantiles or classes.

    Attributes
    ----------
    who : str
        The name of the caller in messages.
    kind : {"values", "quantiles", "classes"}
    quantiles : tuple of float
        The quantiles of a model of quantiles, in the order of its last axis.
    form : Form
        The form of the targets, once `targets` has been called.
    """

    who: str
    kind: str
    quantiles: tuple[float, ...] = ()
    form: Form

    @abstractmethod
    def check_fit(self, fit: dict[str, Any]) -> None:
        """Refuse arguments that no fit of a copy takes."""

    @abstractmethod
    def raw(self, x: Any, **options: Any) -> Any:
        """Return the predictions as the model returns them; probabilities for classes."""

    @abstractmethod
    def labels(self, y: Any, classes: int, rows: int) -> Array:
        """Return labels counted from 0, of shape (rows,)."""

    @abstractmethod
    def refits(
        self,
        x: Any,
        y: Array,
        folds: Sequence[Rows],
        fit: dict[str, Any],
        quantile: float | None = None,
    ) -> Refits:
        """Fit copies of the model, for a quantile if one is given."""

    @abstractmethod
    def predictions_of(self, copies: Sequence[Any], x: Any, **options: Any) -> Array:
        """Return the copies' predictions, of shape (copies, rows, outputs), float64."""

    def warn_of_no_training(self) -> None:
        """Warn about a model that has not been trained, if that can be known."""
        return

    def trained_share(self, x: Any, y: Any, predicted: Any) -> float:  # noqa: ARG002
        """Return the share of some rows on which the model was trained; 0 if it is unknown.

        ``predicted`` is the result of `raw` for the rows.
        """
        return 0.0

    @abstractmethod
    def mark(self, x: Any) -> Any:
        """Return a mark that later shows whether the model has changed; may keep rows of ``x``."""

    @abstractmethod
    def changed_since(self, mark: Any) -> bool:
        """Return whether the model has changed."""

    def targets(self, y: Any, predicted: Any) -> Array:
        """Return targets of shape (rows, outputs), or labels counted from 0 of shape (rows,)."""
        form = self.form = self.form_of(predicted)
        rows = len(form.parts(predicted)[0])
        if self.kind == "classes":
            return self.labels(y, form.shape[0], rows)
        return real_targets(self.who, y, form, rows)

    def form_of(self, predicted: Any) -> Form:
        """Return the form of predictions, without the axis of the quantiles."""
        return Form.of(self.who, predicted[..., 0] if self.kind == "quantiles" else predicted)

    def values(self, x: Any, **options: Any) -> Array:
        """Return predictions of shape (rows, outputs), with the quantiles last if there are any."""
        return self.flat(self.raw(x, **options))

    def flat(self, predicted: Any) -> Array:
        """Return predictions in the form that the methods take, in float64."""
        if self.kind != "quantiles":
            return self.form_of(predicted).flat(predicted)
        return np.stack([by_output(q) for q in np.moveaxis(predicted, -1, 0)], axis=-1)

    def probabilities(self, x: Any, **options: Any) -> Array:
        """Return probabilities of shape (rows, classes), float64."""
        return np.asarray(self.raw(x, **options), np.float64)


def checked_probabilities(who: str, probabilities: Array) -> Array:
    """Return probabilities, which must lie in [0, 1] and sum to 1 in each row."""
    total = probabilities.sum(axis=1)
    wrong = (probabilities < 0.0).any(axis=1) | ~(np.abs(total - 1.0) < 1e-3)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{who}: sets need class probabilities, each row >= 0 with a sum of 1; row {row} has "
            f"the sum {total[row]:g} (a model of logits needs a loss with from_logits=True)"
        )
    return probabilities
