"""Data whose rows differ in shape: checks row by row, and the parts from which batches are taken.

Rows of the same shape form a part; or rows are padded to a few lengths, with a mask for real steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array, Shape, show_shape
from lamina.losses import Loss
from lamina.models.data.rows import Rows
from lamina.models.data.targets import target

if TYPE_CHECKING:
    from lamina.models.data.prepared import Data

Key = tuple[Shape, ...]  # the shapes of a row of the inputs


def is_ragged(arrays: Iterable[Any]) -> bool:
    """Return whether any of these has rows of different shapes."""
    return any(isinstance(a, Rows) for a in arrays)


def shapes_of(arrays: Sequence[Array | Rows], row: int = 0) -> Key:
    """Return the shapes of a row."""
    return tuple(a.arrays[row].shape if isinstance(a, Rows) else a.shape[1:] for a in arrays)


def refuse(who: str, data: Data) -> None:
    """Raise ValueError if all rows form one batch but differ in shape."""
    if data.ragged:
        raise ValueError(
            f"{who}: the rows of one batch must have equal shapes; got rows of several (fit "
            f"accepts them, and lamina.utils.pad_sequences makes them equal)"
        )


# --- targets and weights of rows that differ


class Outputs:
    """The shapes of a model's outputs for each row of inputs.

    Parameters
    ----------
    model : Network
    arrays : sequence of ndarray or Rows
        The inputs.
    """

    def __init__(self, model: Any, arrays: Sequence[Array | Rows]) -> None:
        self._model, self._arrays = model, arrays
        self._known: dict[Key, list[Shape]] = {}

    def of(self, row: int) -> list[Shape]:
        """Return the shapes of the outputs for one row."""
        key = shapes_of(self._arrays, row)
        if key not in self._known:
            self._known[key] = self._model.output_row_shapes(list(key))
        return self._known[key]

    def at(self, place: int) -> Callable[[int], Shape]:
        """Return a function that returns the shape of one output for a row."""
        return lambda row: self.of(row)[place]

    def check(self) -> None:
        """Raise ValueError if the model does not accept rows of some shape."""
        for row in range(len(self._arrays[0])):
            try:
                self.of(row)
            except ValueError as error:
                shapes = ", ".join(map(str, shapes_of(self._arrays, row)))
                raise ValueError(f"{error}; row {row} has shape {shapes}") from None

    def check_same(self, who: str, place: int, name: str) -> None:
        """Raise if targets are one array, but the output's shape depends on that of the row."""
        keys = [shapes_of(self._arrays, i) for i in range(len(self._arrays[0]))]
        rows = [keys.index(min(keys)), keys.index(max(keys))]
        shapes = [self.of(i)[place] for i in rows]
        if shapes[0] != shapes[1]:
            given = " and ".join(show_shape(shape) for shape in shapes)
            raise ValueError(
                f"{who}: the output for rows of unequal shape has unequal shapes too, {given} for "
                f"rows {rows[0]} and {rows[1]}; {name} must be a list with an array for each row"
            )


def target_rows(
    who: str, y: Rows, rows: int, loss: Loss, output: Callable[[int], Shape], dtype: str, name: str
) -> Rows:
    """Return the targets of the loss, one array for each row."""
    if len(y) != rows:
        raise ValueError(
            f"{who}: x and {name} must have the same number of rows; got {rows} and {len(y)}"
        )
    for i, row in enumerate(y.arrays):
        if row.dtype.kind == "f":
            _check.floats(who, f"{name}[{i}]", row, dtype, of_row=True)
    return Rows(
        [
            target(who, row[None], 1, loss, output(i), dtype, f"{name}[{i}]")[0]
            for i, row in enumerate(y.arrays)
        ]
    )


def weight_rows(
    who: str, weight: Any, y: Rows, output: Callable[[int], Shape], dtype: str, name: str
) -> Rows | None:
    """Return weights of the positions of each row, given one number per row or per position."""
    if weight is None:
        return None
    if not isinstance(weight, Rows):
        given = _check.floats(who, name, weight, "float64")
        if given.shape not in ((len(y),), (len(y), 1)):
            raise ValueError(
                f"{who}: {name} must have shape ({len(y)},), one weight per row, or be a list with "
                f"an array for each row; got {given.shape}"
            )
        weight = Rows(list(given.reshape(-1, 1)))
    made = []
    for i, row in enumerate(weight.arrays):
        positions, shown = output(i)[:-1], f"{name}[{i}]"
        values = _check.floats(who, shown, row, dtype, of_row=True)
        if values.shape not in ((1,), positions):
            raise ValueError(
                f"{who}: {shown} must have shape {positions}, one weight per position; "
                f"got {values.shape}"
            )
        made.append(np.ascontiguousarray(np.broadcast_to(values, positions)))
    return Rows(made)


# --- parts


def inputs_by_shape(arrays: Sequence[Any]) -> list[tuple[list[int] | None, list[Array]]]:
    """Return inputs in parts of rows of equal shape, with the rows of each part; None for all."""
    if not is_ragged(arrays):
        return [(None, list(arrays))]
    groups = _grouped(None, len(arrays[0]), lambda i: shapes_of(arrays, i))
    return [(places, [_rows_of(a, places) for a in arrays]) for places in groups.values()]


def parts_of(data: Data, rows: Array | None) -> list[Data]:
    """Return the rows, or all, in parts of equal shape, ordered by their first rows."""
    groups = _grouped(rows, data.rows, lambda i: shapes_of(data.inputs, i))
    return [_taken(data, places) for places in groups.values()]


def _grouped(rows: Array | None, count: int, key_of: Callable[[int], Any]) -> dict[Any, list[int]]:
    groups: dict[Any, list[int]] = {}
    for i in range(count) if rows is None else rows.tolist():
        groups.setdefault(key_of(i), []).append(i)
    return groups


def _taken(data: Data, places: Sequence[int]) -> Data:
    def some(values: Iterable[Any]) -> list[Any]:
        return [_rows_of(v, places) for v in values]

    extra = data.extra and replace(data.extra, arrays=some(data.extra.arrays))
    return replace(
        data, inputs=some(data.inputs), targets=some(data.targets), weights=some(data.weights),
        given=some(data.given), extra=extra, ragged=False,
    )  # fmt: skip


def _rows_of(values: Any, places: Sequence[int]) -> Any:
    if values is None:
        return None
    if isinstance(values, Rows):
        return values.stacked(places)
    return np.ascontiguousarray(values[places])


# --- parts of padded rows


@dataclass
class Buckets:
    """Lengths to which rows are padded.

    Parameters
    ----------
    wanted : int or sequence of int
        The number of lengths, or the lengths.
    """

    wanted: int | Sequence[int]

    def __post_init__(self) -> None:
        """Check the argument."""
        given: Any = self.wanted
        if isinstance(given, (list, tuple, np.ndarray)):
            self.wanted = sorted({_check.integer("fit", "buckets", n) for n in given})
            if not self.wanted:
                raise ValueError("fit: buckets must hold at least one length; got none")
        else:
            self.wanted = _check.integer("fit", "buckets", given)

    def lengths(self, x: Rows, name: str) -> Array:
        """Return the length to which each row is padded."""
        own = np.array([len(row) for row in x.arrays])
        if any(n is None for n in x.shape[2:]):
            raise ValueError(
                f"fit: buckets pad the first axis of a row; the rows of {name} differ in other "
                f"axes, {x.shape}"
            )
        if isinstance(self.wanted, int):
            distinct = np.unique(own)
            shares = np.linspace(0, 1, self.wanted + 1)[1:]
            ends = np.unique(np.quantile(own, shares, method="higher"))
            ends = distinct if len(distinct) <= self.wanted else ends
        else:
            ends = np.asarray(self.wanted)
            if own.max() > ends[-1]:
                row = int(own.argmax())
                raise ValueError(
                    f"fit: buckets must reach the longest row, of length {own[row]} at {row}; "
                    f"got {self.wanted}"
                )
        return np.asarray(ends[np.searchsorted(ends, own)])


def padded_parts(model: Any, data: Data, rows: Array | None, buckets: Buckets) -> list[Data]:
    """Return the rows, or all, padded to the lengths of buckets; each one is a part with masks."""
    names = [f"x[{port.name!r}]" if len(model.ports) > 1 else "x" for port in model.ports]
    lengths = [
        buckets.lengths(x, name) if isinstance(x, Rows) else None
        for x, name in zip(data.inputs, names, strict=True)
    ]
    groups = _grouped(
        rows, data.rows, lambda i: tuple(None if n is None else int(n[i]) for n in lengths)
    )
    return [_padded(model, data, places, key) for key, places in groups.items()]


def _padded(model: Any, data: Data, places: Sequence[int], key: Sequence[int | None]) -> Data:
    inputs: list[Array] = []
    masks: list[Array | None] = []
    for x, length in zip(data.inputs, key, strict=True):
        if isinstance(x, Rows):
            assert length is not None
            made, real = x.padded(places, length)
            inputs.append(made)
            masks.append(real)
        else:
            inputs.append(_rows_of(x, places))
            masks.append(None)
    outputs = model.output_row_shapes([x.shape[1:] for x in inputs])

    def filled(values: Sequence[Any]) -> list[Any]:
        return [_filled(v, places, shape) for v, shape in zip(values, outputs, strict=True)]

    if data.extra is not None and is_ragged(data.extra.arrays):
        raise ValueError(
            "fit: buckets pad the targets and weights of losses of compile; those of unequal "
            "lengths for a user-defined step cannot be padded: omit buckets"
        )
    extra = data.extra and replace(
        data.extra, arrays=[_rows_of(a, places) for a in data.extra.arrays]
    )
    return replace(
        data, inputs=inputs, masks=masks, targets=filled(data.targets),
        weights=filled(data.weights), given=filled(data.given), extra=extra, ragged=False,
    )  # fmt: skip


def _filled(values: Any, places: Sequence[int], output: Shape) -> Any:
    if isinstance(values, Rows):
        return values.padded(places, output[0])[0]
    return _rows_of(values, places)
