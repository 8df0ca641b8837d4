"""What can go wrong in training, by name."""

from __future__ import annotations

HELP = "A smaller learning rate, scaled inputs (layers.Normalization) or clipnorm=1.0 usually help."


class NotCompiledError(ValueError):
    """``fit`` or ``evaluate`` was called before ``compile``."""


class TrainingDiverged(ArithmeticError):  # noqa: N818  what happened, not what was done wrong
    """The loss, or a weight, became NaN or infinite.

    ``model.history`` holds the epochs that were complete.  A step that finds such a loss changes
    nothing: the weights are those before it.  Weights that only an epoch's last step spoilt are
    found at its end, before validation.

    Attributes
    ----------
    epoch, step : int
        Counted from 1; the step within the epoch.
    learning_rate : float
    where : str or None
        The operation in whose output, or in whose statistics of the batch, NaN or infinity first
        appeared.  (An infinite variance may leave the loss finite; the loss then counts as NaN.)
    weight : str or None
        The first weight that holds NaN or infinity, if the loss was still finite.
    """

    def __init__(
        self,
        loss: float,
        epoch: int,
        step: int,
        learning_rate: float,
        where: str | None,
        weight: str | None = None,
    ) -> None:
        self.loss, self.epoch, self.step = loss, epoch, step
        self.learning_rate, self.where, self.weight = learning_rate, where, weight
        if weight is not None:
            super().__init__(
                f"fit: the weights must stay finite; {weight!r} holds NaN or infinity after epoch "
                f"{epoch}, step {step}, at learning rate {learning_rate:g}. model.history holds "
                f"the epochs before. {HELP}"
            )
            return
        place = f"; NaN or infinity began in {where!r}" if where else ""
        super().__init__(
            f"fit: the loss must stay finite; it became {loss} in epoch {epoch}, step {step}, at "
            f"learning rate {learning_rate:g}{place}. The weights are those before this step and "
            f"model.history holds the complete epochs. {HELP}"
        )

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Rebuild from the arguments (pickle)."""
        arguments = (
            self.loss, self.epoch, self.step, self.learning_rate, self.where, self.weight,
        )  # fmt: skip
        return type(self), arguments
