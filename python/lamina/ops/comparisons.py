"""Comparisons, logic, and choices between elements."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import on_tensors, operation
from lamina._tensors.given import given
from lamina.ops._arguments import several
from lamina.ops._elements import elementwise, joint_kind, kept

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "select",
    "where",
]


@operation
def equal(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 == x2``, element by element.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.equal([1, 2], [[1], [2]])
    array([[ True, False],
           [False,  True]])
    >>> ops.equal([0.0, np.nan], [-0.0, np.nan])
    array([ True, False])
    """
    return elementwise("equal", x1, x2)


@operation
def not_equal(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 != x2``, element by element.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.not_equal([1.0, np.nan], [1.0, np.nan])
    array([False,  True])
    """
    return elementwise("not_equal", x1, x2)


@operation
def less(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 < x2``, element by element.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.less([1.0, 2.0, np.nan], 2)
    array([ True, False, False])
    """
    return elementwise("less", x1, x2)


@operation
def less_equal(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 <= x2``, element by element.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.less_equal([1.0, 2.0, np.nan], 2)
    array([ True,  True, False])
    """
    return elementwise("less_equal", x1, x2)


@operation
def greater(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 > x2``, element by element.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.greater([1.0, 3.0], 2)
    array([False,  True])
    """
    return elementwise("greater", x1, x2)


@operation
def greater_equal(x1: Any, x2: Any) -> Any:
    """Return whether ``x1 >= x2``, element by element.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.greater_equal([1.0, 2.0, np.nan], 2)
    array([False,  True, False])
    """
    return elementwise("greater_equal", x1, x2)


@operation
def logical_and(x1: Any, x2: Any) -> Any:
    """Return where both are true; all numbers except 0 are true.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.logical_and([True, True], [0.0, -2.0])
    array([False,  True])
    """
    return elementwise("logical_and", x1, x2)


@operation
def logical_or(x1: Any, x2: Any) -> Any:
    """Return where either is true; all numbers except 0 are true.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.logical_or([True, False], [[0], [1]])
    array([[ True, False],
           [ True,  True]])
    """
    return elementwise("logical_or", x1, x2)


@operation
def logical_xor(x1: Any, x2: Any) -> Any:
    """Return where exactly one of two is true; all numbers except 0 are true.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.logical_xor([0, 1, 2], True)
    array([ True, False, False])
    """
    return elementwise("logical_xor", x1, x2)


@operation
def logical_not(x: Any) -> Any:
    """Return where x is false, that is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.logical_not([0.0, 0.5, np.nan])
    array([ True, False, False])
    """
    return elementwise("logical_not", x)


# --- choices


@operation
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Return ``x1`` where the condition is true, else ``x2``.

    Parameters
    ----------
    condition : tensor or array_like
    x1, x2 : tensor or array_like
        All three broadcast.  Without x1 and x2, ``nonzero`` of the condition is returned, which
        must be an array.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.where([True, False], [1.0, 2.0], 0)
    array([1., 0.], dtype=float32)
    """
    if x1 is None and x2 is None and not on_tensors(condition):
        from lamina.ops.counting import nonzero

        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError(
            "where: needs x1 and x2: the number of elements that a condition alone selects depends "
            "on its values, and shapes may not"
        )
    x1, x2 = kept(x1), kept(x2)
    return elementwise("where", given(condition), x1, x2, dtype=joint_kind((x1, x2)))


@operation
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Return the first choice whose condition is true, else ``default``.

    Parameters
    ----------
    condlist : sequence of tensors or array_like
    choicelist : sequence of tensors or array_like
        As many as conditions; all broadcast.
    default : tensor or array_like, default 0

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> x = np.array([1, 5, 9])
    >>> ops.select([x < 3, x < 7], [x, 10 * x], -1)
    array([ 1, 50, -1], dtype=int32)
    """
    condlist = several("select", "condlist", condlist)
    choicelist = several("select", "choicelist", choicelist)
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"select: condlist and choicelist must be equally long, and not empty; got "
            f"{len(condlist)} and {len(choicelist)}"
        )
    chosen = kept(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        chosen = where(given(condition), choice, chosen)
    return chosen
