"""The base of layers that are recorded row by row."""

from __future__ import annotations

from typing import Any

from lamina import _core
from lamina._tensors import Recording, Tensor
from lamina.layers.base import signatures
from lamina.layers.base.reached import found_by_sketch
from lamina.layers.base.shapes import Spec
from lamina.layers.layer import Layer


class RowWise(Layer):
    """A layer of the library that works row by row, on one input or a list, and their masks.

    A subclass defines ``call_rows(self, x)``, or ``call_rows(self, x, mask=None)``, for tensors
    with an axis of rows and of the types given by ``input_dtypes``; ``build`` is given the shape of
    a row. The output shape is found by recording.  The public ``call`` is ``Layer.call``, which
    takes anything on which a layer can be called.
    """

    by_rows = True

    def __init_subclass__(cls, **options: Any) -> None:
        """Determine whether the class uses a mask."""
        super().__init_subclass__(**options)
        if not cls.calls and cls.record is RowWise.record:
            cls.takes_mask = "mask" in signatures.parameters_of(cls.call_rows)

    def call_rows(self, *given: Any, **masks: Any) -> Any:  # noqa: ARG002
        """Return the layer's output for tensors and their masks."""
        raise TypeError(f"{self.name}: a layer by rows must define call_rows")

    def row_output_shape(self, row_shape: Any) -> Any:
        """Return the shape of a row of output; a list of them for several outputs."""
        shapes = row_shape if isinstance(row_shape, list) else [row_shape]
        found = self.found([Spec(tuple(shape)) for shape in shapes])
        return [spec.shape for spec in found] if isinstance(found, list) else found.shape

    def found(self, specs: list[Spec], *, keep: bool = False) -> Any:
        """Return what is known about the output, a list if there are several.

        This does not build the layer, unless ``keep`` asks it to keep the weights made on the way.
        """
        shapes: Any = [spec.shape for spec in specs]
        self._check_given(shapes if len(shapes) > 1 else shapes[0])
        return found_by_sketch(self, specs, keep)

    def _stated_shape(self, input_shape: Any, dtype: str) -> None:  # noqa: ARG002
        """Return None: the shape is found by recording the layer."""
        self._check_given(input_shape)

    def _check_given(self, input_shape: Any) -> None:
        # The shape before it is that of a row as ``call_rows`` sees it: see ``_inside``.
        self._check_input(input_shape)

    def _called(self, x: Any, **masks: Any) -> Any:
        return self.call_rows(x, **masks)

    def _check_recorded(self, x: Any, y: Any) -> None:
        """Check nothing, as no shape was stated."""

    def record(self, graph: _core.Graph, x: Any, mask: Any = None) -> Any:
        """Record the layer's ``call_rows``."""
        now = Recording.current()
        if now is None or now.graph is not graph:
            with Recording(graph):
                return self.record(graph, x, mask)
        waiting = [layer for layer in self.layers_within() if not layer.built]
        try:
            with now.within(self.name):
                tensors = _tensors(now, x)
                masks = {"mask": _tensors(now, mask)} if self.takes_mask else {}
                y = self._called(tensors, **masks)
        finally:
            if waiting:
                self.built_within += [layer for layer in waiting if layer.built]
        return [tensor.value for tensor in y] if isinstance(y, list) else y.value

    def _mask_behind(self, graph: _core.Graph, x: Any, mask: Any) -> Any:
        now = Recording.current()
        if now is None or now.graph is not graph:
            with Recording(graph):
                return self._mask_behind(graph, x, mask)
        with now.within(self.name):
            out = self.compute_mask(_tensors(now, x), _tensors(now, mask))
        if isinstance(out, (list, tuple)):
            return [None if m is None else m.value for m in out]
        return None if out is None else out.value


def _tensors(recording: Recording, value: Any) -> Any:
    """Return the engine's tensor, or each one in a list, as calls take it; None stays None."""
    if isinstance(value, list):
        return [None if v is None else Tensor(recording, v) for v in value]
    return None if value is None else Tensor(recording, value)
