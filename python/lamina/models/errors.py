"""Errors and warnings of training."""

from __future__ import annotations

from typing import Any

HELP = "A smaller learning rate, scaled inputs (layers.Normalization) or clipnorm=1.0 usually help."


class NotCompiledError(ValueError):
    """``fit`` or ``evaluate`` was called before ``compile``."""


class TrainingAdvice(UserWarning):
    """``fit`` runs, but probably learns nothing, or less than it could; the message says why.

    Each warning is given once per compiled model.  It can be turned off with Python's ``warnings``
    module: ``warnings.simplefilter("ignore", lamina.TrainingAdvice)``.
    """


class TrainingDiverged(ArithmeticError):  # noqa: N818  what happened, not what was done wrong
    """The loss, a gradient, a step or a weight became NaN or infinite.

    Raised by ``fit``; not made directly.

    ``model.history`` holds the completed epochs.  A step that is not finite changes nothing:
    weights, the optimizer's state and step count, moving statistics and states are as before it.
    If other code makes weights NaN or infinite during an epoch, this is detected at its end, before
    validation.

    Attributes
    ----------
    loss : float
        The loss of the batch.
    epoch, step : int
        Counted from 1; the step within the epoch.
    learning_rate : float
    where : str or None
        The operation in whose output, or batch statistics, NaN or infinity first appeared.  (An
        infinite variance may leave the loss finite; the loss is then treated as NaN.)
    weight : str or None
        The first weight that contains NaN or infinity, or in whose step they appeared, if the loss
        was still finite.
    kind : {"gradient", "moments", "weight"} or None
        The part of that step that was not finite: the gradient, or the new moments of the optimizer
        or weight.
    """

    def __init__(
        self,
        loss: float,
        epoch: int,
        step: int,
        learning_rate: float,
        where: str | None,
        weight: str | None = None,
        kind: str | None = None,
    ) -> None:
        self.loss, self.epoch, self.step = loss, epoch, step
        self.learning_rate, self.where, self.weight = learning_rate, where, weight
        self.kind = kind
        at = f"epoch {epoch}, step {step}, at learning rate {learning_rate:g}"
        before = (
            "The weights are those before this step and model.history holds the complete epochs."
        )
        of_loss = f"for a loss of {loss:.4g} in {at}"
        if kind == "weight":
            found = f"the weights must stay finite; {weight!r} would not, {of_loss}"
        elif kind is not None:
            whose = f" of {weight!r}" if weight else ""
            found = f"every step must stay finite; the {kind}{whose} would not be, {of_loss}"
        elif weight is not None:
            found = f"the weights must stay finite; {weight!r} holds NaN or infinity after {at}"
            before = "model.history holds the epochs before."
        else:
            place = f"; NaN or infinity began in {where!r}" if where else ""
            found = f"the loss must stay finite; it became {loss} in {at}{place}"
        super().__init__(f"fit: {found}. {before} {HELP}")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Rebuild from the arguments (for pickle)."""
        arguments = (
            self.loss, self.epoch, self.step, self.learning_rate, self.where, self.weight,
            self.kind,
        )  # fmt: skip
        return type(self), arguments


def by_path(error: TrainingDiverged, model: Any) -> TrainingDiverged:
    """Return the same error, with its layer named by the path in a model, "encoder/dense_1".

    Unnamed layers are numbered over all models of a program, whereas a path is the same in all
    models that are built in the same way.
    """
    from lamina.models.network.paths import layer_paths

    where = error.where
    if where is not None:
        where = layer_paths(model.parts).get(where, where)
    return TrainingDiverged(
        error.loss, error.epoch, error.step, error.learning_rate, where, error.weight, error.kind
    )
