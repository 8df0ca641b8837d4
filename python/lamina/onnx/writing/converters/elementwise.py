"""Element-wise operations, between values and within chains of them."""

from __future__ import annotations

from typing import Any

from lamina.onnx.writing.converters.functions import number_function, truth_function
from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import Translation


class _Chain:
    """The values of an expression by number, each in the types that were needed."""

    def __init__(self, t: Translation, asked: Asked) -> None:
        self.t = t
        self.values: list[tuple[str, str]] = [(t.name_of(v), v.kind) for v in asked["inputs"]]
        self._known: dict[Any, str] = {}

    def operand(self, number: Any, kind: str) -> str:
        """Return a value by number, or a constant, as "float", "int32" or "bool"."""
        if isinstance(number, float):
            if kind == "bool":
                return self.t.cast(self.t.number(number), "bool")
            return self.t.number(number)
        name, own = self.values[int(number)]
        if own == kind:
            return name
        if (number, kind) not in self._known:
            self._known[number, kind] = self.t.cast(name, kind)
        return self._known[number, kind]

    def apply(self, instruction: tuple[Any, ...]) -> None:
        """Write one instruction; its result is the next value."""
        name, *operands = instruction

        def of(kind: str) -> list[str]:
            return [self.operand(each, kind) for each in operands]

        truth = truth_function(self.t, name, of)
        if truth is not None:
            self.values.append((truth, "bool"))
        elif name == "where":
            chosen = [self.operand(each, "float") for each in operands[1:]]
            where = self.t.node("Where", self.operand(operands[0], "bool"), *chosen)
            self.values.append((where, "float"))
        elif name == "copy":
            number = operands[0]
            self.values.append(
                (self.operand(number, "float"), "float")
                if isinstance(number, float)
                else self.values[number]
            )
        else:
            alpha = None
            if name in ("leaky_relu", "elu") and isinstance(operands[1], float):
                alpha = operands.pop()
            self.values.append((number_function(self.t, name, *of("float"), alpha=alpha), "float"))


@converts("expression")
def expression(t: Translation, asked: Asked) -> str:
    """Write a chain of element-wise operations."""
    chain = _Chain(t, asked)
    for instruction in asked["instructions"]:
        chain.apply(tuple(instruction))
    return chain.operand(len(chain.values) - 1, asked.kinds[0])


_MERGES = {"add": "Add", "multiply": "Mul", "maximum": "Max", "minimum": "Min"}


def _merged(op: str) -> Any:
    def merge(t: Translation, asked: Asked) -> str:
        first, *others = (t.name_of(x) for x in asked["inputs"])
        for other in others:
            first = t.node(op, first, other)
        return first

    return merge


for _kind, _op in _MERGES.items():
    converts(_kind)(_merged(_op))


@converts("average")
def average(t: Translation, asked: Asked) -> str:
    """Write the mean of values."""
    count = len(asked["inputs"])
    return t.node("Mul", _merged("Add")(t, asked), t.number(1 / count))


@converts("subtract")
def subtract(t: Translation, asked: Asked) -> str:
    """Write a difference."""
    return t.node("Sub", t.name_of(asked["a"]), t.name_of(asked["b"]))


@converts("scale")
def scale(t: Translation, asked: Asked) -> str:
    """Write a multiple."""
    return t.node("Mul", t.name_of(asked.x), t.number(asked["factor"]))


@converts("bounded_relu")
def bounded_relu(t: Translation, asked: Asked) -> str:
    """Write min(x, max_value) from the threshold on, and a slope below it."""
    x, threshold, most = t.name_of(asked.x), asked["threshold"], asked["max_value"]
    if asked["negative_slope"] == 0 and threshold == 0:
        y = t.node("Relu", x)
    else:
        edge = t.number(threshold)
        below = t.node("Mul", t.node("Sub", x, edge), t.number(asked["negative_slope"]))
        y = t.node("Where", t.node("Less", x, edge), below, x)
    return (
        y
        if most is None
        else t.node("Where", t.node("GreaterOrEqual", x, t.number(most)), t.number(most), y)
    )


@converts("prelu")
def prelu(t: Translation, asked: Asked) -> str:
    """Write a ReLU whose slopes on the left are weights."""
    alpha, x = asked["alpha"], asked.x
    slopes = t.name_of(alpha)
    if alpha.shape != x.shape[len(x.shape) - len(alpha.shape) :]:
        slopes = t.reshaped(slopes, _last_axes(x.shape, alpha.shape))
    return t.node("PRelu", t.name_of(x), slopes)


def _last_axes(shape: tuple[int, ...], like: tuple[int, ...]) -> list[int]:
    """Return the last axes of a shape that have as many elements as another shape."""
    wanted = 1
    for size in like:
        wanted *= size
    axes: list[int] = []
    product = 1
    for size in reversed(shape):
        if product == wanted:
            break
        product *= size
        axes.insert(0, size)
    return axes
