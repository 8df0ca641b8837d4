"""Converting users' data to the inputs, targets and weights that the engine binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from lamina import _check
from lamina._arrays import column_names, is_array, ndim_of
from lamina._check import Array, Shape
from lamina.models.compilation import steps
from lamina.models.compilation.steps import Given
from lamina.models.data.inputs import arranged, converted, label, separated, shaped
from lamina.models.data.ragged import (
    Buckets,
    Outputs,
    is_ragged,
    padded_parts,
    parts_of,
    shapes_of,
    target_rows,
)
from lamina.models.data.reading import Reading, is_reading
from lamina.models.data.rows import Rows
from lamina.models.data.sample_weights import weigh
from lamina.models.data.targets import check_axis, labels, of_outputs, target, unboxed
from lamina.models.training import advice

Form = tuple[Shape, str]  # of a row of a target: its shape, and "float" or "int32"


@dataclass
class Data:
    """Checked arrays; for the outputs that have a loss, targets and, if given, weights of rows.

    Arrays whose rows differ in shape are represented by ``Rows``, except in a part.
    """

    inputs: list[Any]
    targets: list[Any]
    weights: list[Any]
    columns: list[list[Any] | None]  # for each input, the column names if it was a table
    free: list[bool]  # whether the loss takes targets of any shape
    given: list[Any]  # targets in their original shape, as metrics see them
    extra: Given | None = None  # for a user-defined step
    # The columns of each input, and the outputs whose targets, in which distinct values became
    # equal in the model's dtype; only determined by fit.
    rounded: list[list[int]] = field(default_factory=list)
    rounded_targets: set[int] = field(default_factory=set)
    made: Sequence[bool] = ()  # which inputs were made by layers ahead of the graph; only in fit
    masks: Sequence[Array | None] = ()  # for padded inputs: which steps are real
    ragged: bool = False  # whether rows of inputs differ in shape

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.inputs[0])

    @property
    def row_shapes(self) -> list[Shape]:
        """The shape of a row of each input: of the first row, if they differ."""
        return list(shapes_of(self.inputs)) if self.ragged else [x.shape[1:] for x in self.inputs]

    @property
    def open_shapes(self) -> list[Shape]:
        """The same with None for sizes that differ, for models that adapt to data."""
        return [x.shape[1:] for x in self.inputs]

    @property
    def masked(self) -> tuple[bool, ...]:
        """Which inputs have masks."""
        return tuple(m is not None for m in self.masks)

    @property
    def reads(self) -> bool:
        """Whether inputs or targets are read piece by piece."""
        return is_reading(self.read_by_row)

    @property
    def read_by_row(self) -> list[Any]:
        """The inputs and the targets, of which rows are read."""
        return [*self.inputs, *(y for y in self.targets if y is not None)]

    def read(self, rows: Array | None = None, needed: Array | None = None) -> Data:
        """Return some rows, or all, with inputs and targets that are arrays in memory.

        If only some of these rows are ``needed``, given by position, the others are not read and
        are replaced by zeros.
        """
        if rows is None:
            if not self.reads:
                return self
            rows = np.arange(self.rows)

        def one(values: Any) -> Array:
            if needed is None or not isinstance(values, Reading):
                return np.ascontiguousarray(values[rows])
            made = np.zeros((len(rows), *values.shape[1:]), values.dtype)
            made[needed] = values[rows[needed]]
            return made

        def some(values: Sequence[Any]) -> list[Any]:
            return [None if v is None else one(v) for v in values]

        extra = self.extra and replace(self.extra, arrays=some(self.extra.arrays))
        targets = some(self.targets)
        given = [
            None if y is None else y.reshape(len(y), *shown.shape[1:])
            for y, shown in zip(targets, self.given, strict=True)
        ]
        return replace(
            self, inputs=some(self.inputs), targets=targets, given=given,
            weights=some(self.weights), extra=extra,
        )  # fmt: skip

    @property
    def weighted(self) -> tuple[bool, ...]:
        """Which outputs have weights."""
        return tuple(w is not None for w in self.weights)

    @property
    def forms(self) -> tuple[Form | None, ...]:
        """The target shape and type of a row for each output without a loss to define them."""
        return tuple(
            (y.shape[1:], "int32" if y.dtype == np.int32 else "float") if free and y is not None
            else None
            for y, free in zip(self.targets, self.free, strict=True)
        )  # fmt: skip

    @property
    def arrays(self) -> list[Array]:
        """The arguments of ``Execution.bind``: inputs, masks, targets and weights by output."""
        masks = [m for m in self.masks if m is not None]
        rest = [a for pair in zip(self.targets, self.weights, strict=True) for a in pair]
        more = [] if self.extra is None else self.extra.arrays
        return [*self.inputs, *masks, *(a for a in rest if a is not None), *more]

    def parts(
        self, rows: Array | None = None, model: Any = None, buckets: Buckets | None = None
    ) -> list[Part]:
        """Return these rows, or all, in parts from which batches may be taken.

        Rows of the same shape form a part; with buckets, the padded rows of the same length do.
        """
        if not self.ragged:
            return [part_of(self, rows)]
        if buckets is None:
            return [part_of(part) for part in parts_of(self, rows)]
        return [part_of(part) for part in padded_parts(model, self, rows, buckets)]


class Part(NamedTuple):
    """Data, the selected rows (None for all), and their number.

    ``batch`` is the number of rows of a batch, if their source determines it.
    """

    data: Data
    rows: Array | None
    size: int
    batch: int | None = None


def part_of(data: Data, rows: Array | None = None) -> Part:
    """Return some rows of data, or all."""
    return Part(data, rows, data.rows if rows is None else len(rows))


def prepare(
    who: str,
    model: Any,
    x: object,
    y: object,
    sample_weight: object = None,
    class_weight: object = None,
) -> Data:
    """Return checked data for a compiled model, built or not.

    A model with ``call`` is built, so that its outputs are known, unless the data are rejected;
    other models are not changed.
    """
    with model.unbuilt_on_error():
        return _prepared(who, model, x, y, sample_weight, class_weight)


def _prepared(
    who: str,
    model: Any,
    x: object,
    y: object,
    sample_weight: object,
    class_weight: object,
) -> Data:
    ports = model.ports
    arrays = shaped(who, x, ports)
    by_row = Outputs(model, arrays) if is_ragged(arrays) else None
    if by_row is None:
        shapes = [a.shape[1:] for a in arrays]
    else:
        model.check_ragged(who)
        shapes, y = list(shapes_of(arrays)), of_outputs(model, y)
    if not model.built and _has_calls(model):
        # Checked before there are weights, so that rejected data leave the model unchanged.
        wanted = any(model.compilation(who).losses) and not _untargeted(who, model, y)
        if wanted and not isinstance(y, (Mapping, list, tuple, Rows)):
            check_axis(who, "y", _check.numeric(who, "y", y))
        check_rows(who, "y", y, len(arrays[0]))
        check_rows(who, "sample_weight", sample_weight, len(arrays[0]), weights=True)
        model.ensure_built(shapes)  # such a layer may use the weights of layers before it
    outputs = model.output_row_shapes(shapes)
    if by_row is not None:
        by_row.check()
    compiled = model.compilation(who)
    if not model.built:  # refuse metrics that do not fit before there are weights
        compiled.resolve(outputs)
    rounded_targets: set[int] = set()
    given: list[Array | None] = []
    goals = _targets(who, model, y, len(arrays[0]), outputs, by_row, rounded_targets, given)
    columns = [column_names(value) for value in separated(who, x, ports)]
    free = [loss is not None and loss.free_target for loss in compiled.losses]
    inputs = converted(who, x, arrays, ports, model.dtype)
    data = Data(inputs, goals, [None] * len(goals), columns, free, given, ragged=by_row is not None)
    if all(loss is None for loss in compiled.losses) and steps.has_own(model):
        data.extra = steps.given_targets(who, model, y, data.rows)
    elif y is None and steps.has_own(model):
        data.extra = Given(untargeted=True)
    weigh(who, model, data, outputs, sample_weight, class_weight, by_row=by_row)
    if who == "fit":  # the others need not repeat it
        data.rounded_targets = rounded_targets
        data.made = [port.made for port in ports]
        listed = zip(arrays, data.inputs, ports, columns, strict=True)
        data.rounded = [
            advice.on_rounding(compiled, label("x", port.name, len(ports)), source, array, names)
            for source, array, port, names in listed
        ]
    return data


def _untargeted(who: str, model: Any, y: Any) -> bool:
    """Return whether a user-defined step does without targets; raise if compile needs them."""
    if y is not None or not steps.has_own(model):
        return False
    needing = steps.needing_targets(who, model)
    if needing:
        raise TypeError(f"{who}: y is None; {needing}")
    return True


def _has_calls(model: Any) -> bool:
    own = getattr(model, "calls", False)
    return own or any(e.calls for layer in model.parts for e in layer.walk())


def check_rows(who: str, name: str, value: Any, rows: int, weights: bool = False) -> None:
    """Reject targets or weights with another number of rows, before the outputs are known.

    Errors that depend on the outputs, such as whether a list holds rows or arrays, are not
    detected.
    """
    if isinstance(value, Mapping):
        for key, each in value.items():
            check_rows(who, f"{name}[{key!r}]", each, rows, weights)
        return
    if isinstance(value, (list, tuple)):
        sizes = [len(v) for v in value if isinstance(v, (list, tuple)) or _has_rows(v)]
        if len(value) == rows or rows in sizes or any(v is None for v in value):
            return
        if any(_has_rows(v) or isinstance(v, Mapping) for v in value):
            for i, each in enumerate(value):
                check_rows(who, f"{name}[{i}]", each, rows, weights)
            return
    elif not (isinstance(value, Rows) or _has_rows(value)):
        return
    got = len(value)
    if got == rows:
        return
    if weights:
        shape = getattr(value, "shape", (got,))
        rule = f"must have shape ({rows},), one weight per row; got {shape}"
        raise ValueError(f"{who}: {name} {rule}")
    raise ValueError(f"{who}: x and {name} must have the same number of rows; got {rows} and {got}")


def _has_rows(value: Any) -> bool:
    return is_array(value) and ndim_of(value) > 0


def _targets(
    who: str,
    model: Any,
    y: Any,
    rows: int,
    outputs: Sequence[Shape],
    by_row: Outputs | None,
    rounded: set[int],
    shown_as: list[Any],
) -> list[Any]:
    compiled = model.compilation(who)
    names, losses, y = model.output_names, compiled.losses, model.by_output(f"{who}: y", y)
    if not any(losses) or _untargeted(who, model, y):
        shown_as.extend([None] * len(names))
        return [None] * len(names)
    wanted = [name for name, loss in zip(names, losses, strict=True) if loss is not None]
    if isinstance(y, (list, tuple)) and len(names) > 1 and len(y) == len(names):
        values = dict(zip(names, y, strict=True))
    else:
        if len(wanted) == 1:
            y = unboxed(y, rows)
        ignored = [name for name in names if name not in wanted]
        given = {k: v for k, v in y.items() if k not in ignored} if isinstance(y, Mapping) else y
        values = dict(zip(wanted, arranged(who, "y", given, wanted), strict=True))
    goals: list[Any] = []
    for place, (name, loss, output) in enumerate(zip(names, losses, outputs, strict=True)):
        if loss is None:
            goals.append(None)
            shown_as.append(None)
            continue
        if values[name] is None and isinstance(y, (Mapping, list, tuple)):
            raise ValueError(f"{who}: y has nothing for output {name!r}, which has a loss")
        shown = label("y", name, len(names))
        if by_row is not None and isinstance(values[name], Rows):
            at = by_row.at(place)
            goals.append(target_rows(who, values[name], rows, loss, at, model.dtype, shown))
            shown_as.append(_given_rows(goals[-1], values[name]))
            continue
        if by_row is not None:
            by_row.check_same(who, place, shown)
        goal = target(who, values[name], rows, loss, output, model.dtype, shown)
        if who == "fit" and is_array(values[name]) and not isinstance(goal, Reading):
            source = _check.numeric(who, shown, values[name])
            if advice.on_rounding(compiled, shown, source, goal, column_names(values[name])):
                rounded.add(len(goals))
        goals.append(goal)
        shown_as.append(_as_given(goal, values[name]))
    return goals


def _as_given(goal: Any, value: Any) -> Any:
    # Labels in a column stay a column for metrics; targets with fewer axes than the output get its
    # axes.
    shape = np.shape(value) if is_array(value) else goal.shape
    more = len(shape) > goal.ndim and np.prod(shape) == goal.size
    return goal.reshape(shape) if more else goal


def _given_rows(goals: Rows, values: Rows) -> Rows:
    pairs = zip(goals.arrays, values.arrays, strict=True)
    return Rows([_as_given(goal[None], value[None])[0] for goal, value in pairs])


def classes_of(model: Any, data: Data) -> Array | None:
    """Return one class per row if the model has one output and its loss has classes."""
    pairs = zip(model.compilation("fit").losses, data.targets, strict=True)
    known = [(loss, y) for loss, y in pairs if loss is not None and y is not None]
    if len(known) != 1 or isinstance(known[0][1], Rows):
        return None
    return labels(*known[0])


def batch_rows(who: str, name: str, value: object, rows: int, default: int | None = None) -> int:
    """Return a batch size of at most ``rows``; None means ``default``, or all rows."""
    if value is None:
        return min(rows if default is None else default, rows)
    return min(_check.integer(who, name, value), rows)
