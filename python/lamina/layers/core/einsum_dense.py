"""A dense layer whose axes are named by an equation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from lamina import _check, activations, constraints, initializers, ops, regularizers
from lamina._tensors.given import given, record
from lamina.initializers.scaling import by_axes
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.shapes import show_shapes
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import (
        ActivationLike,
        ConstraintLike,
        DimArguments,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["EinsumDense"]

FORM = re.compile(r"(\.\.\.)?([A-Za-z]+)(\.\.\.)?,([A-Za-z]+)->(\.\.\.)?([A-Za-z]+)(\.\.\.)?")


class EinsumDense(Layer):
    """``y = activation(einsum(equation, x, kernel) + bias)``.

    Parameters
    ----------
    equation : str
        For example ``"abc,cd->abd"``: letters for the axes of the input (that of the rows first),
        the kernel and the output.  ``"...x,xy->...y"`` and ``"ab...,bc->ac..."`` omit axes that
        pass unchanged.
    output_shape : int or sequence of int or None
        Sizes of the output's axes without the rows and without omitted axes; None for an axis of
        the same length as in the input.
    activation : str or Activation, optional
    bias_axes : str, optional
        Letters of the output's axes along which biases differ; by default there is no bias.
    kernel_initializer, bias_initializer : str or Initializer
        Initial values: "glorot_uniform" and "zeros".
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties that training adds to the loss.
    kernel_constraint, bias_constraint : str or callable, optional
        Constraints applied to the weights after each step of training.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If the equation has another form, names an axis without a size, or does not fit the input.

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.EinsumDense("ab,bc->ac", 2, kernel_initializer="ones")
    >>> layer([[1.0, 2.0, 3.0]])
    array([[6., 6.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: ActivationLike = None,
        bias_axes: str | None = None,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.equation = _equation(equation)
        sizes = output_shape if isinstance(output_shape, (list, tuple)) else (output_shape,)
        self.output_shape = tuple(
            None if n is None else _check.integer("EinsumDense", f"output_shape[{i}]", n)
            for i, n in enumerate(sizes)
        )
        self.activation = activations.get(activation)
        if bias_axes is not None and not isinstance(bias_axes, str):
            raise TypeError(f"EinsumDense: bias_axes must be letters; got {bias_axes!r}")
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel: Variable | None = None
        self.bias: Variable | None = None

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias, whose shapes follow from the equation."""
        axes = _axes_of(self, tuple(input_shape))
        self.kernel = self.add_weight(
            "kernel",
            axes.kernel,
            by_axes(self.kernel_initializer, axes.summed, axes.made),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if axes.bias is not None:
            self.bias = self.add_weight(
                "bias",
                axes.bias,
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self.kernel = self.bias = None

    def call(self, x: Any) -> Any:
        """Return the sums of products; if only last axes are summed over, as one matrix product."""
        assert self.kernel is not None
        needed = _axes_of(self, (None, *given(x).shape[1:])).kernel
        if needed != tuple(self.kernel.shape):
            raise ValueError(
                f"{self.name}: kernel has shape {tuple(self.kernel.shape)}, needs {needed} for "
                f"inputs {show_shapes(x.shape[1:])}"
            )
        cut = _last_axes(self.equation)
        if cut is not None and _spans(self.bias, self.kernel, cut):
            return self.activation(self._one_product(given(x), cut))
        y = ops.einsum(self.equation, x, self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)

    def _one_product(self, x: Any, cut: int) -> Any:
        assert self.kernel is not None
        shape = tuple(self.kernel.shape)
        summed, made = prod(shape[:cut]), prod(shape[cut:])
        lead = ops.shape(x)[: x.ndim - cut]
        flat = x if cut == 1 else ops.reshape(x, (*lead, summed))
        bias = None if self.bias is None else ops.reshape(self.bias, (made,))
        kernel = ops.reshape(self.kernel, (summed, made))
        y = record("dense", flat, kernel, bias)
        return y if len(shape) == cut + 1 else ops.reshape(y, (*lead, *shape[cut:]))


class Axes(NamedTuple):
    """What an equation implies for the weights: shapes, and the roles of the kernel's axes."""

    kernel: tuple[int, ...]
    bias: tuple[int, ...] | None
    summed: tuple[int, ...]
    made: tuple[int, ...]


def _equation(equation: object) -> str:
    if not isinstance(equation, str):
        raise TypeError(f"EinsumDense: equation must be a string; got {equation!r}")
    match = FORM.fullmatch(equation.replace(" ", ""))
    if match is not None:
        before, _, behind, _, out_before, _, out_behind = match.groups()
        if (before, behind) != (out_before, out_behind) or (before and behind):
            match = None
    if match is None:
        raise ValueError(
            f"EinsumDense: equation must be like 'ab,bc->ac', '...b,bc->...c' or "
            f"'ab...,bc->ac...'; got {equation!r}"
        )
    return equation.replace(" ", "")


def _letters(equation: str) -> tuple[str, str, str, bool]:
    before, x, _, kernel, _, y, _ = FORM.fullmatch(equation).groups()  # type: ignore[union-attr]
    return x, kernel, y, bool(before)


def _axes_of(layer: EinsumDense, shape: tuple[Any, ...]) -> Axes:
    """Return what the equation implies for an input of a shape, the axis of rows first."""
    x, kernel, y, left = _letters(layer.equation)
    elided = len(shape) - len(x)
    who = f"{layer.name}: equation {layer.equation!r}"
    if elided < 0 or (elided > 0 and "..." not in layer.equation):
        raise AxesError(
            f"{who} needs {len(x)} axes{' or more' if '...' in layer.equation else ''} of input; "
            f"got {show_shapes(shape[1:])}"
        )
    passed = shape[1:elided] if left else shape[len(shape) - elided :] if elided else ()
    # The first size is that of the rows: of the first letter, or of the first omitted axis.
    out = [shape[0], *passed, *layer.output_shape] if left else [shape[0], *layer.output_shape]
    named = out[elided:] if left else out
    if len(named) != len(y):
        raise ValueError(f"{who} and output_shape {layer.output_shape} must have the same axes")
    inputs = dict(zip(x, shape[elided:] if left else shape, strict=False))
    outputs = dict(zip(y, named, strict=True))
    for letter in y:
        if letter not in inputs and letter not in kernel:
            raise ValueError(f"{who} does not give axis {letter!r} of the output a size")
        if outputs[letter] is None and letter in inputs:
            outputs[letter] = inputs[letter]
        elif letter in inputs and inputs[letter] not in (None, outputs[letter]):
            raise ValueError(
                f"{who} gives axis {letter!r} the size {outputs[letter]}; the input, of shape "
                f"{show_shapes(shape[1:])}, has {inputs[letter]}"
            )
    sizes = {**inputs, **outputs}
    unknown = [letter for letter in kernel if letter not in sizes]
    if unknown:
        raise ValueError(f"{who} names axis {unknown[0]!r} of the kernel alone")
    made = tuple(i for i, letter in enumerate(kernel) if letter in outputs)
    summed = tuple(i for i, letter in enumerate(kernel) if letter not in outputs)
    bias = _bias_shape(who, layer.bias_axes, y, outputs)
    if bias is not None and not left:
        bias += (1,) * elided
    return Axes(tuple(sizes[letter] for letter in kernel), bias, summed, made)


def _bias_shape(
    who: str, axes: str | None, y: str, sizes: dict[str, Any]
) -> tuple[int, ...] | None:
    if not axes:
        return None
    missing = [letter for letter in axes if letter not in y]
    if missing:
        raise ValueError(f"{who} has no axis {missing[0]!r} of the output for a bias")
    first = min(y.index(letter) for letter in axes)
    return tuple(sizes[letter] if letter in axes else 1 for letter in y[first:])


def _last_axes(equation: str) -> int | None:
    """Return how many last axes of the input are summed over, if no other axis is moved."""
    x, kernel, y, left = _letters(equation)
    if "..." in equation and not left:
        return None
    cut = sum(letter in kernel for letter in x)
    kept, summed = x[: len(x) - cut], x[len(x) - cut :]
    rest = kernel[cut:]
    # The rows are kept separate: they are the first of the axes that are kept.
    if cut and (kept or left) and kernel[:cut] == summed and rest and y == kept + rest:
        return cut
    return None


def _spans(bias: Any, kernel: Any, cut: int) -> bool:
    """Return whether there is either no bias or one for every column of the kernel."""
    return bias is None or tuple(bias.shape) == tuple(kernel.shape)[cut:]
