"""What models and the engine ask of a layer: to be built, and to be recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, cast

from lamina import _check, _core, _policies
from lamina._check import Shape
from lamina._settings import Configurable, argument_names, check_fits, version
from lamina._tensors import Recording, Tensor
from lamina.layers import called, calls, recorded_calls
from lamina.layers._held import held_by, layers_in
from lamina.layers._use import current, using
from lamina.layers.configured import Configured
from lamina.layers.node import as_list
from lamina.layers.shapes import (
    Spec,
    for_each_length,
    has_open_axes,
    rows_of,
    shape_with_rows,
    show_shapes,
)
from lamina.random import Seed

if TYPE_CHECKING:
    from lamina.layers.layer import Layer

# What the base keeps for itself: neither settings nor layers that it holds.
STATE = frozenset(
    {
        "built", "_built_shape", "_dtype", "_given_dtype", "_policy", "_policy_of_model",
        "_input_shape", "_name", "_stream", "_trainable", "_parameters", "_undrawn", "_pending",
        "_learnable", "_penalized", "_regularized", "_constrained", "_constructed", "_open_axes",
        "_in_row",
    }
)  # fmt: skip
HELD_BESIDE = STATE | {"built_within", "nodes"}


class Recordable(Configured):
    """What models and the engine ask of a layer: they build and record it; a part of ``Layer``."""

    built_within: list[Layer]  # what was built with it, to be undone with it

    ahead: ClassVar[bool] = False  # whether it computes on arrays, ahead of the graph: see ahead.py
    multiple_inputs: bool = False  # whether a list is a list of inputs
    needs_list: ClassVar[bool] = False  # whether one input has to be in a list, too
    # What the engine feeds: "float", or "int32" (tokens); None where any will do.
    input_dtype: ClassVar[str | None] = "float"
    supports_masking: bool = False  # whether a mask passes through unchanged
    # Arguments that may be set in a layer that is built; they count from the next step or call on.
    changeable: ClassVar[tuple[str, ...]] = ()
    by_rows: ClassVar[bool] = False  # whether it defines `call_rows`: see rowwise.py
    calls: ClassVar[bool] = False  # whether it takes what `call` does; found out, as the next two
    takes_mask: ClassVar[bool] = False  # whether `call`, or `record`, has a parameter `mask`
    record_masks: ClassVar[bool] = False  # whether `record` has a parameter `mask`
    replays: bool = False  # whether calls on arrays run what the last one recorded
    # Whether a row may have axes of no elements: what a user's `call` makes of them is not known.
    takes_empty: ClassVar[bool] = False
    takes_training: ClassVar[bool] = False  # whether `call` has a parameter `training`
    takes_any_name: ClassVar[bool] = False  # whether `call` ends in `**kwargs`, or the like
    # Whether it acts on each position alone, so that it need not know which axis is which.
    positionwise: ClassVar[bool] = False
    # By argument of `call`: up to so many axes none of them is that of the rows.
    axes_of_whole: ClassVar[Mapping[str, int]] = {}
    # Of a layer that drops axes, what else it can do, for the messages of the one behind it.
    drops: str | None = None
    last_losses: Sequence[Any] = ()  # what the last call on arrays gave to add_loss
    moment: int = 0  # when it was made
    is_operation: ClassVar[bool] = False
    # What users have in its place: the model, of a model as a layer.
    stands_for: Any = None
    _in_row: Any = None  # a weak reference to the Sequential that it was added to first
    placed: bool = False  # whether a model, or a symbolic tensor, relies on its shapes

    if TYPE_CHECKING:
        # What `Layer` defines; the first two may have any parameters in classes of users'.
        def call(self, *args: Any, **kwargs: Any) -> Any: ...  # noqa: D102
        def build(self, *args: Any, **kwargs: Any) -> None: ...  # noqa: D102
        def compute_output_shape(self, input_shape: Any) -> Any: ...  # noqa: D102

    # --- what the use at hand says: see layers/_use.py

    @property
    def name(self) -> str:
        """Unique in a model."""
        return current(self, "name", self._name)  # type: ignore[no-any-return]

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    @property
    def stream(self) -> int:
        """The first of the layer's streams of random numbers."""
        return current(self, "stream", self._stream)  # type: ignore[no-any-return]

    @stream.setter
    def stream(self, value: int) -> None:
        self._stream = value

    @property
    def turn(self) -> int:
        """The time step that is recorded, where a layer is recorded once for each."""
        return current(self, "turn", 0)  # type: ignore[no-any-return]

    # --- shapes

    def row_output_shape(self, row_shape: Any) -> Any:
        """Return what ``compute_output_shape`` does, without the axis of rows in any shape."""
        return row_shape

    def output_shape_of(self, row_shape: Any) -> Any:
        """Return the shape of a row of output, for that of a row of input; None is unknown.

        It is what ``compute_output_shape`` says, which a class of users' may define.
        """
        if self.calls:
            return called.output_row_shape(_whole(self), row_shape)
        return for_each_length(
            row_shape,
            lambda shape: rows_of(self.name, self.compute_output_shape(shape_with_rows(shape))),
        )

    def found(self, specs: list[Spec], *, keep: bool = False) -> Any:
        """Return what is known of the output, a list for several.

        The layer is not built by it, unless it is to ``keep`` weights that it has then.
        """
        return recorded_calls.stated(_whole(self), specs, keep)

    # --- building

    @property
    def given_input_shape(self) -> Shape | None:
        """The shape of a row of input that the constructor was given."""
        return self._input_shape

    def prepare(self, input_shape: Any, dtype: str, stream: int) -> None:
        """Build the layer for a model, for rows of a shape, unless it is built.

        A layer that is built keeps its weights: two models may share one.
        """
        if self.calls:
            check_fits(self, dtype, self.name)
            called.prepared(_whole(self), input_shape, dtype, stream)
            return
        output = self._stated_shape(input_shape, dtype)
        if self.built and self._is_unplaced():
            self.stream = stream
            if self.dtype != dtype:  # built by a call on symbolic tensors, which say none
                self.forget()
        if self.built:
            self.check_weights_fit(input_shape)
            if self.dtype != dtype and self._parameters:
                raise ValueError(f"{self.name}: holds {self.dtype}; the model is {dtype}")
            return
        self.take_dtype(dtype)
        self.stream = stream
        self._begin_weights(has_open_axes(input_shape))
        try:
            with using(self, of_rows=True), Recording.building():
                self.build(self._inside(input_shape))
            for each in Recordable.layers_within(self) if output is not None else ():
                if not each.built:
                    each.prepare(output, dtype, stream)
                    self.built_within.append(each)
        except BaseException:
            self.forget()
            raise
        self.built, self._built_shape = True, input_shape

    def _stated_shape(self, input_shape: Any, dtype: str) -> Any:
        """Return the shape that ``compute_output_shape`` says; ValueError for what is unfit."""
        check_fits(self, dtype, self.name)
        return self.output_shape_of(input_shape)

    def _is_unplaced(self) -> bool:
        """Return whether no model has said what the first values of the weights are drawn from."""
        waiting = self._first_values()
        return len(waiting) == len(self.parameters) > 0 and all(f.seed is None for f in waiting)

    def _check_input(self, input_shape: Any) -> None:
        """Raise ValueError where no weights could fit; recording refuses what else is unfit.

        Sizes may be None, not known yet.
        """

    def _inside(self, input_shape: Any) -> Any:
        """Return the shape in which ``build`` and ``_check_input`` see that of a row."""
        return input_shape

    def take_dtype(self, dtype: str) -> None:
        """Take a model's precision; ValueError where the layer has another."""
        if self._given_dtype is not None and self._given_dtype != dtype:
            raise ValueError(f"{self.name}: dtype is {self._given_dtype}; the model's is {dtype}")
        if self.built and self.dtype != dtype and self._parameters:
            raise ValueError(f"{self.name}: holds {self.dtype}; the model is {dtype}")
        self._dtype = _check.dtype(self.name, dtype)
        if not self.built:
            self._retype(dtype)

    def forget(self) -> None:
        """Undo ``prepare``: used when building a model fails half-way."""
        self.built, self._built_shape, self._dtype = False, None, self._given_dtype
        self._hold_first()
        if self.built_within:
            within, self.built_within = self.built_within, []
            for layer in within:
                layer.forget()

    def check_weights_fit(self, input_shape: Any) -> None:
        """Raise ValueError if the layer has weights, and they are for another input."""
        if self.built and self._parameters and not self.weights_fit(input_shape):
            raise ValueError(
                f"{self.name}: was built for input {show_shapes(self._built_shape)}"
                f"; got {show_shapes(input_shape)}"
            )

    def weights_fit(self, input_shape: Any) -> bool:
        """Return whether the weights, built for another input, fit this one too.

        A layer whose weights depend on the last axis alone returns ``self.same_last_axis(...)``.
        """
        return bool(input_shape == self._built_shape)

    def same_last_axis(self, input_shape: Any) -> bool:
        """Return whether the input's last axis is that which the layer was built for."""
        old, new = self._built_shape, input_shape
        if isinstance(old, list) or isinstance(new, list):  # states beside the input have no say
            old, new = (s[0] if isinstance(s, list) else s for s in (old, new))
        return bool(len(old) == len(new) and old[-1:] == new[-1:])

    @property
    def streams(self) -> int:
        """How many streams of random numbers the layer uses, from ``self.stream`` on."""
        return 1

    def unlearned(self) -> str | None:
        """Return what ``adapt`` would have to learn before the layer does anything of use."""
        return None

    # --- layers that hold others

    def layers_within(self) -> Sequence[Layer]:
        """Return the layers that this one holds: attributes, and in lists, tuples and dicts."""
        if self.calls:
            return held_by(self, HELD_BESIDE)
        function = getattr(self.__dict__.get("activation"), "function", None)
        # A layer that is another's activation.
        return () if function is None else layers_in(function)

    def penalties(self) -> list[tuple[_core.Parameter, float, float]]:
        """Return (weight, l1, l2) for every penalised weight that trains, as Keras does."""
        held = (penalty for layer in self.layers_within() for penalty in layer.penalties())
        return [*super().penalties(), *held]

    def walk(self) -> Iterator[Layer]:
        """Yield this layer and all within it, at any depth."""
        yield _whole(self)
        for layer in self.layers_within():
            yield from layer.walk()

    def _seeds_within(self) -> list[Seed]:
        """Return the seeds of the models that this layer is, or holds."""
        return [seed for layer in self.layers_within() for seed in layer._seeds_within()]

    def tell_policy(self, name: str | None) -> None:
        """Let the layer, and those within it, know the policy of their model."""
        self._policy_of_model = name
        for layer in self.layers_within():
            layer.tell_policy(self._own_policy or name)

    def place(self) -> None:
        """Note that something relies on the shapes of this layer and of those within it."""
        for layer in self.walk():
            layer.placed = True

    # --- what is fed

    def input_dtypes(self, count: int) -> list[str | None]:
        """Return "float", "int32" or None (any) for each of ``count`` inputs."""
        return [self.input_dtype] * count

    def input_bound(self) -> int | None:
        """Return what token ids must stay below, for a layer that takes them."""
        return None

    def input_bounds(self, count: int) -> list[tuple[str, int] | None]:
        """Return for each input who bounds its token ids and what they must stay below."""
        bound = self.input_bound()
        return [None if bound is None else (self.name, bound)] * count

    # --- recording

    def recorded_settings(self) -> list[int]:
        """Return numbers that move when a setting changes that ``record`` reads."""
        names = (*argument_names(type(self)), "activity_regularizer")
        held = (self.__dict__.get(name) for name in dict.fromkeys(names))
        return [version(self), *(version(v) for v in held if isinstance(v, Configurable))]

    @property
    def written(self) -> Any:
        """The function that recording the layer calls."""
        return self.call

    @contextmanager
    def within(self, graph: _core.Graph) -> Iterator[None]:
        """Let the paths of parameters say that what is recorded belongs to this layer."""
        graph.enter(self._own_name.rpartition("/")[2])
        if self._policy is not None:
            self.tell_policy(self._policy)
        try:
            with _policies.recorded_under(graph, self._own_policy):
                yield
        finally:
            graph.leave()

    @property
    def _own_name(self) -> str:
        return self._name

    def record(self, graph: _core.Graph, x: Any) -> Any:  # noqa: ARG002
        """Record the layer's operations on ``graph`` and return the output tensor.

        Several inputs come, and several outputs go, as a list.
        """
        raise TypeError(f"{self.name}: a layer of your own must define call")

    def apply(self, graph: _core.Graph, x: Any, mask: Any = None) -> tuple[Any, Any]:
        """Record the layer; returns its output and its outgoing mask (lists for several)."""
        if self.calls:
            return called.apply(_whole(self), graph, x, mask)
        x = calls.as_fed(_whole(self), graph, x)
        with self.within(graph):
            y = self.apply_record(graph, x, mask)
        self._check_recorded(x, y)
        self.regularize_recorded(graph, y)
        some = any(m is not None for m in mask) if isinstance(mask, list) else mask is not None
        if some and self.ends_masks:
            Recording.of(graph).unmasked.append(self.name)
        if not some and type(self).compute_mask is Recordable.compute_mask:
            return y, [None] * len(y) if isinstance(y, list) else None
        out = self._mask_behind(graph, x, mask)
        if isinstance(y, list) and not isinstance(out, list):
            out = [out, *[None] * (len(y) - 1)]  # the other outputs are states
        return y, out

    def apply_record(self, graph: _core.Graph, x: Any, mask: Any) -> Any:
        """Return what ``record`` does, of a layer that is written with it or derives from one."""
        check_fits(self, self.dtype, self.name)  # what it holds may have changed
        return self.record(graph, x, mask=mask) if self.record_masks else self.record(graph, x)  # type: ignore[call-arg]

    def _check_recorded(self, x: Any, y: Any) -> None:
        """Raise unless ``record`` returned what ``compute_output_shape`` says."""
        for tensor in as_list(y):
            if not isinstance(tensor, _core.Tensor):
                raise TypeError(f"{self.name}: record must return tensors; got {tensor!r}")
        got, said = (
            shape_with_rows(_shapes(y)),
            self.compute_output_shape(shape_with_rows(_shapes(x))),
        )
        if got != said:
            raise ValueError(
                f"{self.name}: compute_output_shape says {said}; record returned {got}, "
                f"the axis of rows first"
            )

    def regularize_activity(self, outputs: Sequence[Any]) -> None:
        """Add what the activity regularizer says of the outputs to the losses that are recorded."""
        regularizer: Any = self.activity_regularizer
        if regularizer is not None and current(self, "regularized", True):
            for output in outputs:
                calls.add_penalty(_whole(self), "activity_regularizer", regularizer, output)

    def regularize_recorded(self, graph: _core.Graph, y: Any) -> None:
        """Do so for what ``record`` returned."""
        if self.activity_regularizer is not None:
            recording = Recording.of(graph)
            now = recording if Recording.current() is not recording else nullcontext()
            with now, recording.within(self.name):
                self.regularize_activity([Tensor(recording, each) for each in as_list(y)])

    # --- masks

    def compute_mask(self, *given: Any) -> Any:
        """Return the outgoing mask, a tensor or None, for the input's (a list for several).

        It is ``compute_mask(self, inputs, mask=None)``; one of a layer that is written with
        ``record`` is given the graph before them.
        """
        mask = given[-1]
        if not self.supports_masking:
            return None
        return mask[0] if isinstance(mask, list) else mask

    @property
    def ends_masks(self) -> bool:
        """Whether a mask is neither used nor passed on."""
        used = self.takes_mask or self.supports_masking
        return not used and type(self).compute_mask is Recordable.compute_mask

    def _mask_behind(self, graph: _core.Graph, x: Any, mask: Any) -> Any:
        return self.compute_mask(graph, x, mask)


def _shapes(tensors: Any) -> Any:
    return [tuple(t.shape) for t in tensors] if isinstance(tensors, list) else tuple(tensors.shape)


def _whole(part: Recordable) -> Layer:
    return cast("Layer", part)
