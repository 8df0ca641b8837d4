"""Turning functions of single elements into functions of tensors, with every call recorded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lamina._tensors.arguments import mapped
from lamina._tensors.dispatch import calling
from lamina.ops._arguments import function_of
from lamina.ops._numbers import integers
from lamina.ops.control import stacked
from lamina.ops.core import convert_to_tensor, is_tensor, shape
from lamina.ops.indexing import get_item
from lamina.ops.shaping import reshape

__all__ = ["vectorize"]


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Iterable[int] | None = None,
    signature: str | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """Return a function that calls another one for each element of its arguments.

    The calls are made one after another; on tensors of a model all of them are recorded, which
    requires a known number of rows.  A function that is written with ``lamina.ops`` rarely needs
    it: most operations take whole tensors.

    Parameters
    ----------
    pyfunc : callable
        It is called with numbers, or arguments described by ``signature``, and returns a number or
        a tensor, or a structure of them.
    excluded : set of int, optional
        Arguments that are passed unchanged.
    signature : str, optional
        The axes of each argument that are passed in each call, as in ``"(m,n),(n)->(m)"``.

    Returns
    -------
    callable
        The axes before those in the signature broadcast; the results are arranged along them.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.vectorize(lambda a, b: a - b if a > b else a + b)([1, 2, 3, 4], 2)
    array([3, 4, 1, 2], dtype=int32)
    """
    function_of("vectorize", "pyfunc", pyfunc)
    left_out = set() if excluded is None else set(_numbered(excluded))
    ranks = None if signature is None else _ranks(signature)

    @calling
    def vectorized(*args: Any) -> Any:
        values = {i: _tensor(arg) for i, arg in enumerate(args) if i not in left_out}
        cores = [0] * len(values) if ranks is None else ranks
        if len(cores) != len(values):
            raise ValueError(
                f"vectorize: signature {signature!r} names {len(cores)} arguments; got "
                f"{len(values)}"
            )
        kept = dict(zip(values, cores, strict=True))
        loops = {i: shape(value)[: len(shape(value)) - kept[i]] for i, value in values.items()}
        loop = _broadcast(list(loops.values()))
        results = []
        for index in np.ndindex(*loop):
            own = list(args)
            for i, value in values.items():
                own[i] = _element(value, loops[i], index)
            results.append(pyfunc(*own))
        if not results:
            raise ValueError("vectorize: needs at least one element; got none")
        return mapped(
            stacked(results), lambda y: reshape(y, (*loop, *shape(y)[1:])) if is_tensor(y) else None
        )

    return vectorized


def _numbered(excluded: Any) -> list[int]:
    listed = list(excluded) if isinstance(excluded, (set, frozenset)) else excluded
    return integers("vectorize", "excluded", listed)


def _tensor(value: Any) -> Any:
    return value if is_tensor(value) else convert_to_tensor(value)


def _broadcast(loops: list[Any]) -> tuple[int, ...]:
    """Return the shape to which the axes of all arguments broadcast."""
    known = [tuple(map(int, sizes)) for sizes in loops]
    try:
        return np.broadcast_shapes(*known)
    except ValueError:
        raise ValueError(
            f"vectorize: the axes of the arguments that are not the signature's must broadcast; "
            f"got {', '.join(map(str, known))}"
        ) from None


def _element(value: Any, sizes: Any, index: tuple[int, ...]) -> Any:
    """Return the part of a tensor at an index into the broadcast axes."""
    own = index[len(index) - len(sizes) :]
    at = tuple(0 if size == 1 else i for i, size in zip(own, sizes, strict=True))
    return get_item(value, at) if at else value


def _ranks(signature: str) -> list[int]:
    """Return the number of axes of each argument in a call."""
    core = r"\(\s*(?:\w+\s*(?:,\s*\w+\s*)*)?\)"
    left, arrow, right = signature.partition("->") if isinstance(signature, str) else ("", "", "")
    if not arrow or not all(
        re.fullmatch(rf"\s*{core}\s*(?:,\s*{core}\s*)*", s) for s in (left, right)
    ):
        raise ValueError(f"vectorize: signature must be like '(m,n),(n)->(m)'; got {signature!r}")
    return [len(re.findall(r"\w+", each)) for each in re.findall(core, left)]
