"""The base of layers that compute on arrays, before the recorded part of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

import numpy as np

from lamina import _check, _screen
from lamina._arrays import as_numbers
from lamina._check import Array
from lamina._strings import as_strings, holds_strings, plain_array
from lamina._tensors import Recording, Tensor
from lamina._tensors.arguments import flat
from lamina.layers.base.node import Node, SymbolicTensor, as_list
from lamina.layers.base.shapes import Spec, rows_in, rows_of, shape_with_rows
from lamina.layers.layer import Layer

DENSE = 1 << 22  # elements of a sparse matrix that are made dense at a time


class AheadLayer(Layer):
    """A layer for strings, or integers of any size, which a graph cannot hold.

    It computes on arrays: when it is called on arrays, and at the beginning of a model on the
    model's inputs, before anything recorded runs.  It may therefore only read inputs of the model
    and other such layers.  It has no weights: what it has learned is part of its configuration.

    A subclass defines ``compute(*arrays)`` and ``made_of(specs)``.  If it also defines ``call`` it
    can be recorded, and is recorded wherever it cannot compute ahead.
    """

    ahead = True
    takes: ClassVar[str] = "any"  # "string", "integer", "number", or "any" of the first two
    fewest_inputs: ClassVar[int] = 1
    encoding: str = "utf-8"
    _warned = False  # whether a warning that nothing was learned has been given

    # --- what a subclass defines

    def compute(self, *arrays: Array) -> Array:
        """Return the layer's output for arrays, one for each input, with any number of axes."""
        raise TypeError(f"{self.name}: must define compute; got {len(arrays)} arrays")

    def made_of(self, specs: list[Spec]) -> Spec:
        """Return the shape of a row and the kind of the output of ``compute``."""
        raise TypeError(f"{self.name}: must define made_of; got {specs}")

    # --- a layer without weights

    @property
    def built(self) -> bool:
        """Always True: there is nothing to build."""
        return True

    @built.setter
    def built(self, value: bool) -> None:
        """Ignore the value: there is nothing to build."""

    def build(self, input_shape: Any = None) -> None:
        """Do nothing: there are no weights."""

    def input_dtypes(self, count: int) -> list[str | None]:
        """Return None for each input: any type is accepted."""
        return [None] * count

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output; both have the axis of rows first."""
        rows = rows_of(self.name, input_shape)
        shapes = rows if isinstance(rows, list) else [rows]
        made = self.made_of([Spec(tuple(shape)) for shape in shapes])
        return shape_with_rows(made.shape, rows_in(input_shape))

    # --- calls

    def called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the result of a call: an array for arrays, a symbolic tensor for symbolic ones."""
        x = self._only(args, kwargs)
        symbols = [v for v in as_list(x) if isinstance(v, SymbolicTensor)]
        tensors = any(isinstance(v, Tensor) for v in flat([x]))
        if self.calls and (tensors or not all(may_be_ahead(each) for each in symbols)):
            return NotImplemented  # it is recorded
        if symbols:
            return self._on_symbols(as_list(x))
        if tensors:
            recording = Recording.current()
            within = f" within {recording.name}" if recording and recording.name else ""
            raise TypeError(
                f"{self.name}: computes on arrays, before the recorded part of a model; got a "
                f"tensor{within}: call it on the inputs of a model, or on arrays before fit"
            )
        several = self.fewest_inputs > 1
        values = as_list(x) if several else [x]
        self._check_count(len(values))
        arrays = [
            self.as_taken(f"x[{i}]" if several else "x", plain_array(value))
            for i, value in enumerate(values)
        ]
        made = self.compute(*arrays)
        self._warn_if_unlearned()
        return made

    def _warn_if_unlearned(self) -> None:
        lacks = self.unlearned()
        if lacks is not None and not self._warned:
            self.__dict__["_warned"] = True
            _screen.warn(f"{self.name} has no {lacks} yet: call {self.name}.adapt(data) first")

    def _only(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        rest = {k: v for k, v in kwargs.items() if k not in ("x", "inputs", "training", "mask")}
        if len(args) > 1 or rest or not (args or "x" in kwargs or "inputs" in kwargs):
            raise TypeError(
                f"{self.name}: takes one argument, x; got {len(args)}"
                + (f" and {', '.join(rest)}" if rest else "")
            )
        return args[0] if args else kwargs.get("x", kwargs.get("inputs"))

    def _check_count(self, count: int) -> None:
        if count < self.fewest_inputs or (self.fewest_inputs == 1 and count > 1):
            needs = "one input" if self.fewest_inputs == 1 else f"{self.fewest_inputs} or more"
            raise ValueError(f"{self.name}: needs {needs}; got {count}")

    def as_taken(self, name: str, array: Array, who: str | None = None) -> Array:
        """Return an array as ``compute`` takes it: of Python strings, int64, or floats."""
        strings = self.takes == "string" or (self.takes == "any" and holds_strings(array))
        if strings:
            return as_strings(who or self.name, name, array, self.encoding)
        if self.takes == "number":
            return _check.floats(who or self.name, name, array, self.dtype, finite=False)
        return as_integers(who or self.name, name, array)

    def _on_symbols(self, inputs: list[Any]) -> SymbolicTensor:
        self._check_count(len(inputs))
        for tensor in inputs:
            if not isinstance(tensor, SymbolicTensor):
                raise TypeError(
                    f"{self.name}: inputs must be all symbolic tensors or all arrays; got "
                    f"{type(tensor).__name__}"
                )
            self._check_read(tensor)
        specs = [Spec(tuple(t.row_shape), t.kind or "float", t.whole) for t in inputs]
        made = self.made_of(specs)
        node = Node(self, inputs, [made.shape], made.kind)
        node.ahead = True
        self.nodes.append(node)
        self.place()
        return node.outputs[0]

    def _check_read(self, tensor: SymbolicTensor) -> None:
        if not may_be_ahead(tensor):
            self._refuse_behind(tensor.node.layer.name)
        self.check_kind(tensor.kind or "float", tensor.name)

    def check_kind(self, kind: str, name: str) -> None:
        """Raise TypeError if an input of a model is of a kind that the layer does not take."""
        if self.takes == "string" and kind != "string":
            raise TypeError(
                f"{self.name}: needs strings, as Input(shape, dtype='string') has; {name} is {kind}"
            )
        if self.takes in ("integer", "number") and kind == "string":
            raise TypeError(f"{self.name}: needs {self.takes}s; {name} holds strings")

    def _refuse_behind(self, name: str) -> NoReturn:
        raise TypeError(
            f"{self.name}: computes on arrays, before the recorded part of a model; its input "
            f"{name!r} is recorded"
        )

    def apply(self, graph: Any, x: Any, mask: Any = None) -> tuple[Any, Any]:
        """Record the layer, if possible."""
        if self.calls:
            return super().apply(graph, x, mask)
        raise TypeError(
            f"{self.name}: computes on arrays, before the recorded part of a model; no other layer "
            f"can hold it"
        )


def may_be_ahead(tensor: SymbolicTensor) -> bool:
    """Return whether the layer can compute on arrays before anything recorded runs."""
    return not tensor.node.inputs or tensor.node.ahead


def as_integers(who: str, name: str, value: Any) -> Array:
    """Return an array of int64; floating-point numbers must be whole."""
    array = as_numbers(who, name, value)
    if array.dtype.kind == "f":
        if not (np.isfinite(array).all() and (array == np.trunc(array)).all()):
            odd = np.flatnonzero(~(np.isfinite(array) & (array == np.trunc(array))).ravel())[0]
            raise ValueError(
                f"{who}: {name} must hold integers; got {array.ravel()[odd]!r} in row "
                f"{odd // max(1, array.size // max(1, len(array))) if array.ndim else 0}"
            )
        if array.size and np.abs(array).max() >= 2.0**63:
            raise ValueError(f"{who}: {name} must fit into 64 bits; got {np.abs(array).max():g}")
    if array.dtype == np.uint64 and array.size and array.max() >= 2**63:
        raise ValueError(f"{who}: {name} must fit into 64 bits with a sign; got {array.max()}")
    return array.astype(np.int64)


def batches_of(data: Any, steps: Any = None, who: str = "adapt") -> Iterator[Any]:
    """Yield the batches of the data given to ``adapt``: of a data set only x, of an array itself.

    An object with ``len(data)`` and ``data[i]``, an iterator or a generator yields its batches, a
    SciPy sparse matrix yields dense blocks of its rows; anything else is a single batch.
    """
    if steps is not None:
        steps = _check.integer(who, "steps", steps)
    for index, batch in enumerate(_each(data)):
        if steps is not None and index >= steps:
            return
        yield batch[0] if isinstance(batch, tuple) else batch


def _each(data: Any) -> Any:
    if hasattr(data, "toarray") and hasattr(data, "tocsr"):  # a SciPy sparse matrix
        return _dense_blocks(data.tocsr())
    if is_one_array(data):
        return [data]
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return (data[i] for i in range(len(data)))
    return iter(data)


def _dense_blocks(sparse: Any) -> Iterator[Array]:
    rows, columns = sparse.shape
    step = max(1, DENSE // max(1, columns))
    for start in range(0, rows, step):
        yield sparse[start : start + step].toarray()


def is_one_array(data: Any) -> bool:
    """Return whether data are an array, a series, a table or a list, rather than batches."""
    if isinstance(data, (np.ndarray, list, tuple, str, bytes)):
        return True
    if hasattr(data, "to_numpy") or hasattr(data, "__array__"):
        return True
    batched = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    return not (batched or hasattr(data, "__iter__"))
