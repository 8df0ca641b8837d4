"""What can go wrong in training, by name."""

from __future__ import annotations


class NotCompiledError(ValueError):
    """``fit`` or ``evaluate`` was called before ``compile``."""


class TrainingDiverged(ArithmeticError):  # noqa: N818  what happened, not what was done wrong
    """The loss became NaN or infinite.

    The step that found it changed nothing: the weights are those before it, and ``model.history``
    holds the epochs that were complete.

    Attributes
    ----------
    epoch, step : int
        Counted from 1; the step within the epoch.
    learning_rate : float
    where : str or None
        The operation in whose output NaN or infinity first appeared.
    """

    def __init__(
        self, loss: float, epoch: int, step: int, learning_rate: float, where: str | None
    ) -> None:
        self.loss, self.epoch, self.step = loss, epoch, step
        self.learning_rate, self.where = learning_rate, where
        place = f"; NaN or infinity began in {where!r}" if where else ""
        super().__init__(
            f"fit: the loss must stay finite; it became {loss} in epoch {epoch}, step {step}, at "
            f"learning rate {learning_rate:g}{place}. The weights are those before this step and "
            f"model.history holds the complete epochs. A smaller learning rate, scaled inputs "
            f"(layers.Normalization) or clipnorm=1.0 usually help."
        )

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Rebuild from the arguments (pickle)."""
        arguments = (self.loss, self.epoch, self.step, self.learning_rate, self.where)
        return type(self), arguments
