"""A function of ``lamina.ops`` recorded on a graph: its results and gradients."""

import numpy as np

from lamina import _core, ops
from lamina._tensors.arguments import flat, mapped
from lamina._tensors.given import each_row, given
from lamina._tensors.recording import Recording
from lamina._tensors.tensor import Tensor


class Rows:
    """Marks an array whose first axis is recorded as that of the rows."""

    def __init__(self, array):
        self.array = array


class Whole:
    """Marks an array that is recorded as a weight."""

    def __init__(self, array):
        self.array = array


def is_mark(value):
    return isinstance(value, (Rows, Whole))


def plain(value):
    """The arguments with arrays in place of marks."""
    return mapped(value, lambda v: v.array if is_mark(v) else None)


def marks(args):
    return [v for v in flat(args) if is_mark(v)]


class Recorded:
    """One call on its own graph.

    ``rows``: the number that the recording knows; None if the graph is for any number.
    """

    def __init__(self, function, args, kwargs, rows=None, dtype="float64", loss=False):
        self.graph = _core.Graph(dtype)
        self.marks, self.inputs, self.parameters = marks(args), [], []
        tensors = {}
        with Recording(self.graph, rows=rows) as now:
            for i, mark in enumerate(self.marks):
                tensors[i] = self._tensor(now, mark, f"x{i}", dtype)
            left = iter(range(len(self.marks)))
            args = mapped(args, lambda v: tensors[next(left)] if is_mark(v) else None)
            self.result = function(*args, **kwargs)
            self.outputs = [v for v in flat(self.result) if isinstance(v, Tensor)]
            if loss:
                self._add_loss()
            else:
                for tensor in self.outputs:
                    self.graph.add_output(tensor.value)
        self.graph.build()
        self.count = next((len(m.array) for m in self.marks if isinstance(m, Rows)), 1)

    def _tensor(self, now, mark, name, dtype):
        kind = {"f": "float", "b": "bool"}.get(mark.array.dtype.kind, "int32")
        if isinstance(mark, Rows):
            self.inputs.append(mark.array.astype(dtype if kind == "float" else kind))
            return Tensor(now, self.graph.input(mark.array.shape[1:], name, kind))
        if kind != "float" or not mark.array.size:
            return given(mark.array)
        parameter = _core.Parameter(name, mark.array.shape, dtype)
        _core.allocate([parameter])
        parameter.array[...] = mark.array
        self.parameters.append(parameter)
        return Tensor(now, self.graph.parameter(parameter))

    def _add_loss(self):
        total = 0.0
        for i, y in enumerate(self.outputs):
            if y.dtype.startswith("float"):
                total = ops.add(total, ops.sum(ops.multiply(y, self._weights(i))))
        self.graph.add_loss(each_row(total).value)

    def _weights(self, i):
        y = self.outputs[i]
        row = np.cos(1.0 + i + np.arange(np.prod(y.value.shape, dtype=int)))
        return row.reshape([*[1] * y.rows, *y.value.shape])

    def loss_of(self, result):
        """The loss of a result, in NumPy."""
        pairs = enumerate(flat(result))
        return sum(float(np.sum(y * self._weights(i))) for i, y in pairs if y.dtype.kind == "f")

    def run(self):
        """The outputs, in the structure of the result."""
        execution = _core.Execution(self.graph, self.count, False)
        execution.bind(self.inputs)
        execution.test(None, 0, self.count)
        arrays = iter([np.array(execution.output(i)) for i in range(len(self.outputs))])
        return mapped(self.result, lambda v: next(arrays) if isinstance(v, Tensor) else None)

    def gradients(self):
        """The loss, and its gradient at each array of floats."""
        execution = _core.Execution(self.graph, self.count, True, 0, True)
        execution.bind(self.inputs)
        loss = execution.gradients(None, 0, self.count)
        inputs, parameters = iter(range(len(self.inputs))), iter(self.parameters)
        found = []
        for mark in self.marks:
            if isinstance(mark, Rows):
                i = next(inputs)
                if mark.array.dtype.kind == "f":
                    found.append(np.array(execution.input_gradient(i)))
            elif mark.array.dtype.kind == "f" and mark.array.size:
                found.append(np.array(execution.gradient_of(next(parameters))))
        return loss, found
