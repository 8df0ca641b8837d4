"""What calibration asks of a fitted model, whichever library made it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.inference.intervals.forms import Form, by_output, real_targets

Rows = tuple[Array, Array]  # those trained on, those held out


@dataclass
class Refits:
    """Copies of a model fitted to other rows.

    Attributes
    ----------
    copies : list
        What predicts, one entry for each fit; small.
    held_out : list of ndarray of shape (rows held out, outputs), float64
        Predictions of the rows that a copy was not fitted to.
    """

    copies: list[Any]
    held_out: list[Array]


class Fitted(ABC):
    """A fitted model: regression, quantiles or classes.

    Attributes
    ----------
    who : str
        How messages call it.
    kind : {"values", "quantiles", "classes"}
    quantiles : tuple of float
        Of a model of quantiles, in the order of its last axis.
    form : Form
        That of the targets, once `targets` has been called.
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
        """Return the predictions as the model returns them, probabilities for classes."""

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
        """Fit copies of the model, to predict a quantile where one is given."""

    @abstractmethod
    def predictions_of(self, copies: Sequence[Any], x: Any, **options: Any) -> Array:
        """Return what copies predict, of shape (copies, rows, outputs), float64."""

    def warn_of_no_training(self) -> None:
        """Warn of a model that has not been trained, where that can be known."""
        return

    def trained_share(self, x: Any, y: Any, predicted: Any) -> float:  # noqa: ARG002
        """Return the share of some rows that the model was trained on; 0 where nothing tells.

        ``predicted`` is what `raw` returns for the rows.
        """
        return 0.0

    @abstractmethod
    def mark(self, x: Any) -> Any:
        """Return what tells later whether the model has changed; rows of ``x`` may be kept."""

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
        """Return predictions as the methods take them, in float64."""
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
