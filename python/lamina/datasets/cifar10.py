"""CIFAR-10: colour pictures of ten kinds of things, 32 x 32 pixels (Krizhevsky 2009)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets import cifar
from lamina.datasets.table import Split

CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

_LAYOUT = cifar.Layout(
    who="cifar10",
    train=tuple(f"data_batch_{i}" for i in range(1, 6)),
    test=("test_batch",),
    folder="cifar-10-batches",
    label_bytes=1,
    label_at=0,
    label_key="labels",
    npz_suffix="",
    classes=10,
)


@answering_calls
def load_data(path: str | os.PathLike[str] | None = None) -> Split:
    """Read the data set: the binary or the Python version as published, or an .npz archive.

    Parameters
    ----------
    path : str or path-like, optional
        ``cifar-10-binary.tar.gz``, ``cifar-10-python.tar.gz``, an .npz archive of ``x_train``,
        ``y_train``, ``x_test`` and ``y_test``, a folder with one of these (the last as
        ``cifar10.npz``), or the folder that an archive unpacks to.  The environment variable
        ``LAMINA_DATA``, or Keras's own cache, if not given.  Archives are not unpacked to disk, and
        the pickles of the Python version are read without running anything that they name.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8; of the published files pictures of shape (50000, 32, 32, 3) and
        (10000, 32, 32, 3), red, green, blue last, and labels of shape (50000, 1) and (10000, 1)
        from 0 to 9, named in ``CLASS_NAMES``.

    Raises
    ------
    FileNotFoundError
        If a file is missing; the message says how to get it.
    ValueError
        If a file is damaged, has a label out of range, or holds what no published file does.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from lamina.datasets import cifar10
    >>> x, y = np.zeros((2, 32, 32, 3), np.uint8), np.array([3, 9])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "cifar10.npz")
    ...     np.savez_compressed(file, x_train=x, y_train=y, x_test=x, y_test=y)
    ...     (x_train, y_train), (x_test, y_test) = cifar10.load_data(folder)
    >>> [cifar10.CLASS_NAMES[label] for label in y_train[:, 0]]
    ['cat', 'truck']
    """
    return cifar.load(_LAYOUT, path)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
