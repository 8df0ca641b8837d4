"""Fashion-MNIST: pictures of clothes, 28 x 28 pixels; 60,000 for training and 10,000 for tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from lamina import _check
from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets.idx import read_idx
from lamina.datasets.places import folders
from lamina.datasets.table import Split

CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip
_FIRST = "train-images-idx3-ubyte"
_DEBIAN_FOLDER = "/usr/share/datasets/fashion-mnist"


@answering_calls
def load_data(path: str | os.PathLike[str] | None = None) -> Split:
    """Read the data set from a folder of its four IDX files, plain or gzipped.

    Parameters
    ----------
    path : str or path-like, optional
        The folder, or one with a subfolder ``fashion-mnist``.  If not given, the one that the
        environment variable ``LAMINA_DATA`` names, Keras's own cache, or
        ``/usr/share/datasets/fashion-mnist``, where Debian's package dataset-fashion-mnist
        installs it.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8; images of shape (60000, 28, 28) and (10000, 28, 28), labels of shape (60000,) and
        (10000,) from 0 to 9, named in ``CLASS_NAMES``.

    Raises
    ------
    FileNotFoundError
        If a file is missing; the message says how to get it.
    ValueError
        If a file is damaged or does not fit the others.
    """
    given: Any = next((f for f in folders() if _is_in(f) or _is_in(f / "fashion-mnist")), None)
    given = given or os.environ.get("LAMINA_DATA") or _DEBIAN_FOLDER
    folder = _check.path("fashion_mnist", "path", given if path is None else path)
    if (folder / "fashion-mnist").is_dir():
        folder = folder / "fashion-mnist"
    return _read_part(folder, "train"), _read_part(folder, "t10k")


def _is_in(folder: Path) -> bool:
    return any((folder / f"{_FIRST}{ending}").is_file() for ending in ("", ".gz"))


def _read_part(folder: Path, part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    images = read_idx(_find(folder, f"{part}-images-idx3-ubyte"))
    labels = read_idx(_find(folder, f"{part}-labels-idx1-ubyte"))
    if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1]:
        raise ValueError(
            f"fashion_mnist: {part} images and labels must have shapes (n, 28, 28) and (n,); "
            f"got {images.shape} and {labels.shape}"
        )
    if labels.size and labels.max() >= len(CLASS_NAMES):
        raise ValueError(f"fashion_mnist: {part} labels must be in [0, 10); got {labels.max()}")
    return images, labels


def _find(folder: Path, name: str) -> Path:
    for file in (folder / f"{name}.gz", folder / name):
        if file.is_file():
            return file
    raise FileNotFoundError(
        f"fashion_mnist: no file {name}.gz in {folder}. On Debian or Ubuntu run "
        f"'apt install dataset-fashion-mnist', which installs it under {_DEBIAN_FOLDER}; "
        f"elsewhere download the four files named in "
        f"https://github.com/zalandoresearch/fashion-mnist into a folder and give it as path= "
        f"or in the environment variable LAMINA_DATA"
    )


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
