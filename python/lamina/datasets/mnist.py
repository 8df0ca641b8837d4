"""MNIST: handwritten digits, 28 x 28 pixels; all 70,000 if their file is available."""

from __future__ import annotations

import os
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets.idx import read_idx
from lamina.datasets.npz import read_npz
from lamina.datasets.places import ORIGIN, find, folders
from lamina.datasets.table import Split

_FILE = "mnist.npz"
_KEYS = ("x_train", "y_train", "x_test", "y_test")
_IDX = (
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
)  # fmt: skip
_said = False


@answering_calls
def load_data(path: str | os.PathLike[str] | None = None) -> Split:
    """Return the training digits and the 10,000 test digits.

    The package contains 5,000 of the training digits, 500 of each, in the order 0, 1, ..., 9, 0, 1,
    and so on.  All 60,000, in MNIST's order, are returned if they are available: as ``mnist.npz``,
    the file that Keras downloads, or as the four IDX files, plain or gzipped, in the folder that
    the environment variable ``LAMINA_DATA`` names, in its subfolder ``mnist``, or in Keras's own
    cache ``~/.keras/datasets``.  If they are not, a message on the error stream says so once.

    Parameters
    ----------
    path : str or path-like, optional
        ``mnist.npz``, or a folder to look in; a name that is not a file is looked for in the usual
        folders.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8; images of shape (n, 28, 28) and (10000, 28, 28) with ink from 0 to 255, labels of
        shape (n,) and (10000,) from 0 to 9; n is 60,000 or 5,000.

    Raises
    ------
    ValueError
        If a file is damaged or does not fit the others.

    Examples
    --------
    >>> from lamina.datasets import mnist
    >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()
    >>> x_train.shape[1:], y_test.shape
    ((28, 28), (10000,))
    """
    return digits(path, say=True)


def digits(path: str | os.PathLike[str] | None = None, say: bool = False) -> Split:
    """Return the result of ``load_data``; ``say``: whether to report that digits are missing."""
    file = find("mnist", path, (_FILE,))
    if file is not None:
        held = read_npz("mnist", file, _KEYS)
        return _checked(str(file), *(held[key] for key in _KEYS))
    given = [Path(path)] if path is not None and Path(path).is_dir() else folders()
    for folder in (each for place in given for each in (place, place / "mnist")):
        files = [_idx(folder, name) for name in _IDX]
        if all(files):
            return _checked(str(folder), *(read_idx(file) for file in files if file))
    if say:
        _say()
    x, y = _read("train5k-images-idx3-ubyte.xz"), _read("train5k-labels-idx1-ubyte.gz")
    # The file has all zeros, then all ones (it is smaller); any part of the result is balanced.
    in_turn = np.arange(len(y)).reshape(10, -1).T.ravel()
    return (
        (x[in_turn], y[in_turn]),
        (_read("t10k-images-idx3-ubyte.xz"), _read("t10k-labels-idx1-ubyte.gz")),
    )


def _idx(folder: Path, name: str) -> Path | None:
    return next((f for f in (folder / f"{name}.gz", folder / name) if f.is_file()), None)


def _checked(place: str, *arrays: NDArray[Any]) -> Split:
    for x, y in (arrays[:2], arrays[2:]):
        if x.dtype != np.uint8 or x.shape[1:] != (28, 28) or y.shape != x.shape[:1]:
            raise ValueError(
                f"mnist: {place}: images and labels must be uint8 of (n, 28, 28) and (n,); got "
                f"{x.dtype} of {x.shape} and {y.shape}"
            )
        if y.size and (y.dtype.kind not in "iu" or y.min() < 0 or y.max() > 9):
            raise ValueError(f"mnist: {place}: labels must be integers in [0, 10)")
    x_train, y_train, x_test, y_test = arrays
    return (x_train, y_train.astype(np.uint8)), (x_test, y_test.astype(np.uint8))


def _say() -> None:
    global _said  # noqa: PLW0603
    if not _said and sys.stderr is not None:
        _said = True
        print(
            f"mnist: 5,000 of the 60,000 training digits are in the package; for all, put "
            f"{ORIGIN}/{_FILE} into ~/.keras/datasets or the folder that LAMINA_DATA names",
            file=sys.stderr,
        )


def _read(name: str) -> NDArray[Any]:
    file = resources.files("lamina.datasets") / "data" / "mnist" / name
    with resources.as_file(file) as path:
        return read_idx(path)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
