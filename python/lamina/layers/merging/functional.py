"""Functional forms of the layers with several inputs: each creates a layer and calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from lamina._calls import answering_calls
from lamina.layers.merging.concatenation import Concatenate
from lamina.layers.merging.dot_product import Dot
from lamina.layers.merging.merge import Add, Average, Maximum, Minimum, Multiply, Subtract

if TYPE_CHECKING:
    from lamina._check import Array
    from lamina._typing import ArrayLike, DimArguments, Unpack
    from lamina.layers.base.node import SymbolicTensor

__all__ = ["add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract"]


@overload
def add(inputs: Sequence[SymbolicTensor], **base: Unpack[DimArguments]) -> SymbolicTensor: ...
@overload
def add(inputs: Sequence[ArrayLike], **base: Unpack[DimArguments]) -> Array: ...
@answering_calls
def add(inputs: Sequence[Any], **base: Unpack[DimArguments]) -> Any:
    """Return the sum of two or more inputs.

    Parameters
    ----------
    inputs : list of array_like or SymbolicTensor
    **base
        See ``Layer``.

    Returns
    -------
    ndarray or SymbolicTensor

    Raises
    ------
    ValueError
        See ``Add``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.add([[[1.0, 2.0]], [[10.0, 20.0]]])
    array([[11., 22.]], dtype=float32)
    """
    return Add(**base)(inputs)


@overload
def subtract(inputs: Sequence[SymbolicTensor], **base: Unpack[DimArguments]) -> SymbolicTensor: ...
@overload
def subtract(inputs: Sequence[ArrayLike], **base: Unpack[DimArguments]) -> Array: ...
@answering_calls
def subtract(inputs: Sequence[Any], **base: Unpack[DimArguments]) -> Any:
    """Return the first of two inputs minus the second.

    Parameters
    ----------
    inputs : list of array_like or SymbolicTensor
    **base
        See ``Layer``.

    Returns
    -------
    ndarray or SymbolicTensor

    Raises
    ------
    ValueError
        See ``Subtract``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.subtract([[[11.0, 22.0]], [[1.0, 2.0]]])
    array([[10., 20.]], dtype=float32)
    """
    return Subtract(**base)(inputs)


@overload
def multiply(inputs: Sequence[SymbolicTensor], **base: Unpack[DimArguments]) -> SymbolicTensor: ...
@overload
def multiply(inputs: Sequence[ArrayLike], **base: Unpack[DimArguments]) -> Array: ...
@answering_calls
def multiply(inputs: Sequence[Any], **base: Unpack[DimArguments]) -> Any:
    """Return the product of two or more inputs, element by element.

    Parameters
    ----------
    inputs : list of array_like or SymbolicTensor
    **base
        See ``Layer``.

    Returns
    -------
    ndarray or SymbolicTensor

    Raises
    ------
    ValueError
        See ``Multiply``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.multiply([[[2.0, 3.0]], [[4.0, 5.0]]])
    array([[ 8., 15.]], dtype=float32)
    """
    return Multiply(**base)(inputs)


@overload
def average(inputs: Sequence[SymbolicTensor], **base: Unpack[DimArguments]) -> SymbolicTensor: ...
@overload
def average(inputs: Sequence[ArrayLike], **base: Unpack[DimArguments]) -> Array: ...
@answering_calls
def average(inputs: Sequence[Any], **base: Unpack[DimArguments]) -> Any:
    """Return the mean of two or more inputs, element by element.

    Parameters
    ----------
    inputs : list of array_like or SymbolicTensor
    **base
        See ``Layer``.

    Returns
    -------
    ndarray or SymbolicTensor

    Raises
    ------
    ValueError
        See ``Average``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.average([[[1.0, 2.0]], [[3.0, 6.0]]])
    array([[2., 4.]], dtype=float32)
    """
    return Average(**base)(inputs)


@overload
def maximum(inputs: Sequence[SymbolicTensor], **base: Unpack[DimArguments]) -> SymbolicTensor: ...
@overload
def maximum(inputs: Sequence[ArrayLike], **base: Unpack[DimArguments]) -> Array: ...
@answering_calls
def maximum(inputs: Sequence[Any], **base: Unpack[DimArguments]) -> Any:
    """Return the largest of two or more inputs, element by element.

    Parameters
    ----------
    inputs : list of array_like or SymbolicTensor
    **base
        See ``Layer``.

    Returns
    -------
    ndarray or SymbolicTensor

    Raises
    ------
    ValueError
        See ``Maximum``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.maximum([[[1.0, 6.0]], [[3.0, 2.0]]])
    array([[3., 6.]], dtype=float32)
    """
    return Maximum(**base)(inputs)


@overload
def minimum(inputs: Sequence[SymbolicTensor], **base: Unpack[DimArguments]) -> SymbolicTensor: ...
@overload
def minimum(inputs: Sequence[ArrayLike], **base: Unpack[DimArguments]) -> Array: ...
@answering_calls
def minimum(inputs: Sequence[Any], **base: Unpack[DimArguments]) -> Any:
    """Return the smallest of two or more inputs, element by element.

    Parameters
    ----------
    inputs : list of array_like or SymbolicTensor
    **base
        See ``Layer``.

    Returns
    -------
    ndarray or SymbolicTensor

    Raises
    ------
    ValueError
        See ``Minimum``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.minimum([[[1.0, 6.0]], [[3.0, 2.0]]])
    array([[1., 2.]], dtype=float32)
    """
    return Minimum(**base)(inputs)


@overload
def concatenate(
    inputs: Sequence[SymbolicTensor], axis: int = -1, **base: Unpack[DimArguments]
) -> SymbolicTensor: ...
@overload
def concatenate(
    inputs: Sequence[ArrayLike], axis: int = -1, **base: Unpack[DimArguments]
) -> Array: ...
@answering_calls
def concatenate(inputs: Sequence[Any], axis: int = -1, **base: Unpack[DimArguments]) -> Any:
    """Return the inputs concatenated along an axis.

    Parameters
    ----------
    inputs : list of array_like or SymbolicTensor
    axis : int, default -1
        See ``Concatenate``.
    **base
        See ``Layer``.

    Returns
    -------
    ndarray or SymbolicTensor

    Raises
    ------
    ValueError
        See ``Concatenate``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.concatenate([[[1.0, 2.0]], [[3.0]]])
    array([[1., 2., 3.]], dtype=float32)
    """
    return Concatenate(axis, **base)(inputs)


@overload
def dot(
    inputs: Sequence[SymbolicTensor],
    axes: int | tuple[int, int] | list[int] = -1,
    normalize: bool = False,
    **base: Unpack[DimArguments],
) -> SymbolicTensor: ...
@overload
def dot(
    inputs: Sequence[ArrayLike],
    axes: int | tuple[int, int] | list[int] = -1,
    normalize: bool = False,
    **base: Unpack[DimArguments],
) -> Array: ...
@answering_calls
def dot(
    inputs: Sequence[Any],
    axes: int | tuple[int, int] | list[int] = -1,
    normalize: bool = False,
    **base: Unpack[DimArguments],
) -> Any:
    """Return the dot products along one axis of each of two inputs.

    Parameters
    ----------
    inputs : list of array_like or SymbolicTensor
        Two of them.
    axes : int or pair of int, default -1
        See ``Dot``.
    normalize : bool, default False
        See ``Dot``.
    **base
        See ``Layer``.

    Returns
    -------
    ndarray or SymbolicTensor

    Raises
    ------
    TypeError, ValueError
        See ``Dot``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.dot([[[1.0, 2.0]], [[3.0, 4.0]]])
    array([[11.]], dtype=float32)
    """
    return Dot(axes, normalize, **base)(inputs)
