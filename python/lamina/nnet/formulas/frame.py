"""Model frames: the numbers that a formula makes from a table, and from later tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check, _screen
from lamina._calls import answering_calls
from lamina.nnet.formulas.evaluation import Evaluation
from lamina.nnet.formulas.expressions import deparse
from lamina.nnet.formulas.matrix import Coding, code_terms, matrix
from lamina.nnet.formulas.rows import (
    NaAction,
    NewRows,
    refuse_infinite,
    rows_chosen,
    rows_kept,
    shown,
    spread,
)
from lamina.nnet.formulas.terms import Terms, read_formula
from lamina.nnet.formulas.variables import Columns, Variable, used_levels

Array = NDArray[Any]


class ModelFrame:
    """A formula applied to a table: R's ``model.frame``, ``model.matrix``, ``model.response``.

    Made by ``model_frame``.

    Attributes
    ----------
    x : ndarray (rows, columns)
        The model matrix, float64, without the column of the intercept.
    intercept : bool
        Whether the formula has one.
    coefnames : list of str
        The names of the columns of ``x``, as R spells them.
    y : ndarray or None
        The response: numbers of shape (rows,) or (rows, columns); for a factor, the places of its
        levels.
    levels : tuple or None
        The levels of a response that is a factor, as in the data; levels without a row are left
        out, with a warning.  None for other responses.
    labels : list of str or None
        The levels, or the names of a response's columns, as R writes them.
    declared : int
        How many levels a response that is a factor declares, whether or not a row has them.
    logical, whole : bool
        Whether the response consists of truth values; of integers.
    weights, offset : ndarray (rows,) or None
    rows : ndarray of int
        The rows of the table that are used.
    total : int
        How many rows the table has after ``subset``.
    omitted : ndarray of int
        The rows of the table that were left out because of missing values.
    na_action : str or callable
    contrasts : dict
        The coding of each factor on the right side.
    xlevels : dict of str to tuple
        The levels of each factor on the right side.
    terms : Terms
    formula : str
        As R prints it, with ``.`` written out.
    variables : dict of str to ndarray
    """

    def __init__(
        self,
        who: str,
        formula: str,
        data: Any,
        weights: Any = None,
        subset: Any = None,
        na_action: NaAction = "na.omit",
        contrasts: Mapping[str, Any] | None = None,
    ) -> None:
        columns = Columns(who, data)
        self._who, self.na_action = who, na_action
        self.terms: Terms = read_formula(who, formula, columns)
        self.formula = self.terms.text
        self._evaluation = Evaluation(who)
        held = self._variables(columns, weights)
        chosen = rows_chosen(who, subset, columns, self._evaluation)
        named = {self._titled(name): v.take(chosen) for name, v in held.items()}
        kept = rows_kept(who, named, na_action)
        self.total, self._places = len(chosen), kept
        self.rows, self.omitted = chosen[kept], np.delete(chosen, kept)
        if not len(self.rows):
            raise ValueError(
                f"{who}: data must have a row without missing values; got none of {len(chosen)}"
            )
        held = {name: v.take(self.rows) for name, v in held.items()}
        self._held = {self._titled(name): v for name, v in held.items()}
        refuse_infinite(who, self._held, self.rows)
        self.weights = _numbers(who, "weights", held.pop("(weights)", None))
        self.offset = self._offset(held)
        self._respond(held.pop("(response)", None))
        self._factors = {n: v for n, v in held.items() if n in self.terms.variables}
        self._types = {n: v.kind for n, v in self._factors.items()}
        self._widths = {n: v.values.shape[1:] for n, v in self._factors.items()}
        self.xlevels = {n: v.levels for n, v in self._factors.items() if v.kind == "factor"}
        self._codings = self._code({} if contrasts is None else contrasts)
        self.x, self.coefnames = self._matrix(self._factors, len(self.rows))
        del self._factors

    # --- making a frame

    def _variables(self, columns: Columns, weights: Any) -> dict[str, Variable]:
        """Return all variables for all rows: the response, the right side, offsets, weights."""
        trees = {**self.terms.variables, **self.terms.offsets}
        held: dict[str, Variable] = {}
        if self.terms.response is not None:
            held["(response)"] = self._evaluation.value(self.terms.response, columns)
        held |= {name: self._evaluation.value(tree, columns) for name, tree in trees.items()}
        if weights is not None:
            held["(weights)"] = self._evaluation.given("weights", weights, columns)
        return held

    def _titled(self, name: str) -> str:
        """Return the name of a variable in messages and for the user's functions."""
        response = "" if self.terms.response is None else deparse(self.terms.response)
        return {"(response)": response, "(weights)": "weights"}.get(name, name)

    def _offset(self, held: dict[str, Variable]) -> Array | None:
        parts = [_numbers(self._who, name, held.pop(name)) for name in self.terms.offsets]
        return np.asarray(sum(part for part in parts if part is not None)) if parts else None

    def _respond(self, response: Variable | None) -> None:
        self.y: Array | None = None
        self.levels: tuple[Any, ...] | None = None
        self.labels: list[str] | None = None
        self.logical = self.whole = False
        self.declared = 0
        if response is None:
            return
        self.logical, self.whole = response.kind == "logical", response.whole
        if response.kind == "factor":
            self.declared = len(response.levels)
            response = used_levels(self._who, response)
            self.levels, self.labels = response.levels, response.labels
        elif response.columns:
            self.labels = list(response.columns)
        self.y = response.values

    def _code(self, given: Mapping[str, Any]) -> list[dict[str, Coding]]:
        """Return the codings of the factors in each term, and keep their contrasts."""
        who, factors = self._who, set(self.xlevels)
        logical = {n for n, v in self._factors.items() if v.kind == "logical"}
        if not isinstance(given, Mapping):
            raise TypeError(
                f"{who}: contrasts must be a dict of codings by factor, such as "
                f"{{'x': 'contr.sum'}}; got {given!r}"
            )
        for name in given:
            if name in self._factors and name not in factors | logical:
                _screen.warn(
                    f"{who}: variable {name!r} is numeric, its contrast is ignored; "
                    f"write factor({name}) in the formula to use its numbers as levels"
                )
            elif name not in factors | logical:
                _screen.warn(f"{who}: variable {name!r} is absent, its contrast is ignored")
        codes, self.contrasts = code_terms(
            who, self.terms.terms, self.intercept, self._factors, given
        )
        return codes

    def _matrix(self, held: Mapping[str, Variable], rows: int) -> tuple[Array, list[str]]:
        return matrix(rows, self.terms.terms, held, self._codings)

    # --- used by fits and predictions

    def of_terms(self, terms: Sequence[tuple[str, ...]]) -> tuple[Array, list[str]]:
        """Return the model matrix of some of the terms for the rows used, and its columns' names.

        If there is an intercept, it comes first.
        """
        held = {name: self._held[name] for name in self.terms.variables}
        codes, _ = code_terms(self._who, terms, self.intercept, held, self.contrasts)
        x, names = matrix(len(self.rows), terms, held, codes)
        return self._and_intercept(x, names)

    @property
    def with_intercept(self) -> tuple[Array, list[str]]:
        """The model matrix, with the column of the intercept if there is one, and its names."""
        return self._and_intercept(self.x, self.coefnames)

    def _and_intercept(self, x: Array, names: list[str]) -> tuple[Array, list[str]]:
        if not self.intercept:
            return x, names
        return np.column_stack([np.ones(len(x)), x]), ["(Intercept)", *names]

    @property
    def variables(self) -> dict[str, Array]:
        """The variables in the rows used, by name; factors as their levels."""
        return {name: shown(each) for name, each in self._held.items()}

    @property
    def intercept(self) -> bool:
        """Whether the formula has an intercept."""
        return self.terms.intercept

    def spread(self, values: Array) -> Array:
        """Return values of the rows used; with ``na.exclude``, NaN stands for rows left out."""
        if self.na_action not in ("na.exclude", "na_exclude"):
            return values
        return spread(values, self._places, self.total)

    def again(self, data: Any, na_action: NaAction = "na.omit") -> NewRows:
        """Return the model matrix of other rows, with the levels, codings and knots of these.

        Parameters
        ----------
        data : table of pandas, polars or Arrow, or dict of array_like
        na_action : {"na.omit", "na.fail", "na.pass"} or callable, default "na.omit"

        Raises
        ------
        ValueError
            If a variable is missing, is of another kind, or has levels that the fit has not seen.
        """
        columns = Columns(self._who, data)
        trees = {**self.terms.variables, **self.terms.offsets}
        held = {name: self._evaluation.value(tree, columns) for name, tree in trees.items()}
        held |= {name: self._alike(name, held[name]) for name in self.terms.variables}
        kept = rows_kept(self._who, held, na_action) if held else np.arange(columns.rows)
        held = {name: v.take(kept) for name, v in held.items()}
        refuse_infinite(self._who, held, kept)
        offset = self._offset(held)
        x, _ = self._matrix(held, len(kept))
        return NewRows(x, kept, columns.rows, offset)

    def _alike(self, name: str, new: Variable) -> Variable:
        """Return a variable of new rows with the levels of the training rows."""
        who, kind = self._who, self._types[name]
        if kind == "factor" and new.kind == "factor":
            places = {label: i for i, label in enumerate(_labels(self.xlevels[name]))}
            used = new.drop_levels()
            unseen = [label for label in used.labels if label not in places]
            if unseen:
                raise ValueError(
                    f"{who}: factor {name} has new levels {', '.join(unseen)}; the model knows "
                    f"{', '.join(places)}: leave these rows out, or fit with rows that have them"
                )
            codes = np.array([*(places[label] for label in used.labels), -1])[used.values]
            return Variable("factor", codes, levels=self.xlevels[name])
        if new.missing.all():  # of unknown kind
            if kind == "factor":
                return Variable(kind, np.full(new.rows, -1), levels=self.xlevels[name])
            new = Variable(kind, new.values if new.kind != "factor" else new.values * np.nan)
        if kind != new.kind or self._widths[name] != new.values.shape[1:]:
            raise TypeError(
                f"{who}: variable {name} was fitted as {_told(kind, self._widths[name])}; got "
                f"{_told(new.kind, new.values.shape[1:])}"
            )
        return new


def _told(kind: str, width: tuple[int, ...]) -> str:
    return f"{kind}, {width[0]} columns" if width else kind


def _labels(levels: tuple[Any, ...]) -> list[str]:
    return Variable("factor", np.empty(0, int), levels=levels).labels


def _numbers(who: str, name: str, held: Variable | None) -> Array | None:
    if held is not None and held.kind == "factor":
        raise TypeError(f"{who}: {name} must be numbers; got a factor")
    return None if held is None else np.asarray(held.values)


@answering_calls
def model_frame(
    formula: str = _check.NEEDED,
    data: Any = _check.NEEDED,
    *,
    weights: Any = None,
    subset: Any = None,
    na_action: NaAction = "na.omit",
    contrasts: Mapping[str, Any] | None = None,
    who: str = "model_frame",
) -> ModelFrame:
    """Apply one of R's formulas to a table.

    Parameters
    ----------
    formula : str
        Such as ``"medv ~ ."`` or ``"y ~ a*b + log(x) + poly(z, 2) - 1"``.  Operators are R's
        (``+ - * / : ^ %in%``); calls may be ``I``, ``log``, ``exp``, ``sqrt``, ``poly``, ``bs``,
        ``ns``, ``scale``, ``cut``, ``factor``, ``ordered``, ``relevel``, ``C``, ``cbind``,
        ``offset``, ``mean``, ``quantile``, ``ifelse``, ``is.na`` and other functions of R's base.
        ``.`` stands for all columns that are not on the left side.
    data : table of pandas, polars, Arrow or lamina.datasets, dict of array_like, or ndarray
        Strings, and categories of pandas and polars, are factors.  The columns of an array are
        named V1, V2, ...
    weights : array_like (rows,) or str, optional
        One number per row, or an expression of columns.
    subset : str, slice, array_like of bool or of int, optional
        The rows to use: a condition on columns such as ``"age > 20"``, truth values, or row numbers
        counted from 0; in an expression such as ``"1:100"`` they are R's, counted from 1.
    na_action : {"na.omit", "na.fail", "na.exclude", "na.pass"} or callable, default "na.omit"
        The treatment of rows with missing values.  A function gets a dict of the variables and
        returns the rows to keep.
    contrasts : dict, optional
        Codings of factors: ``"contr.treatment"``, ``"contr.sum"``, ``"contr.helmert"``,
        ``"contr.poly"``, ``"contr.SAS"``, or a matrix, whose columns may have names.  By default
        ordered factors have polynomial contrasts, others treatment contrasts.
    who : str, default "model_frame"
        The name of the caller, for messages.

    Returns
    -------
    ModelFrame

    Raises
    ------
    ImportError
        Without the package formulaic: ``pip install "lamina[formula]"``.
    ValueError
        For a formula that cannot be read, unknown columns, a factor with one level, or missing
        values under ``na.fail``.

    Notes
    -----
    The terms of a formula are expanded by formulaic; variables are found, coded and named as in R's
    ``model.frame`` and ``model.matrix`` [1]_.  As in R, variables are calculated over all rows of
    the table before ``subset`` and ``na_action`` select rows.  Levels of strings are sorted by code
    point, as in R's C locale.

    References
    ----------
    .. [1] J. M. Chambers and T. J. Hastie (1992). Statistical Models in S, chapter 2.

    Examples
    --------
    >>> data = {"y": [1.0, 2.0, 3.0], "x": [1.0, 2.0, 4.0], "g": ["a", "b", "b"]}
    >>> frame = model_frame("y ~ g * I(x^2)", data)
    >>> frame.coefnames
    ['gb', 'I(x^2)', 'gb:I(x^2)']
    >>> frame.x
    array([[ 0.,  1.,  0.],
           [ 1.,  4.,  4.],
           [ 1., 16., 16.]])
    >>> frame.again({"x": [3.0], "g": ["a"]}).x
    array([[0., 9., 0.]])
    """
    if not isinstance(formula, str):
        plain = isinstance(formula, (int, float, bytes, type(None)))
        got = repr(formula) if plain else f"a {type(formula).__name__}"
        raise TypeError(
            f"{who}: formula must be a string, such as 'y ~ x1 + x2'; got {got}; the table comes "
            f"second, as in {who}('y ~ .', table)"
        )
    _need_formulaic(who)
    return ModelFrame(who, formula, data, weights, subset, na_action, contrasts)


def _need_formulaic(who: str) -> None:
    try:
        import formulaic  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: F401
    except ImportError:
        raise ImportError(
            f"{who}: formulas need the package formulaic; install it with pip install "
            f'"lamina[formula]"'
        ) from None
