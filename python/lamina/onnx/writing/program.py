"""A model recorded for a prediction, and written on a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lamina import _core
from lamina._check import Shape
from lamina.models.network.recorded import recorded, settle_others
from lamina.onnx.writing.converters import CONVERTERS, Asked
from lamina.onnx.writing.listening import Call, Listening
from lamina.onnx.writing.sheet import Sheet
from lamina.onnx.writing.translation import CannotExpressError, Translation, Value

if TYPE_CHECKING:
    from lamina.models import Model


@dataclass
class Written:
    """A model on a sheet.

    Attributes
    ----------
    sheet : Sheet
    inputs, outputs : list of Value
    """

    sheet: Sheet
    inputs: list[Value]
    outputs: list[Value]


class RefusedError(Exception):
    """The parts of a model that ONNX cannot express, a line for each operation."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)


def written(
    model: Model, shapes: Sequence[Shape], rows: int | None, opset: int, open_lengths: bool = False
) -> Written:
    """Return a model for rows of these shapes, all sizes known, on a sheet.

    ``rows`` is the number of rows of each batch; None for any number.  ``open_lengths`` tells that
    the sizes are only an example.

    Raises
    ------
    RefusedError
        Names everything that ONNX cannot express.
    NeedsRows
        If the model must know the number of rows.
    """
    graph = Listening(model.dtype)
    with recorded(model, shapes, rows=rows, graph=graph) as made:
        settle_others(made)
        values = _Values(graph, made.graph.paths)
        writer = _Writer(Translation(model.dtype, opset, open_lengths), values)
        return writer.write(made.inputs, made.outputs, model.input_names)


class _Values:
    """The calls of a recording, and the handles that they returned."""

    def __init__(self, graph: Listening, paths: Sequence[str]) -> None:
        self.graph, self.calls = graph, graph.calls
        known = zip(graph.parameters, paths, strict=True)
        self.paths = {id(parameter): path for parameter, path in known}

    def value(self, handle: _core.Tensor, name: str, array: Any = None, path: str = "") -> Value:
        kind = self.graph.dtype_of(handle)
        kind = "float" if kind.startswith("float") else kind
        shape = tuple(handle.shape)
        return Value(name, shape, not self.graph.whole(handle), kind, array, path)

    def needed(self, outputs: Sequence[_core.Tensor]) -> tuple[list[Call], set[int]]:
        """Return the calls that outputs depend on, in order, and the handles that are read."""
        read = {id(output) for output in outputs}
        calls = []
        for call in reversed(self.calls):
            if any(id(output) in read for output in call.outputs):
                calls.append(call)
                read.update(id(handle) for handle in _handles(call.arguments.values()))
        return calls[::-1], read


def _handles(arguments: Any) -> list[_core.Tensor]:
    found = []
    for each in arguments:
        if isinstance(each, _core.Tensor):
            found.append(each)
        elif isinstance(each, (list, tuple)):
            found += [item for item in each if isinstance(item, _core.Tensor)]
    return found


class _Writer:
    """Write the calls of a recording one by one."""

    def __init__(self, t: Translation, values: _Values) -> None:
        self.t, self.values = t, values
        self.known: dict[int, Value] = {}  # by the id of a handle
        self.refused: dict[str, None] = {}  # lines, in order

    def write(
        self, inputs: Sequence[_core.Tensor], outputs: Sequence[_core.Tensor], names: Sequence[str]
    ) -> Written:
        for handle, name in zip(inputs, names, strict=True):
            self.known[id(handle)] = self.values.value(handle, self.t.sheet.name(name))
        given = [self.known[id(handle)] for handle in inputs]
        self.t.batch_source = given[0].name if given else ""
        calls, read = self.values.needed(outputs)
        for call in calls:
            self._write(call, read)
        if self.refused:
            raise RefusedError(list(self.refused))
        self.t.sheet.layer = ""
        found = [self._named(self.known[id(handle)]) for handle in outputs]
        return Written(self.t.sheet, given, found)

    def _named(self, value: Value) -> Value:
        name = self.t.name_of(value)
        return Value(name, value.shape, value.rows, value.kind)

    def _write(self, call: Call, read: set[int]) -> None:
        if call.kind == "input":
            return
        self.t.sheet.layer = call.layer
        handle = call.outputs[0]
        if call.kind == "constant":
            array = call.arguments["array"]
            self.known[id(handle)] = self.values.value(handle, f"constant {id(handle)}", array)
        elif call.kind == "parameter":
            parameter = call.arguments["parameter"]
            path = self.values.paths[id(parameter)]
            array = parameter.array.copy()
            self.known[id(handle)] = self.values.value(handle, path, array, path)
        else:
            self._convert(call, read)

    def _convert(self, call: Call, read: set[int]) -> None:
        names = [f"refused {id(handle)}" for handle in call.outputs]  # continues, to find all
        try:
            if call.kind not in CONVERTERS:
                raise CannotExpressError("it has no counterpart in ONNX")
            made = CONVERTERS[call.kind](self.t, self._asked(call, read))
            names = made if isinstance(made, list) else [made]
        except CannotExpressError as error:
            by = f" ({call.by})" if call.by else ""
            self.refused[f"{call.layer or 'the model'}{by}: {call.kind}: {error}"] = None
        folded = self._folded(call)
        for handle, name in zip(call.outputs, names, strict=True):
            value = self.values.value(handle, name)
            self.known[id(handle)] = replace(value, folded=folded) if value.rows else value

    def _folded(self, call: Call) -> tuple[str, ...]:
        given = [self.known[id(handle)] for handle in _handles(call.arguments.values())]
        folded = max((value.folded for value in given), key=len, default=())
        if call.kind == "fold":
            return (*folded, self.t.name_of(given[0]))
        return folded[:-1] if call.kind == "unfold" else folded

    def _asked(self, call: Call, read: set[int]) -> Asked:
        outputs = [self.values.value(handle, "") for handle in call.outputs]
        return Asked(
            {name: self._argument(value) for name, value in call.arguments.items()},
            [output.shape for output in outputs],
            outputs[0].rows,
            [output.kind for output in outputs],
            [id(handle) in read for handle in call.outputs],
        )

    def _argument(self, value: Any) -> Any:
        if isinstance(value, _core.Tensor):
            return self.known[id(value)]
        if isinstance(value, (list, tuple)):
            return [self._argument(v) if isinstance(v, _core.Tensor) else v for v in value]
        return value
