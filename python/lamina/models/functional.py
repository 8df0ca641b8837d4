"""Models that are graphs of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from lamina import _check, _core, _policies
from lamina._calls import answering_calls, refuse_unknown
from lamina._check import Shape
from lamina._names import free_name
from lamina._settings import has_settings
from lamina._tensors.arguments import flat, packed
from lamina.layers import InputLayer, Layer, SymbolicTensor
from lamina.models.architecture import forms, functional_config
from lamina.models.architecture.front import Front
from lamina.models.architecture.structure import Structure
from lamina.models.data.inputs import Port
from lamina.models.model import Model
from lamina.models.network.stateful import batch_of_input

if TYPE_CHECKING:
    from lamina._typing import DTypeLike, Tensors


class Functional(Model):
    """A model made of layers called on symbolic tensors; created by ``Model(inputs, outputs)``.

    Parameters
    ----------
    inputs, outputs : SymbolicTensor, list or dict of them
        Data are given, and ``predict`` returns them, in the same form.  The keys of a dict are used
        as names, in sorted order; otherwise an input has the name of its ``Input`` and an output
        that of the layer that made it.
    name : str, optional
    dtype : {"float32", "float64"}, optional
        The dtype of weights and computation; by default that of the inputs, or of layers already
        built.
    seed : int, optional
        Seed of the model's random numbers.
    trainable : bool, default True
        False freezes the layers.

    Attributes
    ----------
    layers : list of Layer
        Including inputs and models within, but not operations such as ``x + 1``.  Layers, and so
        the weights, are in Keras's order: by their distance from the outputs, farthest first; among
        equals, in the order in which they are met on the way back from the first output.

    Raises
    ------
    ValueError, TypeError
        If an output is not connected to the inputs, an input is unused, something is not a symbolic
        tensor, a tensor is listed twice, a name is used twice, or layers do not fit.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina.layers import Dense
    >>> left, right = lamina.Input((2,), name="left"), lamina.Input((2,), name="right")
    >>> shared = Dense(3, name="shared")
    >>> model = lamina.Model({"a": left, "b": right}, [shared(left), shared(right)])
    >>> [y.shape for y in model.predict({"a": np.ones((4, 2)), "b": np.ones((4, 2))})]
    [(4, 3), (4, 3)]
    >>> model.count_params()
    9
    """

    def __init__(
        self,
        inputs: Tensors,
        outputs: Tensors,
        *,
        name: str | None = None,
        dtype: DTypeLike | None = None,
        seed: int | None = None,
        **unknown: NoReturn,
    ) -> None:
        options: dict[str, Any] = unknown
        trains = options.pop("trainable", True)
        if options:
            refuse_unknown(type(self), options)
        ins, self._input_form, _ = _listed("inputs", inputs)
        outs, self._output_form, self._output_order = _listed("outputs", outputs)
        structure = Structure("Model", ins, outs)
        self._begin(name, dtype or _dtype_of(structure), seed)
        self._policy_given = dtype is not None
        self._structure = structure
        self._tell_policy(structure.layers)
        structure.ports([t.name for t in ins])  # raises if readers disagree
        renamed = [(layer, layer.name, free) for layer, free in _free_names(structure.layers)]
        for layer, _, free in renamed:
            layer.name = free
        try:
            self.ensure_built(self.input_row_shapes)
        except BaseException:
            for layer, old, _ in renamed:
                layer.name = old
            raise
        if trains is not True:
            self.trainable = trains

    # --- structure

    @property
    def parts(self) -> list[Layer]:
        """All layers, including those of the inputs, in Keras's order."""
        return list(self._structure.layers)

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors that stand for the inputs."""
        return [self._structure.tensors[t] for t in self._structure.inputs]

    def _readers(self) -> list[tuple[int, Layer]]:
        places = {id(tensor): place for place, tensor in enumerate(self.inputs)}
        read = ((layer, id(t)) for layer in self.parts for n in layer.nodes for t in n.inputs)
        return [(places[tensor], layer) for layer, tensor in read if tensor in places]

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors that stand for the outputs."""
        return [self._structure.tensors[t] for t in self._structure.outputs]

    @property
    def input_names(self) -> list[str]:
        """The dict's keys, or the names of the inputs, also in a list within a dict."""
        own = self._structure.input_layers
        keys = forms.names_of(self._input_form)
        if keys is None:
            return [layer.name for layer in own]
        within = forms.within_nests(self._input_form)
        names = [
            layer.name if inner and layer.named else key
            for key, layer, inner in zip(keys, own, within, strict=True)
        ]
        return names if len(set(names)) == len(names) else keys

    @property
    def output_names(self) -> list[str]:
        """The dict's keys, or the names of the layers that made them (numbered if not unique)."""
        keys = forms.names_of(self._output_form)
        if keys is not None:
            return keys
        names: list[str] = []
        for tensor in self.outputs:
            names.append(free_name(tensor.node.layer.name, names))
        return names

    def batch_given(self) -> int | None:
        """Return the first ``batch_size`` of an ``Input``."""
        given = (batch_of_input(layer) for layer in self._structure.input_layers)
        return next((batch for batch in given if batch is not None), None)

    def _find_ports(self) -> list[Port]:
        return self._structure.ports(self.input_names)

    def _find_front(self) -> Front | None:
        return self._structure.front(self.name, self.input_names)

    @property
    def input_row_shapes(self) -> list[Shape]:
        """The shapes of a row of the graph's inputs."""
        return [self._structure.shapes[t] for t in self._structure.fed]

    @property
    def _given_row_shapes(self) -> list[Shape]:
        return [self._structure.shapes[t] for t in self._structure.inputs]

    @property
    def row_shape(self) -> Any:
        """The shape of a row of input; a list if there are several inputs."""
        shapes = self.input_row_shapes
        return shapes[0] if len(shapes) == 1 else shapes

    def output_row_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of a row of the outputs; ValueError if the inputs do not fit."""
        for port, needed, got in zip(self.ports, self.input_row_shapes, shapes, strict=True):
            if not _check.fits_shape(got, needed):
                raise ValueError(
                    f"{self.name}: input {port.name!r} has shape {_check.show_shape(got)}; "
                    f"needs {_check.show_shape(needed)}"
                )
        known = [self._structure.shapes[t] for t in self._structure.outputs]
        if any(None in shape for shape in known) and not any(None in shape for shape in shapes):
            return self._recorded_row_shapes(shapes)
        return known

    @answering_calls
    def build(self, input_shape: Any = None) -> None:
        """Check the given shape, or list of shapes; the weights are made with the model."""
        if input_shape is None:
            return
        given = input_shape if isinstance(input_shape, list) else [input_shape]
        if not all(isinstance(shape, (list, tuple)) for shape in given):
            raise TypeError(
                f"build: input_shape must be like {self.input_shape}; got {input_shape}"
            )
        if [tuple(shape)[1:] for shape in given] != self._given_row_shapes:
            raise ValueError(f"build: input_shape must be {self.input_shape}; got {input_shape}")

    def _build_layers(self, shapes: Sequence[Shape]) -> None:  # noqa: ARG002
        self._structure.prepare(self.dtype, [port.kind for port in self.ports])

    def _record(
        self,
        graph: _core.Graph,
        inputs: Sequence[_core.Tensor],
        masks: Sequence[_core.Tensor | None],
        stream: int,
    ) -> tuple[list[Any], list[Any]]:
        return self._structure.record(graph, inputs, masks, stream)

    @property
    def streams(self) -> int:
        """The number of streams of random numbers that the layers use."""
        return self._structure.streams

    def by_input(self, x: Any) -> Any:
        """Return data given in a structure like the inputs for each input, in a list or a dict."""
        return forms.by_name(self._input_form, x, "x", self.input_names)

    def packed_inputs(self, inputs: list[Any]) -> Any:
        """Return one value for each input in the form in which the model was given inputs."""
        if self.front is not None:  # there may be other inputs
            return super().packed_inputs(inputs)
        return packed(self._input_form, inputs)

    def _packed(self, outputs: list[Any]) -> Any:
        if isinstance(self._output_form, (list, tuple)) and len(outputs) == 1:
            return outputs[0]  # also for a list of one, as in Keras
        return packed(self._output_form, outputs)

    def _returned_by_call(self, outputs: Any) -> Any:
        return forms.in_order(self._output_order, outputs)

    def _form_returned(self) -> Any:
        return self._output_form

    def summary_rows(self) -> Any:
        """Return the head and the lines of ``summary``."""
        from lamina.models.network.graph_summary import rows_of_graph

        return rows_of_graph(self)

    def connections(self) -> list[tuple[Layer, list[Layer]]]:
        """Return each layer with the layers that its calls read, in the order of ``layers``."""
        return list(self._structure.readers())

    def output_shapes_by_layer(self) -> dict[str, list[Shape]]:
        """Return the shapes of a row of the outputs of each layer's first call."""
        structure = self._structure
        shapes = {layer.name: [layer.shape] for layer in structure.input_layers}
        for step in structure.all_steps:
            shapes.setdefault(step.layer.name, [structure.shapes[t] for t in step.outputs])
        return shapes

    def _drawn_layers(self) -> list[Layer]:
        # Without the inputs: a chain of layers draws the same numbers as a Sequential of them.
        return [layer for layer in self.parts if not isinstance(layer, InputLayer)]

    # --- configuration, copies

    @answering_calls
    def get_config(self) -> dict[str, Any]:
        """Return the layers, their inputs, and the model's inputs and outputs, as plain values.

        A node in ``inbound_nodes`` lists (layer name, index of its call, index of the output).
        """
        config = functional_config.to_config(self._structure, self._input_form, self._output_form)
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "seed": self._own_seed.given,
            **config,
            "output_layers": self._returned_by_call(config["output_layers"]),
        }

    @classmethod
    @answering_calls
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, type] | None = None
    ) -> Functional:
        """Return a new model from the result of ``get_config``, with new random weights.

        Examples
        --------
        >>> import lamina
        >>> x = lamina.Input((4,))
        >>> model = lamina.Model(x, lamina.layers.Dense(2)(x))
        >>> lamina.Model.from_config(model.get_config()).count_params()
        10
        """
        if not has_settings(config, "dtype", "layers", "input_layers", "output_layers"):
            raise TypeError(f"from_config: needs the result of get_config; got {config!r}")
        inputs, outputs = functional_config.from_config(config, custom_objects)
        made = cls if issubclass(cls, Functional) else Functional
        return made(
            inputs, outputs, name=config.get("name"), dtype=config["dtype"],
            seed=config.get("seed"),
        )  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the attributes, make the symbolic tensors, and place the weights in memory."""
        super().__setstate__(state)
        self._structure.restore_nodes()


def _listed(what: str, value: Any) -> tuple[list[SymbolicTensor], Any, Any]:
    # The tensors, and their form, with the keys of dicts sorted and in the order given.
    if isinstance(value, Mapping):
        value = {str(key): each for key, each in value.items()}
    order = forms.form_of(value, lambda v: isinstance(v, SymbolicTensor))
    value = forms.by_key(value)  # as Keras orders weights and outputs
    tensors = flat(value)
    if not tensors:
        raise ValueError(f"Model: {what} must hold at least one symbolic tensor; got none")
    for tensor in tensors:
        if not isinstance(tensor, SymbolicTensor):
            raise TypeError(
                f"Model: {what} must be symbolic tensors, as lamina.Input and layers called on "
                f"them return; got {type(tensor).__name__}"
            )
    for i, tensor in enumerate(tensors):
        if any(tensor is other for other in tensors[:i]):
            raise ValueError(f"Model: {what} must be distinct; {tensor.name!r} is listed twice")
    return tensors, forms.form_of(value, lambda v: isinstance(v, SymbolicTensor)), order


def _dtype_of(structure: Structure) -> str:
    given = {
        layer.get_config()["dtype"]: layer.name
        for layer in structure.input_layers
        if layer.kind is None and "dtype" in layer.get_config()
    }
    if len(given) > 1:
        pairs = ", ".join(f"{name!r} is {dtype}" for dtype, name in given.items())
        raise ValueError(f"Model: inputs must have the same dtype; {pairs}")
    held = [
        la.dtype for la in structure.layers if la.built and la.parameters and not la._is_unplaced()
    ]
    chosen = _policies.chosen()
    if held and _policies.variable_dtype(chosen) != held[0]:
        chosen = held[0]
    return next(iter(given), chosen)


def _free_names(layers: Sequence[Layer]) -> list[tuple[Layer, str]]:
    """Return new names for layers whose automatic names are taken."""
    taken: set[str] = set()
    for layer in layers:
        if layer.named:
            if layer.name in taken:
                raise ValueError(
                    f"Model: two layers are named {layer.name!r}; names must be distinct"
                )
            taken.add(layer.name)
    renamed = []
    # Built layers first: they may be used in another model under their names.
    others = sorted((la for la in layers if not la.named), key=_is_new)
    for layer in others:
        free = free_name(layer.name, taken)
        taken.add(free)
        if free != layer.name:
            renamed.append((layer, free))
    return renamed


def _is_new(layer: Layer) -> bool:
    return isinstance(layer, InputLayer) or not layer.built or layer._is_unplaced()
