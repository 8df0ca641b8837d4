"""How rows pass through a model for prediction: in batches, or directly."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lamina import _core
from lamina.layers import Layer


class Route(NamedTuple):
    """How rows pass through a model.

    Attributes
    ----------
    rows : int
        Rows at a time.
    steps : int
        The number of batches.
    predictor_for : callable
        Returns a predictor for batches of a number of rows.
    predictor : Predictor or None
        The predictor for batches of any number of rows, if there is one.
    """

    rows: int
    steps: int
    predictor_for: Callable[[int], _core.Predictor]
    predictor: _core.Predictor | None = None


class FastPath(NamedTuple):
    """The fast path of a prediction, for data that need no preparation.

    Attributes
    ----------
    predictor : Predictor
    names : list of str
        Names of the inputs.
    plain : bool
        Whether the model returns the predictor's array itself.
    parts : list of Layer
        The layers, kept until a call ends, as the engine only holds weak references to them.
    """

    predictor: _core.Predictor
    names: list[str]
    plain: bool
    parts: list[Layer]
