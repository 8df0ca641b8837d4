"""What a model is before it is trained: layers, weights, predictions, copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, overload

import numpy as np

from lamina import _check, _core, _screen
from lamina._calls import answering_calls, refuse_arguments
from lamina._check import Shape
from lamina._names import lookup
from lamina._public import PublicKeywords
from lamina._settings import changes
from lamina._tensors import Recording
from lamina.callbacks import CallbackList
from lamina.layers import Layer
from lamina.layers import weights as weights_
from lamina.layers._held import next_moment
from lamina.layers._lock import structure
from lamina.layers.calls import refuse
from lamina.layers.node import any_symbolic
from lamina.models import data as data_
from lamina.models import inputs as inputs_
from lamina.models.ends import Ends
from lamina.models.prediction import BLOCK, BOUND_BATCH, in_batches, in_calls
from lamina.models.recorded import KEPT, Predictors, for_any_rows
from lamina.models.stateful import Stateful
from lamina.random import NOISE, Seed, mix, seed_value

if TYPE_CHECKING:
    from lamina._typing import CallbacksLike, Data, Masks, Tensors, Verbose
    from lamina.layers import SymbolicTensor


class Network(Ends, Stateful, PublicKeywords):
    """Layers that follow each other in some way, with weights, able to predict.

    A subclass gives ``layers``, ``_build_layers`` and ``_record``, and what ``Ends`` names.

    Attributes
    ----------
    name : str
    dtype : {"float32", "float64"}
        Of weights and computation.
    seed : int
        Fixes initial weights, shuffles, validation splits and dropout.
    """

    # What models, layers and the training loop ask of each other; dir and help leave it out.
    _plumbing: ClassVar[str] = (
        "adopt any_length as_layer batch_given bound calls carriers check_batches check_fit "
        "compile_as_asked compiled connections constrained copied_weights default_batch "
        "default_fit_batch ensure_built evaluator fill forget graph_inputs input_row_shapes "
        "live_weights meet moment named objective objective_for output_row_shape output_row_shapes "
        "output_shapes_by_layer packed_inputs packed_outputs parameters penalties ports "
        "prepare_layers record_outputs recorded_settings regularized restore row_shape says_loss "
        "snapshot state_rows streams train_state unbuilt weights_by_path"
    )
    moment: int = 0  # when it was made
    _not_copied: tuple[str, ...] = (
        "_ready", "_predictors", "_row_shapes", "_predictions", "_fast", "_layer", "_known_ports",
        "_seen", "_predicted_settings",
    )  # fmt: skip

    def _begin(self, name: str | None, dtype: str, seed: int | None) -> None:
        # What the constructors of both kinds of models begin with.
        who = type(self).__name__
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{who}: name must be a string; got {name!r}")
        self.name = name or who.lower()
        self.named = name is not None
        self.moment = next_moment()
        self.dtype = _check.dtype(who, dtype)
        self._own_seed = Seed(None if seed is None else seed_value(who, seed))
        self._start()

    def _start(self) -> None:
        # What is made anew in a copy: all that belongs to the engine.
        self._changes = 0  # of the structure: a call that looks at it twice knows of one between
        self._ready = False  # all weights made and filled: what another thread may rely on
        self._predictors = Predictors()
        self._row_shapes: dict[tuple[Shape, ...], list[Shape]] = {}  # outputs' by inputs'
        self._predictions = 0  # that drew random numbers
        # Of models with one input of floats and one output.
        # With its layers, which the engine holds weakly: a call ends with those it began with.
        self._fast: tuple[_core.Predictor, np.dtype[Any], Shape, list[Layer]] | None = None
        self._layer: Any = None  # the model as a layer of others
        self._seen = -1  # of the changes of settings
        self._predicted_settings: tuple[int, ...] | None = None  # that predictors record

    def _as_of(self) -> Any:
        return self._changes, self._ready, getattr(self, "row_shape", None)

    # --- what a subclass gives

    def _build_layers(self, shapes: Sequence[Shape]) -> None:  # noqa: ARG002
        raise TypeError(f"{type(self).__name__}: a model must define _build_layers")

    def _record(
        self,
        graph: _core.Graph,  # noqa: ARG002
        inputs: Sequence[_core.Tensor],  # noqa: ARG002
        masks: Sequence[_core.Tensor | None],  # noqa: ARG002
        stream: int,  # noqa: ARG002
    ) -> tuple[list[Any], list[Any]]:
        # Returns the outputs and their masks; random streams begin with `stream`.
        raise TypeError(f"{type(self).__name__}: a model must define _record")

    def packed_inputs(self, inputs: list[Any]) -> Any:
        """Return one value for each input in the form in which the model is given data."""
        return inputs[0] if len(inputs) == 1 else inputs

    def packed_outputs(self, outputs: list[Any]) -> Any:
        """Return one value for each output in the form in which the model returns them."""
        return self._packed(outputs)

    def meet(self, x: Any) -> None:
        """Learn from data what is fed, where the model does not say."""

    def _packed(self, outputs: list[Any]) -> Any:
        # Outputs in the form in which the model was given them.
        return outputs[0] if len(outputs) == 1 else outputs

    # --- structure

    @property
    def streams(self) -> int:
        """How many streams of random numbers the layers use."""
        return sum(layer.streams for layer in self.layers)

    @answering_calls
    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by name or by place.

        Raises
        ------
        ValueError
            No such layer (the nearest name is suggested), or neither or both given.
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
        """The model's seed; drawn from the global sequence when first needed."""
        return self._own_seed.value

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        layers = self.layers
        return bool(layers) and all(layer.built for layer in layers)

    def ensure_built(self, shapes: Sequence[Shape] | None) -> None:
        """Make the weights, and draw their first values, unless they have been.

        A failure leaves the model as it was.
        """
        if self._ready:
            return
        with structure():
            if shapes is None:
                if self.built:  # all layers come from another model
                    self.fill()
                    return
                raise ValueError(
                    f"{self.name}: the input shape is not known yet; begin with "
                    f"lamina.Input(shape), call build or fit"
                )
            before = self.unbuilt()
            try:
                self._build_layers(shapes)
                self.fill()
                if before[0]:
                    self._changed()
                for_any_rows(self)  # what recording refuses is refused before there is a model
            except BaseException:
                self.forget(before)
                raise
            self._ready = True

    def prepare_layers(self, shapes: Sequence[Shape]) -> None:
        """Build the layers; an outer model gives the weights their home and first values."""
        with structure():
            self._build_layers(shapes)

    def fill(self) -> None:
        """Give all weights one home, and the new ones their first values."""
        with structure():
            layers = self._drawn_layers()
            for index, layer in enumerate(layers):
                weights_.place(layer, index, self._own_seed)
            weights_.settle(layers)

    def unbuilt(self) -> tuple[list[Layer], Any]:
        """Return the layers still to be built, and what else building tells of the model."""
        return [layer for layer in self.layers if not layer.built], None

    def forget(self, before: tuple[list[Layer], Any]) -> None:
        """Undo building: the model is again what ``unbuilt`` returned."""
        for layer in before[0]:
            layer.forget()

    def _drawn_layers(self) -> list[Layer]:
        # Each draws its first weights from a stream by its place here.
        return self.layers

    def _changed(self) -> None:
        self._ready = False
        self._changes += 1
        self._predictors.clear()
        self._row_shapes.clear()
        self._fast = None
        if self._layer is not None:
            self._layer.keep()

    @property
    def any_length(self) -> bool:
        """Whether an axis of a row may have any length."""
        return any(None in (port.shape or ()) for port in self.ports)

    def _recorded_row_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        # Of the outputs; the last few are kept, as what predicts is.
        key = tuple(shapes)
        found = self._row_shapes.get(key)
        if found is None:
            found = [tuple(output.shape) for output in for_any_rows(self, shapes).outputs]
            self._row_shapes[key] = found
            if len(self._row_shapes) > KEPT:
                self._row_shapes.pop(next(iter(self._row_shapes)), None)
        return list(found)

    def graph_inputs(self, graph: _core.Graph, shapes: Sequence[Shape]) -> list[_core.Tensor]:
        """Make the model's inputs, rows of these shapes, on a graph under construction."""
        ports = self.ports
        names = ["x"] if len(ports) == 1 else [port.name for port in ports]
        return [
            graph.input(shape, name, port.kind)
            for shape, name, port in zip(shapes, names, ports, strict=True)
        ]

    def recorded_settings(self) -> tuple[int, ...]:
        """Return numbers that move when a setting changes that a layer records."""
        layers = (each for layer in self.layers for each in layer.walk())
        return tuple(number for layer in layers for number in layer.recorded_settings())

    def record_outputs(
        self,
        graph: _core.Graph,
        inputs: Sequence[_core.Tensor],
        masks: Sequence[_core.Tensor | None] | None = None,
        stream: int = 0,
    ) -> tuple[list[Any], list[Any]]:
        """Record the whole model on a graph under construction; returns outputs and masks."""
        with structure():
            return self._record(graph, inputs, masks or [None] * len(inputs), stream)

    @answering_calls
    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
        *,
        show_trainable: bool = False,
        **unknown: NoReturn,
    ) -> None:
        """Print the layers with output shapes and weight counts.

        Parameters
        ----------
        line_length : int, optional
            Width of the table.
        print_fn : callable, optional
            Called with the text, which standard output is given otherwise.
        show_trainable : bool, default False
            Say of each layer with weights whether ``fit`` changes them.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((19,)), lamina.layers.Dense(50, "relu"),
        ...                            lamina.layers.Dense(1)], name="hitters")
        >>> model.summary()
        Model: "hitters"
        Layer (type)       Output shape    Weights
        ------------------------------------------
        dense (Dense)      (rows, 50)        1,000
        dense_1 (Dense)    (rows, 1)            51
        ------------------------------------------
        Weights: 1,051 (4.1 KB), trainable: 1,051
        """
        if unknown:
            refuse_arguments(Network.summary, unknown)
        shown = _check.boolean("summary", "show_trainable", show_trainable)
        with structure():
            table = self._table(line_length, shown)
        (print_fn or _screen.write)(table)

    def _table(self, line_length: int | None, show_trainable: bool) -> str:
        from lamina.models.summary import table

        return table(self, line_length, show_trainable)

    # --- predict

    def predict(
        self,
        x: Data = _check.NEEDED,
        batch_size: int | None = None,
        verbose: Verbose = 0,  # noqa: ARG002
        callbacks: CallbacksLike = None,
        **unknown: NoReturn,
    ) -> Any:
        """Return the outputs for the rows of ``x``.

        Parameters
        ----------
        x : array_like of shape (rows, ...), or a list or dict of them
            No rows give no outputs.  A list or dict for models with several inputs.
        batch_size : int, optional
            Rows at a time.  The result depends on it where a layer is stateful, by default then
            those of its states, all rows while it has none; and where outputs of a row depend on
            the other rows of its batch, as with ``ops.mean(x, axis=0)``: by default 32, as in
            Keras.
        verbose : ignored
            There is nothing to show; accepted because Keras's callers pass it.
        callbacks : list of Callback, optional
            Their ``on_predict_*`` hooks are called.

        Returns
        -------
        ndarray of shape (rows, ...), the model's dtype
            A list or dict of them for a graph model that was given its outputs so.

        Notes
        -----
        Any number of threads may predict with one model at once, unless a layer is stateful: then
        a second one is refused, as a second fit is.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((2,)),
        ...                            lamina.layers.Dense(1, kernel_initializer="ones")])
        >>> model.predict([[1.0, 2.0]])
        array([[3.]], dtype=float32)
        """
        if unknown:
            refuse_arguments(Network.predict, unknown)
        fast = self._fast
        if changes.count != self._seen:
            fast = self._renewed()
        if fast is not None and type(x) is np.ndarray and batch_size is None and callbacks is None:
            predictor, dtype, tail, _ = fast
            shape = x.shape
            if shape[1:] == tail and 0 < shape[0] <= BLOCK and x.dtype == dtype:
                flags = x.flags
                if flags.c_contiguous and flags.aligned and _core.kernels.find_nonfinite(x) < 0:
                    return predictor(x)
        return self._predict(x, batch_size, callbacks)

    def _predict(self, x: Any, batch_size: int | None, callbacks: Any) -> Any:
        self.meet(x)
        changes, ports = self._changes, self.ports
        _held = self.layers  # until the end: the engine holds them weakly
        arrays = inputs_.shaped("predict", x, ports, empty=True)
        shapes = [a.shape[1:] for a in arrays]
        self.output_row_shapes(shapes)
        count = len(arrays[0])
        given = self.default_batch(batch_size, count)
        rows = data_.batch_rows("predict", "batch_size", given, count or 1, BLOCK)
        self.check_batches("predict", count, rows)
        fed = inputs_.converted("predict", x, arrays, ports, self.dtype)
        hooks = None if callbacks is None else CallbackList(callbacks)
        predictor = self._predictor_as_of(changes, shapes, min(rows, count or 1))
        if predictor is None:  # another thread changed the model
            return self._predict(x, batch_size, callbacks)
        if self._predictors.joining:  # then the batches matter
            rows = data_.batch_rows("predict", "batch_size", given, count or 1, BOUND_BATCH)
            hooks = hooks or CallbackList()
            hooks.start(self, {"steps": -(-count // rows)})
            made = in_batches(lambda n: self._predictor(shapes, n), fed, rows, hooks, self._noise())
            return self._packed(made)
        if given is None:
            rows = predictor.block(rows)
        if hooks is None:
            return self._packed(in_calls(predictor, fed, rows, self._noise()))
        hooks.start(self, {"steps": -(-count // rows)})
        return self._packed(in_batches(lambda _: predictor, fed, rows, hooks, self._noise()))

    def _noise(self) -> int:
        # What seeds a prediction that draws random numbers: each one draws its own.
        if not self._predictors.noisy:
            return 0
        self._predictions += 1
        return mix(self.seed, NOISE, self._predictions)

    def _predictor_as_of(
        self, changes: int, shapes: list[Shape], rows: int
    ) -> _core.Predictor | None:
        # What predicts with the model as it was then, or None if it is another by now.
        kept = self._predictors.kept(self, shapes, rows) if self._ready else None
        if kept is not None and self._changes == changes:
            return kept
        with structure():
            if self._changes != changes:
                return None
            self.ensure_built(shapes)
            return self._predictor(shapes, rows)

    def _predict_whole(self, x: Any) -> Any:
        """Return ``predict(x)``, all rows as one batch where that matters."""
        y = None if self._predictors.joining else self.predict(x)
        if self._predictors.joining:
            rows = len(inputs_.shaped("predict", x, self.ports, empty=True)[0])
            if y is None or rows > BOUND_BATCH:
                return self.predict(x, batch_size=rows or None)
        return y

    def predict_on_batch(self, x: Data = _check.NEEDED, **unknown: NoReturn) -> Any:
        """Return the outputs for the rows of ``x``, taken as one batch."""
        if unknown:
            refuse_arguments(Network.predict_on_batch, unknown)
        ports = self.ports
        batch = len(inputs_.shaped("predict_on_batch", x, ports, empty=True)[0])
        return self.predict(x, batch or None) if self.stateful else self._predict_whole(x)

    @overload
    def __call__(
        self, x: Tensors, *, training: bool | None = None, mask: Masks = None
    ) -> SymbolicTensor: ...
    @overload
    def __call__(self, x: Data, *, training: bool | None = None) -> Any: ...
    def __call__(
        self, x: Any = None, *, training: bool | None = None, mask: Any = None, **unknown: Any
    ) -> Any:
        """Return ``predict(x)``; on tensors, be a layer of another model.

        All models made so share this one's weights.

        Parameters
        ----------
        x : array_like, SymbolicTensor or Tensor, or a list or dict of them
        training : bool, optional
            Whether layers such as Dropout do as in training.
        mask : SymbolicTensor or Tensor, optional
        """
        values = list(x.values()) if isinstance(x, dict) else x
        if unknown:
            refuse(self, unknown)
        tensors = any_symbolic(values) or Recording.current() is not None
        if not tensors and not training:
            if mask is not None:
                raise TypeError(f"{self.name}: mask is for symbolic tensors; predict takes none")
            return self._predict_whole(x)
        if isinstance(x, dict) or not tensors:
            values = inputs_.separated(self.name, x, self.ports)
            values = values[0] if len(values) == 1 else values
        y = self.as_layer()(values, mask=mask, training=training)
        return self._packed(y if isinstance(y, list) else [y])

    def as_layer(self) -> Any:
        """Return the model as a layer of other models; always the same one."""
        if self._layer is None:
            from lamina.models.nested import ModelLayer

            self._layer = ModelLayer(self)  # type: ignore[arg-type]
        return self._layer

    def adopt(self, layer: Any) -> None:
        """Take a restored layer for what ``as_layer`` returns."""
        self._layer = layer

    def weights_by_path(self) -> dict[str, _core.Parameter]:
        """Return the weights by their paths, such as "encoder/dense_1/kernel", which are unique."""
        with structure():
            self.ensure_built(self.input_row_shapes)
            graph = for_any_rows(self).graph
            return dict(zip(graph.paths, graph.parameters, strict=True))

    def _renewed(self) -> Any:
        # A setting of some object has changed: predictors recorded with one of ours are done with.
        seen, settings = changes.count, self.recorded_settings()
        if settings != self._predicted_settings:
            self._predictors.clear()
            self._fast = None
        self._predicted_settings, self._seen = settings, seen
        return self._fast

    def _predictor(self, shapes: Sequence[Shape], rows: int) -> _core.Predictor:
        with structure():
            self._predicted_settings = self.recorded_settings()
            predictor = self._predictors.get(self, shapes, rows)
            (port, *others) = self.ports
            outputs = list(self.output_names)
            packed = self._packed(outputs) is outputs[0]
            plain = port.kind == "float" and not others and packed and not self.stateful
            shape = port.shape
            sized = shape is not None and None not in shape
            steady = not (self._predictors.joining or self._predictors.noisy)
            if plain and shape is not None and sized and steady:
                self._fast = (predictor, np.dtype(self.dtype), shape, self.layers)
        return predictor

    # --- copies

    def __getstate__(self) -> dict[str, Any]:
        """Return everything but the engine's objects (pickle, deepcopy)."""
        with structure():
            if self.built:
                self.fill()  # a copy has the same weights
            state = {k: v for k, v in self.__dict__.items() if k not in self._not_copied}
        state["_own_seed"] = Seed(self.seed)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore, and give all weights one home."""
        self.__dict__.update(state)
        self._start()
        for layer in self.layers:
            layer.place()
        weights_.allocate(self.layers)

    def __repr__(self) -> str:
        """Return the class, name, number of layers and, of a model that is built, its shapes."""
        layers = f"{len(self.layers)} layer{'' if len(self.layers) == 1 else 's'}"
        head = f"<{type(self).__name__} {self.name} of {layers}"
        if not self.built:
            return f"{head}, not built>"
        count = sum(p.size for p in self.parameters)
        shapes = f"{_shown(self.input_shape)} -> {_shown(self.output_shape)}"
        return f"{head}, {shapes}, {count:,} weights>"


def _shown(shape: Any) -> str:
    if isinstance(shape, list):
        return f"[{', '.join(map(_shown, shape))}]"
    return "?" if shape is None else _check.show_shape(shape[1:])
