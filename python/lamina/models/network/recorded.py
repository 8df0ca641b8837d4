"""A model on a graph: to find the shapes of its rows, or for a given number of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina import _core
from lamina._check import Shape
from lamina._tensors import NeedsRows, Recording, Tensor, Variable
from lamina._tensors.arguments import flat
from lamina._tensors.given import by_rows
from lamina.layers.base.shapes import LENGTHS, ROWS, has_open_axes, of_length, with_lengths
from lamina.models.network.cache import RecentValues

if TYPE_CHECKING:
    from lamina.models.network.network import Network


class Recorded:
    """A model's inputs and outputs on a graph that is still open.

    Attributes
    ----------
    recording : Recording
    graph : _core.Graph
    inputs, outputs, masks : list of _core.Tensor
        ``masks`` are the masks of the outputs.

    Parameters
    ----------
    deferred : bool
        Whether a recorded step calls the model itself: the outputs are then those of that call, or
        None until ``run`` is called.
    """

    def __init__(
        self,
        model: Network,
        recording: Recording,
        shapes: Sequence[Shape] | None = None,
        masked: Sequence[bool] = (),
        deferred: bool = False,
    ) -> None:
        self.recording, self.graph = recording, recording.graph
        self.graph.train_only(model.parameters)  # not weights of other models and functions
        lengths = known(shapes or model.input_row_shapes)
        self.inputs = model.graph_inputs(self.graph, lengths)
        fed = [
            self.graph.input(tuple(x.shape)[:1], f"mask:{i}", "bool") if given else None
            for i, (x, given) in enumerate(zip(self.inputs, masked, strict=False))
        ]
        self._model, self._fed = model, fed or None
        if deferred:
            self.outputs: list[_core.Tensor] = []
            self.masks: Any = []
            self.row_shapes = model.output_row_shapes(lengths)
            recording.awaited = Awaited(model, self.inputs, self.row_shapes)
        else:
            self.run()
            self.row_shapes = [tuple(output.shape) for output in self.outputs]

    def run(self) -> None:
        """Record the model."""
        self._take(*self._model.record_outputs(self.graph, self.inputs, self._fed))

    def run_unless_heard(self) -> None:
        """Use the outputs of the model's call in the step, or record the model if there was none.

        It is then recorded as in inference: its side effects are not part of the step.
        """
        recording, awaited = self.recording, self.recording.awaited
        if awaited is None:
            return
        recording.awaited = None
        if awaited.returned is None:
            kept = recording.losses, recording.watched
            recording.losses, recording.watched = [], {}
            with recording.told(False):
                self.run()
            recording.losses, recording.watched = kept
        else:
            masks = [None if t.mask is None else t.mask.value for t in awaited.returned]
            self._take([t.value for t in awaited.returned], masks)

    def _take(self, outputs: Sequence[_core.Tensor], masks: Any) -> None:
        self.outputs = [_with_rows(self.recording, output) for output in outputs]
        self.masks = masks


@dataclass
class Awaited:
    """A model that a step is going to call, and the result of that call.

    Attributes
    ----------
    model : Network
    inputs : list of _core.Tensor
        Of the recording; calls on other tensors are used only if there is none on these.
    row_shapes : list of tuple of int
        Of the outputs.
    returned : list of Tensor or None
    """

    model: Any
    inputs: Sequence[_core.Tensor]
    row_shapes: Sequence[Shape]
    returned: list[Tensor] | None = None
    exact: bool = False

    def hear(self, values: Sequence[Any], returned: Any) -> None:
        """Note the result of a call on these tensors."""
        given = {id(v.value) for v in values if isinstance(v, Tensor)}
        exact = given == {id(x) for x in self.inputs}
        tensors: list[Tensor] = flat(returned)
        shapes = [tuple(t.shape)[1:] for t in tensors]  # without the axis of rows
        if shapes == list(self.row_shapes) and (exact or not self.exact):
            self.returned, self.exact = tensors, exact


def forget_losses(model: Any) -> None:
    """Drop the losses of earlier calls of a model that a recorded step calls again."""
    now = Recording.current()
    if now is not None and now.awaited is not None and now.awaited.model is model:
        now.losses.clear()


def heard(model: Any, values: Sequence[Any], returned: Any) -> Any:
    """Return the result of a model's call, noting it for a step that is being recorded."""
    now = Recording.current()
    if now is not None and now.awaited is not None and now.awaited.model is model:
        now.awaited.hear(values, returned)
    return returned


def settle_others(made: Recorded) -> None:
    """Give values to weights of other objects, such as a layer called by a loss."""
    for parameter in made.graph.parameters:
        if isinstance(parameter, Variable):
            _ = parameter.live


def known(shapes: Any, length: int = LENGTHS[0]) -> list[Shape]:
    """Return shapes with a size in place of unknown ones."""
    return [of_length(shape, length) for shape in shapes]


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
    deferred: bool = False,
    graph: _core.Graph | None = None,
    told: bool | None = None,
) -> Iterator[Recorded]:
    """Record a model on a new graph, on which more can be recorded in the block.

    ``masked`` lists the inputs that come with a mask of their steps; ``deferred`` means that the
    block calls the model.  ``graph`` is an empty graph of the model's dtype to record on.  ``told``
    is the value of training passed to the model's layers, independently of the graph's purpose.
    """
    if graph is None:
        graph = _core.Graph(model.dtype)
    recording = Recording(graph, rows=rows, training=training, standing=standing)
    with recording, recording.told(told):
        yield Recorded(model, recording, shapes, masked, deferred)


def for_any_rows(model: Network, shapes: Sequence[Shape] | None = None) -> Recorded:
    """Return a recording for inspection: for any number of rows if possible."""
    given = shapes or model.input_row_shapes
    open_axes = given is not None and has_open_axes(list(given))
    return with_lengths(open_axes, lambda lengths: _to_look_at(model, known(given, lengths[0])))


def _to_look_at(model: Network, shapes: Sequence[Shape]) -> Recorded:
    try:
        with recorded(model, shapes) as made:
            return made
    except NeedsRows:
        with recorded(model, shapes, rows=ROWS[0], standing=True) as made:
            return made


class Predictors:
    """The predictors of a model: one for all rows, or several for recent shapes and row counts.

    Attributes
    ----------
    bound : bool
        Whether the model depends on the number of rows of a batch; determined when it is recorded.
    noisy : bool
        Whether predictions draw random numbers.
    joining : bool
        Whether outputs of a row may depend on the other rows of its batch, or on their number.
    """

    def __init__(self) -> None:
        self.bound = self.noisy = self.joining = False
        self._kept: RecentValues[_core.Predictor] = RecentValues(
            lambda predictor: predictor.pooled_bytes
        )

    def clear(self) -> None:
        """Forget all predictors, as the model has changed."""
        self._kept.clear()
        self.bound = self.noisy = self.joining = False

    def kept(self, model: Network, shapes: Sequence[Shape], rows: int) -> _core.Predictor | None:
        """Return the predictor for these shapes, or None."""
        return self._kept.get(_key(model, shapes, rows if self.bound else None))

    def get(self, model: Network, shapes: Sequence[Shape], rows: int) -> _core.Predictor:
        """Return a predictor for rows of these shapes, ``rows`` at a time."""
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
                made.graph.build(inference=True)
                settle_others(made)
            found = _core.Predictor(made.graph)
            self._kept.put(key, found)
            self.noisy = self.noisy or made.recording.noisy
            self.joining = self.joining or found.joins_rows or self.bound
        return found


def _key(model: Network, shapes: Sequence[Shape], rows: int | None) -> Any:
    return tuple(shapes) if model.any_length else None, rows
