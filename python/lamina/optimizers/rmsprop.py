"""RMSprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import boolean, number, quiet
from lamina.optimizers.base import Array, Optimizer
from lamina.optimizers.schedules import LearningRateSchedule


class RMSprop(Optimizer):
    """Divide the gradient by a running root mean square of itself (Tieleman and Hinton 2012).

    ``s = rho * s + (1 - rho) * g^2`` and ``w -= lr * g / sqrt(s + epsilon)``; `centered`
    subtracts the square of a running mean of g from s, and momentum accumulates the steps:
    ``m = momentum * m + step; w -= m``.  Epsilon sits inside the root, as in Keras (PyTorch
    puts it outside).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        Step size.
    rho : float, default 0.9
        Decay of the running means, in [0, 1).
    momentum : float, default 0.0
        In [0, 1].
    epsilon : float, default 1e-7
        Keeps the root away from 0; above 0.
    centered : bool, default False
        Divide by the running standard deviation instead.
    weight_decay, clipnorm, clipvalue, global_clipnorm, name
        See `Optimizer`.
    """

    kind = "rmsprop"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            name=name,
        )
        who = type(self).__name__
        self.rho = number(who, "rho", rho, low=0.0, high=1.0, high_open=True)
        self.momentum = number(who, "momentum", momentum, low=0.0, high=1.0)
        self.epsilon = number(who, "epsilon", epsilon, low=0.0, low_open=True)
        self.centered = boolean(who, "centered", centered)

    @property
    def slot_count(self) -> int:
        """The mean square, then the momentum and the mean gradient where they are used."""
        return 1 + (self.momentum > 0) + self.centered

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The slots by name."""
        used = (True, self.momentum > 0, self.centered)
        names = ("mean_square", "momentum", "mean_gradient")
        return tuple(name for name, wanted in zip(names, used, strict=True) if wanted)

    def settings(self) -> dict[str, Any]:
        """Return the rule's settings for the fused kernel."""
        return {
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }

    def kernel_slots(self) -> list[Array | None]:
        """Return the state by the kernel's places: mean square, momentum, mean gradient."""
        rest = list(self.slots)
        square = rest.pop(0)
        mean = rest.pop() if self.centered else None
        return [square, rest.pop() if rest else None, mean]

    @quiet
    def update_step(
        self, weights: Array, gradient: Array, slots: list[Array], learning_rate: float
    ) -> None:
        """Apply the rule to one weight array, in place."""
        rest = list(slots)
        square = rest.pop(0)
        square[...] = self.rho * square + (1.0 - self.rho) * np.square(gradient)
        variance = square
        if self.centered:
            mean = rest.pop()
            mean[...] = self.rho * mean + (1.0 - self.rho) * gradient
            variance = square - np.square(mean)
        step = learning_rate * gradient / np.sqrt(variance + self.epsilon)
        if rest:
            (momentum,) = rest
            momentum[...] = self.momentum * momentum + step
            step = momentum
        weights -= step
