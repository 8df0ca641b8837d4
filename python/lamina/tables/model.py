"""A network for a table, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lamina import layers
from lamina.models import Model
from lamina.tables.preprocessing import preprocess


def TableModel(  # noqa: N802
    frame: Any,
    target: str | Sequence[str] | None = None,
    *,
    units: int = 1,
    activation: Any = None,
    hidden: int | Sequence[int] = (64, 32),
    dropout: float = 0.0,
    categorical: Sequence[str] = (),
    coding: str | Mapping[str, str] = "auto",
    min_frequency: int = 1,
    name: str | None = None,
    seed: int | None = None,
) -> Model:
    """Return a network that reads a table's columns as they are, with names, categories and gaps.

    Parameters
    ----------
    frame : table of pandas, polars or Arrow, or dict of array_like
        The training rows only: see ``preprocess``, which has the same further arguments.
    target : str or sequence of str, optional
        Columns to leave out.
    units : int, default 1
        The number of outputs.
    activation : str, callable or None
        The activation of the outputs: "sigmoid", "softmax".
    hidden : int or sequence of int, default (64, 32)
        Units of the hidden layers, with ReLU; an integer for one layer.
    dropout : float, default 0.0
        The rate after each hidden layer.
    categorical, coding, min_frequency
        See ``preprocess``.
    name : str, optional
    seed : int, optional
        The seed of the model's random numbers.

    Returns
    -------
    Model
        The model, not compiled.  ``fit``, ``evaluate`` and ``predict`` take tables and dicts of
        columns; ``save`` keeps the columns' statistics and categories.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> data = {"size": [1.0, None, 3.0, 4.0], "colour": ["red", "blue", "red", None]}
    >>> model = lamina.tables.TableModel(data, hidden=(8,), seed=1)
    >>> model.compile("adam", "mse")
    >>> history = model.fit(data, np.ones(4), verbose=0)
    >>> model.predict({"size": [2.0], "colour": ["green"]}).shape
    (1, 1)
    """
    table = preprocess(
        frame, target, categorical=categorical, coding=coding, min_frequency=min_frequency
    )
    y = table.encoded
    for count in hidden if isinstance(hidden, Iterable) else [hidden]:
        y = layers.Dense(count, activation="relu")(y)
        if dropout:
            y = layers.Dropout(dropout)(y)
    y = layers.Dense(units, activation=activation)(y)
    return Model(table.inputs, y, name=name, seed=seed)
