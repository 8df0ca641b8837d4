"""A model before it computes: layers, weights, recordings, copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina import _check, _core, _policies, _room
from lamina._calls import answering_calls
from lamina._check import Shape
from lamina._names import free_name, lookup, next_name, snake_case
from lamina._public import PublicKeywords
from lamina.layers import Layer
from lamina.layers.base import weights as weights_
from lamina.layers.base.held import next_moment
from lamina.layers.base.lock import structure
from lamina.models.architecture import forms
from lamina.models.data.rows import gathered
from lamina.models.network.cache import RecentValues
from lamina.models.network.described import Described
from lamina.models.network.endpoints import Endpoints
from lamina.models.network.paths import by_path
from lamina.models.network.rebuilt import Rebuilt
from lamina.models.network.recorded import for_any_rows
from lamina.models.network.stateful import Stateful
from lamina.models.network.typed import Typed
from lamina.random import Seed, seed_value

if TYPE_CHECKING:
    from lamina._typing import DTypeLike


class Network(Described, Endpoints, Stateful, Rebuilt, Typed, PublicKeywords):
    """Connected layers, with their weights.

    A subclass defines ``layers``, ``_build_layers`` and ``_record``, and the methods named in
    ``Endpoints``.

    Attributes
    ----------
    name : str
    dtype : {"float32", "float64"}
        The dtype of the weights and, unless ``dtype_policy`` says otherwise, of computation.
    seed : int
        Determines initial weights, shuffles, validation splits and dropout.
    """

    # Used by models, layers and the training loop; hidden from dir and help.
    _plumbing: ClassVar[str] = (
        "adopt any_length as_layer batch_given bound by_input by_output calls carriers "
        "check_batches check_fit check_ragged compilation compile_as_asked compile_settings "
        "connections constrained copied_weights default_batch default_fit_batch drawn ensure_built "
        "evaluator fill forget front give_spread graph_inputs input_row_shapes live_weights "
        "load_backup meet moment named objective objective_for output_row_shape output_row_shapes "
        "output_shapes_by_layer packed_inputs packed_outputs parameters parts path_of penalties "
        "ports prepare_layers put_arrays record_outputs recorded_settings regularized restore "
        "row_shape save_backup says_loss shapes_by_place snapshot state_rows stopped_at_zero "
        "streams summary_rows take_seed take_spread through_front train_state unbuild unbuilt "
        "unbuilt_on_error weights_by_path"
    )
    moment: int = 0  # time of creation
    _drawn_early: int = 0  # how many weights were drawn before the model was built
    _not_copied: tuple[str, ...] = (
        "_ready", "_row_shapes", "_layer", "_known_ports", "_known_front", "_paths", "drawn",
    )  # fmt: skip

    def _begin(self, name: str | None, dtype: DTypeLike | None, seed: int | None) -> None:
        # The beginning of the constructors of both kinds of models.
        who = type(self).__name__
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{who}: name must be a string; got {name!r}")
        self.name = name or next_name(snake_case(who))
        self.named = name is not None
        self.moment = next_moment()
        given, default = _policies.given(who, dtype)
        self._policy, self._policy_given = given or default, given is not None
        self.dtype = _policies.variable_dtype(self._policy)
        self._own_seed = Seed(None if seed is None else seed_value(who, seed))
        self._start()

    def _start(self) -> None:
        # Attributes that a copy creates again: everything that belongs to the engine.
        self._changes = 0  # count of structural changes, by which calls detect new ones
        self._ready = False  # all weights are made and filled, so other threads may use them
        self._row_shapes: RecentValues[list[Shape]] = (
            RecentValues()
        )  # output shapes, by input shapes
        self._layer: Any = None  # the model as a layer of other models
        self._paths: dict[int, str] | None = None  # paths of the weights
        self.drawn: list[weights_.FirstValues] = []  # the initial values drawn from its seed

    def _as_of(self) -> Any:
        return self._changes, self._ready, getattr(self, "row_shape", None)

    # --- defined by subclasses

    def _build_layers(self, shapes: Sequence[Shape]) -> None:  # noqa: ARG002
        raise TypeError(f"{type(self).__name__}: a model must define _build_layers")

    def _record(
        self,
        graph: _core.Graph,  # noqa: ARG002
        inputs: Sequence[_core.Tensor],  # noqa: ARG002
        masks: Sequence[_core.Tensor | None],  # noqa: ARG002
        stream: int,  # noqa: ARG002
    ) -> tuple[list[Any], list[Any]]:
        # Returns the outputs and their masks; random streams start at `stream`.
        raise TypeError(f"{type(self).__name__}: a model must define _record")

    def packed_inputs(self, inputs: list[Any]) -> Any:
        """Return one value for each input in the form of the model's input data."""
        return inputs[0] if len(inputs) == 1 else inputs

    def packed_outputs(self, outputs: list[Any]) -> Any:
        """Return one value for each output in the form in which the model returns them."""
        return self._packed(outputs)

    def by_output(self, what: str, value: Any) -> Any:
        """Return the entries of a structure like the outputs for each output, in a list or a dict.

        ``what`` is the name of the structure in messages.
        """
        return forms.by_name(self._form_returned(), value, what, self.output_names)

    def by_input(self, x: Any) -> Any:
        """Return data given in a structure like the inputs for each input, in a list or a dict."""
        return x

    def meet(self, x: Any) -> Any:
        """Return data with ``Rows`` for those of unequal shape; determine the inputs from them."""
        x = self.through_front(self.by_input(x))
        plain = type(x) is np.ndarray and x.dtype != object
        return x if plain else gathered(x, self.ports)

    def _packed(self, outputs: list[Any]) -> Any:
        # Outputs in the form in which they were given to the model.
        return outputs[0] if len(outputs) == 1 else outputs

    def _returned_by_call(self, outputs: Any) -> Any:
        # As Keras does, a call keeps the order in which dicts were written; `_packed` sorts them.
        return outputs

    def _form_returned(self) -> Any:
        # The structure that `_packed` returns, a leaf for each output; None for a list or one
        # array.
        return None

    # --- structure

    @property
    def streams(self) -> int:
        """The number of streams of random numbers that the layers use."""
        return sum(layer.streams for layer in self.parts)

    @answering_calls
    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer | Any:
        """Return a layer by name or by index.

        Raises
        ------
        ValueError
            If there is no such layer (the nearest name is suggested), or if neither or both are
            given.
        """
        if isinstance(name, int) and index is None:
            name, index = None, name
        if (name is None) == (index is None):
            raise ValueError(f"{self.name}: get_layer needs a name or an index")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"{self.name}: has {len(layers)} layers; got index {index}")
            return layers[index]
        return lookup("layer", str(name), {layer.name: layer for layer in layers})

    @property
    def seed(self) -> int:
        """The seed of the model, drawn from the global sequence on first use."""
        return self._own_seed.value

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        layers = self.parts
        return bool(layers) and all(layer.built for layer in layers)

    def ensure_built(self, shapes: Sequence[Shape] | None) -> None:
        """Make the weights, and draw their initial values, unless this has been done.

        On failure the model is left as it was.
        """
        if self._ready:
            return
        with structure():
            if shapes is None:
                if self.built:  # all layers come from another model
                    self.fill()
                    return
                raise ValueError(
                    f"{self.name}: the input shape is not known yet; start with "
                    f"lamina.Input(shape), call build or fit"
                )
            before = self.unbuilt()
            try:
                self._build_layers(shapes)  # recording them detects errors
                self.fill()
                if before[0]:
                    self._changed()
            except BaseException:
                self.forget(before)
                raise
            weights_.note_model(self.parameters, self)
            self._ready = True

    def prepare_layers(self, shapes: Sequence[Shape]) -> None:
        """Build the layers; an outer model gives the weights memory and initial values."""
        with structure():
            self._build_layers(shapes)

    def fill(self) -> None:
        """Give all weights one block of memory, and the new ones their initial values."""
        with structure():
            layers = self._drawn_layers()
            numbers = [
                weights_.place(layer, index, self._own_seed, self._drawn_early)
                for index, layer in enumerate(layers)
            ]
            if not self.built:
                self._drawn_early = max(numbers, default=0)
            if _room.is_limited():  # the layers come from a file
                weights_.allocate(layers)
            else:
                self.drawn += weights_.settle(layers)

    def unbuilt(self) -> tuple[list[Layer], Any]:
        """Return the layers not built yet, and other attributes of the model set by building."""
        return [layer for layer in self.parts if not layer.built], None

    def forget(self, before: tuple[list[Layer], Any]) -> None:
        """Undo building: restore the state returned by ``unbuilt``."""
        for layer in before[0]:
            layer.forget()

    def unbuild(self, before: tuple[list[Layer], Any]) -> None:
        """Undo completed building: weights, and recordings with them, are dropped."""
        with structure():
            self.forget(before)
            self._changed()

    @contextmanager
    def unbuilt_on_error(self) -> Iterator[ExitStack]:
        """Undo building within the block if the block raises an exception.

        ``pop_all()`` of what it yields keeps the model as it is by then, whatever follows.
        """
        with ExitStack() as undo:
            if not (self._ready or self.built):
                undo.callback(self._unbuild_if_built, self.unbuilt())
            yield undo
            undo.pop_all()

    def _unbuild_if_built(self, before: tuple[list[Layer], Any]) -> None:
        if self.built:
            self.unbuild(before)

    def _drawn_layers(self) -> list[Layer]:
        # Each layer draws its initial weights from a stream given by its position here.
        return self.parts

    def _changed(self) -> None:
        self._ready = False
        self._paths = None
        self._changes += 1
        self._forget_recordings()
        if self._layer is not None:
            self._layer.keep()

    def _forget_recordings(self) -> None:
        # Recordings of the model, which has changed.
        self._row_shapes.clear()

    @answering_calls
    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output for a shape of the input, without building the model.

        Parameters
        ----------
        input_shape : tuple, or list or dict of them
            Starting with the axis of rows, ``(None, 13)``.

        Returns
        -------
        tuple, or a list of them for several outputs
        """
        who = "compute_output_shape"
        if isinstance(input_shape, Mapping) and set(self.input_names) <= set(input_shape):
            input_shape = [input_shape[name] for name in self.input_names]
        given = forms.shapes_in(input_shape)
        rows = {shape[0] for shape in given if len(shape)}
        with structure():
            before = None if self.built else self.unbuilt()
            try:
                found = self.output_row_shapes(
                    [_check.open_shape(who, "input_shape", shape[1:]) for shape in given]
                )
            finally:
                if before is not None:
                    self.unbuild(before)
        full = [(next(iter(rows)) if len(rows) == 1 else None, *shape) for shape in found]
        return full[0] if len(full) == 1 else full

    @property
    def any_length(self) -> bool:
        """Whether an axis of a row may have any length."""
        return any(None in (port.shape or ()) for port in self.ports)

    def _recorded_row_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        # Shapes of outputs; the last few are kept, like predictors.
        key = tuple(shapes)
        found = self._row_shapes.get(key)
        if found is None:
            found = [tuple(output.shape) for output in for_any_rows(self, shapes).outputs]
            with structure():
                self._row_shapes.put(key, found)
        return list(found)

    def graph_inputs(self, graph: _core.Graph, shapes: Sequence[Shape]) -> list[_core.Tensor]:
        """Make the model's inputs, with rows of these shapes, on a graph under construction."""
        ports = self.ports
        names = ["x"] if len(ports) == 1 else [port.name for port in ports]
        return [
            graph.input(shape, name, port.kind)
            for shape, name, port in zip(shapes, names, ports, strict=True)
        ]

    def recorded_settings(self) -> tuple[int, ...]:
        """Return numbers that change whenever a recorded setting of a layer changes."""
        layers = (each for layer in self.parts for each in layer.walk())
        return tuple(number for layer in layers for number in layer.recorded_settings())

    def record_outputs(
        self,
        graph: _core.Graph,
        inputs: Sequence[_core.Tensor],
        masks: Sequence[_core.Tensor | None] | None = None,
        stream: int = 0,
    ) -> tuple[list[Any], list[Any]]:
        """Record the whole model on a graph under construction; return outputs and masks."""
        with structure(), _policies.recorded_under(graph, self.dtype_policy.name):
            self._tell_policy(self.parts)
            return self._record(graph, inputs, masks or [None] * len(inputs), stream)

    # --- the model as a part of other models

    def as_layer(self) -> Any:
        """Return the model as a layer of other models; always the same object."""
        if self._layer is None:
            from lamina.models.architecture.nested import ModelLayer

            self._layer = ModelLayer(self)  # type: ignore[arg-type]
        return self._layer

    def adopt(self, layer: Any) -> None:
        """Use a restored layer as the result of ``as_layer``."""
        self._layer = layer

    def path_of(self, parameter: _core.Parameter) -> str:
        """Return the path of one of its weights from the layers' names, as in Keras."""
        with structure():
            if self._paths is None:
                self.ensure_built(self.input_row_shapes)
                graph = for_any_rows(self).graph
                known = {id(p): path for p, path in zip(graph.parameters, graph.paths, strict=True)}
                for each in self.parameters:
                    if id(each) not in known:
                        known[id(each)] = free_name(each.name, set(known.values()))
                self._paths = known
            return self._paths.get(id(parameter), parameter.name)

    def weights_by_path(self) -> dict[str, _core.Parameter]:
        """Return the weights by paths that are the same in all models built in the same way."""
        with structure():
            self.ensure_built(self.input_row_shapes)
            return by_path(self.parameters, self.parts)

    # --- copies

    def __getstate__(self) -> dict[str, Any]:
        """Return everything except the engine's objects (for pickle and deepcopy)."""
        with structure():
            if self.built:
                self.fill()  # a copy has the same weights
            state = {k: v for k, v in self.__dict__.items() if k not in self._not_copied}
        state["_own_seed"] = Seed(self.seed)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the attributes, and give all weights one block of memory."""
        self.__dict__.update(state)
        self._start()
        for layer in self.parts:
            layer.place()
        weights_.allocate(self.parts)
