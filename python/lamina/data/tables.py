"""Tables in files: Parquet and Arrow, read piece by piece."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina._names import unknown
from lamina.data import readers
from lamina.data.sources import Block, Source
from lamina.data.values import each, leaves, wrapped

BLOCK = 16 << 20  # bytes of float32 read ahead
PARTS = 2  # number of parts in which a block is read
PARTS_OF_LISTS = 8  # for lists, Arrow needs a multiple of the memory that it reads at once
PART = 1024  # rows of the first part

Columns = str | Sequence[str] | None


class Group(NamedTuple):
    """A part of a file that can be read separately: a row group, or a record batch."""

    rows: int
    read: Callable[[list[str], int], Iterable[Any]]  # from columns and rows at a time


@answering_calls
def from_parquet(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    y: Columns = None,
    x: Columns = None,
    sample_weight: str | None = None,
    batch_size: int = 32,
) -> TableBatches:
    """Return batches of the rows of Parquet files, which are read while a model trains.

    Parameters
    ----------
    path : str or path-like, or list of them
    y : str or list of str, optional
        The columns of the targets; by default only x is returned.
    x : str or list of str, optional
        The columns of the inputs, by default all others.  A column of lists of equal length forms a
        further axis.
    sample_weight : str, optional
        The column of the row weights.
    batch_size : int, default 32
        Number of rows in a batch.

    Returns
    -------
    TableBatches
        For ``fit``, ``evaluate`` and ``predict``.  A shuffled epoch draws the order of the row
        groups, and of the rows within some tens of megabytes that are read together, so files with
        row groups of a few megabytes are mixed best.

    Raises
    ------
    ImportError
        If pyarrow is not installed: ``pip install "lamina[arrow]"``.
    ValueError
        If the files lack a column.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np, lamina
    >>> import pyarrow, pyarrow.parquet
    >>> table = pyarrow.table({"a": np.arange(8.0), "b": np.ones(8), "price": np.arange(8.0)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "houses.parquet")
    ...     pyarrow.parquet.write_table(table, file)
    ...     rows = lamina.data.from_parquet(file, y="price", batch_size=4)
    ...     model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
    ...     model.compile("sgd", "mse")
    ...     history = model.fit(rows, verbose=0)
    >>> model.optimizer.iterations
    2
    """
    pq = _pyarrow("from_parquet", "parquet")
    groups, names = [], None
    for place in _paths("from_parquet", path):
        file = pq.ParquetFile(place, pre_buffer=False, buffer_size=1 << 15)
        names = _same_names("from_parquet", place, names, file.schema_arrow.names)
        for i in range(file.num_row_groups):
            rows = file.metadata.row_group(i).num_rows
            groups.append(Group(rows, _row_group(file, i)))
    return TableBatches("from_parquet", groups, names or [], x, y, sample_weight, batch_size)


@answering_calls
def from_arrow(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    y: Columns = None,
    x: Columns = None,
    sample_weight: str | None = None,
    batch_size: int = 32,
) -> TableBatches:
    """Return batches of the rows of Arrow (Feather) files, as ``from_parquet`` does."""
    ipc = _pyarrow("from_arrow", "ipc")
    groups, names = [], None
    for place in _paths("from_arrow", path):
        file = ipc.open_file(place)
        names = _same_names("from_arrow", place, names, file.schema.names)
        for i in range(file.num_record_batches):
            groups.append(Group(file.get_batch(i).num_rows, _record_batch(file, i)))
    return TableBatches("from_arrow", groups, names or [], x, y, sample_weight, batch_size)


def _row_group(file: Any, index: int) -> Callable[[list[str], int], Iterable[Any]]:
    def read(columns: list[str], rows: int) -> Iterable[Any]:
        found: Iterable[Any] = file.iter_batches(
            rows, row_groups=[index], columns=columns, use_threads=False
        )
        return found

    return read


def _record_batch(file: Any, index: int) -> Callable[[list[str], int], Iterable[Any]]:
    def read(columns: list[str], rows: int) -> Iterable[Any]:
        whole = file.get_batch(index).select(columns)
        return (whole.slice(start, rows) for start in range(0, whole.num_rows, rows))

    return read


class TableBatches(Source):
    """Batches of the rows of tables in files.

    Returned by ``from_parquet`` and ``from_arrow``; not made directly.

    Iteration yields the batches in the order of the files.
    """

    def __init__(
        self,
        who: str,
        groups: list[Group],
        names: Sequence[str],
        x: Columns,
        y: Columns,
        sample_weight: str | None,
        batch_size: int,
    ) -> None:
        self.kind = who
        self._groups, self._batch = groups, _check.integer(who, "batch_size", batch_size)
        self._y, self._weight = _listed(y), _listed(sample_weight)
        others = [n for n in names if n not in (*self._y, *self._weight)]
        self._x = others if x is None else _listed(x)
        for name in (*self._x, *self._y, *self._weight):
            if name not in names:
                raise ValueError(f"{who}: {unknown('column', str(name), names)}")
        self._flat = {"x": isinstance(x, str), "y": isinstance(y, str)}
        self._rows = sum(group.rows for group in groups)
        self._of_block: int | None = None

    def count(self) -> int:
        """Return the number of batches."""
        return -(-self._rows // self._batch)

    def __len__(self) -> int:
        """Return the number of batches."""
        return self.count()

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the batches."""
        return (each(wrapped, batch) for batch in self.epoch())

    def epoch(
        self,
        order: Callable[[int], Iterable[int]] | None = None,
        turn: int = 0,  # noqa: ARG002
    ) -> Iterator[Any]:
        """Return the batches of an epoch; shuffling only mixes whole batches."""
        for block in self.blocks(order):
            rows = len(leaves(block.content)[0])
            for start in range(0, rows, self._batch):
                yield _sliced(block.content, slice(start, start + self._batch))

    def blocks(
        self,
        order: Callable[[int], Iterable[int]] | None = None,
        turn: int = 0,  # noqa: ARG002
    ) -> Iterator[Block]:
        """Return many batches at a time, read while the previous ones are used."""
        numbers = range(len(self._groups)) if order is None else order(len(self._groups))
        pieces = self._pieces([self._groups[int(i)] for i in numbers])
        for block in readers.in_order(lambda _: next(pieces, None), iter(int, 1), 1, 1):
            if block is None:
                return
            yield block

    def _pieces(self, groups: Sequence[Group]) -> Iterator[Block]:
        columns = [*self._x, *self._y, *self._weight]
        held: list[Any] = []
        count, size, parts = 0, self._of_block, PARTS
        for group in groups:
            for read in group.read(columns, PART if size is None else max(1, size // parts)):
                made = self._converted(read)
                if any("list" in str(kind) for kind in read.schema.types):
                    parts = PARTS_OF_LISTS
                if size is None:
                    size = self._of_block = self._rows_of_block(made)
                held.append(made)
                count += read.num_rows
                while count >= size:
                    whole = _joined(held)
                    yield Block(_sliced(whole, slice(size)), self._batch)
                    rest = count - size
                    held = [each(np.copy, _sliced(whole, slice(size, None)))] if rest else []
                    count = rest
        if held:
            yield Block(_joined(held), self._batch)

    def _rows_of_block(self, made: Any) -> int:
        row = sum(int(np.prod(leaf.shape[1:])) * 4 for leaf in leaves(made))
        rows = BLOCK // max(1, row)
        return max(self._batch, rows // self._batch * self._batch)

    def _converted(self, read: Any) -> tuple[Any, ...]:
        parts: list[Array | None] = [self._array(read, "x", self._x)]
        if self._y:
            parts.append(self._array(read, "y", self._y))
        if self._weight:
            parts += [None] * (2 - len(parts))
            parts.append(self._array(read, "sample_weight", self._weight)[:, 0])
        return tuple(parts)

    def _array(self, read: Any, name: str, columns: list[str]) -> Array:
        chosen = read.select(columns)
        if len(columns) == 1 and "list" in str(chosen.schema.types[0]):
            return self._lists(chosen.column(0), columns[0])
        if len(set(chosen.schema.types)) == 1 and not any(c.null_count for c in chosen.columns):
            try:
                made = np.asarray(chosen.to_tensor())
            except Exception:  # a type without tensors
                made = as_numbers(self.kind, name, chosen)
        else:
            made = as_numbers(self.kind, name, chosen)
        return made[:, 0] if self._flat.get(name) else made

    def _lists(self, column: Any, name: str) -> Array:
        values = as_numbers(self.kind, name, column.flatten())
        if not len(column) or len(values) % len(column) or column.null_count:
            raise ValueError(f"{self.kind}: the lists of column {name!r} must be equally long")
        made = values.reshape(len(column), -1)
        if "fixed" not in str(column.type):
            ends = np.diff(column.offsets.to_numpy())
            if (ends != made.shape[1]).any():
                raise ValueError(f"{self.kind}: the lists of column {name!r} must be equally long")
        return made


def _sliced(content: Any, rows: slice) -> Any:
    return each(itemgetter(rows), content)


def _joined(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    pairs = zip(*parts, strict=True)
    return tuple(None if one[0] is None else np.concatenate(one) for one in pairs)


def _listed(columns: Columns) -> list[str]:
    if columns is None:
        return []
    return [columns] if isinstance(columns, str) else list(columns)


def _paths(who: str, path: Any) -> list[str]:
    given = path if isinstance(path, (list, tuple)) else [path]
    places = [_check.path(who, "path", each_) for each_ in given]
    for place in places:
        if not place.is_file():
            raise FileNotFoundError(f"{who}: no file {place}")
    if not places:
        raise ValueError(f"{who}: path must name at least one file; got {path!r}")
    return [str(place) for place in places]


def _same_names(
    who: str, place: str, known: Sequence[str] | None, names: Sequence[str]
) -> Sequence[str]:
    if known is not None and set(known) != set(names):
        raise ValueError(f"{who}: all files must have the same columns; {place} has others")
    return list(names) if known is None else known


def _pyarrow(who: str, name: str) -> Any:
    try:
        import importlib

        import pyarrow  # type: ignore[import-untyped, import-not-found, unused-ignore]

        return importlib.import_module(f"{pyarrow.__name__}.{name}")
    except ImportError:
        raise ImportError(
            f'{who}: needs the package pyarrow; install it by pip install "lamina[arrow]"'
        ) from None
