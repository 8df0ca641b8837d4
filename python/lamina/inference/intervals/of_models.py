"""Calibration's view of lamina models."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina import _screen, losses
from lamina._arrays import as_numbers
from lamina._calls import named_parameters, on_behalf
from lamina._check import Array
from lamina._names import unknown
from lamina.inference.intervals.fitted import (
    Fitted,
    Refits,
    Rows,
    checked_probabilities,
)
from lamina.inference.intervals.kept import digest
from lamina.models import Model

_OF_CLASSES = (
    losses.BinaryCrossentropy, losses.BinaryFocalCrossentropy, losses.CategoricalCrossentropy,
    losses.CategoricalFocalCrossentropy, losses.CategoricalGeneralizedCrossEntropy,
    losses.SparseCategoricalCrossentropy,
)  # fmt: skip


class FittedModel(Fitted):
    """A model; its loss says whether it predicts values, quantiles or classes."""

    def __init__(self, model: Model, who: str) -> None:
        self.model, self.who = model, who
        loss: Any = model.loss
        self.kind = _kind(who, loss)
        if self.kind == "quantiles":
            self.quantiles = tuple(loss.quantiles)

    def check_fit(self, fit: dict[str, Any]) -> None:
        """Refuse arguments that neither ``fit`` nor ``fit_many`` takes."""
        known = [*(named_parameters(Model.fit) - {"x", "y"}), "executor", "n_jobs"]
        for name in fit:
            if name == "sample_weight":
                raise TypeError(
                    f"{self.who}: sample_weight is not supported: the levels are for rows of equal "
                    f"weight"
                )
            if name not in known:
                raise TypeError(f"{self.who}: {unknown('argument', name, known)}")

    # --- predictions

    def raw(self, x: Any, **options: Any) -> Any:
        """Return the outputs; for classes, the probabilities, of shape (rows, classes)."""
        return self._of(self.model, x, options)

    def _of(self, model: Model, x: Any, options: dict[str, Any]) -> Any:
        with on_behalf(self.who, "predict"):
            found = model.predict(x, **{"verbose": 0, **options})
        return self._probable(found) if self.kind == "classes" else found

    def _probable(self, found: Array) -> Array:
        if found.ndim != 2:
            raise ValueError(
                f"{self.who}: sets need one label per row, and probabilities of shape (rows, "
                f"classes); {self.model.name} predicts rows of shape {found.shape[1:]}"
            )
        loss, wide = self.model.loss, found.astype(np.float64)
        binary = isinstance(loss, (losses.BinaryCrossentropy, losses.BinaryFocalCrossentropy))
        if binary and found.shape[1] > 1:
            raise ValueError(
                f"{self.who}: sets need one label per row; {self.model.name} is trained for "
                f"{found.shape[1]} labels at once"
            )
        if loss.from_logits:
            wide = np.concatenate([np.zeros_like(wide), wide], axis=1) if binary else wide
            wide = np.exp(wide - wide.max(axis=1, keepdims=True))
            return np.asarray(wide / wide.sum(axis=1, keepdims=True))
        wide = np.concatenate([1.0 - wide, wide], axis=1) if binary else wide
        return checked_probabilities(self.who, wide)

    # --- targets

    def labels(self, y: Any, classes: int, rows: int) -> Array:
        """Return labels of shape (rows,), from labels or one-hot rows."""
        given = np.asarray(y)
        if given.ndim == 0 or len(given) != rows:
            raise ValueError(
                f"{self.who}: x and y must have the same number of rows; x has {rows}, y has shape "
                f"{given.shape}"
            )
        if given.shape == (rows, classes) and classes > 1:
            given = given.argmax(axis=1)
        labels = given.reshape(rows, int(np.prod(given.shape[1:], dtype=int)))
        whole = labels.shape[1] == 1 and labels.dtype.kind in "biuf"
        if not whole or not np.array_equal(labels, labels.astype(np.int64)):
            raise ValueError(
                f"{self.who}: y must hold a label for each row, an integer from 0 to "
                f"{classes - 1}, or a one-hot row; got rows of shape {given.shape[1:]} and type "
                f"{given.dtype}"
            )
        found = labels[:, 0].astype(np.int64)
        bad = np.flatnonzero((found < 0) | (found >= classes))
        if bad.size:
            raise ValueError(
                f"{self.who}: y must hold labels from 0 to {classes - 1}; row {bad[0]} holds "
                f"{found[bad[0]]}"
            )
        return found

    # --- copies

    def refits(
        self,
        x: Any,
        y: Array,
        folds: Sequence[Rows],
        fit: dict[str, Any],
        quantile: float | None = None,
    ) -> Refits:
        """Fit copies with ``lamina.fit_many``, each from the initial weights of the seed."""
        import lamina

        model = self.model if quantile is None else self._of_quantile(quantile)
        made = lamina.fit_many(
            model, x, self.form.whole(y), seeds=[self.model.seed], folds=folds,
            keep=("weights", "held_out_predictions"), **self._settings(fit),
        )  # fmt: skip
        ends = list(made.table["status"])
        if "interrupted" in ends:  # fit_many keeps finished fits, a calibration needs all
            raise KeyboardInterrupt
        bad = [i for i, status in enumerate(ends) if status != "ok"]
        if bad:
            row = made.table.row(bad[0])
            raise ValueError(
                f"{self.who}: {len(bad)} of {len(folds)} copies could not be fitted; copy "
                f"{bad[0]}: {row['status']}: {row['message']}"
            )
        held = [self.form.flat(predicted) for predicted in made.held_out_predictions]
        return Refits([list(weights) for weights in made.weights], held)

    def _of_quantile(self, quantile: float) -> Model:
        model = copy.deepcopy(self.model)
        model.compile(copy.deepcopy(self.model.optimizer), losses.Pinball(quantile))
        return model

    def _settings(self, fit: dict[str, Any]) -> dict[str, Any]:
        if self.model.optimizer is None:
            raise ValueError(f"{self.who}: fits copies of the model; call compile first")
        history = self.model.history
        told = {} if history is None or not history.epoch else dict(history.params)
        if "epochs" in told:
            told["epochs"] = len(history.epoch)
        known = {name: told[name] for name in ("epochs", "batch_size") if told.get(name)}
        if "epochs" not in fit and "epochs" not in known:
            raise ValueError(
                f"{self.who}: fits copies of the model, which has not been fitted here, so the "
                f"number of epochs is unknown; give epochs=... and the other arguments of its fit"
            )
        return {**known, **fit}

    def predictions_of(self, copies: Sequence[Any], x: Any, **options: Any) -> Array:
        """Return the copies' predictions."""
        scratch = copy.deepcopy(self.model)  # another thread may predict with the model itself
        made, live = [], scratch.weights
        for weights in copies:
            for place, array in zip(live, weights, strict=True):
                place[...] = array
            made.append(self.flat(self._of(scratch, x, options)))
        return np.stack(made)

    # --- the rows of the model's training

    def warn_of_no_training(self) -> None:
        """Warn about a model whose weights are still those drawn with its seed."""
        if self.model.as_drawn:
            _screen.warn(
                f"{self.who}: {self.model.name} has not been trained: its weights are the initial "
                f"ones; call fit, or load weights, first"
            )

    def trained_share(self, x: Any, y: Any, predicted: Any) -> float:  # noqa: ARG002
        """Return the share of the rows that are recognised as rows of the last fit."""
        known = None if self.model.history is None else self.model.history.fingerprint
        if known is None:
            return 0.0
        try:
            inputs = _arrays(x, self.model.input_names)
            return known.share_of([*inputs, *_arrays(y, self.model.output_names)])
        except (KeyError, TypeError, ValueError):  # rows in a form that differs from the fit's
            return 0.0

    def mark(self, x: Any) -> Any:  # noqa: ARG002
        """Return a digest of the weights."""
        return digest(self.model.get_weights())

    def changed_since(self, mark: Any) -> bool:
        """Return whether any bit of a weight has changed."""
        return bool(self.mark(None) != mark)


def _arrays(given: Any, names: Sequence[str]) -> list[Array]:
    """Return the data for each of a model's inputs or outputs as arrays of numbers."""
    if isinstance(given, Mapping):
        parts = [given[name] for name in names]
    else:
        parts = list(given) if len(names) > 1 else [given]
    return [as_numbers("calibrate", "x", part) for part in parts]


def _kind(who: str, loss: Any) -> str:
    if isinstance(loss, list):
        kinds = {_kind(who, each) for each in loss}
        if kinds - {"values"}:
            raise TypeError(
                f"{who}: sets and models of quantiles need one output; this model has {len(loss)}"
            )
        return "values"
    if isinstance(loss, losses.GaussianNLL):
        raise TypeError(
            f"{who}: a model trained with {loss.name} predicts a mean and a variance for each "
            f"value, not values; give PredictionIntervals an object whose predict returns the "
            f"means, or train with another loss: with method='cqr' widths follow x as well"
        )
    if isinstance(loss, _OF_CLASSES):
        return "classes"
    if isinstance(loss, losses.Pinball) and np.ndim(loss.quantiles):
        return "quantiles"
    return "values"
