"""Fitted models of every kind as a function from a table to an array of outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import as_numbers, column_names
from lamina._calls import on_behalf
from lamina._named_columns import Table

Array = NDArray[Any]

METHODS = ("auto", "predict_proba", "decision_function", "predict")


class Predicting:
    """A model's outputs for tables of inputs.

    Parameters
    ----------
    who : str
        The name of the caller, for messages.
    model : Model, fit of lamina.nnet, estimator or callable
    response_method : {"auto", "predict_proba", "decision_function", "predict"}
        The method of an estimator; "auto" is the first of these that it has.
    """

    def __init__(self, who: str, model: Any, response_method: str = "auto") -> None:
        _check.choice(who, "response_method", response_method, METHODS)
        self.who, self.model = who, model
        self._function = self._chosen(response_method)
        self.names: list[str] | None = None

    def _chosen(self, method: str) -> Callable[[Any], Any]:
        model = self.model
        if is_network(model):
            return lambda x: model.predict(x, verbose=0)
        if is_of_nnet(model):
            kind = "probs" if hasattr(model, "lab") else "raw"  # for multinom; for nnet and avNNet
            return lambda x: model.predict(x, type=kind)
        tried = METHODS[1:] if method == "auto" else (method,)
        if method == "auto" and not hasattr(model, "classes_"):
            tried = ("predict",)
        for name in tried:
            if hasattr(model, name):
                found: Callable[[Any], Any] = getattr(model, name)
                return found
        if callable(model):
            function: Callable[[Any], Any] = model
            return function
        raise TypeError(
            f"{self.who}: model must be a lamina model, a fit of lamina.nnet, a fitted estimator "
            f"or a function of a table; got {type(model).__name__}"
        )

    def __call__(self, x: Any) -> Array:
        """Return an array of shape (rows, outputs), float64."""
        self._check_table(x)
        with on_behalf(self.who, "predict"):
            made = self._function(x)
        if isinstance(made, dict):
            made = list(made.values())
        parts = made if isinstance(made, (list, tuple)) else [made]
        arrays = [as_numbers(self.who, "the model's output", part) for part in parts]
        rows = rows_of(x)
        for array in arrays:
            if array.ndim == 0 or (rows is not None and len(array) != rows):
                raise ValueError(
                    f"{self.who}: the model must return an output for each of {rows} rows; got an "
                    f"array of shape {array.shape}"
                )
        flat = [a.astype(np.float64).reshape(len(a), -1) for a in arrays]
        both = np.concatenate(flat, axis=1)
        # For two classes the second column suffices.
        return both[:, 1:] if self._is_pair(both) else both

    def _check_table(self, x: Any) -> None:
        """Reject an array for a model with a formula, which finds its columns by name."""
        formula = getattr(self.model, "formula", None)
        if isinstance(formula, str) and not isinstance(x, Mapping) and column_names(x) is None:
            raise TypeError(
                f"{self.who}: needs a table with the columns of the formula {formula!r}, a data "
                f"frame or a dict; got {type(x).__name__}"
            )

    def _is_pair(self, made: Array) -> bool:
        classes = getattr(self.model, "classes_", None)
        of_two = not is_network(self.model) and classes is not None and len(classes) == 2
        return of_two and made.shape[1] == 2

    def output_names(self, count: int, given: Sequence[str] | None = None) -> list[str]:
        """Return the names of the outputs: the classes if they are known."""
        if given is not None:
            return _check.names(self.who, "output_names", given, count, different=True)
        for known in (getattr(self.model, "classes_", None), getattr(self.model, "lev", None)):
            if known is not None and len(known) - count in (0, 1) and count > len(known) - 2:
                return [str(name) for name in list(known)[-count:]]
        own = None if is_network(self.model) else getattr(self.model, "output_names", None)
        if own is not None and len(own) == count:
            return [str(name) for name in own]
        return ["o"] if count == 1 else [f"o{i + 1}" for i in range(count)]


def rows_of(x: Any) -> int | None:
    """Return the number of rows of an array, a frame or a dict of columns."""
    if isinstance(x, Mapping):
        x = next(iter(x.values()), ())
    return len(x) if hasattr(x, "__len__") else None


def is_network(model: Any) -> bool:
    """Return whether an object is a lamina model."""
    return all(hasattr(model, name) for name in ("trainable_weights", "input_names", "predict"))


def is_of_nnet(model: Any) -> bool:
    """Return whether an object is a fit of ``lamina.nnet``."""
    fitted = hasattr(model, "wts") or hasattr(model, "lev")
    return fitted and hasattr(model, "predict")


def columns_read(model: Any, table: Table) -> list[int]:
    """Return the indices of the columns that a model reads: with a formula, those it names."""
    frame = getattr(model, "frame", None) if is_of_nnet(model) else None
    return table.places(None) if frame is None else table.places_of(frame.terms.columns)


def chosen_outputs(who: str, output: Any, names: Sequence[str]) -> list[int]:
    """Return the indices of outputs given by number or name; None means all."""
    if output is None:
        return list(range(len(names)))
    asked = list(output) if isinstance(output, (list, tuple, range, np.ndarray)) else [output]
    places = []
    if not len(asked):
        raise ValueError(f"{who}: output must name one output at least; got {output!r}")
    for each in asked:
        if isinstance(each, str) and each in names:
            places.append(list(names).index(each))
        elif isinstance(each, (int, np.integer)) and 0 <= each < len(names):
            places.append(int(each))
        else:
            raise ValueError(
                f"{who}: output must be one of {', '.join(map(repr, names))}, or a number from 0 "
                f"to {len(names) - 1}; got {each!r}"
            )
    return places
