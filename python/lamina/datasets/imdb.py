"""IMDB: film reviews as numbers of words, good (1) or bad (0) (Maas et al. 2011)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets.documents import (
    FROM,
    SEED,
    START,
    UNKNOWN,
    Coding,
    Texts,
    checked,
    coding,
    of_lists,
)
from lamina.datasets.npz import read_npz
from lamina.datasets.places import find, missing, word_index
from lamina.datasets.table import Split

Array = NDArray[Any]
_FULL, _SMALL = "imdb.npz", "imdb_small.npz"
_FLAT_KEYS = tuple(f"{p}_{k}" for p in ("train", "test") for k in ("tokens", "offsets", "labels"))
_LIST_KEYS = ("x_train", "y_train", "x_test", "y_test")


@answering_calls
def load_data(
    path: str | os.PathLike[str] | None = None,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = SEED,
    start_char: int | None = START,
    oov_char: int | None = UNKNOWN,
    index_from: int = FROM,
) -> Split:
    """Read film reviews as lists of word numbers, the frequent words first.

    Words are numbered from ``index_from + 1`` by how often they occur; 0 is left for padding.
    The arguments are those of Keras's ``imdb.load_data``.

    Parameters
    ----------
    path : str or path-like, optional
        ``imdb.npz``, the file of 25,000 and 25,000 reviews that Keras downloads;
        ``imdb_small.npz``, a subset of 5,000 and 1,000 reviews and the 500 first numbers,
        which comes with this project's examples; a folder with one of them; or the name of a file
        in the folder that the environment variable ``LAMINA_DATA`` names, or in Keras's own cache
        ``~/.keras/datasets``, where both are looked for if nothing is given.
    num_words : int, optional
        Numbers from `num_words` on become `oov_char`; all words are kept if not given.  (Keras
        then loses the last one.)
    skip_top : int, default 0
        Numbers below `skip_top` become `oov_char` too.
    maxlen : int, optional
        Leave out reviews of `maxlen` words or more, including the start mark, as Keras does.
    seed : int, default 113
        The seed of the order of the reviews, which is Keras's.
    start_char : int or None, default 1
        Put before every review; None adds nothing.
    oov_char : int or None, default 2
        Replaces the words that are not kept; None leaves them out.
    index_from : int, default 3
        Added to the words' numbers in the file, which count from 1.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        `x` are object arrays of lists of int, for `lamina.utils.pad_sequences` or
        `lamina.utils.multi_hot`; `y` are int64 of 0 and 1.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says how to get it.
    ValueError
        If the file is damaged or inconsistent, `maxlen` leaves nothing, or `seed`, `start_char` or
        `index_from` is not the default for ``imdb_small.npz``, which is coded and shuffled with the
        defaults.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from lamina.datasets import imdb
    >>> flat = {"tokens": np.array([1, 14, 22, 1, 16]), "offsets": np.array([0, 3, 5]),
    ...         "labels": np.array([1, 0])}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "imdb_small.npz")
    ...     np.savez(file, **{f"{p}_{k}": v for p in ("train", "test") for k, v in flat.items()})
    ...     (x_train, y_train), _ = imdb.load_data(folder, num_words=20)
    >>> x_train.tolist(), y_train.tolist()
    ([[1, 14, 2], [1, 16]], [1, 0])
    """
    who = "imdb"
    how = coding(who, num_words, skip_top, maxlen, seed, start_char, oov_char, index_from)
    place = find(who, path, (_FULL, _SMALL))
    if place is None:
        raise FileNotFoundError(
            f"{missing(who, path, _FULL)}; or use {_SMALL} from the folder examples/data of this "
            f"project's sources"
        )
    train, test, is_unknown = _parts(who, place, how)
    parts = [
        how.restricted(who, name, part, is_unknown)
        for name, part in (("train", train), ("test", test))
    ]
    return tuple((part.lists(), part.labels) for part in parts)  # type: ignore[return-value]


@answering_calls
def get_word_index(
    path: str | os.PathLike[str] | None = "imdb_word_index.json",
) -> dict[str, int]:
    """Return the words and their numbers, which count from 1, the frequent ones first.

    In the result of ``load_data``, word n has the number ``n + index_from``.

    Parameters
    ----------
    path : str or path-like, default "imdb_word_index.json"
        The file, or its name in the folder that ``LAMINA_DATA`` names or in Keras's own cache.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says how to get it.
    """
    return word_index("imdb.get_word_index", path, "imdb_word_index.json")


def _parts(who: str, path: Path, how: Coding) -> tuple[Texts, Texts, int | None]:
    """Return both parts with words coded, and the number that stands for unknown words."""
    held = read_npz(who, path, (), _FLAT_KEYS + _LIST_KEYS)
    if any(key in held for key in _LIST_KEYS):
        _need(who, path, held, _LIST_KEYS)
        train, test = (
            of_lists(who, path, (f"x_{p}", f"y_{p}"), held[f"x_{p}"], held[f"y_{p}"], 2)
            for p in ("train", "test")
        )
        draw = np.random.RandomState(how.seed)  # as in Keras: one sequence for both parts
        return how.encoded(train, draw), how.encoded(test, draw), None
    _need(who, path, held, _FLAT_KEYS)
    if (how.seed, how.start, how.shift) != (SEED, START, FROM):
        raise ValueError(
            f"{who}: {path} is coded with seed {SEED}, start_char {START}, index_from {FROM}; "
            f"got {how.seed}, {how.start}, {how.shift}"
        )
    train, test = (_flat(who, path, held, part) for part in ("train", "test"))
    return train, test, UNKNOWN


def _need(who: str, path: Path, held: dict[str, Array], keys: tuple[str, ...]) -> None:
    missing = [key for key in keys if key not in held]
    if missing:
        raise ValueError(
            f"{who}: {path}: needs the arrays {', '.join(keys)}; lacks {', '.join(missing)}"
        )


def _flat(who: str, path: Path, held: dict[str, Array], part: str) -> Texts:
    """Return a part of the small file: tokens, the offsets of the reviews, and labels."""
    arrays = []
    for key in ("tokens", "offsets", "labels"):
        array = held[f"{part}_{key}"]
        if array.dtype.kind not in "iu" or array.ndim != 1:
            raise ValueError(
                f"{who}: {path}: {part}_{key} must be integers on one axis; "
                f"got {array.dtype} of shape {array.shape}"
            )
        if array.size and array.max() > np.iinfo(np.int64).max:
            raise ValueError(f"{who}: {path}: {part}_{key} must fit int64; got {array.max()}")
        arrays.append(array.astype(np.int64))
    tokens, offsets, labels = arrays
    if len(offsets) != len(labels) + 1:
        raise ValueError(
            f"{who}: {path}: {part}_offsets must have one element more than the {len(labels)} "
            f"labels; got {len(offsets)}"
        )
    if offsets[0] != 0 or offsets[-1] != len(tokens):
        raise ValueError(
            f"{who}: {path}: {part}_offsets must go from 0 to the {len(tokens)} tokens; "
            f"got {offsets[0]} to {offsets[-1]}"
        )
    falling = np.flatnonzero(offsets[1:] < offsets[:-1])
    if falling.size:
        i = int(falling[0])
        raise ValueError(
            f"{who}: {path}: {part}_offsets must ascend; got {offsets[i + 1]} after {offsets[i]} "
            f"at {i + 1}"
        )
    return checked(who, path, part, Texts(tokens, offsets, labels), 2)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
