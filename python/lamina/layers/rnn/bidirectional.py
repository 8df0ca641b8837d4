"""Two recurrent layers that read a sequence in opposite directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from lamina import _core
from lamina._answers import is_own
from lamina._check import Array
from lamina._settings import reading_with
from lamina._tensors import Tensor
from lamina._tensors.given import record
from lamina.layers.base.carried import Carrier
from lamina.layers.base.node import as_list
from lamina.layers.base.recorded_calls import with_states
from lamina.layers.base.rowwise import RowWise
from lamina.layers.base.signatures import first
from lamina.layers.base.use import using
from lamina.layers.layer import Layer
from lamina.layers.rnn.recurrent import split_shapes

if TYPE_CHECKING:
    from lamina._typing import ArrayLike, DimArguments, Masks, Symbols, Unpack
    from lamina.layers.base.node import SymbolicTensor

__all__ = ["Bidirectional"]

MERGES = ("concat", "sum", "mul", "ave", None)


class Bidirectional(RowWise):
    """Read a sequence in both directions and merge the two outputs for each step.

    Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997.

    Parameters
    ----------
    layer : SimpleRNN, LSTM, GRU, RNN or ConvLSTM
        Both directions are new layers with its settings; the layer itself is not used.
    merge_mode : {"concat", "sum", "mul", "ave", None}, default "concat"
        How the two outputs are combined; None returns both.
    backward_layer : SimpleRNN, LSTM, GRU, RNN or ConvLSTM, optional
        Settings of the backward layer, with the opposite ``go_backwards``.
    **base
        See ``Layer``.

    Notes
    -----
    The backward outputs are reordered to match the steps before they are merged; with
    ``return_sequences`` both are 0 at steps hidden by a mask, as in Keras.  With ``return_state``
    the output is followed by the states of the forward layer, then those of the backward layer;
    initial states are given in that order.  Weights: those of the forward layer, then those of the
    backward layer.

    Examples
    --------
    >>> import lamina
    >>> import numpy as np
    >>> layer = lamina.layers.Bidirectional(lamina.layers.LSTM(3, return_sequences=True))
    >>> layer(np.zeros((2, 5, 4))).shape
    (2, 5, 6)
    """

    multiple_inputs = True

    def __init__(
        self,
        layer: Carrier,
        merge_mode: str | None = "concat",
        *,
        backward_layer: Carrier | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        for name, value in (("layer", layer), ("backward_layer", backward_layer)):
            if not isinstance(value, Carrier) and (value is not None or name == "layer"):
                raise TypeError(
                    f"Bidirectional: {name} must be a SimpleRNN, LSTM or GRU; got {value!r}"
                )
        if merge_mode not in MERGES:
            raise ValueError(
                f"Bidirectional: merge_mode must be one of {', '.join(map(repr, MERGES))}; "
                f"got {merge_mode!r}"
            )
        self.layer, self.merge_mode = layer, merge_mode
        self._backward_given = backward_layer
        self.forward_layer = _again(layer, f"forward_{layer.name}", layer.go_backwards)
        other = layer if backward_layer is None else backward_layer
        backwards = not layer.go_backwards
        self.backward_layer = _again(other, f"backward_{other.name}", backwards)
        if backward_layer is not None:
            self._check_pair(layer, backward_layer)

    def _check_pair(self, layer: Carrier, other: Carrier) -> None:
        for name, unlike in (
            ("go_backwards", layer.go_backwards == other.go_backwards),
            ("return_sequences", layer.return_sequences != other.return_sequences),
            ("return_state", layer.return_state != other.return_state),
        ):
            if unlike:
                rule = "the opposite of" if name == "go_backwards" else "that of"
                raise ValueError(
                    f"Bidirectional: backward_layer's {name} must be {rule} layer's; "
                    f"got {getattr(layer, name)} and {getattr(other, name)}"
                )
        if layer.units != other.units and self.merge_mode not in ("concat", None):
            raise ValueError(
                f"Bidirectional: merge_mode {self.merge_mode!r} needs the same number of units in "
                f"both directions; got {layer.units} and {other.units}"
            )

    @property
    def directions(self) -> tuple[Carrier, Carrier]:
        """The forward and the backward layer."""
        return self.forward_layer, self.backward_layer

    def layers_within(self) -> Sequence[Layer]:
        """Return both directions."""
        return self.directions

    @property
    def stateful(self) -> bool:
        """Whether a direction starts each batch from the state in which the last one ended."""
        return any(layer.stateful for layer in self.directions)

    def reset_state(self) -> None:
        """Reset the states of both directions to zero; the number of rows may then change."""
        if not self.stateful:
            raise AttributeError(f"{self.name}: reset_state needs a stateful layer")
        for layer in self.directions:
            layer.reset_state()

    def reset_states(self) -> None:
        """Call ``reset_state``; the old Keras name."""
        self.reset_state()

    def _shares(self, given: list[Any]) -> tuple[list[Any], list[Any]]:
        """Return x and the initial states of each direction."""
        x, *states = given
        forward, backward = (layer._state_count for layer in self.directions)
        total = forward + backward
        if states and len(states) != total:
            raise ValueError(f"{self.name}: needs {total} initial states; got {len(states)}")
        return [x, *states[:forward]], [x, *states[forward:]]

    @overload
    def __call__(
        self,
        x: Symbols,
        initial_state: Symbols | None = None,
        *,
        mask: Masks = None,
        training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self,
        x: ArrayLike,
        initial_state: ArrayLike | Sequence[ArrayLike] | None = None,
        *,
        mask: ArrayLike | None = None,
        training: bool | None = None,
    ) -> Array: ...
    def __call__(
        self, x: Any = None, initial_state: Any = None, *, mask: Any = None, **unknown: Any
    ) -> Any:
        """Apply the layer, to arrays or to tensors.

        Parameters
        ----------
        x : array_like or SymbolicTensor
            The input, or a list of it and the initial states.
        initial_state : list of array_like or SymbolicTensor, optional
            The states before the first step; zero if not given.
        mask : array_like of bool or SymbolicTensor, optional
            True for the steps that count, (rows, steps).
        """
        x = first(x, unknown)
        return super().__call__(with_states(x, initial_state), mask=mask, **unknown)

    @property
    def drops(self) -> str | None:  # type: ignore[override]
        """How to keep the axis of steps, for messages, where it is dropped."""
        return self.forward_layer.drops

    def _check_input(self, input_shape: Any) -> None:
        x, states = split_shapes(input_shape)
        for layer, share in zip(self.directions, self._shares([x, *states]), strict=True):
            layer._check_input(share if len(share) > 1 else share[0])

    def build(self, input_shape: Any) -> None:
        """Make the weights of both directions."""
        x, _ = split_shapes(input_shape)
        stream = self.stream
        for layer in self.directions:
            layer.name = f"{self.name}/{layer.name.rsplit('/')[-1]}"  # for unique names of weights
            layer.trainable = self.trainable and layer.trainable
            layer.prepare(x, self.dtype, stream)
            stream += layer.streams
            first = len(self._parameters)
            self._parameters += layer.parameters
            self._undrawn += layer._first_values()
            self._learnable += range(first, len(self._parameters))

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        for layer in self.directions:
            layer.forget()

    def take_pending(self) -> list[tuple[_core.Parameter, Array]]:
        """Hand over the restored values; the directions hold the same ones again."""
        for layer in self.directions:
            layer.take_pending()
        return super().take_pending()

    def weights_fit(self, input_shape: Any) -> bool:
        """Return whether the number of features is the same: the number of steps may differ."""
        return self.same_last_axis(input_shape)

    @property
    def streams(self) -> int:
        """Return the random streams of both directions."""
        return sum(layer.streams for layer in self.directions)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the input's mask if the outputs of all steps are returned."""
        out = self.forward_layer.compute_mask(inputs, mask)
        if self.merge_mode is not None:
            return out
        states = sum(layer._state_count for layer in self.directions)
        states = states if self.layer.return_state else 0
        return [out, out, *[None] * states]

    def call_rows(self, x: Any, mask: Any = None) -> Any:
        """Return the merged directions; x may be a list of the input and initial states."""
        stream = self.stream
        outputs, last = [], []
        inputs = list(x) if isinstance(x, list) else [x]
        kept = mask[0] if isinstance(mask, list) else mask
        now = inputs[0].recording
        for layer, share in zip(self.directions, self._shares(inputs), strict=True):
            with using(layer, stream=stream):
                recorded = _recorded(layer, now.graph, [t.value for t in share], kept)
                layer.regularize_recorded(now.graph, recorded)
            stream += layer.streams
            y, *states = [Tensor(now, value) for value in as_list(recorded)]
            if layer is self.backward_layer and layer.return_sequences:
                with now.within(f"{self.name}/flip"):
                    y = record("flip", y, 0)
            if kept is not None and layer.return_sequences:
                with now.within(f"{self.name}/where"):
                    y = record("where", kept, y)
            outputs.append(y)
            last += states
        merged = self._merge(outputs)
        return merged[0] if len(merged) + len(last) == 1 else [*merged, *last]

    def _merge(self, outputs: list[Tensor]) -> list[Tensor]:
        if self.merge_mode is None:
            return outputs
        if self.merge_mode == "concat":
            return [record("concatenate", outputs, len(outputs[0].row_shape) - 1)]
        merge = {"sum": "add", "mul": "multiply", "ave": "average"}[self.merge_mode]
        return [record(merge, outputs)]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        config = super().get_config()
        if self._backward_given is None:
            config["backward_layer"] = None
        else:
            from lamina.layers.serialization import serialize

            config["backward_layer"] = serialize(self._backward_given)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Bidirectional:
        """Return a new layer, unbuilt, from what ``get_config`` returned."""
        from lamina.layers.serialization import deserialize

        plain = dict(config)
        for name in ("layer", "backward_layer"):
            if isinstance(plain.get(name), dict):
                plain[name] = deserialize(plain[name])
        return cls(**plain)


def _recorded(layer: Carrier, graph: _core.Graph, share: list[Any], kept: Any) -> Any:
    mask = None if kept is None else kept.value
    if layer.calls:
        return layer.apply(graph, share, [mask, *[None] * (len(share) - 1)])[0]
    with layer.within(graph):
        return layer.apply_record(graph, share, mask)


def _again(layer: Carrier, name: str, go_backwards: bool) -> Carrier:
    """Return a new layer with the same settings, whose weights are not made yet."""
    config = {**layer.get_config(), "name": name, "go_backwards": go_backwards}
    config.pop("input_shape", None)
    if "zero_output_for_mask" in config:
        config["zero_output_for_mask"] = False  # where it matters, Bidirectional sets the zeros
    # Configurations hold plain values; the settings themselves also do, and need no look-up.
    own = {k: getattr(layer, k) for k, v in config.items() if isinstance(v, dict) and k != "cell"}
    config.update(own)
    held = {type(each).__name__: type(each) for each in layer.walk() if not is_own(type(each))}
    with reading_with(held):  # for cells defined by users
        return type(layer).from_config(config)
