"""CIFAR-100: colour pictures of 100 kinds of things in 20 groups, 32 x 32 (Krizhevsky 2009)."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets import cifar
from lamina.datasets.table import Split

FINE_NAMES = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle",
    "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle",
    "caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch",
    "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox",
    "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion",
    "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom",
    "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
    "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road",
    "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake",
    "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone",
    "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
    "willow_tree", "wolf", "woman", "worm",
)  # fmt: skip
COARSE_NAMES = (
    "aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables",
    "household_electrical_devices", "household_furniture", "insects", "large_carnivores",
    "large_man-made_outdoor_things", "large_natural_outdoor_scenes",
    "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates", "people",
    "reptiles", "small_mammals", "trees", "vehicles_1", "vehicles_2",
)  # fmt: skip

_FINE = cifar.Layout(
    who="cifar100",
    train=("train",),
    test=("test",),
    folder="cifar-100",
    label_bytes=2,
    label_at=1,
    label_key="fine_labels",
    npz_suffix="",
    classes=100,
)
_LAYOUTS = {
    "fine": _FINE,
    "coarse": replace(
        _FINE, label_at=0, label_key="coarse_labels", npz_suffix="_coarse", classes=20
    ),
}


@answering_calls
def load_data(path: str | os.PathLike[str] | None = None, label_mode: str = "fine") -> Split:
    """Read the data set: the binary or the Python version as published, or an .npz archive.

    Parameters
    ----------
    path : str or path-like, optional
        ``cifar-100-binary.tar.gz``, ``cifar-100-python.tar.gz``, an .npz archive of ``x_train``,
        ``y_train``, ``x_test`` and ``y_test``, a folder with one of these (the last as
        ``cifar100.npz``), or the folder that an archive unpacks to.  The environment variable
        ``LAMINA_DATA``, or Keras's own cache, if not given.  Archives are not unpacked to disk, and
        the pickles of the Python version are read without running anything that they name.
    label_mode : {"fine", "coarse"}
        Labels of 100 classes or of their 20 groups.  In an .npz archive the groups are
        ``y_train_coarse`` and ``y_test_coarse``.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8; of the published files pictures of shape (50000, 32, 32, 3) and
        (10000, 32, 32, 3), red, green, blue last, and labels of shape (50000, 1) and (10000, 1),
        named in ``FINE_NAMES`` and ``COARSE_NAMES``.

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
    >>> from lamina.datasets import cifar100
    >>> x, y = np.zeros((2, 32, 32, 3), np.uint8), np.array([3, 99])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "small.npz")
    ...     np.savez_compressed(file, x_train=x, y_train=y, x_test=x, y_test=y)
    ...     (x_train, y_train), (x_test, y_test) = cifar100.load_data(file)
    >>> [cifar100.FINE_NAMES[label] for label in y_train[:, 0]]
    ['bear', 'worm']
    """
    if label_mode not in _LAYOUTS:
        raise ValueError(f"cifar100: label_mode must be 'fine' or 'coarse'; got {label_mode!r}")
    return cifar.load(_LAYOUTS[label_mode], path)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
