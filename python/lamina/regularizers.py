"""Penalties on a layer's weights, added to the loss.

The conventions are Keras's: ``L1(l1)`` adds ``l1 * sum(|w|)`` and ``L2(l2)`` adds
``l2 * sum(w ** 2)``, without the factor 1/2 that some texts put in front, and without dividing by
the number of rows.  So a text's ``lambda/2 * sum(w ** 2)`` is ``L2(lambda / 2)``, and R's
``nnet(decay=d)``, whose criterion is a sum over rows where the loss here is a mean, is
``L2(d / rows)`` on every weight and bias.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import number, quiet
from lamina._settings import Configurable, note_change, resolve, serialize

__all__ = ["L1", "L1L2", "L2", "Regularizer", "get", "serialize"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


class Regularizer(Configurable):
    """A penalty ``l1 * sum(|w|) + l2 * sum(w ** 2)`` on one weight array.

    Attributes
    ----------
    l1, l2 : float
        The two factors.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse Keras's ``__call__`` of one's own, which training would never call."""
        super().__init_subclass__(**options)
        if "__call__" in vars(cls):
            raise TypeError(
                f"{cls.__name__}: a regularizer sets its factors l1 and l2, which the engine "
                f"reads; got __call__ (see lamina.regularizers.Regularizer)"
            )

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; new factors count from the next step on, in one's own classes too."""
        if name in ("l1", "l2"):
            value = number(type(self).__name__, name, value, low=0.0)
        super().__setattr__(name, value)
        if name in ("l1", "l2"):
            note_change(self)

    @quiet
    def __call__(self, weights: ArrayLike) -> float:
        """Return the penalty of an array of any shape, computed in float64."""
        w = np.asarray(weights, dtype=np.float64)
        squares = np.square(w).sum()
        if np.isinf(squares):  # the penalty may still be a number
            return float(self.l1 * np.abs(w).sum() + np.square(math.sqrt(self.l2) * w).sum())
        return float(self.l1 * np.abs(w).sum() + self.l2 * squares)


class L1(Regularizer):
    """The lasso's penalty ``l1 * sum(|w|)``.

    Parameters
    ----------
    l1 : float, default 0.01
        Factor, at least 0.

    Examples
    --------
    >>> from lamina import regularizers
    >>> regularizers.L1(0.5)([1.0, -3.0])
    2.0
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = number("L1", "l1", l1, low=0.0)


class L2(Regularizer):
    """The ridge penalty ``l2 * sum(w ** 2)``.

    Parameters
    ----------
    l2 : float, default 0.01
        Factor, at least 0.

    Examples
    --------
    >>> from lamina import regularizers
    >>> regularizers.L2(0.5)([1.0, -3.0])
    5.0
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = number("L2", "l2", l2, low=0.0)


class L1L2(Regularizer):
    """Both penalties: ``l1 * sum(|w|) + l2 * sum(w ** 2)`` (the elastic net).

    The string ``"l1_l2"`` stands for ``L1L2(0.01, 0.01)``; in Keras it is ``L1L2(0.0, 0.0)``,
    which penalises nothing.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        Factors, at least 0.

    Examples
    --------
    >>> from lamina import regularizers
    >>> regularizers.L1L2(l1=0.5, l2=0.5)([1.0, -3.0])
    7.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = number("L1L2", "l1", l1, low=0.0)
        self.l2 = number("L1L2", "l2", l2, low=0.0)


l1, l2, l1_l2 = L1, L2, L1L2  # Keras's other names of the same

_TABLE: dict[str, type[Regularizer]] = {"l1": L1, "l2": L2, "l1_l2": L1L2}


@answering_calls
def get(identifier: object) -> Regularizer | None:
    """Return a regularizer for a name, class, configuration or instance; None stays None.

    Parameters
    ----------
    identifier : str, dict, type, Regularizer or None
        ``"l1"``, ``"l2"``, ``"l1_l2"`` stand for factors of 0.01.

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> from lamina import regularizers
    >>> regularizers.get("l2")
    L2(l2=0.01)
    """
    if identifier is None:
        return None
    regularizer = resolve("regularizer", identifier, _TABLE, Regularizer)
    if isinstance(identifier, str) and isinstance(regularizer, L1L2):
        return L1L2(0.01, 0.01)
    return regularizer


deserialize = get  # by Keras's name
