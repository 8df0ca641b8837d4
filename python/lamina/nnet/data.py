"""The data of a fit: inputs and responses as matrices, from arrays or a formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _screen
from lamina._arrays import as_numbers, column_names
from lamina._calls import on_behalf
from lamina._names import unknown
from lamina.nnet.formulas.variables import Variable, categorical, used_levels, variable

Array = NDArray[Any]
WHO = "nnet"


@dataclass
class Given:
    """Data in the form that fits and predictions take.

    Attributes
    ----------
    x, y : ndarray
        (rows, inputs) and (rows, outputs).
    weights : ndarray (rows,) or None
    names : list of str or None
        The names of the inputs.
    levels : list or None
        The classes.
    of_levels : int
        The number of levels if the response is a factor; otherwise 0.  As in R, levels that no row
        has count too, though they have no output.
    formula, response : str or None
        As R prints them.
    outputs : list of str or None
        The names of the outputs.
    frame : ModelFrame or None
        The frame that makes inputs from other tables.
    """

    x: Array
    y: Array
    weights: Array | None
    names: list[str] | None = None
    levels: list[Any] | None = None
    of_levels: int = 0
    formula: str | None = None
    response: str | None = None
    outputs: list[str] | None = None
    frame: Any = None

    def spread(self, values: Array) -> Array:
        """Return values of the rows, with NaN for the rows that ``na.exclude`` left out."""
        return values if self.frame is None else np.asarray(self.frame.spread(values))


def matrix_of(who: str, name: str, value: Any, row: bool = False) -> Array:
    """Return a float64 matrix; a vector becomes a column or, with `row`, a row."""
    numbers = np.asarray(as_numbers(who, name, value))
    if numbers.dtype.kind not in "biuf":
        raise TypeError(
            f"{who}: {name} must be numbers; got {numbers.dtype}; use class_ind(...) for classes, "
            f"or a formula"
        )
    made = np.ascontiguousarray(numbers, np.float64)
    if made.ndim < 2:
        made = np.ascontiguousarray(made.reshape((1, -1) if row else (-1, 1)))
    if made.ndim != 2:
        raise ValueError(f"{who}: {name} must have rows and columns; got shape {made.shape}")
    if np.isnan(made).any():
        at, column = np.argwhere(np.isnan(made))[0]
        raise ValueError(
            f"{who}: missing values in {name!r}: got NaN in row {at}, column {column}; leave such "
            f"rows out, or give a formula and a table with na_action='na.omit'"
        )
    if np.isinf(made).any():
        at, column = np.argwhere(np.isinf(made))[0]
        raise ValueError(f"{who}: {name} must be finite; got infinity in row {at}, column {column}")
    return made


def inputs_of(who: str, x: Any) -> Array:
    """Return inputs to fit to as a matrix, which has rows and columns."""
    at = matrix_of(who, "x", x)
    if not at.size:
        raise ValueError(
            f"{who}: x must have at least one row and one column; got shape {at.shape}"
        )
    return at


def from_arrays(x: Any, y: Any, weights: Any) -> Given:
    """Return the data of inputs and a response."""
    columns = input_names(y)
    classes = _classes(y)
    used = None if classes is None else used_levels(WHO, classes)
    levels = None if used is None else list(used.levels)
    of_levels = 0 if classes is None else _counted(len(classes.levels), levels)
    at = inputs_of(WHO, x)
    response = matrix_of(WHO, "y", y) if used is None else _coded(used.values, levels, of_levels)
    if len(at) != len(response):
        raise ValueError(
            f"{WHO}: nrows of 'x' and 'y' must match; got {len(at)} and {len(response)}"
        )
    several = response.shape[1] > 1
    return Given(
        at, response, case_weights(weights, len(at)), input_names(x),
        columns if levels is None and several else levels, of_levels,
        response=columns[0] if columns is not None and len(columns) == 1 else None,
        outputs=[str(v) for v in levels] if levels is not None and several else columns,
    )  # fmt: skip


def input_names(x: Any) -> list[str] | None:
    """Return the names of a table's columns, used to find them in new tables; None for arrays."""
    names = column_names(x)
    if names is None or len(set(names)) < len(names) or not all(isinstance(n, str) for n in names):
        return None
    return list(names)


def inputs_again(names: list[str] | None, newdata: Any) -> Array:
    """Return the inputs of new rows; columns of a table are found by name if the fit had names."""
    table = isinstance(newdata, Mapping)
    columns = list(newdata) if table else input_names(newdata)
    if hasattr(newdata, "iloc") and newdata.ndim == 1:  # a row of a pandas table
        columns = list(newdata.index) if names and names[0] in newdata.index else None
    if names is None or columns is None:
        return matrix_of("predict", "newdata", newdata, row=True)
    for name in names:
        if name not in columns:
            raise ValueError(f"predict: {unknown('column', name, columns)}")
    found = [
        np.asarray(as_numbers("predict", f"newdata[{n!r}]", newdata[n])).reshape(-1) for n in names
    ]
    if len({len(each) for each in found}) > 1:
        raise ValueError(
            f"predict: columns of newdata must have the same length; got {[len(v) for v in found]}"
        )
    return matrix_of("predict", "newdata", np.stack(found, axis=1))


def _classes(y: Any) -> Variable | None:
    """Return a response of strings or categories as a factor; None for numbers."""
    held = categorical(y)
    if held is None:
        values = np.asarray(y)
        strings = values.dtype.kind == "O" and any(isinstance(v, str) for v in values.ravel())
        if values.dtype.kind not in "US" and not strings:
            return None
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim != 1:
            raise TypeError(
                f"{WHO}: y must hold numbers, or one class per row; got strings of shape "
                f"{values.shape}: give one column of classes, or class_ind(...) of it with "
                f"softmax=True"
            )
        held = variable(WHO, "y", values)
    if held.missing.any():
        raise ValueError(
            f"{WHO}: missing values in 'y': got no class in row {held.missing.argmax()}; leave "
            f"such rows out, or give a formula and a table with na_action='na.omit'"
        )
    return held


def _counted(declared: int, used: list[Any] | None) -> int:
    """Return the number of levels that decides how a factor is fitted; one alone is too few."""
    return declared if used is not None and len(used) > 1 else 1


def _coded(places: Array, levels: list[Any] | None, of_levels: int) -> Array:
    """Return the outputs of a factor: one output for two levels, otherwise one for each level."""
    if of_levels == 2 or levels is None:
        return np.asarray(places[:, None], np.float64)
    return np.asarray(np.eye(len(levels))[places.astype(int)])


def response_again(who: str, y: Any, given: Given) -> Array:
    """Return other rows of the response of a fit: numbers, or classes that the fit knows."""
    if not given.of_levels or y is None:
        return matrix_of(who, "y", y)
    classes: Variable | None
    with on_behalf(who, WHO):
        classes = _classes(y)
    if classes is None:
        return matrix_of(who, "y", y)
    labels = [str(level) for level in given.levels or ()]
    used = classes.drop_levels()
    unseen = [label for label in used.labels if label not in labels]
    if unseen:
        raise ValueError(
            f"{who}: y has new classes {', '.join(unseen)}; the fit knows {', '.join(labels)}"
        )
    places = np.array([labels.index(label) for label in used.labels])[used.values]
    return _coded(places, given.levels, given.of_levels)


def from_formula(
    formula: str, data: Any, weights: Any, subset: Any, na_action: Any, contrasts: Any
) -> Given:
    """Return the data that a formula makes from a table; a factor becomes one or more outputs."""
    from lamina.nnet.formulas import model_frame
    from lamina.nnet.formulas.expressions import deparse

    frame = model_frame(
        formula, data, weights=weights, subset=subset, na_action=na_action, contrasts=contrasts,
        who=WHO,
    )  # fmt: skip
    if frame.y is None or frame.terms.response is None:
        raise ValueError(f"{WHO}: formula must have a response on its left; got {formula!r}")
    if frame.offset is not None:
        _screen.warn(f"{WHO}: an offset has no effect on a network and is ignored, as in R")
    levels = None if frame.levels is None else list(frame.levels)
    of_levels = 0 if levels is None else _counted(frame.declared, levels)
    y = np.asarray(frame.y) if levels is None else _coded(frame.y, levels, of_levels)
    y = y.reshape(len(y), -1)
    classes = levels
    if levels is None and y.shape[1] > 1 and frame.labels is not None:
        classes = list(frame.labels)
    response = deparse(frame.terms.response)
    if not frame.x.shape[1]:
        raise ValueError(
            f"{WHO}: formula must have an input on its right; got {formula!r}, which has none; of "
            f"classes, multinom fits an intercept alone"
        )
    return Given(
        matrix_of(WHO, "x", frame.x), matrix_of(WHO, "y", y),
        case_weights(frame.weights, len(y)), frame.coefnames, classes,
        of_levels, frame.formula, response,
        [response] if y.shape[1] == 1 else None if classes is None else list(map(str, classes)),
        frame,
    )  # fmt: skip


def case_weights(weights: Any, rows: int, who: str = WHO) -> Array | None:
    """Return the weights of rows, or None if all are 1."""
    if weights is None:
        return None
    numbers = np.asarray(as_numbers(who, "weights", weights), np.float64)
    wrong = np.atleast_1d(~(numbers >= 0) | np.isinf(numbers))
    if numbers.shape != (rows,) or wrong.any():
        at = f", {numbers.ravel()[wrong.argmax()]} in row {wrong.argmax()}" if wrong.any() else ""
        raise ValueError(
            f"{who}: invalid weights vector: weights must have {rows} numbers >= 0; got shape "
            f"{numbers.shape}{at}"
        )
    return np.ascontiguousarray(numbers)
