"""From a table to a symbolic tensor of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._arrays import column_names
from lamina._names import unknown
from lamina.layers import Concatenate
from lamina.tables.columns import Column, column_of

if TYPE_CHECKING:
    from lamina._check import Array

CODINGS = ("auto", "one_hot", "embedding")


class Table:
    """A table's columns as a model reads them; made by ``preprocess``.

    Attributes
    ----------
    columns : list of Column
        The descriptions of the columns, with what was learned from each.
    inputs : dict of str to SymbolicTensor
        One for each column: a model with these inputs takes a table, or a dict of columns.
    encoded : SymbolicTensor of shape (rows, width)
        The encoding of the inputs by layers, with columns in the order of the table.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = list(columns)
        pairs = {column.name: column.symbolic() for column in self.columns}
        self.inputs = {name: x for name, (x, _) in pairs.items()}
        made = [y for _, y in pairs.values()]
        self.encoded: Any = Concatenate(name="columns")(made) if len(made) > 1 else made[0]
        self._model: Any = None

    @property
    def width(self) -> int:
        """The count of numbers that encode a row."""
        return sum(column.width for column in self.columns)

    def transform(self, frame: Any) -> Array:
        """Return the numbers that encode a table's rows, with initial values of embeddings."""
        from lamina.models import Model

        if self._model is None:
            self._model = Model(self.inputs, self.encoded)
        return self._model.predict(frame)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        """Return the columns and their kinds."""
        shown = ", ".join(f"{c.name}: {c.coding or c.kind}" for c in self.columns)
        return f"<Table of {shown}>"


def preprocess(
    frame: Any,
    target: str | Sequence[str] | None = None,
    *,
    categorical: Sequence[str] = (),
    coding: str | Mapping[str, str] = "auto",
    min_frequency: int = 1,
) -> Table:
    """Return the layers that convert a table's columns to numbers, adapted to the table.

    Numbers are normalised; missing ones become the mean and, if the table has any, a second number
    marks them.  Strings, and categories of pandas and polars, become one-hot codes, or embeddings
    if there are more than 10; missing ones are a separate category, and categories that are not in
    the table share one place.  Truth values are 0 and 1, dates are days since 1970, durations
    are days; a column of one of dates, durations and numbers later refuses the others.

    All of these are layers at the beginning of a model, so that the model takes tables, and its
    file contains everything that was learned.

    Parameters
    ----------
    frame : table of pandas, polars or Arrow, or dict of array_like
        The training rows only.
    target : str or sequence of str, optional
        Columns to leave out.
    categorical : sequence of str, optional
        Columns of numbers to treat as categories.
    coding : {"auto", "one_hot", "embedding"}, or dict of them by column, default "auto"
        The coding of categories.
    min_frequency : int, default 1
        Categories that occur less often count as unknown.

    Returns
    -------
    Table

    Examples
    --------
    >>> import lamina
    >>> data = {"size": [1.0, None, 3.0], "colour": ["red", "blue", None]}
    >>> table = lamina.tables.preprocess(data)
    >>> table.transform({"size": [2.0, None], "colour": ["blue", "green"]})
    array([[0., 0., 0., 0., 1., 0.],
           [0., 1., 1., 0., 0., 0.]], dtype=float32)

    At the head of a model:

    >>> y = lamina.layers.Dense(1)(table.encoded)
    >>> model = lamina.Model(table.inputs, y)
    >>> model.predict(data).shape
    (3, 1)
    """
    who = "preprocess"
    names = list(frame) if isinstance(frame, Mapping) else column_names(frame)
    if names is None:
        raise TypeError(
            f"{who}: frame must be a table of pandas, polars or Arrow, or a dict of columns; got "
            f"{type(frame).__name__}"
        )
    left_out = [target] if isinstance(target, str) else list(target or ())
    for name in (*left_out, *categorical, *(coding if isinstance(coding, Mapping) else ())):
        if name not in names:
            raise ValueError(f"{who}: {unknown('column', str(name), map(str, names))}")
    names = [name for name in names if name not in left_out]
    if not names:
        raise ValueError(f"{who}: frame must have a column; got none")
    _check.integer(who, "min_frequency", min_frequency)
    _check_rows(who, frame, names)
    return Table(_columns(who, frame, names, categorical, coding, min_frequency))


def _check_rows(who: str, frame: Any, names: Sequence[Any]) -> None:
    """Raise ValueError for columns without rows, or with different numbers of rows."""
    rows = {str(name): len(frame[name]) for name in names if hasattr(frame[name], "__len__")}
    if len(set(rows.values())) > 1:
        shown = ", ".join(f"{name}: {count}" for name, count in rows.items())
        raise ValueError(f"{who}: columns must have the same number of rows; got {shown:.200}")
    if 0 in rows.values():
        raise ValueError(f"{who}: frame must have a row; got columns without rows")


def _columns(
    who: str,
    frame: Any,
    names: Sequence[Any],
    categorical: Sequence[str],
    coding: str | Mapping[str, str],
    min_frequency: int,
) -> list[Column]:
    columns = []
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{who}: names of columns must be strings; got {name!r}")
        kind = "category" if name in categorical else None
        own = coding.get(name, "auto") if isinstance(coding, Mapping) else coding
        if own not in CODINGS:
            where = f" of column {name!r}" if isinstance(coding, Mapping) else ""
            raise ValueError(
                f"{who}: coding{where} must be 'auto', 'one_hot' or 'embedding'; got {own!r}"
            )
        columns.append(column_of(who, name, frame[name], kind, own, min_frequency))
    return columns
