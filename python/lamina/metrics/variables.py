"""The variables of a metric, which accumulate over batches."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, initializers
from lamina._check import Array
from lamina._tensors import Variable, written_weights

if TYPE_CHECKING:
    from lamina._typing import InitializerLike, ShapeLike


class MetricVariables:
    """Methods of a metric for its variables; a part of ``Metric``."""

    name: str

    def add_variable(
        self,
        *given: Any,
        shape: ShapeLike | None = None,
        initializer: InitializerLike | None = None,
        dtype: str | None = None,
        name: str | None = None,
    ) -> Variable:
        """Make a variable: a number, or an array, that ``reset_state`` resets.

        Positional arguments are in the order below, or preceded by the name.

        Parameters
        ----------
        shape : tuple of int, default ()
        initializer : str, Initializer or callable, default "zeros"
            Its values, initially and after each ``reset_state``.
        dtype : str, optional
            By default, and for integers, float64, in which sums are accumulated.
        name : str, optional

        Returns
        -------
        Variable
            With ``assign``, ``assign_add`` and the operators of tensors; ``numpy.asarray`` of it is
            a view of its values.
        """
        who = self.name
        told = written_weights.by_name(f"{who}: add_variable", given, {
            "shape": shape, "initializer": initializer, "dtype": dtype, "name": name,
        })  # fmt: skip
        initializer, dtype, name = told["initializer"], told["dtype"], told["name"]
        sizes = _check.shape(who, "shape", () if told["shape"] is None else told["shape"], 0)
        held: list[tuple[Variable, Array]] = self.__dict__.setdefault("_variables", [])
        kind = "float32" if str(dtype) == "float32" else "float64"
        label = f"{who}/{name or f'variable_{len(held)}'}"
        made = initializers.get(initializer) or initializers.Zeros()
        if _takes(made, "dtype"):
            first = np.array(made(sizes, dtype=kind), dtype=kind)
        else:
            first = np.array(made(sizes), dtype=kind)
        if first.shape != sizes:
            raise ValueError(
                f"{who}: the initializer of {label} must return shape {sizes}; got {first.shape}"
            )
        variable = Variable(first, dtype=kind, trainable=False, name=label)
        held.append((variable, first))
        return variable

    def add_weight(
        self,
        *given: Any,
        shape: ShapeLike | None = None,
        initializer: InitializerLike | None = None,
        dtype: str | None = None,
        name: str | None = None,
    ) -> Variable:
        """Make a variable, as ``add_variable`` does."""
        return self.add_variable(
            *given, shape=shape, initializer=initializer, dtype=dtype, name=name
        )

    @property
    def variables(self) -> list[Variable]:
        """The variables, in the order in which they were made."""
        return [variable for variable, _ in self.__dict__.get("_variables", ())]

    def _reset_variables(self) -> None:
        for variable, first in self.__dict__.get("_variables", ()):
            variable.array[...] = first


def _takes(function: Any, name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except ValueError:
        return False
