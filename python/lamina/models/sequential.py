"""A model that is a sequence of layers."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, overload

from lamina import _check
from lamina._calls import answering_calls, refuse_unknown
from lamina._names import free_name
from lamina._settings import has_settings
from lamina.layers import InputLayer, Layer, SymbolicTensor, deserialize, serialize
from lamina.layers.base.lock import structure
from lamina.layers.base.recorded_calls import check_count
from lamina.layers.base.stateful import carriers
from lamina.models.architecture.chain import Chain
from lamina.models.model import Model

if TYPE_CHECKING:
    from lamina._check import Array
    from lamina._typing import Batches, CallbacksLike, Data, DTypeLike, Masks, Tensors, Verbose


class Sequential(Chain):
    """A sequence of layers.

    Parameters
    ----------
    layers : iterable of Layer or Model, optional
        The first may be an ``Input``; otherwise the input's shape is taken from the first data.  A
        model may also be a layer.  A layer may occur several times, with the same weights.
    name : str, optional
    dtype : {"float32", "float64"}, default "float32"
        The dtype of weights and computation.
    seed : int, optional
        Seed of the model's random numbers; by default drawn from the sequence of
        ``lamina.set_random_seed``.
    trainable : bool, default True
        False freezes the given layers.

    Raises
    ------
    ValueError, TypeError
        If something is not a layer, an ``Input`` is not first, a name is used twice, or a layer
        does not fit the one before it.

    Examples
    --------
    >>> import lamina
    >>> from lamina.layers import Dense, Dropout
    >>> model = lamina.Sequential([
    ...     lamina.Input((784,)),
    ...     Dense(256, activation="relu"), Dropout(0.4),
    ...     Dense(128, activation="relu"), Dropout(0.3),
    ...     Dense(10, activation="softmax"),
    ... ])
    >>> model.count_params()
    235146
    """

    def __init__(
        self,
        layers: Iterable[Layer | SymbolicTensor | Model] | None = None,
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
        self._begin(name, dtype, seed)
        self._stand_in: InputLayer | None = None  # for symbolic tensors, where there is none
        single = isinstance(layers, Layer) or hasattr(layers, "__array__")
        if layers is not None and (single or not isinstance(layers, Iterable)):
            raise TypeError(f"Sequential: layers must be a list of layers; got {layers!r:.80}")
        undo: list[Callable[[], None]] = []
        try:
            with structure():
                for layer in layers or ():
                    undo.append(_as_it_is(layer))
                    self._append(layer)
                self._find_ends()
        except BaseException:
            for restore in reversed(undo):
                restore()
            raise
        if trains is not True:
            self.trainable = trains

    # --- structure

    @answering_calls
    def add(self, layer: Layer | SymbolicTensor | Model) -> None:
        """Append a layer, and make its weights if the shape of the input is known.

        If the layer does not fit an error is raised, and model and layer are left unchanged.
        """
        with self._guard.training("add"), structure():
            undo = _as_it_is(layer)
            before = self._input, self._row_shape, self._layers
            try:
                self._append(layer)
                self._find_ends()
            except BaseException:
                self._input, self._row_shape, self._layers = before
                undo()
                raise

    def _append(self, layer: Any) -> None:
        if isinstance(layer, SymbolicTensor) and not layer.node.inputs:
            layer = layer.node.layer
        self._refuse_if_nested()
        if isinstance(layer, Model):
            layer = layer.as_layer()
        if not isinstance(layer, Layer):
            hint = "; call it to make an instance" if isinstance(layer, type) else ""
            raise TypeError(f"Sequential: needs layers; got {layer!r}{hint}")
        check_count(layer, 1, listed=False)
        again = any(layer is other for other in self._layers)
        if again and carriers(layer):
            raise ValueError(
                f"Sequential: layer {layer.name!r} is already in the model, and is stateful: its "
                f"state can be used in one place only"
            )
        if any(getattr(each, "model", None) is self for each in layer.walk()):
            raise ValueError(
                f"Sequential: {layer.name!r} holds {self.name!r}; a model cannot be a layer of "
                f"itself"
            )
        if isinstance(layer, InputLayer):
            if self._input is not None or self._layers:
                raise ValueError("Sequential: an Input must be the first layer, and the only Input")
            given = layer.kind is None and "dtype" in layer.get_config()
            if layer.dtype != self.dtype and given:
                raise ValueError(
                    f"{layer.name}: dtype is {layer.dtype}; the model's is {self.dtype}"
                )
            self._input, self._row_shape = layer, layer.shape
            return
        if not again:
            layer.name = self._free_name(layer)
        if self._row_shape is None and not self._layers:
            self._row_shape = layer.given_input_shape
        if layer.ahead and not layer.calls and self._behind:
            raise TypeError(
                f"Sequential: {layer.name!r} computes on arrays, before the recorded part of a "
                f"model; it cannot come after {self._layers[-1].name!r}, which is recorded"
            )
        self._layers = [*self._layers, layer]
        self._tell_policy([layer])
        if layer._in_row is None:
            layer._in_row = weakref.ref(self)
        if layer in self._ahead and self._input is not None:
            self._row_shape = self._specs_ahead()[-1].shape
        layer.place()
        self._changed()

    def _refuse_if_nested(self) -> None:
        if self._layer is not None and self._layer.placed:
            raise ValueError(
                f"Sequential: {self.name!r} is part of a model or layer that relies on its shapes; "
                f"it cannot be changed any more"
            )

    def _free_name(self, layer: Layer) -> str:
        taken = {other.name for other in self._layers}
        if layer.name not in taken:
            return layer.name
        if layer.named:
            raise ValueError(
                f"Sequential: two layers are named {layer.name!r}; names must be distinct"
            )
        return free_name(layer.name, taken)

    @answering_calls
    def pop(self) -> Layer:
        """Remove and return the last layer, with its weights."""
        with self._guard.training("pop"), structure():
            self._refuse_if_nested()
            if not self._layers:
                raise ValueError("Sequential: pop from a model without layers")
            layer = self._layers[-1]
            self._layers, self._ends, self._others = self._layers[:-1], self._ends[:-1], []
            if layer.ahead or not self._layers:
                given = self._specs_ahead()
                self._row_shape = given[-1].shape if given else None
            self._changed()
            return layer

    @answering_calls
    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Make the weights.

        Parameters
        ----------
        input_shape : tuple, optional
            Starting with the axis of rows, as ``(None, 13)``; not needed after an ``Input``.
        """
        row_shape = self._row_shape
        if self._ahead and input_shape is not None:
            raise ValueError(
                f"build: {self._ahead[0].name} computes on arrays before there are weights; start "
                f"with an Input"
            )
        if input_shape is not None:
            if hasattr(input_shape, "as_list"):  # a TensorShape of TensorFlow
                input_shape = tuple(input_shape.as_list())
            if not isinstance(input_shape, Sequence) or len(input_shape) == 0:
                raise TypeError(f"build: input_shape must be like (None, 13); got {input_shape!r}")
            given = _check.open_shape("build", "input_shape", tuple(input_shape)[1:])
            if row_shape is not None and given != row_shape:
                raise ValueError(
                    f"build: input_shape must be {self.input_shape}; got {tuple(input_shape)}"
                )
            row_shape = given
        self.ensure_built(None if row_shape is None else [row_shape])

    def summary_rows(self) -> Any:
        """Return the head and the lines of ``summary``."""
        from lamina.models.network.summary import rows_of_chain

        return rows_of_chain(self)

    if TYPE_CHECKING:  # one input and one output

        @overload
        def predict(
            self,
            x: Data | Batches = _check.NEEDED,
            batch_size: int | None = None,
            verbose: Verbose = "auto",
            steps: int | None = None,
            callbacks: CallbacksLike = None,
            *,
            interval: None = None,
            **unknown: NoReturn,
        ) -> Array: ...
        @overload
        def predict(
            self,
            x: Data | Batches = _check.NEEDED,
            batch_size: int | None = None,
            verbose: Verbose = "auto",
            steps: int | None = None,
            callbacks: CallbacksLike = None,
            *,
            interval: float | None = None,
            **unknown: NoReturn,
        ) -> Any: ...
        def predict(
            self,
            x: Data | Batches = _check.NEEDED,
            batch_size: int | None = None,
            verbose: Verbose = "auto",
            steps: int | None = None,
            callbacks: CallbacksLike = None,
            *,
            interval: float | None = None,
            **unknown: NoReturn,
        ) -> Any:
            """Return the outputs for the rows of ``x``."""

        def predict_on_batch(self, x: Data = _check.NEEDED, **unknown: NoReturn) -> Array:
            """Return the outputs for the rows of ``x``, treated as one batch."""

        @overload
        def __call__(
            self, x: Tensors, training: bool | None = None, mask: Masks = None
        ) -> SymbolicTensor: ...
        @overload
        def __call__(self, x: Data, training: bool | None = None) -> Array: ...
        def __call__(
            self, x: Any = None, training: bool | None = None, mask: Any = None, **unknown: Any
        ) -> Any:
            """Return the outputs for arrays; on symbolic tensors, act as a layer of a model."""

    # --- symbolic tensors: the same layers, for models that read values between them

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic tensor that stands for the rows; afterwards ``layer.output`` is defined."""
        return [self._chained()[0]]

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors that the last layer returns, usually one."""
        last = self._chained()[-1]
        return list(last.node.outputs) if last.node.inputs else [last]

    def _chained(self) -> list[SymbolicTensor]:
        given = self._given
        if given is None:
            raise ValueError(f"{self.name}: the input shape is not known yet; start with an Input")
        kind = None if given.kind == "float" else given.kind
        if self._stand_in is None or (self._stand_in.shape, self._stand_in.kind) != (
            given.shape, kind,
        ):  # fmt: skip
            self._stand_in = InputLayer(given.shape, dtype=kind)
        chain = [(self._input or self._stand_in).tensor()]
        for layer in self._layers:
            known = [n for n in layer.nodes if n.inputs[0] is chain[-1] and len(n.inputs) == 1]
            made = known[0].outputs if known else layer(chain[-1])
            chain.append(made[0] if isinstance(made, (list, tuple)) else made)
        return chain

    # --- configuration

    @answering_calls
    def get_config(self) -> dict[str, Any]:
        """Return name, dtype, seed, input shape and layers as plain values, without weights."""
        given = {} if self._input is None else self._input.get_config()
        told = {key: given[key] for key in ("name", "dtype", "batch_size") if given.get(key)}
        if self._input is not None and not self._input.named:
            told.pop("name")
        # Shapes of layers ahead of the graph that are known only from data do not bind other
        # models.
        shapes = None if self._ahead and self._input is None else self._given_row_shapes
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "seed": self._own_seed.given,
            "input_shape": None if shapes is None else shapes[0],
            **({"input": told} if told else {}),
            "layers": _serialized(self._layers),
        }

    @classmethod
    @answering_calls
    def from_config(
        cls,
        config: Mapping[str, Any],
        custom_objects: Mapping[str, type] | None = None,
    ) -> Sequential:
        """Return a new model from the result of ``get_config``, with new random weights.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(2)])
        >>> lamina.Sequential.from_config(model.get_config()).count_params()
        10
        """
        if not has_settings(config, "dtype", "layers"):
            raise TypeError(f"from_config: needs the result of get_config; got {config!r}")
        model = cls(name=config.get("name"), dtype=config["dtype"], seed=config.get("seed"))
        if config.get("input_shape") is not None:
            model.add(InputLayer(config["input_shape"], **config.get("input", {})))
        for layer in config["layers"]:
            again = layer.get("layer_again")
            known = None if again is None else model.parts[again]
            model.add(deserialize(layer, custom_objects) if known is None else known)
        return model


def _serialized(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return the configurations of the layers; a repeated layer refers to its first place."""
    places: dict[Layer, int] = {}
    for place, layer in enumerate(layers):
        places.setdefault(layer, place)
    return [
        serialize(layer) if places[layer] == place else {"layer_again": places[layer]}
        for place, layer in enumerate(layers)
    ]


def _as_it_is(given: Any) -> Callable[[], None]:
    """Return a copy of a layer, or model, for errors: a rejected one keeps its name."""
    layer = given.as_layer() if isinstance(given, Model) else given
    if not isinstance(layer, Layer):
        return lambda: None
    name, free = layer.name, [each for each in layer.walk() if not each.placed]
    built, drawn = layer.built, [(f, f.seed, f.place) for f in layer._first_values()]

    def restore() -> None:
        layer.name = name
        for each in free:
            each.placed = False
        for first, seed, place in drawn:
            first.seed, first.place = seed, place
        if not built:
            layer.forget()

    return restore
