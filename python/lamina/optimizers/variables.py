"""The state of an optimizer as Keras programs see it: arrays and numbers with ``assign``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class StateArray(np.ndarray[Any, np.dtype[Any]]):
    """An array of an optimizer's state: a NumPy array with the methods of Keras's variables.

    Attributes
    ----------
    name, path : str
    trainable : bool
        Always False.
    """

    name = path = ""
    trainable = False

    @classmethod
    def over(cls, array: Array, name: str) -> StateArray:
        """Return the same memory under that name."""
        made = array.view(cls)
        made.name = made.path = name
        return made

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """Return computed results as plain arrays, and arrays changed in place as they are."""
        if array is self:
            return self
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain

    def numpy(self) -> Array:
        """Return a copy of the values."""
        return np.array(self)

    @property
    def value(self) -> Array:
        """A copy of the values."""
        return self.numpy()

    def assign(self, value: Any) -> StateArray:
        """Replace the values by others of the same shape."""
        new = np.asarray(value)
        if new.shape != self.shape:
            raise ValueError(f"{self.name}: assign needs shape {self.shape}; got {new.shape}")
        self[...] = new
        return self

    def assign_add(self, value: Any) -> StateArray:
        """Add to the values."""
        return self.assign(np.asarray(self) + value)

    def assign_sub(self, value: Any) -> StateArray:
        """Subtract from the values."""
        return self.assign(np.asarray(self) - value)


class Rate(float):
    """A current learning rate: a float that can be assigned."""

    _set: Callable[[Any], None]

    @classmethod
    def of(cls, value: float, setter: Callable[[Any], None]) -> Rate:
        """Return the number; ``assign`` calls ``setter``."""
        made = cls(value)
        made._set = setter
        return made

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        """Return the plain number for copies."""
        return float, (float(self),)

    def numpy(self) -> Any:
        """Return it as a NumPy float64."""
        return np.float64(self)

    @property
    def value(self) -> float:
        """The plain number."""
        return float(self)

    def assign(self, value: Any) -> None:
        """Set the learning rate."""
        self._set(float(value))


class Count(int):
    """A current count of steps: an int that can be assigned."""

    _set: Callable[[Any], None]

    @classmethod
    def of(cls, value: int, setter: Callable[[Any], None]) -> Count:
        """Return the number; ``assign`` calls ``setter``."""
        made = cls(value)
        made._set = setter
        return made

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        """Return the plain number for copies."""
        return int, (int(self),)

    def numpy(self) -> Any:
        """Return it as a NumPy int64."""
        return np.int64(self)

    @property
    def value(self) -> int:
        """The plain number."""
        return int(self)

    def assign(self, value: Any) -> None:
        """Set the count."""
        self._set(int(value))


class Scalar:
    """A number of an optimizer among its ``variables``."""

    shape: tuple[int, ...] = ()
    trainable = False

    def __init__(self, name: str, get: Callable[[], Any], put: Callable[[Any], None]) -> None:
        self.name = self.path = name
        self._get, self._put = get, put

    def __repr__(self) -> str:
        """Return name and value."""
        return f"<{self.name} {self._get()}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return the value."""
        return np.asarray(self._get(), dtype)

    def numpy(self) -> Array:
        """Return the value."""
        return np.asarray(self._get())

    @property
    def value(self) -> Any:
        """The value."""
        return self._get()

    def assign(self, value: Any) -> None:
        """Set the value."""
        self._put(np.asarray(value)[()].item())
