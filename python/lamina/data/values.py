"""Arrays in data sets: NumPy arrays with the ``numpy()`` of other libraries' tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


class Values(np.ndarray[Any, Any]):
    """An array that has ``numpy()``, which programs written for ``tf.data`` call.

    A single element is an array without axes, which also has ``numpy()``.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.data.values import wrapped
    >>> labels = wrapped(np.array([3, 1]))
    >>> labels.numpy(), int(labels[0].numpy())
    (array([3, 1]), 3)
    """

    def numpy(self) -> Any:
        """Return a plain array, or a number if there are no axes."""
        return self.view(np.ndarray)[()] if self.ndim == 0 else self.view(np.ndarray)

    def set_shape(self, shape: Any) -> None:
        """Check that the shape is this one, but for axes that are None.

        Programs that map TensorFlow's functions over a data set tell it shapes so; here they are
        known.
        """
        told = tuple(None if n is None else int(n) for n in shape)
        if len(told) != self.ndim or any(
            n not in (None, m) for n, m in zip(told, self.shape, strict=True)
        ):
            raise ValueError(f"set_shape: shape must fit {self.shape}; got {told}")

    def __getitem__(self, index: Any) -> Any:
        """Return elements, with ``numpy()``."""
        return wrapped(super().__getitem__(index))

    def __iter__(self) -> Any:
        """Iterate over the first axis."""
        return (self[i] for i in range(len(self)))


class Whole:
    """A leaf that is not an array and is left unchanged, such as a nested data set."""


def wrapped(value: Any) -> Any:
    """Return an array, or an object that can be converted to one, as ``Values``."""
    return value if isinstance(value, Whole) else np.asarray(value).view(Values)


def each(function: Callable[[Any], Any], element: Any) -> Any:
    """Return a structure with the results of a function in place of its leaves.

    Tuples and dicts are structures; a list is an array.
    """
    if isinstance(element, tuple):
        made = [each(function, part) for part in element]
        return type(element)(*made) if hasattr(element, "_fields") else tuple(made)
    if isinstance(element, Mapping):
        return {key: each(function, part) for key, part in element.items()}
    return None if element is None else function(element)


def together(function: Callable[[list[Any]], Any], elements: list[Any]) -> Any:
    """Return one structure, with each leaf made from the corresponding leaves of all elements."""
    first = elements[0]
    if isinstance(first, tuple):
        return tuple(together(function, [e[i] for e in elements]) for i in range(len(first)))
    if isinstance(first, Mapping):
        return {key: together(function, [e[key] for e in elements]) for key in first}
    return None if first is None else function(elements)


def leaves(element: Any) -> list[Any]:
    """Return the leaves of a structure that are present."""
    found: list[Any] = []
    each(found.append, element)
    return found
