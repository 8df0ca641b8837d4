"""The graph being recorded, and the properties of the recording as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, NoReturn

from lamina import _core
from lamina.random import mix

# Distance between the streams of a layer's own draws; smaller numbers are streams of layers.
STREAM_STEP = 1 << 20
MANY = 1 << 20  # elements that take longer to compute than to record


class NeedsRows(Exception):  # noqa: N818  no error: it asks for another recording
    """Requests a recording with a known number of rows per batch."""


class Recording:
    """A graph under construction, with properties that apply to everything recorded on it.

    Within ``with recording:`` it is where ``lamina.ops`` records weights and random numbers.

    Parameters
    ----------
    graph : _core.Graph
    training : bool, optional
        Whether the graph is only for training, or only for inference.  None if it is for both:
        ``ask_training`` then returns False, and ``asked`` becomes True.
    rows : int, optional
        The number of rows of every batch; None if the graph is for any number.
    standing : bool, default False
        Whether ``rows`` and the sizes of axes are only placeholders: messages do not show them,
        and nobody reads numbers computed from them (see ``unread``).

    Attributes
    ----------
    forced : bool or None
        The value passed to a call within, ``layer(x, training=True)``; None outside.
    asked : bool
        Whether the recorded operations depend on ``training``.
    noisy : bool
        Whether random numbers are also used in inference: each prediction draws its own.
    once : bool
        Whether the recorded operations run once, immediately: random numbers are then constants.
    leaves : bool
        Whether inference also stores assigned values in the weights: in calls on arrays.
    unsaid : bool
        Whether ``training`` was not given in a call on arrays: the defaults of ``call`` apply.
    unheard : list of str
        Layers that would act differently in training if the model's ``call`` passed it to them.
    unmasked : list of str
        Layers reached by a mask that they neither use nor pass on.
    losses : list of Tensor
        The losses given to ``add_loss`` during the recording.
    penalized : bool
        Whether the losses of layers include the penalties on their weights.
    penalties : dict
        By the ids of a weight and its regularizer, the penalty recorded for it.
    stopped : set of int
        Ids of weights whose penalties were asked for, but are left to the engine.
    assigned : dict
        By the id of a weight, the weight and the value that ``assign`` stores in it.
    watched : dict
        By the id of a metric, the arguments that it got: it is fed after each batch.
    reported : set of int
        Ids of the metrics given to ``compile``, which are fed in any case.
    awaited : Awaited or None
        The model that a step is going to call.
    vague : bool
        Whether numbers are missing, as they would be many and only their shape matters.
    returned : dict
        By the id of a layer, the shapes of its last results, without the axis of rows.
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
        self.asked = self.noisy = self.once = self.leaves = self.unsaid = self._untold = False
        self.vague = False
        self.unheard: list[str] = []
        self.unmasked: list[str] = []
        self.losses: list[Any] = []
        self.penalized = True
        self.penalties: dict[tuple[int, int], Any] = {}
        self.stopped: set[int] = set()
        self.assigned: dict[
            int, tuple[_core.Parameter, _core.Tensor]
        ] = {}  # the values stored in them
        self.watched: dict[int, Any] = {}
        self.reported: set[int] = set()
        self.awaited: Any = None
        self.returned: dict[int, list[Any]] = {}
        self.names: list[str] = []
        self.layers: list[Any] = []  # the layers whose calls are being recorded, outermost first
        self.built: list[Any] = []  # the layers that such a call has built itself
        self.calling = False  # whether the innermost is being called, rather than built
        self._stream = 0
        self._drawn = 0
        self._turn: int | None = None
        self._kept: dict[Any, Any] = {}

    @staticmethod
    def current() -> Recording | None:
        """Return this thread's current recording, or None."""
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
        """Restore the previous recording."""
        _stack.recordings.pop()

    # --- called by layers

    @property
    def name(self) -> str:
        """The name of the layer being recorded, for messages and profiles."""
        return self.names[-1] if self.names else ""

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Use the name of a layer in messages."""
        self.names.append(name)
        try:
            yield
        finally:
            self.names.pop()

    @contextmanager
    def calls(self, layer: Any) -> Iterator[None]:
        """Treat the operations recorded in the block as a call of the layer."""
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
        """Allow weights to be made in the block, even during a recording, and draw no values."""
        now = Recording.current()
        calling = now is not None and now.calling
        _stack.building += 1
        if now is not None:
            now.calling = False
        try:
            yield
        finally:
            _stack.building -= 1
            if now is not None:
                now.calling = calling

    @staticmethod
    def reads_values() -> bool:
        """Return whether a weight that is read now needs values: none is recorded or made."""
        return not _stack.recordings and not _stack.building

    @staticmethod
    def note_built(layer: Any) -> None:
        """Note that a layer's call has built a layer itself."""
        now = Recording.current()
        if now is not None and now.calling:
            now.built.append(layer)

    def ask_training(self) -> bool:
        """Return whether this is for training; the recording is noted to depend on it."""
        if self.forced is not None:
            return self.forced
        self.asked = True
        return bool(self.training)

    def noise(self) -> tuple[bool, bool]:
        """Return whether layers that add noise in training do so here, and whether always."""
        always = self.forced is True
        self.noisy = self.noisy or always
        return self.acts() and (always or not self.unsaid), always

    def acts(self) -> bool:
        """Return whether a layer that acts differently in training does so here."""
        if self._untold:
            self.unheard.append(self.name)
        return self.forced is not False

    @contextmanager
    def told(self, training: bool | None, *, untold: bool = False) -> Iterator[None]:
        """Use ``training`` for the operations recorded in the block, unless it is None.

        With ``untold`` it is False because a model's ``call`` does not pass it on.
        """
        before = self.forced, self._untold
        if training is not None:
            self.forced, self._untold = bool(training), untold
        try:
            yield
        finally:
            self.forced, self._untold = before

    # --- objects made once

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Let ``made_once`` make everything again within the block."""
        before, self._kept = self._kept, {}
        try:
            yield
        finally:
            self._kept = before

    def made_once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return the result of ``make`` from the first time that the key was used."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    # --- streams of random numbers

    @contextmanager
    def streams_from(self, first: int) -> Iterator[None]:
        """Give a layer's own draws separate streams, after the first."""
        before = self._stream, self._drawn
        self._stream, self._drawn = first, 0
        try:
            yield
        finally:
            self._stream, self._drawn = before

    @contextmanager
    def at_turn(self, turn: int) -> Iterator[None]:
        """Let the draws of one time step differ from those of the others."""
        before = self._turn
        self._turn = mix(0 if before is None else before, turn)
        try:
            yield
        finally:
            self._turn = before

    def next_stream(self, *, noisy: bool = True) -> int:
        """Return a stream that no other draw of this recording uses.

        ``noisy`` says whether the numbers are also drawn in inference.
        """
        self.noisy = self.noisy or noisy
        self._drawn += 1
        if self._drawn >= 1 << 11:
            raise ValueError(
                f"{self.name}: one layer may draw random numbers at up to {(1 << 11) - 1} places"
            )
        place = self._stream + self._drawn * STREAM_STEP
        return place if self._turn is None else mix(self._turn, place) & 0xFFFF_FFFF

    def assign(self, variable: _core.Parameter, value: Any) -> None:
        """Let each training step store ``value`` in a weight; operations recorded now read it.

        A trainable weight gets the gradient of the value that is read, and the step's change is
        added.
        """
        from lamina._tensors.given import given
        from lamina._tensors.tensor import Tensor
        from lamina.ops._elements import converted

        tensor = given(value)
        kind = getattr(variable, "_kind", None)
        if kind is not None:  # integers and booleans are stored as floats
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
        """Make layers read a tensor in place of a weight within the block."""
        self.graph.stand_in(variable, tensor.value)
        try:
            yield
        finally:
            self.graph.stand_in(variable, None)

    def need_rows(self) -> int:
        """Return the number of rows of a batch; NeedsRows if the recording is for any number."""
        if self.rows is None:
            raise NeedsRows
        return self.rows


def unread(shape: Sequence[int]) -> bool:
    """Return whether an array is to be recorded, not computed, because only its shape matters.

    Where sizes stand for unknown ones, it may be larger than any that the model will meet.
    """
    now = Recording.current()
    if now is None or not now.standing:
        return False
    by_rows = not now.once and tuple(shape[:1]) == (now.rows,)
    if not by_rows and prod(shape) <= MANY:
        return False
    now.vague = True
    return True


class _Stack(threading.local):
    def __init__(self) -> None:
        self.recordings: list[Recording] = []
        self.building = 0


_stack = _Stack()


class RowCount:
    """The number of rows of a batch, in a recording that is for any number of rows.

    ``reshape`` and other functions accept it as the size of the first axis; code that needs a
    number requests a recording that has one.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Return a description."""
        return "rows"

    def _needed(self, *_: object) -> NoReturn:
        raise NeedsRows

    __int__ = __index__ = __float__ = __bool__ = __hash__ = __neg__ = _needed
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _needed
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _needed
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _needed
    __pow__ = __rpow__ = _needed


Rows = RowCount()
