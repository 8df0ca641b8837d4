"""California house prices: 20,640 blocks of the census of 1990 (Pace and Barry 1997)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets.npz import read_npz
from lamina.datasets.places import needed
from lamina.datasets.table import Split, drawn

_FILE, _SMALL = "california_housing.npz", 600


@answering_calls
def load_data(
    version: str = "large",
    path: str | os.PathLike[str] | None = None,
    test_split: float = 0.2,
    seed: int = 113,
) -> Split:
    """Read the eight figures of each block and the median price of its houses, in Keras's order.

    Parameters
    ----------
    version : {"large", "small"}
        All rows, or the first 600.
    path : str or path-like, optional
        The file ``california_housing.npz``, its folder, or its name in the folder that
        ``LAMINA_DATA`` names or in Keras's own cache, where it is looked for by default.
    test_split : float, default 0.2
        The share of test rows.
    seed : int, default 113
        The seed of the order.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        Floats, x of shape (n, 8).

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says how to get it.
    """
    who = "california_housing"
    if version not in ("large", "small"):
        raise ValueError(f"{who}: version must be 'large' or 'small'; got {version!r}")
    place = needed(who, path, _FILE)
    held = read_npz(who, place, ("x", "y"))
    x, y = held["x"], held["y"]
    if x.ndim != 2 or y.shape != x.shape[:1] or x.dtype.kind != "f" or y.dtype.kind != "f":
        raise ValueError(
            f"{who}: {place}: x must be floats of shape (n, 8) and y of (n,); got {x.dtype} of "
            f"{x.shape} and {y.dtype} of {y.shape}"
        )
    if version == "small":
        x, y = x[:_SMALL], y[:_SMALL]
    return drawn(who, x, y, test_split, seed)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
