"""Cases for the tests of ``lamina.ops``: calls of each function, and the same in NumPy."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import golden

BY_WINDOWS = ("conv", "_transpose", "_pool", "correlate", "blur", "edges", "ssim")

keras_ops = golden.Peer("keras.ops")


@dataclass
class Made:
    """An argument that is drawn: an array, or a number if the shape is ()."""

    shape: tuple
    kind: str = "normal"
    low: float = 0.0
    high: float = 1.0
    rows: bool = True  # whether its first axis may be recorded as rows

    def draw(self, rng):
        if self.kind == "normal":
            return rng.normal(size=self.shape)
        if self.kind == "uniform":
            return rng.uniform(self.low, self.high, self.shape)
        if self.kind == "int":
            return rng.integers(self.low, self.high, self.shape).astype(np.int32)
        if self.kind in ("positive", "regular"):
            x = rng.normal(size=self.shape)
            x = x @ x.swapaxes(-1, -2) if self.kind == "positive" else x
            return x + self.shape[-1] * np.eye(self.shape[-1])
        if self.kind == "bool":
            return rng.random(self.shape) < 0.5
        if self.kind == "corners":
            square = np.array([[0, 0], [self.high, 0], [0, self.high], [self.high, self.high]])
            return square + rng.uniform(-0.7, 0.7, self.shape)
        if self.kind == "holes":
            x = Made(self.shape, "apart").draw(rng)
            holes = np.isin(np.arange(x.size) % 9, (1, 4)).reshape(self.shape)
            return np.where(holes, np.nan, x)
        # "apart": no two closer than 0.05, so that an order survives finite differences
        count = int(np.prod(self.shape))
        return (rng.permutation(count).reshape(self.shape) - count / 2 + 0.3) / 10


def N(*shape, rows=True):  # noqa: N802
    return Made(shape, rows=rows)


def U(low, high, *shape, rows=True):  # noqa: N802
    return Made(shape, "uniform", low, high, rows=rows)


def I(low, high, *shape, rows=True):  # noqa: E743, N802
    return Made(shape, "int", low, high, rows=rows)


def B(*shape, rows=True):  # noqa: N802
    return Made(shape, "bool", rows=rows)


def D(*shape, rows=True):  # noqa: N802
    return Made(shape, "apart", rows=rows)


def Q(size, *shape):  # noqa: N802
    """Corners of squares, each moved a little, (..., 4, 2)."""
    return Made((*shape, 4, 2), "corners", high=size)


def H(*shape, rows=True):  # noqa: N802
    """Numbers apart, and NaN in places."""
    return Made(shape, "holes", rows=rows)


@dataclass
class Case:
    """One call.

    name : the function; args, kwargs : of the call, ``Made`` ones drawn.
    oracle : the same in NumPy; None if only Keras is asked. keras : whether keras.ops is asked;
    gradient : whether it has one. rows : "free" where the first axes may be rows of any number,
    "known" where the recording has to know how many, None where it is not recorded with rows.
    """

    name: str
    args: tuple
    oracle: Any = None
    kwargs: dict = field(default_factory=dict)
    keras: bool = True
    gradient: bool = True
    rows: Any = "free"
    tolerance: float = 1.0
    number: int = 0

    @property
    def whole(self):
        """The number of rows that a recording without rows must know, for windows of images."""
        return (
            1
            if self.name.endswith(
                ("conv", "_transpose", "_pool", "correlate", "blur", "edges", "ssim")
            )
            else None
        )

    def __str__(self):
        return f"{self.name}-{self.number}"

    def drawn(self, mark=lambda made, array: array):
        """The arguments, each array as ``mark`` makes it."""
        rng = np.random.default_rng(len(self.name) + self.number)

        def draw(value):
            if isinstance(value, Made):
                return mark(value, value.draw(rng))
            if type(value) in (list, tuple):
                return type(value)(draw(v) for v in value)
            return value

        return tuple(draw(value) for value in self.args)


def numbered(cases):
    counts = {}
    for case in cases:
        case.number = counts[case.name] = counts.get(case.name, 0) + 1
    return cases
