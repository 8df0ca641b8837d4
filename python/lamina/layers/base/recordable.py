"""What models and the engine need from a layer: its parts, its inputs, and recording it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _core, _policies
from lamina._settings import Configurable, argument_names, check_fits, version
from lamina._tensors import Recording, Tensor
from lamina.layers.base import called, calls
from lamina.layers.base.buildable import Buildable, as_layer
from lamina.layers.base.node import as_list
from lamina.layers.base.shapes import shape_with_rows
from lamina.layers.base.use import current
from lamina.random import Seed

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


class Recordable(Buildable):
    """What models and the engine need from a layer once it is built: a part of ``Layer``."""

    ahead: ClassVar[bool] = False  # whether it computes on arrays, before the graph: see ahead.py
    multiple_inputs: bool = False  # whether a list is a list of inputs
    needs_list: ClassVar[bool] = False  # whether even a single input must be in a list
    # The type that the engine feeds: "float", or "int32" (tokens); None for any.
    input_dtype: ClassVar[str | None] = "float"
    # Whether the outputs of a layer that takes any type are numbers that it calculates.
    new_numbers: ClassVar[bool] = False
    supports_masking: bool = False  # whether a mask passes through unchanged
    # Arguments that may be set on a built layer; they take effect from the next step or call on.
    changeable: ClassVar[tuple[str, ...]] = ()
    by_rows: ClassVar[bool] = False  # whether it defines `call_rows`: see rowwise.py
    # Determined per class, like `calls`.
    takes_mask: ClassVar[bool] = False  # whether `call`, or `record`, has a parameter `mask`
    record_masks: ClassVar[bool] = False  # whether `record` has a parameter `mask`
    replays: bool = False  # whether calls on arrays run what the last one recorded
    # Whether a row may have axes without elements: for a user's `call` this is not known.
    takes_empty: ClassVar[bool] = False
    takes_training: ClassVar[bool] = False  # whether `call` has a parameter `training`
    training_unsaid: ClassVar[bool | None] = None  # its default: what holds where nobody says it
    takes_any_name: ClassVar[bool] = False  # whether `call` ends in `**kwargs`, or the like
    # Whether its call reads the rows of a batch as the first axis of a tensor.
    reads_batch: ClassVar[bool] = False
    # Whether it acts on each position separately, and so need not know the meaning of the axes.
    positionwise: ClassVar[bool] = False
    # By argument of `call`: with at most this many axes, none of them is that of the rows.
    axes_of_whole: ClassVar[Mapping[str, int]] = {}
    # For a layer that drops axes: how to keep them, for error messages of the next layer.
    drops: str | None = None
    last_losses: Sequence[Any] = ()  # the losses that the last call on arrays gave to add_loss
    moment: int = 0  # the time of that call
    is_operation: ClassVar[bool] = False
    # The object that users have in place of this layer: the model, for a model used as a layer.
    stands_for: Any = None
    _in_row: Any = None  # a weak reference to the Sequential that it was added to first
    placed: bool = False  # whether a model, or a symbolic tensor, relies on its shapes

    if TYPE_CHECKING:
        # Defined by `Layer`; user classes may give it any parameters.
        def call(self, *args: Any, **kwargs: Any) -> Any: ...  # noqa: D102

    # --- layers that hold others

    def penalties(self) -> list[tuple[_core.Parameter, float, float]]:
        """Return (weight, l1, l2) for every penalised trainable weight, as in Keras."""
        held = (penalty for layer in self.layers_within() for penalty in layer.penalties())
        return [*super().penalties(), *held]

    def walk(self) -> Iterator[Layer]:
        """Yield this layer and all layers within it, at any depth."""
        yield as_layer(self)
        for layer in self.layers_within():
            yield from layer.walk()

    def _seeds_within(self) -> list[Seed]:
        """Return the seeds of the models that this layer is or holds."""
        return [seed for layer in self.layers_within() for seed in layer._seeds_within()]

    def tell_policy(self, name: str | None) -> None:
        """Tell the layer, and those within it, the policy of their model."""
        self._policy_of_model = name
        for layer in self.layers_within():
            layer.tell_policy(self._own_policy or name)

    def place(self) -> None:
        """Note that the shapes of this layer and of those within it are relied upon."""
        for layer in self.walk():
            layer.placed = True

    # --- inputs

    def input_dtypes(self, count: int) -> list[str | None]:
        """Return "float", "int32" or None (any) for each of ``count`` inputs."""
        return [self.input_dtype] * count

    def wanted_dtypes(self, count: int) -> list[str | None]:
        """Return the types in which inputs are fed that have none; None if later layers decide."""
        kinds = self.input_dtypes(count)
        return [kind or "float" for kind in kinds] if self.new_numbers else kinds

    def input_bound(self) -> int | None:
        """Return the exclusive upper bound of token ids, for a layer that takes them."""
        return None

    def input_bounds(self, count: int) -> list[tuple[str, int] | None]:
        """Return, for each input, which layer bounds its token ids, and the exclusive bound."""
        bound = self.input_bound()
        return [None if bound is None else (self.name, bound)] * count

    # --- recording

    def recorded_settings(self) -> list[int]:
        """Return numbers that change whenever a setting that ``record`` reads changes."""
        names = (*argument_names(type(self)), "activity_regularizer")
        held = (self.__dict__.get(name) for name in dict.fromkeys(names))
        return [version(self), *(version(v) for v in held if isinstance(v, Configurable))]

    @property
    def written(self) -> Any:
        """The function that is called to record the layer."""
        return self.call

    @contextmanager
    def within(self, graph: _core.Graph) -> Iterator[None]:
        """Make the paths of parameters say that operations recorded here belong to this layer."""
        graph.enter(self._own_name.rpartition("/")[2])
        if self._given_dtype is not None:
            self.tell_policy(self._own_policy)
        try:
            with _policies.recorded_under(graph, self._stated_policy):
                yield
        finally:
            graph.leave()

    @property
    def _own_name(self) -> str:
        return self._name

    def record(self, graph: _core.Graph, x: Any) -> Any:  # noqa: ARG002
        """Record the layer's operations on ``graph`` and return the output tensor.

        Several inputs are passed as a list, and several outputs are returned as one.
        """
        raise TypeError(f"{self.name}: a user-defined layer must define call")

    def apply(self, graph: _core.Graph, x: Any, mask: Any = None) -> tuple[Any, Any]:
        """Record the layer; return its output and its outgoing mask (lists for several)."""
        if self.calls:
            return called.apply(as_layer(self), graph, x, mask)
        x = calls.as_fed(as_layer(self), graph, x)
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
        """Return the result of ``record``, for a layer that defines or inherits it."""
        check_fits(self, self.dtype, self.name)  # its weights may have changed
        return self.record(graph, x, mask=mask) if self.record_masks else self.record(graph, x)  # type: ignore[call-arg]

    def _check_recorded(self, x: Any, y: Any) -> None:
        """Raise unless ``record`` returned the shape given by ``compute_output_shape``."""
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
        """Add the activity regularizer's penalty on the outputs to the recorded losses."""
        regularizer: Any = self.activity_regularizer
        if regularizer is not None and current(self, "regularized", True):
            for output in outputs:
                calls.add_penalty(as_layer(self), "activity_regularizer", regularizer, output)

    def regularize_recorded(self, graph: _core.Graph, y: Any) -> None:
        """Do the same for the result of ``record``."""
        if self.activity_regularizer is not None:
            recording = Recording.of(graph)
            now = recording if Recording.current() is not recording else nullcontext()
            with now, recording.within(self.name):
                self.regularize_activity([Tensor(recording, each) for each in as_list(y)])

    # --- masks

    def compute_mask(self, *given: Any) -> Any:
        """Return the outgoing mask, a tensor or None, given that of the input (a list for several).

        The signature is ``compute_mask(self, inputs, mask=None)``; if the layer is written with
        ``record``, the graph comes first.
        """
        mask = given[-1]
        if not self.supports_masking:
            return None
        return mask[0] if isinstance(mask, list) else mask

    @property
    def ends_masks(self) -> bool:
        """Whether the layer neither uses a mask nor passes it on."""
        used = self.takes_mask or self.supports_masking
        return not used and type(self).compute_mask is Recordable.compute_mask

    def _mask_behind(self, graph: _core.Graph, x: Any, mask: Any) -> Any:
        return self.compute_mask(graph, x, mask)


def _shapes(tensors: Any) -> Any:
    return [tuple(t.shape) for t in tensors] if isinstance(tensors, list) else tuple(tensors.shape)
