"""Adapters that let methods of layers behave as Keras's do, however their classes define them.

A layer by rows (see rowwise.py), or one written with ``record``, defines ``build`` for the shape of
one row and ``compute_mask`` for tensors.  Users call ``build`` with a shape that starts with the
axis of rows, and ``compute_mask`` also with arrays; so does a user's class with ``call`` that
derives from such a layer, by ``super()`` or by inheriting the methods.  ``call`` of a layer of the
library computes on arrays if nothing is being recorded.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lamina import _core
from lamina._answers import is_own
from lamina._tensors import Recording
from lamina._tensors.arguments import mapped
from lamina._tensors.dispatch import at_once
from lamina._tensors.given import current as current_recording
from lamina._tensors.given import given as tensor_of
from lamina._tensors.given import wrap
from lamina.layers.base.calls import as_fed
from lamina.layers.base.shapes import rows_of
from lamina.layers.base.signatures import takes_first_by_any_name
from lamina.layers.base.use import current, using

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


def adapt(cls: type[Layer]) -> None:
    """Let the methods of a class behave as Keras's do."""
    made: dict[str, Any] = {"build": _built}
    if is_own(cls):
        made["call"] = _called
    if not cls.calls:
        made = {"build": _build, "compute_mask": _mask_by_rows if cls.by_rows else _compute_mask}
    for name, adapted in made.items():
        method = vars(cls).get(name)
        if inspect.isfunction(method):
            setattr(cls, name, adapted(method))


def _within(layer: Layer) -> bool:
    return bool(current(layer, "of_rows", False))


def _build(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``build`` that users call with the axis of rows, and the library without it."""

    @functools.wraps(method)
    def build(self: Layer, input_shape: Any = None) -> None:
        if _within(self):
            method(self, input_shape)
            return
        row = () if input_shape is None else rows_of(self.name, input_shape)
        if not self.calls:
            self.prepare(row, self.dtype, self.stream)
            Recording.note_built(self)
            return
        with using(self, of_rows=True):
            method(self, self._inside(row))
        self._built_shape = row
        if not current(self, "building", False):
            self.built = True
            Recording.note_built(self)

    return build


def _called(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``call`` of the library's that computes if nothing is being recorded."""
    taking = takes_first_by_any_name(method)

    @functools.wraps(method)
    def call(self: Layer, *args: Any, **kwargs: Any) -> Any:
        if Recording.current() is None and is_own(self.written):
            return self(*args, **kwargs)
        return taking(self, *args, **kwargs)  # or super().call within a user's call

    return call


def build_nothing(layer: Layer, input_shape: Any) -> None:
    """Build a layer whose class defines no ``build``."""
    if not layer.calls and not _within(layer):
        layer.prepare(rows_of(layer.name, input_shape), layer.dtype, layer.stream)


def _built(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``build`` after which the layer counts as built, regardless of its caller."""

    @functools.wraps(method)
    def build(self: Layer, *shapes: Any, **named: Any) -> None:
        if current(self, "building", False):
            method(self, *shapes, **named)
            return
        with using(self, building=True), Recording.building():
            method(self, *shapes, **named)
        self.built = True
        Recording.note_built(self)

    return build


def _compute_mask(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def compute_mask(self: Layer, *given: Any) -> Any:
        if isinstance(given[0], _core.Graph):
            return method(self, *given)
        if Recording.current() is None:
            return at_once(lambda *tensors: compute_mask(self, *tensors), given, {})
        return _mask_of_tensors(self, method, *given)

    return compute_mask


def _mask_by_rows(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``compute_mask`` for tensors that also takes arrays."""

    @functools.wraps(method)
    def compute_mask(self: Layer, inputs: Any, mask: Any = None) -> Any:
        if Recording.current() is None:
            return at_once(lambda *given: compute_mask(self, *given), (inputs, mask), {})
        fed = as_fed(self, current_recording().graph, _values(inputs))
        tensors = mapped(mask, lambda v: tensor_of(v) if hasattr(v, "__array__") else None)
        return method(self, mapped(fed, _wrapped), tensors)

    return compute_mask


def _wrapped(value: Any) -> Any:
    return wrap(value) if isinstance(value, _core.Tensor) else None


def _mask_of_tensors(
    layer: Layer, method: Callable[..., Any], inputs: Any, mask: Any = None
) -> Any:
    graph = current_recording().graph
    fed = as_fed(layer, graph, _values(inputs))
    out = method(layer, graph, fed, _values(mask))
    return mapped(out, _wrapped)


def _values(tensors: Any) -> Any:
    return mapped(tensors, lambda v: tensor_of(v).value if hasattr(v, "__array__") else None)
