"""The inputs and outputs of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lamina._check import Shape
from lamina.models.data.inputs import Port

if TYPE_CHECKING:
    from lamina.layers import Layer, SymbolicTensor
    from lamina.models.architecture.front import Front


class Endpoints:
    """Names, shapes and symbolic tensors of a model's inputs and outputs.

    A subclass defines ``_find_ports``, ``inputs``, ``outputs``, ``output_names`` and
    ``output_row_shapes``.  Shapes are those of rows, one for each input or output.
    """

    _known_ports: tuple[Any, list[Port]] | None = None
    _known_front: tuple[Any, Front | None] | None = None

    # --- defined by subclasses

    def _find_ports(self) -> list[Port]:
        raise TypeError(f"{type(self).__name__}: a model must define _find_ports")

    def _find_front(self) -> Front | None:
        # The part that computes on arrays before the graph; most models have none.
        return None

    def _as_of(self) -> Any:
        # A key that distinguishes structures of the model.
        raise TypeError(f"{type(self).__name__}: a model must define _as_of")

    if TYPE_CHECKING:

        def batch_given(self) -> int | None: ...  # noqa: D102

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs."""
        raise TypeError(f"{type(self).__name__}: a model must define output_names")

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors that stand for the inputs."""
        raise TypeError(f"{type(self).__name__}: a model must define inputs")

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors that stand for the outputs."""
        raise TypeError(f"{type(self).__name__}: a model must define outputs")

    def output_row_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:  # noqa: ARG002
        """Return the shapes of a row of the outputs; ValueError if the layers do not fit."""
        raise TypeError(f"{type(self).__name__}: a model must define output_row_shapes")

    def _readers(self) -> Iterable[tuple[int, Layer]]:
        """Return the layers that read inputs directly, with the inputs' positions, if known."""
        return ()

    # --- derived properties

    @property
    def ports(self) -> list[Port]:
        """Descriptions of the inputs."""
        # Cached, as each model queries the models within it several times.
        now, known = self._as_of(), self._known_ports
        if known is None or known[0] != now:
            known = self._known_ports = now, self._find_ports()
        return list(known[1])

    @property
    def front(self) -> Front | None:
        """The part that turns strings into numbers before the graph; None if there is none."""
        now, known = self._as_of(), self._known_front
        if known is None or known[0] != now:
            known = self._known_front = now, self._find_front()
        return known[1]

    def through_front(self, x: Any) -> Any:
        """Return data as the graph is fed; unchanged if no layer computes before the graph."""
        front = self.front
        return x if front is None else front(x)

    @property
    def _given_row_shapes(self) -> list[Shape] | None:
        # For the inputs of the model, before anything computes ahead of its graph.
        return self.input_row_shapes

    @property
    def input(self) -> SymbolicTensor | Any:
        """The symbolic tensor of the input; a list if there are several."""
        tensors = self.inputs
        return tensors[0] if len(tensors) == 1 else tensors

    @property
    def output(self) -> SymbolicTensor | Any:
        """The symbolic tensor of the output; a list if there are several."""
        tensors = self.outputs
        return tensors[0] if len(tensors) == 1 else tensors

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs: keys of data given as a dict."""
        return [port.name for port in self.ports]

    @property
    def input_row_shapes(self) -> list[Shape] | None:
        """The shapes of a row of the inputs; None until they are known."""
        shapes = [port.shape for port in self.ports]
        return None if None in shapes else shapes

    @property
    def input_shape(self) -> Any:
        """The shape of the input; a list if there are several.

        None stands for the rows, unless an ``Input`` has a batch size.
        """
        shapes = self._given_row_shapes
        return None if shapes is None else self._with_rows(shapes)

    @property
    def output_shape(self) -> Any:
        """The shape of the output, in the same form as that of the input; a list if several."""
        shapes = self.input_row_shapes
        return None if shapes is None else self._with_rows(self.output_row_shapes(shapes))

    def _with_rows(self, shapes: Sequence[Shape]) -> Any:
        full = [(self.batch_given(), *shape) for shape in shapes]
        return full[0] if len(full) == 1 else full
