"""IMDB: film reviews as numbers of words, good (1) or bad (0) (Maas et al. 2011)."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import integer
from lamina._check import path as checked_path
from lamina.datasets.npz import read_npz
from lamina.datasets.table import Split

Array = NDArray[Any]
_FULL, _SMALL = "imdb.npz", "imdb_small.npz"
_FLAT_KEYS = tuple(f"{p}_{k}" for p in ("train", "test") for k in ("tokens", "offsets", "labels"))
_LIST_KEYS = ("x_train", "y_train", "x_test", "y_test")
_MAX_WORDS = 1 << 26  # ten times Keras's file
# How the words of the small file are coded, and the defaults of ``load_data``.
_START, _UNKNOWN, _FROM, _SEED = 1, 2, 3, 113


@dataclass(frozen=True)
class _Part:
    """Reviews one behind the other: review i is ``tokens[offsets[i] : offsets[i + 1]]``."""

    tokens: NDArray[np.int64]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    def keep(self, wanted: NDArray[np.bool_]) -> _Part:
        """Return the part with only the tokens wanted, in as many reviews."""
        before = np.concatenate([[0], np.cumsum(wanted)])
        return replace(self, tokens=self.tokens[wanted], offsets=before[self.offsets])

    def take(self, reviews: NDArray[np.int64]) -> _Part:
        """Return the reviews listed, in that order."""
        lengths = self.lengths[reviews]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        shift = np.repeat(self.offsets[reviews] - offsets[:-1], lengths)
        tokens = self.tokens[np.arange(offsets[-1]) + shift]
        return _Part(tokens, offsets, self.labels[reviews])

    def lists(self) -> Array:
        """Return an object array of lists, also where all reviews are equally long."""
        reviews: Array = np.empty(len(self.labels), dtype=object)
        words, ends = self.tokens.tolist(), self.offsets.tolist()
        for i in range(len(reviews)):
            reviews[i] = words[ends[i] : ends[i + 1]]
        return reviews


@answering_calls
def load_data(
    path: str | os.PathLike[str] | None = None,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = _SEED,
    start_char: int | None = _START,
    oov_char: int | None = _UNKNOWN,
    index_from: int = _FROM,
) -> Split:
    """Read film reviews as lists of word numbers, the frequent words first.

    Words are numbered from ``index_from + 1`` by how often they occur; 0 is left for padding.
    The arguments are those of Keras's ``imdb.load_data``.

    Parameters
    ----------
    path : str or path-like, optional
        ``imdb.npz``, the file of 25,000 and 25,000 reviews that Keras downloads;
        ``imdb_small.npz``, a subset of 5,000 and 1,000 reviews and the 500 first numbers,
        which comes with this project's examples; or a folder with one of them.  The environment
        variable ``LAMINA_DATA`` if not given.
    num_words : int, optional
        Numbers from `num_words` on become `oov_char`; all words are kept if not given.  (Keras
        then loses the last one.)
    skip_top : int, default 0
        So do numbers below `skip_top`.
    maxlen : int, optional
        Leave out reviews of `maxlen` words or more, the start mark counted, as Keras does.
    seed : int, default 113
        Of the order of the reviews, the one that Keras gives them.
    start_char : int or None, default 1
        Put before every review; None puts nothing.
    oov_char : int or None, default 2
        Stands for the words not kept; None leaves them out.
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
        If the file is damaged or inconsistent, `maxlen` leaves nothing, or another `seed`,
        `start_char` or `index_from` than the default is asked of ``imdb_small.npz``, which is
        coded and shuffled with these.

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
    limit = None if num_words is None else integer(who, "num_words", num_words)
    skip = integer(who, "skip_top", skip_top, 0)
    longest = None if maxlen is None else integer(who, "maxlen", maxlen)
    start = None if start_char is None else integer(who, "start_char", start_char, 0)
    unknown = None if oov_char is None else integer(who, "oov_char", oov_char, 0)
    if integer(who, "seed", seed, 0) >= 1 << 32:
        raise ValueError(f"{who}: seed must be below 2**32; got {seed}")
    coding = (int(seed), start, integer(who, "index_from", index_from, 0))
    train, test, is_unknown = _parts(who, _find(who, path), coding)
    result = []
    for name, part in (("train", train), ("test", test)):
        kept = part
        if longest is not None:
            kept = part.take(np.flatnonzero(part.lengths < longest))
            if len(kept.labels) == 0:
                raise ValueError(
                    f"{who}: maxlen must leave reviews; got {longest}, and the shortest of the "
                    f"{name} part has {part.lengths.min()} words"
                )
        lost = kept.tokens < skip
        if limit is not None:
            lost |= kept.tokens >= limit
        if is_unknown is not None:
            lost |= kept.tokens == is_unknown
        if unknown is None:
            kept = kept.keep(~lost)
        else:
            kept = replace(kept, tokens=np.where(lost, unknown, kept.tokens))
        result.append((kept.lists(), kept.labels))
    return result[0], result[1]


def _find(who: str, path: str | os.PathLike[str] | None) -> Path:
    given = path if path is not None else os.environ.get("LAMINA_DATA")
    what = "no folder or file was given"
    if given is not None and given != "":
        place = checked_path(who, "path", given)
        if place.is_file():
            return place
        for name in (_FULL, _SMALL):
            if (place / name).is_file():
                return place / name
        what = f"no file {_FULL} or {_SMALL} in {place}" if place.is_dir() else f"no file {place}"
    raise FileNotFoundError(
        f"{who}: {what}. Download "
        f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{_FULL}, or take {_SMALL} "
        f"from the folder examples/data of this project's sources, and give the file or its "
        f"folder as path= or in the environment variable LAMINA_DATA"
    )


def _parts(
    who: str, path: Path, coding: tuple[int, int | None, int]
) -> tuple[_Part, _Part, int | None]:
    """Return both parts with words coded, and the number that stands for unknown words."""
    held = read_npz(who, path, (), _FLAT_KEYS + _LIST_KEYS)
    if any(key in held for key in _LIST_KEYS):
        _need(who, path, held, _LIST_KEYS)
        train, test = (_lists(who, path, held, part) for part in ("train", "test"))
        draw = np.random.RandomState(coding[0])  # Keras's: one sequence for both parts
        return _encode(train, draw, coding[1:]), _encode(test, draw, coding[1:]), None
    _need(who, path, held, _FLAT_KEYS)
    if coding != (_SEED, _START, _FROM):
        raise ValueError(
            f"{who}: {path} is coded with seed {_SEED}, start_char {_START}, index_from {_FROM}; "
            f"got {coding[0]}, {coding[1]}, {coding[2]}"
        )
    train, test = (_flat(who, path, held, part) for part in ("train", "test"))
    return train, test, _UNKNOWN


def _need(who: str, path: Path, held: dict[str, Array], keys: tuple[str, ...]) -> None:
    missing = [key for key in keys if key not in held]
    if missing:
        raise ValueError(
            f"{who}: {path}: needs the arrays {', '.join(keys)}; lacks {', '.join(missing)}"
        )


def _flat(who: str, path: Path, held: dict[str, Array], part: str) -> _Part:
    """Return a part of the small file: tokens, where each review begins, and labels."""
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
    return _checked(who, path, part, _Part(tokens, offsets, labels))


def _lists(who: str, path: Path, held: dict[str, Array], part: str) -> _Part:
    """Return a part of Keras's file: an array of lists, and labels."""
    reviews, labels = held[f"x_{part}"], held[f"y_{part}"]
    if reviews.dtype.kind != "O" or reviews.ndim != 1:
        raise ValueError(f"{who}: {path}: x_{part} must be an array of lists; got {reviews.dtype}")
    if labels.dtype.kind not in "iu" or labels.shape != reviews.shape:
        raise ValueError(
            f"{who}: {path}: y_{part} must be {len(reviews)} integers, one a review; "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    total = 0
    for i, review in enumerate(reviews):
        if isinstance(review, np.ndarray) and review.ndim == 1 and review.dtype.kind in "iu":
            reviews[i] = review.tolist()
        elif not isinstance(review, list) or not set(map(type, review)) <= {int}:
            raise ValueError(f"{who}: {path}: x_{part}[{i}] must be a list of integers")
        total += len(review)
        # The same list may stand in a pickle many times: a small file would become a huge array.
        if total > _MAX_WORDS:
            raise ValueError(f"{who}: {path}: x_{part} must hold at most {_MAX_WORDS} words")
    try:
        tokens = np.fromiter(chain.from_iterable(reviews), np.int64, total)
    except OverflowError:
        raise ValueError(f"{who}: {path}: x_{part} must hold word numbers in int64") from None
    offsets = np.concatenate([[0], np.cumsum([len(r) for r in reviews], dtype=np.int64)])
    return _checked(who, path, part, _Part(tokens, offsets, labels.astype(np.int64)))


def _checked(who: str, path: Path, part: str, reviews: _Part) -> _Part:
    if len(reviews.labels) == 0:
        raise ValueError(f"{who}: {path}: the {part} part must hold reviews; got none")
    wrong = np.flatnonzero((reviews.labels < 0) | (reviews.labels > 1))
    if wrong.size:
        raise ValueError(
            f"{who}: {path}: labels of the {part} part must be 0 or 1; "
            f"got {reviews.labels[wrong[0]]} at review {wrong[0]}"
        )
    # Room is left for index_from.
    wrong = np.flatnonzero((reviews.tokens < 0) | (reviews.tokens >= 1 << 31))
    if wrong.size:
        review = int(np.searchsorted(reviews.offsets, wrong[0], side="right")) - 1
        raise ValueError(
            f"{who}: {path}: word numbers of the {part} part must be in [0, 2**31); "
            f"got {reviews.tokens[wrong[0]]} in review {review}"
        )
    return reviews


def _encode(part: _Part, draw: np.random.RandomState, coding: tuple[int | None, int]) -> _Part:
    """Shuffle as Keras does, shift the words' numbers and put the start mark before them."""
    start, shift = coding
    order = np.arange(len(part.labels))
    draw.shuffle(order)
    part = part.take(order)
    part = replace(part, tokens=part.tokens + shift)
    if start is None:
        return part
    tokens = np.insert(part.tokens, part.offsets[:-1], start)
    return _Part(tokens, part.offsets + np.arange(len(part.offsets)), part.labels)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
