"""Values that are known after each batch, and what is calculated from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from lamina._tensors.arguments import Arguments
from lamina._tensors.operators import Operators
from lamina._tensors.tensor import Tensor


class Awaited(Operators):
    """Base of values that stand for numbers of a batch while a step is recorded.

    Operators and the functions of ``lamina.ops`` return another one, for the result of the same
    calculation.
    """

    def value(self, known: Mapping[int, Any]) -> Any:
        """Return the number; ``known`` are the results of metrics by the metrics' id."""
        raise NotImplementedError

    def __bool__(self) -> NoReturn:
        """Refuse: the number is not known while a step is recorded."""
        raise TypeError(f"{self!r} cannot be used in `if` or `while`; use ops.where")

    def __float__(self) -> NoReturn:
        """Refuse: the number is not known while a step is recorded."""
        raise TypeError(f"{self!r} cannot become a float; use it with functions of lamina.ops")

    def __array__(self, *args: Any, **options: Any) -> Any:
        """Refuse: the number is not known while a step is recorded."""
        raise TypeError(f"{self!r} cannot become an array; use it with functions of lamina.ops")


class Calculated(Awaited):
    """The result of a function of ``lamina.ops``.

    Raises
    ------
    TypeError
        If the arguments include tensors, whose numbers are not kept.
    """

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self._function = function
        self._arguments = Arguments(args, kwargs, lambda v: isinstance(v, (Awaited, Tensor)))
        for value in self._arguments.tensors:
            if isinstance(value, Tensor):
                raise TypeError(
                    f"{function.__name__}: a metric's result can be combined with numbers and "
                    f"other results; got {value!r}: give it to a metric, such as Mean, first"
                )

    def __repr__(self) -> str:
        """Return the name of the function."""
        return f"<{self._function.__name__} of metrics' results, known after each batch>"

    def value(self, known: Mapping[int, Any]) -> Any:
        """Return the result for the numbers that are now known."""
        args, kwargs = self._arguments.filled([v.value(known) for v in self._arguments.tensors])
        return self._function(*args, **kwargs)
