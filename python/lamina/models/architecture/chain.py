"""A sequence of layers as a model: the shapes between them, and how they are recorded."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from lamina import _check, _core
from lamina._calls import answering_calls
from lamina._check import Shape
from lamina.layers import InputLayer, Layer
from lamina.layers.base import called
from lamina.layers.base import weights as weights_
from lamina.layers.base.behind import behind
from lamina.layers.base.lock import structure
from lamina.layers.base.reached import reached
from lamina.layers.base.shapes import Sketch, Spec, sketched
from lamina.layers.base.use import using
from lamina.models.architecture.front import Front, FrontStep
from lamina.models.data.inputs import Port
from lamina.models.model import Model
from lamina.models.network.stateful import batch_of_input

if TYPE_CHECKING:
    from lamina._typing import DTypeLike
    from lamina.layers.preprocessing.ahead import AheadLayer


def _is_ahead(layer: Layer) -> bool:
    return layer.ahead


def _alone(y: Any, mask: Any) -> tuple[Any, Any]:
    """Return the only output of a list of one, with its mask, as elsewhere in the library."""
    return (y[0], mask[0]) if isinstance(y, list) else (y, mask)


class Chain(Model):
    """A model in which each layer takes the output of the one before; base of ``Sequential``."""

    def _begin(self, name: str | None, dtype: DTypeLike | None, seed: int | None) -> None:
        super()._begin(name, dtype, seed)
        self._input: InputLayer | None = None
        # Never changed in place, so that a reference to the list keeps the layers as they were.
        self._layers: list[Layer] = []
        # For each recorded layer, once the input shape is known: its output, and the number of
        # random streams used by it and the layers before it.
        self._ends: list[tuple[Spec, int]] = []
        self._others: list[Spec] = []  # further outputs of the last layer
        self._row_shape: Shape | None = None  # the shape of the graph's input
        self._first: Spec | None = None  # the first input of layers ahead, without an Input

    @property
    def parts(self) -> list[Layer]:
        """The layers in order, without the ``Input``."""
        return list(self._layers)

    def _readers(self) -> list[tuple[int, Layer]]:
        return [(0, layer) for layer in self._layers[:1]]

    @property
    def _ahead(self) -> list[AheadLayer]:
        # The first layers, if they compute on arrays before the others are recorded.
        return [cast("AheadLayer", la) for la in itertools.takewhile(_is_ahead, self._layers)]

    @property
    def _behind(self) -> list[Layer]:
        # The layers that are recorded.
        return self._layers[len(self._ahead) :]

    def through_front(self, x: Any) -> Any:
        """Return data as fed to the graph; the first data determine the model's input."""
        front = self.front
        if front is None:
            return x
        if self._input is None and self._row_shape is None:
            self._first = front.met(x)
        return front(x)

    @property
    def _given(self) -> Spec | None:
        # The input of the model; None while it is unknown.
        if self._input is not None:
            return Spec(self._input.shape, self._input.kind or "float")
        if self._row_shape is None or not self._ahead:
            return None if self._row_shape is None else Spec(self._row_shape)
        return self._first

    def _find_front(self) -> Front | None:
        ahead = self._ahead
        if not ahead:
            return None
        shape = None if self._input is None else self._input.shape
        steps = [FrontStep(layer, [i], i + 1) for i, layer in enumerate(ahead)]
        return Front(self.name, [Port(self._input_name, shape)], steps, [len(ahead)])

    def _specs_ahead(self) -> list[Spec]:
        """Return the input and its results after the layers ahead; nothing without an Input."""
        if self._input is None:
            return []
        specs = [Spec(self._input.shape, self._input.kind or "float")]
        for layer in self._ahead:
            layer.check_kind(specs[-1].kind, self._input_name)
            specs.append(layer.made_of(specs[-1:]))
        return specs

    @property
    def _input_name(self) -> str:
        return "input_layer" if self._input is None else self._input.name

    @property
    def row_shape(self) -> Shape | None:
        """The shape of a row that is recorded; None until it is known."""
        return self._row_shape

    @property
    def _given_row_shapes(self) -> list[Shape] | None:
        if self._ahead:
            return None if self._given is None else [self._given.shape]
        return super()._given_row_shapes

    @answering_calls
    def get_build_config(self) -> dict[str, Any]:
        """Return the shapes for which the model was built, as plain values."""
        told = super().get_build_config()
        if self._ahead and self._input is None and self._row_shape is not None:
            met = None if self._first is None else [list(self._first.shape), self._first.kind]
            told.update(met=met, fed=list(self._row_shape))
        return told

    @answering_calls
    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Build the model for the shapes returned by ``get_build_config``."""
        fed, met = config.get("fed"), config.get("met")
        if fed is None or not self._ahead or self._input is not None or self._row_shape is not None:
            super().build_from_config(config)
            return
        self.ensure_built([_check.open_shape("build_from_config", "fed", fed)])
        if met is not None:
            shape, kind = met
            if kind not in ("float", "int32", "bool", "string"):
                raise ValueError(f"{self.name}: build_from_config: met has the kind {kind!r:.80}")
            self._first = Spec(_check.open_shape("build_from_config", "met", shape), kind)

    def batch_given(self) -> int | None:
        """Return the ``batch_size`` of the ``Input``."""
        return batch_of_input(self._input)

    def _find_ports(self) -> list[Port]:
        # The first layer with a requirement determines whether floats or token ids are fed.
        given, name, made = self._kind_fed(), self._input_name, bool(self._ahead)
        for layer in self._behind:
            kind = layer.wanted_dtypes(1)[0]
            if layer.calls and kind is None:
                break  # it takes any kind, and may return any kind
            if kind is not None:
                if given not in (None, kind):
                    break  # the input is converted
                return [Port(name, self._row_shape, kind, layer.input_bounds(1)[0], made)]
        else:
            if not made and (self._input is None or self._input.kind is None):
                return [Port(name, self._row_shape, open_kind=True)]
        return [Port(name, self._row_shape, given or "float", None, made)]

    def _kind_fed(self) -> str | None:
        """Return the kind of the graph's input, if it is known; None for floats."""
        kind = None if self._input is None else self._input.kind
        if self._ahead:
            specs = self._specs_ahead() or [self._ahead[-1].made_of([Spec((None,))])]
            kind = specs[-1].kind
        if kind == "string":
            reader = self._behind[0].name if self._behind else self.name
            raise TypeError(
                f"{reader}: needs numbers; {self._input_name} holds strings, which StringLookup, "
                f"Hashing and TextVectorization take"
            )
        return None if kind == "float" else kind

    @property
    def output_names(self) -> list[str]:
        """The name of the last layer; "output_1", "output_2", ... if it has several outputs."""
        layers = self._layers
        if self._others:
            return [f"output_{i + 1}" for i in range(len(self._others) + 1)]
        return [layers[-1].name if layers else self.name]

    def _find_ends(self) -> None:
        # Of the new layers, those that are built, if the shape of the input is known.
        if self._row_shape is None or len(self._ends) == len(self._behind):
            return
        first = len(self._ends)
        spec, stream = self._ends[-1] if first else (Spec(self._row_shape, self.ports[0].kind), 0)
        if self._others and first:
            self._refuse_behind(self._behind[first - 1], len(self._others))
        ends, self._others = sketched(
            self.dtype, [spec], lambda sketch: self._reach(sketch, first, stream)
        )
        for index in range(len(self._ahead) + first, len(self._layers)):
            weights_.place(self._layers[index], index, self._own_seed)
        self._ends = [*self._ends, *ends]

    def _refuse_behind(self, layer: Layer, others: int) -> NoReturn:
        raise ValueError(
            f"{layer.name}: has {others + 1} outputs; a layer of a Sequential must have one unless "
            f"it is the last (lamina.Model allows several)"
        )

    def _reach(
        self, sketch: Sketch, first: int, stream: int
    ) -> tuple[list[tuple[Spec, int]], list[Spec]]:
        # Build each layer when it is reached, from this index on.
        tensors, (spec,) = sketch.inputs, sketch.given
        before: list[tuple[Layer, bool]] = []  # and whether it keeps the number of axes
        shapes = [self._row_shape or (), *(end.shape for end, _ in self._ends)]
        for layer, given, made in zip(self._behind, shapes, shapes[1:], strict=False):
            before.append((layer, len(given) == len(made)))
        ends: list[tuple[Spec, int]] = []
        others: list[Spec] = []
        for layer in self._behind[first:]:
            with behind(reversed(before), spec.shape):
                tensors, found = reached(layer, sketch, tensors, [spec], self.dtype, stream)
            axes, (spec, *others) = len(spec.shape), found
            if others and len(before) < len(self._behind) - 1:
                self._refuse_behind(layer, len(others))
            before.append((layer, len(spec.shape) == axes))
            stream += layer.streams
            ends.append((spec, stream))
        called.check_weights(self._layers, tensors[0])
        return ends, others

    def meet(self, x: Any) -> Any:
        """Return data as they are fed; lengths known only from data may change, as in Keras."""
        x = super().meet(x)
        learned = self._input is None and self._ends and self._behind[0].given_input_shape is None
        if learned and hasattr(x, "shape"):
            self._open_axes(tuple(x.shape[1:]))
        return x

    def _open_axes(self, row_shape: Shape) -> None:
        """Allow any length along axes in which these data differ, if the layers allow it."""
        known = self._row_shape or ()
        if len(known) != len(row_shape) or _check.fits_shape(row_shape, known):
            return
        with structure():
            if self._layer is not None and self._layer.placed:
                return  # an outer model relies on the shapes
            before = self._row_shape, self._ends
            pairs = zip(known, row_shape, strict=True)
            opened: Any = tuple(n if n == m else None for n, m in pairs)
            self._row_shape, self._ends = opened, []
            try:
                self._find_ends()
            except ValueError:  # unsuitable data are rejected when they are checked
                self._row_shape, self._ends = before
                return
            if self._first is not None and self._first.shape == known:
                self._first = Spec(opened, self._first.kind)
            self._changed()

    def unbuilt(self) -> tuple[list[Layer], Any]:
        """Return the layers not built yet, and what is known about shapes."""
        return super().unbuilt()[0], (self._row_shape, self._ends, self._others)

    def forget(self, before: tuple[list[Layer], Any]) -> None:
        """Undo building; a shape that was known only from data is open again."""
        super().forget(before)
        self._row_shape, self._ends, self._others = before[1]

    def output_row_shape(self, row_shape: Shape) -> Shape:
        """Return the shape of a row of output for rows of input of ``row_shape``."""
        ends = self._ends
        if ends and row_shape == self._row_shape:
            return ends[-1][0].shape
        if self.built:
            return self._recorded_row_shapes([row_shape])[0]
        with structure():
            before = self.unbuilt()
            try:
                self._build_layers([row_shape])
                return self._ends[-1][0].shape if self._ends else row_shape
            finally:
                self.forget(before)

    def shapes_by_place(self) -> list[Shape]:
        """Return the shape of a row after each layer, for a model that knows its input shape."""
        ahead = [spec.shape for spec in self._specs_ahead()[1:]] or [(None,)] * len(self._ahead)
        return [*ahead, *(end.shape for end, _ in self._ends)]

    def output_row_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shape of a row of each output; most models have one output."""
        ends = self._ends
        if ends and shapes[0] == self._row_shape:
            return [ends[-1][0].shape, *(spec.shape for spec in self._others)]
        if self.built:
            return self._recorded_row_shapes(shapes)
        return [self.output_row_shape(shapes[0])]

    def _packed(self, outputs: list[Any]) -> Any:
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _build_layers(self, shapes: Sequence[Shape]) -> None:
        # An Input, or None for any length, applies to all later data; shapes known only from data
        # apply until other data arrive (``meet``).
        if self._row_shape is None:
            self._row_shape = shapes[0]
        if not all(layer.built and layer.dtype == self.dtype for layer in self._layers):
            self._ends = []
        self._find_ends()

    def _drawn_layers(self) -> list[Layer]:
        return list(dict.fromkeys(self._layers))  # a layer may occur several times

    def ensure_built(self, shapes: Sequence[Shape] | None) -> None:
        """Make the weights unless they exist."""
        if not self._layers:
            raise ValueError(f"{self.name}: has no layers; add some first")
        if shapes is None and not self.built and self._behind:
            shape = self._behind[0]._built_shape  # for a layer that comes from another model
            shapes = [shape] if type(shape) is tuple else None
        super().ensure_built(shapes)

    def _record(
        self,
        graph: _core.Graph,
        inputs: Sequence[_core.Tensor],
        masks: Sequence[_core.Tensor | None],
        stream: int,
    ) -> tuple[list[Any], list[Any]]:
        x: Any = inputs[0]
        mask: Any = masks[0]
        last = len(self._behind) - 1
        for place, layer in enumerate(self._behind):
            with using(layer, stream=stream):
                x, mask = layer.apply(graph, x, mask)
            if place < last:
                x, mask = _alone(x, mask)
            stream += layer.streams
        if isinstance(x, list):
            return x, mask or [None] * len(x)
        return [x], [mask]
