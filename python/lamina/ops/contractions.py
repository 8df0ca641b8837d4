"""Products of tensors summed over axes: ``einsum`` and ``tensordot``."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, by_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axis_of, shown
from lamina.ops._einsum import parsed
from lamina.ops._elements import converted, floats, joint_kind
from lamina.ops.gathering import diagonal
from lamina.ops.reductions import sum as sum_of
from lamina.ops.shaping import broadcast_to, transpose

__all__ = [
    "einsum",
    "tensordot",
]


@operation
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Return the products of two tensors, summed over pairs of axes.

    Parameters
    ----------
    x1, x2 : tensor or array_like
    axes : int, or two lists of int, default 2
        The number of last axes of x1 and first axes of x2 to sum over, or the pairs of axes.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.tensordot([[1, 2], [3, 4]], [[1, 1], [0, 1]])
    array(7, dtype=int32)
    >>> ops.tensordot(ops.ones((2, 3, 4)), ops.ones((4, 5, 3)), [[1, 2], [2, 0]]).shape
    (2, 5)
    """
    a, b = given(x1), given(x2)
    if isinstance(axes, (int, np.integer)):
        count = operator.index(axes)
        left, right = list(range(a.ndim - count, a.ndim)), list(range(count))
        if not 0 <= count <= min(a.ndim, b.ndim):
            raise ValueError(f"tensordot: axes must be in [0, {min(a.ndim, b.ndim)}]; got {axes}")
    else:
        if not isinstance(axes, (list, tuple)) or len(axes) != 2:
            raise TypeError(
                f"tensordot: axes must be an integer, or the axes of x1 and those of x2; got "
                f"{axes!r}"
            )
        pair = [list(e) if isinstance(e, (list, tuple)) else [e] for e in axes]
        left = [axis_of("tensordot", axis, a.ndim, "axes") for axis in pair[0]]
        right = [axis_of("tensordot", axis, b.ndim, "axes") for axis in pair[1]]
    if len(left) != len(right) or any(
        a.shape[i] != b.shape[j] for i, j in zip(left, right, strict=True)
    ):
        raise ValueError(
            f"tensordot: axes {axes!r} do not pair axes of one size in {shown(a)} and {shown(b)}"
        )
    names = [chr(ord("a") + i) for i in range(a.ndim)]
    others = [chr(ord("A") + i) for i in range(b.ndim)]
    for i, j in zip(left, right, strict=True):
        others[j] = names[i]
    result = [n for i, n in enumerate(names) if i not in left]
    result += [n for j, n in enumerate(others) if j not in right]
    return einsum(f"{''.join(names)},{''.join(others)}->{''.join(result)}", a, b)


@operation
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:  # noqa: ARG001
    """Return products of tensors, summed over the axes whose letters are not in the result.

    Parameters
    ----------
    subscripts : str
        Letters for the axes of each operand, and of the result: "bij,bjk->bik".
    *operands : tensor or array_like
    **kwargs
        ``optimize`` is accepted and has no effect.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    array([3., 7.], dtype=float32)
    """
    tensors = [given(x) for x in operands]
    kind = joint_kind(tensors)
    tensors = [floats(t) for t in tensors]
    equation = parsed(subscripts, [t.ndim for t in tensors])
    terms = [_without_repeats(t, term) for t, term in zip(tensors, equation.inputs, strict=True)]
    _check_sizes(subscripts, terms)
    done = terms[0]
    for i, other in enumerate(terms[1:], 2):
        later = set("".join(term for _, term in terms[i:])) | set(equation.output)
        one = _summed(done, set(other[1]) | later)
        done = _pair(*one, *_summed(other, set(one[1]) | later), later)
    y, term = _summed(done, set(equation.output))
    y = _ordered(y, term, equation.output)
    return converted(y, kind)


def _without_repeats(x: Tensor, term: str) -> tuple[Tensor, str]:
    """Return the diagonal of axes that share a letter."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            if x.shape[first] != x.shape[second]:
                raise ValueError(
                    f"einsum: {letter!r} names axes of different sizes in shape {shown(x)}"
                )
            x = diagonal(x, 0, first, second)
            rest = [c for i, c in enumerate(term) if i not in (first, second)]
            term = "".join([*rest, letter])
    return x, term


def _check_sizes(subscripts: str, terms: list[tuple[Tensor, str]]) -> None:
    known: dict[str, Any] = {}
    for x, term in terms:
        for letter, size in zip(term, x.shape, strict=True):
            if known.setdefault(letter, size) != size and 1 not in (known[letter], size):
                if None in (known[letter], size):  # rows meet a number
                    x.recording.need_rows()
                raise ValueError(
                    f"einsum: {letter!r} of {subscripts!r} names axes of different sizes; got "
                    f"shapes {' and '.join(shown(t) for t, _ in terms)}"
                )
            known[letter] = size if known[letter] == 1 else known[letter]


def _summed(term: tuple[Tensor, str], kept: set[str]) -> tuple[Tensor, str]:
    """Return an operand summed over the axes that no other one names."""
    x, letters = term
    gone = tuple(i for i, letter in enumerate(letters) if letter not in kept)
    if not gone:
        return term
    return sum_of(x, gone), "".join(letter for letter in letters if letter in kept)


def _ordered(x: Tensor, term: str, output: str) -> Tensor:
    order = [term.index(letter) for letter in output]
    return x if order == list(range(x.ndim)) else transpose(x, order)


def _pair(a: Tensor, s: str, b: Tensor, t: str, later: set[str]) -> tuple[Tensor, str]:
    """Return the product of two operands, as batches of matrices, free by contracted axes."""
    rows = s[0] if a.rows else t[0] if b.rows else ""
    if a.rows and b.rows and s[0] != t[0]:
        a, b, rows = all_rows(a), all_rows(b), ""
    if rows and rows not in later:  # the rows themselves are summed over
        a, b, rows = all_rows(a), all_rows(b), ""
    # A letter with size 1 on one side broadcasts.
    a, b = _broadcast(a, s, b, t)
    both = [letter for letter in s if letter in t]
    batch = [letter for letter in both if letter in later]
    inner = [letter for letter in both if letter not in later]
    if rows and rows in both and not (a.rows and b.rows):
        a, b = by_rows(a), by_rows(b)
    left = [letter for letter in s if letter not in t]
    right = [letter for letter in t if letter not in s]
    if rows in left and a.rows:
        return _with_own_rows(a, s, b, t, (batch, inner, left, right))
    if rows and rows in right:
        return _with_own_rows(b, t, a, s, (batch, inner, right, left))
    if rows:
        batch.sort(key=lambda letter: letter != rows)
    sizes = {**dict(zip(s, a.shape, strict=True)), **dict(zip(t, b.shape, strict=True))}
    x = _grouped(a, s, [batch, left, inner])
    y = _grouped(b, t, [batch, inner, right])
    z = record("matmul", x, y)
    shape = [sizes[letter] for letter in batch + left + right]
    z = Tensor(z.recording, z.recording.graph.reshape(z.value, shape[1:] if z.rows else shape))
    return z, "".join(batch + left + right)


def _broadcast(a: Tensor, s: str, b: Tensor, t: str) -> tuple[Tensor, Tensor]:
    sizes: dict[str, Any] = {}
    for x, term in ((a, s), (b, t)):
        for letter, size in zip(term, x.shape, strict=True):
            if sizes.get(letter, 1) == 1:
                sizes[letter] = size

    def wide(x: Tensor, term: str) -> Tensor:
        new = [sizes[letter] for letter in term]
        return x if new == list(x.shape) else broadcast_to(x, new)

    return wide(a, s), wide(b, t)


def _grouped(x: Tensor, term: str, groups: list[list[str]]) -> Tensor:
    """Return x as batches of matrices, with each of the last two groups of axes combined."""
    batch, first, second = groups
    x = _ordered(x, term, "".join(batch + first + second))
    sizes = dict(zip("".join(batch + first + second), x.shape, strict=True))
    shape = [sizes[letter] for letter in batch]
    shape += [prod(sizes[letter] for letter in first), prod(sizes[letter] for letter in second)]
    value = x.recording.graph.reshape(x.value, shape[1:] if x.rows else shape)
    return Tensor(x.recording, value)


def _with_own_rows(
    a: Tensor, s: str, b: Tensor, t: str, groups: tuple[list[str], ...]
) -> tuple[Tensor, str]:
    """Return the product if only a has rows, which are not an axis of b.

    Each row is a separate product, with a matrix shared by all rows.
    """
    batch, inner, left, right = groups
    rows, left = left[0] if left[0] == s[0] else s[0], [letter for letter in left if letter != s[0]]
    x = _ordered(a, s, "".join([rows, *batch, *left, *inner]))
    sizes = dict(zip([rows, *batch, *left, *inner], x.shape, strict=True))
    form = [sizes[c] for c in batch]
    form += [prod(sizes[c] for c in left), prod(sizes[c] for c in inner)]
    x = Tensor(x.recording, x.recording.graph.reshape(x.value, form))
    y = _grouped(b, t, [batch, inner, right])
    sizes.update(zip(t, b.shape, strict=True))
    z = record("matmul", x, y)
    shape = [sizes[c] for c in batch + left + right]
    z = Tensor(z.recording, z.recording.graph.reshape(z.value, shape))
    return z, "".join([rows, *batch, *left, *right])
