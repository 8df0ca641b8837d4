"""How a layer is built and unbuilt: the shapes its weights are for, and the layers it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from lamina import _check
from lamina._check import Shape
from lamina._settings import check_fits
from lamina._tensors import Recording
from lamina.layers.base import called, recorded_calls
from lamina.layers.base.configured import Configured
from lamina.layers.base.held import held_by, layers_in
from lamina.layers.base.shapes import (
    Spec,
    for_each_length,
    has_open_axes,
    rows_of,
    shape_with_rows,
    show_shapes,
)
from lamina.layers.base.use import current, using

if TYPE_CHECKING:
    from lamina.layers.layer import Layer

# Attributes of the base class, which are neither settings nor layers that it holds.
STATE = frozenset(
    {
        "built", "_built_shape", "_dtype", "_given_dtype", "_policy", "_policy_of_model",
        "_default_policy",
        "_input_shape", "_name", "_stream", "_trainable", "_parameters", "_undrawn", "_pending",
        "_learnable", "_penalized", "_regularized", "_constrained", "_constructed", "_open_axes",
        "_in_row",
    }
)  # fmt: skip
HELD_BESIDE = STATE | {"built_within", "nodes"}


class Buildable(Configured):
    """What models call to create a layer's weights: a part of ``Layer``."""

    built_within: list[Layer]  # layers built together with it, to be unbuilt with it
    calls: ClassVar[bool] = False  # whether it takes the arguments of `call`; determined per class

    if TYPE_CHECKING:
        # Defined by `Layer`; user classes may give the first one any parameters.
        def build(self, *args: Any, **kwargs: Any) -> None: ...  # noqa: D102
        def compute_output_shape(self, input_shape: Any) -> Any: ...  # noqa: D102

    # --- depends on the current use: see layers/base/use.py

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
        """The time step being recorded, for a layer that is recorded once per step."""
        return current(self, "turn", 0)  # type: ignore[no-any-return]

    # --- shapes

    def row_output_shape(self, row_shape: Any) -> Any:
        """Return the result of ``compute_output_shape`` without the axis of rows."""
        return row_shape

    def output_shape_of(self, row_shape: Any) -> Any:
        """Return the shape of a row of output for that of a row of input; None means unknown.

        It is the result of ``compute_output_shape``, which user classes may define.
        """
        if self.calls:
            return called.output_row_shape(as_layer(self), row_shape)
        return for_each_length(
            row_shape,
            lambda shape: rows_of(self.name, self.compute_output_shape(shape_with_rows(shape))),
        )

    def found(self, specs: list[Spec], *, keep: bool = False) -> Any:
        """Return what is known about the output, a list if there are several.

        This does not build the layer, unless ``keep`` asks it to keep the weights made on the way.
        """
        return recorded_calls.stated(as_layer(self), specs, keep)

    # --- building

    @property
    def given_input_shape(self) -> Shape | None:
        """The shape of a row of input that was given to the constructor."""
        return self._input_shape

    def prepare(self, input_shape: Any, dtype: str, stream: int) -> None:
        """Build the layer for rows of a shape in a model, unless it is built.

        A layer that is already built keeps its weights, so two models may share it.
        """
        if self.calls:
            check_fits(self, dtype, self.name)
            called.prepared(as_layer(self), input_shape, dtype, stream)
            return
        output = self._stated_shape(input_shape, dtype)
        if self.built and self._is_unplaced():
            self.stream = stream
            if self.dtype != dtype:  # built by a call on symbolic tensors, which have no dtype
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
            for each in Buildable.layers_within(self) if output is not None else ():
                if not each.built:
                    each.prepare(output, dtype, stream)
                    self.built_within.append(each)
        except BaseException:
            self.forget()
            raise
        self.built, self._built_shape = True, input_shape

    def _stated_shape(self, input_shape: Any, dtype: str) -> Any:
        """Return the shape given by ``compute_output_shape``; ValueError for a wrong input."""
        check_fits(self, dtype, self.name)
        return self.output_shape_of(input_shape)

    def _is_unplaced(self) -> bool:
        """Return whether no model has set the seed from which initial weights are drawn."""
        waiting = self._first_values()
        return len(waiting) == len(self.parameters) > 0 and all(f.seed is None for f in waiting)

    def _check_input(self, input_shape: Any) -> None:
        """Raise ValueError where no weights could fit; recording rejects other unsuitable input.

        Sizes may be None if they are not known yet.
        """

    def _inside(self, input_shape: Any) -> Any:
        """Return the shape of a row as ``build`` and ``_check_input`` see it."""
        return input_shape

    def take_dtype(self, dtype: str) -> None:
        """Take a model's precision; ValueError if the layer already has another."""
        if self._given_dtype is not None and self._given_dtype != dtype:
            raise ValueError(f"{self.name}: dtype is {self._given_dtype}; the model's is {dtype}")
        if self.built and self.dtype != dtype and self._parameters:
            raise ValueError(f"{self.name}: holds {self.dtype}; the model is {dtype}")
        self._dtype = _check.dtype(self.name, dtype)
        if not self.built:
            self._retype(dtype)

    def forget(self) -> None:
        """Undo ``prepare``: used when building a model fails part-way."""
        self.built, self._built_shape, self._dtype = False, None, self._first_dtype
        self._hold_first()
        if self.built_within:
            within, self.built_within = self.built_within, []
            for layer in within:
                layer.forget()

    def check_weights_fit(self, input_shape: Any) -> None:
        """Raise ValueError if the layer has weights that are for another input."""
        if self.built and self._parameters and not self.weights_fit(input_shape):
            raise ValueError(
                f"{self.name}: was built for input {show_shapes(self._built_shape)}"
                f"; got {show_shapes(input_shape)}"
            )

    def weights_fit(self, input_shape: Any) -> bool:
        """Return whether the weights, built for another input, fit this one too.

        A layer whose weights depend only on the last axis returns ``self.same_last_axis(...)``.
        """
        return bool(input_shape == self._built_shape)

    def same_last_axis(self, input_shape: Any) -> bool:
        """Return whether the input's last axis has the size for which the layer was built."""
        old, new = self._built_shape, input_shape
        if isinstance(old, list) or isinstance(new, list):  # initial states do not matter
            old, new = (s[0] if isinstance(s, list) else s for s in (old, new))
        return bool(len(old) == len(new) and old[-1:] == new[-1:])

    @property
    def streams(self) -> int:
        """Return how many streams of random numbers the layer uses, starting at ``self.stream``."""
        return 1

    def unlearned(self) -> str | None:
        """Return what ``adapt`` still has to learn before the layer is useful."""
        return None

    def layers_within(self) -> Sequence[Layer]:
        """Return the layers that this one holds: as attributes, or in lists, tuples and dicts."""
        if self.calls:
            return held_by(self, HELD_BESIDE)
        function = getattr(self.__dict__.get("activation"), "function", None)
        # For instance a layer that is the activation of another.
        return () if function is None else layers_in(function)


def as_layer(part: Buildable) -> Layer:
    """Return the object, which is a part of a layer, typed as a ``Layer``."""
    return cast("Layer", part)
