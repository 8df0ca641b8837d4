"""A model on a graph: for the shapes of its rows, and where it matters for a number of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lamina import _core
from lamina._check import Shape
from lamina._tensors import NeedsRows, Recording, Tensor, Variable
from lamina._tensors.given import by_rows
from lamina.layers.shapes import LENGTHS, ROWS
from lamina.models.kept import Kept

if TYPE_CHECKING:
    from lamina.models.network import Network


class Recorded:
    """A model's inputs and outputs on a graph that is still open.

    Attributes
    ----------
    recording : Recording
    graph : _core.Graph
    inputs, outputs, masks : list of _core.Tensor
        ``masks`` are those of the outputs.
    """

    def __init__(
        self,
        model: Network,
        recording: Recording,
        shapes: Sequence[Shape] | None = None,
        masked: Sequence[bool] = (),
    ) -> None:
        self.recording, self.graph = recording, recording.graph
        self.graph.train_only(model.parameters)  # not what other models and functions own
        lengths = known_lengths(shapes or model.input_row_shapes)
        self.inputs = model.graph_inputs(self.graph, lengths)
        fed = [
            self.graph.input(tuple(x.shape)[:1], f"mask:{i}", "bool") if given else None
            for i, (x, given) in enumerate(zip(self.inputs, masked, strict=False))
        ]
        outputs, self.masks = model.record_outputs(self.graph, self.inputs, fed or None)
        self.outputs = [_with_rows(recording, output) for output in outputs]


def settle_others(made: Recorded) -> None:
    """Give values to weights that are not the model's own: those of a layer that a loss calls."""
    for parameter in made.graph.parameters:
        if isinstance(parameter, Variable):
            _ = parameter.live


def known_lengths(shapes: Any) -> list[Shape]:
    """Return shapes with a size in place of those that are not known."""
    return [tuple(LENGTHS[0] if n is None else n for n in shape) for shape in shapes]


def _with_rows(recording: Recording, output: _core.Tensor) -> _core.Tensor:
    tensor = Tensor(recording, output)
    made_of_rows = recording.rows is not None and not tensor.rows
    if made_of_rows and tensor.shape[:1] == (recording.rows,):
        return by_rows(tensor).value
    return output


@contextmanager
def recorded(
    model: Network,
    shapes: Sequence[Shape] | None = None,
    *,
    rows: int | None = None,
    training: bool | None = None,
    standing: bool = False,
    masked: Sequence[bool] = (),
) -> Iterator[Recorded]:
    """Record a model on a new graph, for more to be recorded in the block.

    ``masked`` says which inputs come with a mask of their steps.
    """
    with Recording(
        _core.Graph(model.dtype), rows=rows, training=training, standing=standing
    ) as recording:
        yield Recorded(model, recording, shapes, masked)


def for_any_rows(model: Network, shapes: Sequence[Shape] | None = None) -> Recorded:
    """Return a recording to look at: for any number of rows if that can be."""
    try:
        with recorded(model, shapes) as made:
            return made
    except NeedsRows:
        with recorded(model, shapes, rows=ROWS[0], standing=True) as made:
            return made


class Predictors:
    """What predicts with a model: one for all rows, or for the last few shapes and row counts.

    Attributes
    ----------
    bound : bool
        Whether the model has to know how many rows a batch has; found out when it is recorded.
    noisy : bool
        Whether predictions draw random numbers.
    joining : bool
        Whether outputs of a row may depend on the other rows of its batch, or on their number.
    """

    def __init__(self) -> None:
        self.bound = self.noisy = self.joining = False
        self._kept: Kept[_core.Predictor] = Kept(lambda predictor: predictor.pooled_bytes)

    def clear(self) -> None:
        """Forget all: the model has changed."""
        self._kept.clear()
        self.bound = self.noisy = self.joining = False

    def kept(self, model: Network, shapes: Sequence[Shape], rows: int) -> _core.Predictor | None:
        """Return what was recorded for these shapes, or None."""
        return self._kept.get(_key(model, shapes, rows if self.bound else None))

    def get(self, model: Network, shapes: Sequence[Shape], rows: int) -> _core.Predictor:
        """Return what predicts for rows of these shapes, ``rows`` at a time."""
        try:
            return self._get(model, shapes, rows if self.bound else None)
        except NeedsRows:
            self.bound = True
            return self._get(model, shapes, rows)

    def _get(self, model: Network, shapes: Sequence[Shape], rows: int | None) -> _core.Predictor:
        key = _key(model, shapes, rows)
        found = self._kept.get(key)
        if found is None:
            with recorded(model, shapes if model.any_length else None, rows=rows) as made:
                for output in made.outputs:
                    made.graph.add_output(output)
                made.graph.build()
                settle_others(made)
            found = _core.Predictor(made.graph)
            self._kept.put(key, found)
            self.noisy = self.noisy or made.recording.noisy
            self.joining = self.joining or found.joins_rows or self.bound
        return found


def _key(model: Network, shapes: Sequence[Shape], rows: int | None) -> Any:
    return tuple(shapes) if model.any_length else None, rows
