"""Applying a layer to every step of a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from lamina import _check, _core
from lamina._check import Array, Shape, show_shape
from lamina._tensors import Recording, Tensor
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.carried import Carrier
from lamina.layers.base.masks import check_steps
from lamina.layers.base.recorded_calls import check_count
from lamina.layers.base.rowwise import RowWise
from lamina.layers.base.stateful import carriers
from lamina.layers.base.use import using
from lamina.layers.base.weights import FirstValues
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack
    from lamina.models.model import Model

__all__ = ["TimeDistributed"]


class TimeDistributed(RowWise):
    """Apply one layer, with the same weights, to every step of a sequence.

    ``y[:, t] = layer(x[:, t])``: all steps are run as rows of one batch, without a copy.

    Parameters
    ----------
    layer : Layer or Model
        A layer with one input and one output.
    **base
        See ``Layer``.  ``trainable`` also applies to ``layer``.

    Raises
    ------
    ValueError, TypeError
        If ``layer`` is not a layer or has several outputs, the input has fewer than 3 axes, or a
        stateful layer is given a mask or token ids.

    Notes
    -----
    Shapes: x (rows, steps, ...), y (rows, steps, *shape of the layer's output).  The weights are
    those of the layer.

    Steps are treated as in Keras: batch normalisation computes statistics for each step separately
    and updates its moving statistics once per step; dropout draws new masks at every step.  If
    there is a mask (rows, steps, ...), the part for each step is passed to a layer that takes one,
    and the whole mask is passed on as far as it fits the output.

    Layers that change images draw anew at every step, and act in training only.

    A stateful layer takes the steps in turn: each starts from the state after the step before it,
    and the first from that after the last batch.  Its steps therefore run one after the other, and
    only on numbers without a mask.

    Examples
    --------
    >>> import lamina
    >>> import numpy as np
    >>> images = np.zeros((2, 5, 8, 8, 3))
    >>> lamina.layers.TimeDistributed(lamina.layers.Conv2D(4, 3))(images).shape
    (2, 5, 6, 6, 4)
    """

    def __init__(self, layer: Layer | Model, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        as_layer = getattr(layer, "as_layer", None)
        inner = layer if as_layer is None else as_layer()
        if not isinstance(inner, Layer):
            raise ValueError(f"TimeDistributed: layer must be a Layer or a model; got {layer!r}")
        self.layer = inner
        self._fresh = False
        if not self._trainable:
            inner.trainable = False

    # --- shapes and inputs

    def _step(self, input_shape: Any) -> Shape:
        """Return the shape of one step of a row, which is the input of the layer."""
        check_count(self.layer, 1, listed=False)
        shape = tuple(input_shape)
        sizes = all(size is None or isinstance(size, int) for size in shape)
        if len(shape) < 2 or not sizes:
            shown = show_shape(shape) if sizes else str(shape)
            raise AxesError(
                f"{self.name}: input has shape {shown}; needs at least 3 axes "
                f"(batch, time steps, ...)"
            )
        if shape[0] is not None and shape[0] < 1:
            raise ValueError(
                f"{self.name}: input has shape {show_shape(shape)}; needs at least 1 time step"
            )
        return shape[1:]

    def _check_input(self, input_shape: Any) -> None:
        self._step(input_shape)

    def input_dtypes(self, count: int) -> list[str | None]:
        """Return the input types of the layer."""
        return self.layer.input_dtypes(count)

    def input_bounds(self, count: int) -> list[tuple[str, int] | None]:
        """Return the bounds of the layer's token ids."""
        return self.layer.input_bounds(count)

    def layers_within(self) -> Sequence[Layer]:
        """Return the layer that is applied."""
        return (self.layer,)

    # --- building and recording

    @contextmanager
    def _as_inner(self) -> Iterator[Layer]:
        """Name the inner layer's parts after this one; layers of a model keep their own names."""
        layer = self.layer
        within = {} if hasattr(layer, "model") else {"name": f"{self.name}/{layer.name}"}
        # As in Keras, the inner layer's activity regularizer is not applied.
        with using(layer, stream=self.stream, regularized=False, **within):
            yield layer

    def prepare(self, input_shape: Any, dtype: str, stream: int) -> None:
        """Build the layer, for one step, unless it is built."""
        step = self._step(input_shape)
        if self._given_dtype is not None and self._given_dtype != dtype:
            raise ValueError(f"{self.name}: dtype is {self._given_dtype}; the model's is {dtype}")
        if not self.built:
            self._fresh = not self.layer.built
        self.stream = stream
        with self._as_inner() as layer:
            layer.prepare(step, dtype, stream)
        self._dtype = _check.dtype(self.name, dtype)
        self.built, self._built_shape = True, input_shape

    def forget(self) -> None:
        """Undo ``prepare``; a layer that was built before stays built."""
        super().forget()
        fresh, self._fresh = self._fresh, False  # another model may now build the layer
        if fresh:
            self.layer.forget()

    def check_weights_fit(self, input_shape: Any) -> None:
        """Raise ValueError if the layer has weights, and they are for other steps."""
        self.layer.check_weights_fit(self._step(input_shape))

    @property
    def streams(self) -> int:
        """Return the random streams of the layer."""
        return self.layer.streams

    def call_rows(self, x: Any, mask: Any = None) -> Any:
        """Apply the layer to the steps as rows, or, if stateful, to one step after another."""
        self._step(x.row_shape)
        check_steps(self.name, x, mask, inner=True)
        kept = None if mask is None else mask.value
        graph, walked = x.recording.graph, list(self.layer.walk())
        # As in Keras, `training` is then not left unsaid for the layer.
        quiet = x.recording.unsaid and x.recording.forced is None
        with x.recording.told(False if quiet else None):
            if any(map(_needs_turns, walked)):
                return Tensor(x.recording, self._in_turn(x.recording, x.value, kept))
            own = None if kept is None else graph.fold(kept)
            y = self._applied(graph, graph.fold(x.value), own)
        return Tensor(x.recording, graph.unfold(y, x.row_shape[0]))

    def _applied(self, graph: _core.Graph, x: _core.Tensor, mask: _core.Tensor | None) -> Any:
        with self._as_inner() as layer:
            y, _ = layer.apply(graph, x, mask)
        if isinstance(y, list):
            raise ValueError(
                f"{self.name}: the layer must have one output; {self.layer.name} has {len(y)}"
            )
        return y

    def _in_turn(
        self, recording: Recording, x: _core.Tensor, mask: _core.Tensor | None
    ) -> _core.Tensor:
        """Record the layer once per step: each use of a state continues from the previous one."""
        stateful = carriers(self.layer)
        if stateful and (mask is not None or self.layer.input_dtypes(1)[0] == "int32"):
            raise ValueError(
                f"{self.name}: takes neither masks nor token ids while {stateful[0].name!r} is "
                f"stateful; got "
                f"{'a mask' if mask is not None else 'token ids'}"
            )
        graph = recording.graph
        steps, *shape = x.shape
        outputs = []
        for t in range(steps):
            margins = [(t, steps - 1 - t), *((0, 0) for _ in shape)]
            step = graph.reshape(graph.crop(x, margins), shape)
            own = None
            if mask is not None:
                inner = tuple(mask.shape)[1:]
                margins = [(t, steps - 1 - t), *((0, 0) for _ in inner)]
                own = graph.reshape(graph.crop(mask, margins), inner)
            with at_turn(self.layer, t), recording.at_turn(t):
                y = self._applied(graph, step, own)
            outputs.append(graph.reshape(y, (1, *y.shape)))
        return graph.concatenate(outputs, 0, name=self.name)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the input's mask if it fits the output."""
        if mask is None:
            return None
        output, own = self.output_shape_of(inputs.row_shape), mask.row_shape
        return mask if len(own) < len(output) and output[: len(own)] == own else None

    # --- weights: all of them belong to the layer

    @property
    def parameters(self) -> list[_core.Parameter]:
        """The layer's weights as the engine holds them."""
        return self.layer.parameters

    @property
    def weights(self) -> list[Array]:
        """The live weight arrays of the layer."""
        return self.layer.weights

    def get_weights(self) -> list[Array]:
        """Return copies of the layer's weights."""
        return self.layer.get_weights()

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the layer's weights."""
        self.layer.set_weights(weights)

    def snapshot(self) -> Any:
        """Return a copy of everything that the layer holds."""
        return self.layer.snapshot()

    def restore(self, state: Any) -> None:
        """Put back what ``snapshot`` returned."""
        self.layer.restore(state)

    def count_params(self) -> int:
        """Return the number of weights of the layer."""
        return self.layer.count_params()

    @property
    def trainable(self) -> bool:
        """Whether ``fit`` changes the layer's weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.layer.trainable = value
        self._trainable = value

    def _first_values(self) -> list[FirstValues]:
        """Return the layer's initial values that have not been drawn yet."""
        return self.layer._first_values()

    def take_pending(self) -> list[tuple[_core.Parameter, Array]]:
        """Hand over the layer's restored values that have not been written yet."""
        return self.layer.take_pending()

    def _settle(self) -> None:
        self.layer.settle()

    # --- configuration

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TimeDistributed:
        """Return a new layer, unbuilt, from what ``get_config`` returned."""
        from lamina.layers.serialization import deserialize

        plain = dict(config)
        if isinstance(plain.get("layer"), dict):
            plain["layer"] = deserialize(plain["layer"])
        return cls(**plain)


def _needs_turns(layer: Layer) -> bool:
    """Return whether a layer needs the rows of a batch, which folded steps are not.

    A loop over a cell makes its initial states for them, and augmentations draw for them.
    """
    return layer.reads_batch or (isinstance(layer, Carrier) and (layer.stateful or layer.calls))


@contextmanager
def at_turn(layer: Layer, turn: int) -> Iterator[None]:
    """Make the layer, and those within it, draw the random numbers of one time step."""
    with ExitStack() as stack:
        for each in layer.walk():
            stack.enter_context(using(each, turn=turn))
        yield
