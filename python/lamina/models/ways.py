"""How rows go through a model that predicts: in batches, or the short way as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lamina import _core
from lamina.layers import Layer


class Way(NamedTuple):
    """How rows go through a model.

    Attributes
    ----------
    rows : int
        At a time.
    steps : int
        How many batches there are.
    predictor_for : callable
        Returns what predicts for batches of a number of rows.
    predictor : Predictor or None
        What predicts for batches of any number, where there is such a thing.
    """

    rows: int
    steps: int
    predictor_for: Callable[[int], _core.Predictor]
    predictor: _core.Predictor | None = None


class Door(NamedTuple):
    """The short way to a prediction, for data that need nothing done to them.

    Attributes
    ----------
    predictor : Predictor
    names : list of str
        Of the inputs.
    plain : bool
        Whether the model returns the array that the predictor does.
    parts : list of Layer
        The engine holds them weakly: a call ends with those it began with.
    """

    predictor: _core.Predictor
    names: list[str]
    plain: bool
    parts: list[Layer]
