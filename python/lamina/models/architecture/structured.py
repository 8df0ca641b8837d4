"""Inputs and outputs of models with ``call``: single arrays, or structures of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._arrays import is_array
from lamina._check import Shape
from lamina._tensors.arguments import packed
from lamina.layers.base.lock import structure
from lamina.layers.base.shapes import Spec
from lamina.models.architecture import forms
from lamina.models.compilation.compilable import Compilable
from lamina.models.data.inputs import Port, port_of
from lamina.models.data.rows import gathered

if TYPE_CHECKING:
    from lamina._typing import DTypeLike
    from lamina.layers import Layer


class Structured(Compilable):
    """The form of a model's inputs, known with the first data, and of its outputs."""

    if TYPE_CHECKING:

        @property
        def parts(self) -> list[Layer]: ...  # noqa: D102

    def _begin(self, name: str | None, dtype: DTypeLike | None, seed: int | None) -> None:
        super()._begin(name, dtype, seed)
        self._fed: tuple[Any, list[Port]] | None = None  # the form of the inputs, and each input
        self._first_shapes: list[Shape] | None = None
        self._returned: Any = None  # the form of the outputs
        self._order: Any = None  # the same, with the keys of dicts as `call` returned them
        self._output_specs: list[Spec] = []
        self._met: list[Layer] | None = None  # the layers when they were built

    # --- inputs

    def meet(self, x: Any) -> Any:
        """Note the form of data: the arrays and their kinds."""
        x = self._one_input(x) if self._takes_one() else gathered(x, None)
        form, leaves = forms.of_inputs(x)
        self._take(
            form,
            [port_of(n, leaf) for n, leaf in zip(forms.input_names(form), leaves, strict=True)],
        )
        if self._met is not None and self._met != self.parts:  # layers were added or replaced
            with structure():
                self._met = None
                self._changed()
        return x

    def _takes_one(self) -> bool:
        """Return whether the model was built for one array."""
        return self.built and self._fed is not None and self._fed[0] is None

    def _one_input(self, x: Any) -> Any:
        """Return data for a single input; a list of rows is one array, whose rows may differ."""
        axes = len(self.ports[0].shape)
        rows = isinstance(x, (list, tuple)) and all(is_array(v) and np.ndim(v) == axes for v in x)
        made = gathered(x, self.ports if rows else None)
        return np.stack(made) if rows and len(x) and made is x else made

    def _take(self, form: Any, ports: list[Port]) -> None:
        if self._fed == (form, ports):
            return
        with structure():
            self._fed = form, ports
            self._known_ports = None
            self._changed()

    def _find_ports(self) -> list[Port]:
        return [Port("inputs", None)] if self._fed is None else self._fed[1]

    def _as_of(self) -> Any:
        return (*super()._as_of(), self._fed)

    @property
    def input_row_shapes(self) -> list[Shape] | None:
        """The shapes of a row of the first inputs; None until they are known."""
        return self._first_shapes

    def _formed(self, leaves: Sequence[Any]) -> Any:
        form = None if self._fed is None else self._fed[0]
        return leaves[0] if form is None else packed(form, leaves)

    # --- outputs

    @property
    def output_names(self) -> list[str]:
        """A dict's sorted keys, or "output_1", ...; before building, the names of the losses."""
        form = self._form_returned()
        return ["output"] if form is None else forms.output_names(form)

    def _name_outputs(self) -> None:
        # Compiled before there were outputs.
        if self._compiled is not None and list(self._compiled.names) != self.output_names:
            self.compile_as_asked()

    def output_row_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of a row of the outputs for rows of these shapes."""
        if not self.built:
            self.ensure_built(shapes)
        if list(shapes) == self._first_shapes:
            return [tuple(spec.shape) for spec in self._output_specs]
        return self._recorded_row_shapes(shapes)

    def packed_inputs(self, inputs: list[Any]) -> Any:
        """Return one value for each input in the form of the data."""
        return self._formed(inputs)

    def _packed(self, outputs: list[Any]) -> Any:
        return packed(self._returned, outputs)

    def _returned_by_call(self, outputs: Any) -> Any:
        return forms.in_order(self._order, outputs)

    def _form_returned(self) -> Any:
        if self._returned is not None or not self._asked:
            return self._returned
        asked = forms.by_key(self._asked[1])  # before building, the outputs are those with losses
        return forms.form_of(asked, _is_loss) if isinstance(asked, forms.NESTS) else None


def _is_loss(value: Any) -> bool:
    return not isinstance(value, forms.NESTS) or "class_name" in value
