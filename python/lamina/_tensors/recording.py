"""What is being recorded: a graph, and what holds for the recording as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from lamina import _core

# Streams of one layer's own draws lie this far apart: below it are those of the layers.
STREAM_STEP = 1 << 20


class NeedsRows(Exception):  # noqa: N818  no error: it asks for another recording
    """Asks for a recording that knows how many rows a batch has."""


class Recording:
    """A graph under construction, with what holds for all that is recorded on it.

    Within ``with recording:`` it is what ``lamina.ops`` records weights and random numbers on.

    Parameters
    ----------
    graph : _core.Graph
    training : bool, optional
        Whether the graph is for training alone, or for inference alone.  None where it serves
        both: then who asks for it (``ask_training``) is told False, and ``asked`` says so.
    rows : int, optional
        How many rows every batch has; None where the graph is for any number.
    standing : bool, default False
        Whether ``rows`` only stands for a number, which messages do not show.

    Attributes
    ----------
    forced : bool or None
        What a call within was told by its caller, ``layer(x, training=True)``; None elsewhere.
    asked : bool
        Whether what was recorded depends on ``training``.
    noisy : bool
        Whether random numbers act in inference too: each prediction draws its own.
    once : bool
        Whether what is recorded runs once, now: random numbers are constants then.
    leaves : bool
        Whether what is assigned is left in the weights by inference too: in calls on arrays.
    unheard : list of str
        Layers that would act otherwise in training, had the model's ``call`` told them.
    unmasked : list of str
        Layers that a mask reached which they neither use nor pass on.
    losses : list of Tensor
        What ``add_loss`` was given while this was recorded.
    assigned : dict
        By the id of a weight, it and what ``assign`` leaves in it.
    watched : dict
        By the id of a metric, what it was given meanwhile: it is fed after each batch.
    reported : set of int
        Ids of the metrics that ``compile`` was given, which are fed anyway.
    awaited : Awaited or None
        The model that a step is going to call.
    returned : dict
        By the id of a layer, the shapes of what it returned last, without the axis of rows.
    """

    def __init__(
        self,
        graph: _core.Graph,
        *,
        training: bool | None = None,
        rows: int | None = None,
        standing: bool = False,
    ) -> None:
        self.graph, self.training, self.rows = graph, training, rows
        self.standing = standing
        self.forced: bool | None = None
        self.asked = self.noisy = self.once = self.leaves = self._untold = False
        self.unheard: list[str] = []
        self.unmasked: list[str] = []
        self.losses: list[Any] = []
        self.assigned: dict[int, tuple[_core.Parameter, _core.Tensor]] = {}  # what is left in them
        self.watched: dict[int, Any] = {}
        self.reported: set[int] = set()
        self.awaited: Any = None
        self.returned: dict[int, list[Any]] = {}
        self.names: list[str] = []
        self.layers: list[Any] = []  # whose calls are being recorded, the outermost first
        self.calling = False  # whether the innermost of them is, rather than a build
        self._stream = 0
        self._drawn = 0
        self._kept: dict[Any, Any] = {}

    @staticmethod
    def current() -> Recording | None:
        """Return the recording that this thread is in the midst of, or None."""
        return _stack.recordings[-1] if _stack.recordings else None

    @staticmethod
    def of(graph: _core.Graph) -> Recording:
        """Return the current recording if it is of this graph, else a new one."""
        now = Recording.current()
        return now if now is not None and now.graph is graph else Recording(graph)

    def __enter__(self) -> Recording:
        """Make it this thread's current recording."""
        _stack.recordings.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        """Go back to the one before."""
        _stack.recordings.pop()

    # --- what layers say

    @property
    def name(self) -> str:
        """The layer that is recorded, for messages and profiles."""
        return self.names[-1] if self.names else ""

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Let messages name a layer."""
        self.names.append(name)
        try:
            yield
        finally:
            self.names.pop()

    @contextmanager
    def calls(self, layer: Any) -> Iterator[None]:
        """Let what is recorded in the block be a call of the layer."""
        before, self.calling = self.calling, True
        self.layers.append(layer)
        try:
            yield
        finally:
            self.layers.pop()
            self.calling = before

    @staticmethod
    @contextmanager
    def building() -> Iterator[None]:
        """Let weights be made in the block, also while something is recorded."""
        now = Recording.current()
        if now is None:
            yield
            return
        before, now.calling = now.calling, False
        try:
            yield
        finally:
            now.calling = before

    def ask_training(self) -> bool:
        """Return whether this is for training; the recording notes that it depends on it."""
        if self.forced is not None:
            return self.forced
        self.asked = True
        return bool(self.training)

    def noise(self) -> tuple[bool, bool]:
        """Return whether layers that add noise in training do so here, and whether always."""
        always = self.forced is True
        self.noisy = self.noisy or always
        return self.acts(), always

    def acts(self) -> bool:
        """Return whether a layer that acts otherwise in training does so here."""
        if self._untold:
            self.unheard.append(self.name)
        return self.forced is not False

    @contextmanager
    def told(self, training: bool | None, *, untold: bool = False) -> Iterator[None]:
        """Let ``training`` hold for what is recorded in the block, where it is not None.

        ``untold``: it is False because a model's ``call`` hears of no training.
        """
        before = self.forced, self._untold
        if training is not None:
            self.forced, self._untold = bool(training), untold
        try:
            yield
        finally:
            self.forced, self._untold = before

    # --- what is made once

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Let ``made_once`` make everything anew for the block."""
        before, self._kept = self._kept, {}
        try:
            yield
        finally:
            self._kept = before

    def made_once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what ``make`` returned the first time that the key was asked for."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    # --- streams of random numbers

    @contextmanager
    def streams_from(self, first: int) -> Iterator[None]:
        """Let a layer's own draws take streams of their own, after its first."""
        before = self._stream, self._drawn
        self._stream, self._drawn = first, 0
        try:
            yield
        finally:
            self._stream, self._drawn = before

    def next_stream(self, *, noisy: bool = True) -> int:
        """Return a stream that no other draw of this recording takes.

        ``noisy`` says whether what is drawn acts in inference too.
        """
        self.noisy = self.noisy or noisy
        self._drawn += 1
        if self._drawn >= 1 << 11:
            raise ValueError(
                f"{self.name}: one layer may draw random numbers at up to {(1 << 11) - 1} places"
            )
        return self._stream + self._drawn * STREAM_STEP

    def assign(self, variable: _core.Parameter, value: Any) -> None:
        """Let each training step leave ``value`` in a weight; what is recorded now reads it.

        A weight that learns gets the gradient of what is read, and the step's change is added.
        """
        from lamina._tensors.given import given
        from lamina._tensors.tensor import Tensor
        from lamina.ops._elements import converted

        tensor = given(value)
        kind = getattr(variable, "_kind", None)
        if kind is not None:  # floats stand for the integers, or truth values
            tensor = converted(converted(tensor, kind), "float")
        if tensor.rows or tuple(tensor.shape) != tuple(variable.shape):
            raise ValueError(
                f"{variable.name}: assign needs shape {tuple(variable.shape)}; got {tensor!r}"
            )
        slot = self.graph.parameter(variable, own=True)
        before = self.graph.parameter(variable) if variable.trainable else None
        y = self.graph.record("assign", slot, tensor.value, before, name=self.name)
        if before is not None:
            still = self.graph.record("stop_gradient", before, name=self.name)
            y = (Tensor(self, y) + (Tensor(self, before) - Tensor(self, still))).value
        self.graph.stand_in(variable, y)
        self.assigned[id(variable)] = variable, y

    @contextmanager
    def standing_in(self, variable: _core.Parameter, tensor: Any) -> Iterator[None]:
        """Let a tensor be what layers read for a weight in the block."""
        self.graph.stand_in(variable, tensor.value)
        try:
            yield
        finally:
            self.graph.stand_in(variable, None)

    def need_rows(self) -> int:
        """Return how many rows a batch has; NeedsRows where the recording is for any number."""
        if self.rows is None:
            raise NeedsRows
        return self.rows


class _Stack(threading.local):
    def __init__(self) -> None:
        self.recordings: list[Recording] = []


_stack = _Stack()


class RowCount:
    """How many rows a batch has, in a recording that is for any number of them.

    ``reshape`` and others take it as it is, as the size of the first axis; whatever needs a number
    asks for a recording that has one.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Return what it stands for."""
        return "rows"

    def _needed(self, *_: object) -> NoReturn:
        raise NeedsRows

    __int__ = __index__ = __float__ = __bool__ = __hash__ = __neg__ = _needed
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _needed
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _needed
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _needed
    __pow__ = __rpow__ = _needed


Rows = RowCount()
