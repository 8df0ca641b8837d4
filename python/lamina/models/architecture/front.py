"""The part of a model that computes on arrays before its graph: layers of strings at its start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lamina import _check
from lamina._check import Array, Shape
from lamina._strings import plain_array
from lamina.layers.base.shapes import Spec
from lamina.layers.preprocessing.ahead import AheadLayer
from lamina.models.data.inputs import Port, label, separated


class FrontStep(NamedTuple):
    """One call of a layer; arrays are numbered, those of the model's inputs first."""

    layer: AheadLayer
    inputs: Sequence[int]
    output: int


class Front:
    """Layers that compute on arrays, between the model's inputs and its graph.

    Parameters
    ----------
    who : str
        The name of the model, for messages.
    ports : sequence of Port
        The inputs of the model, by name; shapes may be None.
    steps : sequence of FrontStep
    fed : sequence of int
        The arrays that are fed to the graph.
    """

    def __init__(
        self, who: str, ports: Sequence[Port], steps: Sequence[FrontStep], fed: Sequence[int]
    ) -> None:
        self.who, self.ports, self.steps, self.fed = who, list(ports), list(steps), list(fed)

    def __call__(self, x: Any) -> Any:
        """Return the input of the graph: an array, or a list of arrays."""
        values: dict[int, Any] = dict(enumerate(separated(self.who, x, self.ports)))
        for step in self.steps:
            arrays = [self._array(step.layer, values, i) for i in step.inputs]
            rows = [len(array) for array in arrays]
            if len(set(rows)) > 1:
                raise ValueError(
                    f"{self.who}: all inputs must have the same number of rows; got "
                    f"{' and '.join(map(str, rows))}, which {step.layer.name} reads"
                )
            values[step.output] = step.layer.compute(*arrays)
        made = [values[i] for i in self.fed]
        return made[0] if len(made) == 1 else made

    def met(self, x: Any) -> Spec:
        """Return the description of the single input for the first data ``x`` given to a layer."""
        (value,) = separated(self.who, x, self.ports)
        array = self._array(self.steps[0].layer, {0: value}, 0)
        kinds = {"O": "string", "U": "string", "i": "int32", "u": "int32", "b": "bool"}
        return Spec(array.shape[1:], kinds.get(array.dtype.kind, "float"))

    def _array(self, layer: AheadLayer, values: dict[int, Any], place: int) -> Array:
        if place >= len(self.ports):
            return values[place]  # type: ignore[no-any-return]
        port = self.ports[place]
        name = label("x", port.name, len(self.ports))
        array = layer.as_taken(name, plain_array(values[place]), self.who)
        return _shaped(self.who, name, array, port.shape)


def _shaped(who: str, name: str, array: Array, shape: Shape | None) -> Array:
    """Return an array of rows of a shape; a missing or surplus axis of size 1 is corrected."""
    if array.ndim == 0:
        one = array.item()
        what = "be a list of texts" if isinstance(one, str) else "have an axis of rows"
        raise ValueError(
            f"{who}: {name} must {what}; got a single {one!r:.40}; one row is [{name}]"
        )
    if shape is None or _check.fits_shape(array.shape[1:], shape):
        return (
            array[:, None] if shape is None and array.ndim == 1 else array
        )  # a column, as in Keras
    if array.ndim == len(shape) and shape[-1] in (1, None):
        return array[..., None]
    if array.ndim == len(shape) + 2 and array.shape[-1] == 1:
        return array[..., 0]
    raise ValueError(
        f"{who}: {name} has shape {array.shape}; the model needs {_check.show_shape(shape)}"
    )
