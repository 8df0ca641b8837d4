"""Texts as word numbers, one after another, as in Keras's files of IMDB and Reuters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._check import integer

Array = NDArray[Any]
MAX_WORDS = 1 << 26  # ten times Keras's larger file
START, UNKNOWN, FROM, SEED = 1, 2, 3, 113  # Keras's defaults


@dataclass(frozen=True)
class Texts:
    """Texts one after another: text i is ``tokens[offsets[i] : offsets[i + 1]]``."""

    tokens: NDArray[np.int64]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of words in each text."""
        return np.diff(self.offsets)

    def keep(self, wanted: NDArray[np.bool_]) -> Texts:
        """Return the texts with only the selected words."""
        before = np.concatenate([[0], np.cumsum(wanted)])
        return replace(self, tokens=self.tokens[wanted], offsets=before[self.offsets])

    def take(self, texts: NDArray[np.int64]) -> Texts:
        """Return the texts listed, in that order."""
        lengths = self.lengths[texts]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        shift = np.repeat(self.offsets[texts] - offsets[:-1], lengths)
        tokens = self.tokens[np.arange(offsets[-1]) + shift]
        return Texts(tokens, offsets, self.labels[texts])

    def lists(self) -> Array:
        """Return an object array of lists, even if all texts are equally long."""
        made: Array = np.empty(len(self.labels), dtype=object)
        words, ends = self.tokens.tolist(), self.offsets.tolist()
        for i in range(len(made)):
            made[i] = words[ends[i] : ends[i + 1]]
        return made


@dataclass(frozen=True)
class Coding:
    """The checked arguments of ``load_data`` for the coding of words."""

    limit: int | None
    skip: int
    longest: int | None
    seed: int
    start: int | None
    unknown: int | None
    shift: int

    def restricted(self, who: str, part: str, texts: Texts, is_unknown: int | None = None) -> Texts:
        """Return shorter texts of the words kept; ``is_unknown`` stands for unknown words."""
        kept = texts
        if self.longest is not None:
            kept = texts.take(np.flatnonzero(texts.lengths < self.longest))
            if len(kept.labels) == 0:
                raise ValueError(
                    f"{who}: maxlen must leave reviews; got {self.longest}, and the shortest of "
                    f"the {part} part has {texts.lengths.min()} words"
                )
        lost = kept.tokens < self.skip
        if self.limit is not None:
            lost |= kept.tokens >= self.limit
        if is_unknown is not None:
            lost |= kept.tokens == is_unknown
        if self.unknown is None:
            return kept.keep(~lost)
        return replace(kept, tokens=np.where(lost, self.unknown, kept.tokens))

    def encoded(self, texts: Texts, draw: np.random.RandomState) -> Texts:
        """Shuffle as Keras does, shift the words' numbers and put the start mark before them."""
        order = np.arange(len(texts.labels))
        draw.shuffle(order)
        texts = texts.take(order)
        texts = replace(texts, tokens=texts.tokens + self.shift)
        if self.start is None:
            return texts
        tokens = np.insert(texts.tokens, texts.offsets[:-1], self.start)
        return Texts(tokens, texts.offsets + np.arange(len(texts.offsets)), texts.labels)


def coding(
    who: str,
    num_words: Any,
    skip_top: Any,
    maxlen: Any,
    seed: Any,
    start_char: Any,
    oov_char: Any,
    index_from: Any,
) -> Coding:
    """Check the arguments of ``load_data``."""
    if integer(who, "seed", seed, 0) >= 1 << 32:
        raise ValueError(f"{who}: seed must be below 2**32; got {seed}")
    return Coding(
        None if num_words is None else integer(who, "num_words", num_words),
        integer(who, "skip_top", skip_top, 0),
        None if maxlen is None else integer(who, "maxlen", maxlen),
        int(seed),
        None if start_char is None else integer(who, "start_char", start_char, 0),
        None if oov_char is None else integer(who, "oov_char", oov_char, 0),
        integer(who, "index_from", index_from, 0),
    )


def of_lists(
    who: str, path: Path, keys: tuple[str, str], texts: Array, labels: Array, classes: int
) -> Texts:
    """Return the texts in an array of lists, and labels, of one of Keras's files."""
    x, y = keys
    if texts.dtype.kind != "O" or texts.ndim != 1:
        raise ValueError(f"{who}: {path}: {x} must be an array of lists; got {texts.dtype}")
    if labels.dtype.kind not in "iu" or labels.shape != texts.shape:
        raise ValueError(
            f"{who}: {path}: {y} must be {len(texts)} integers, one per review; got {labels.dtype} "
            f"of shape {labels.shape}"
        )
    total = 0
    for i, text in enumerate(texts):
        if isinstance(text, np.ndarray) and text.ndim == 1 and text.dtype.kind in "iu":
            texts[i] = text.tolist()
        elif not isinstance(text, list) or not set(map(type, text)) <= {int}:
            raise ValueError(f"{who}: {path}: {x}[{i}] must be a list of integers")
        total += len(text)
        # A pickle may contain the same list many times: a small file would become a huge array.
        if total > MAX_WORDS:
            raise ValueError(f"{who}: {path}: {x} must hold at most {MAX_WORDS} words")
    try:
        tokens = np.fromiter(chain.from_iterable(texts), np.int64, total)
    except OverflowError:
        raise ValueError(f"{who}: {path}: {x} must hold word numbers in int64") from None
    offsets = np.concatenate([[0], np.cumsum([len(t) for t in texts], dtype=np.int64)])
    part = x.removeprefix("x_")
    return checked(who, path, part, Texts(tokens, offsets, labels.astype(np.int64)), classes)


def checked(who: str, path: Path, part: str, texts: Texts, classes: int) -> Texts:
    """Return the texts; raise ValueError for an invalid label or word number."""
    if len(texts.labels) == 0:
        raise ValueError(f"{who}: {path}: the {part} part must hold reviews; got none")
    wrong = np.flatnonzero((texts.labels < 0) | (texts.labels >= classes))
    if wrong.size:
        rule = "0 or 1" if classes == 2 else f"in [0, {classes})"
        raise ValueError(
            f"{who}: {path}: labels of the {part} part must be {rule}; "
            f"got {texts.labels[wrong[0]]} at review {wrong[0]}"
        )
    # Room is left for index_from.
    wrong = np.flatnonzero((texts.tokens < 0) | (texts.tokens >= 1 << 31))
    if wrong.size:
        text = int(np.searchsorted(texts.offsets, wrong[0], side="right")) - 1
        raise ValueError(
            f"{who}: {path}: word numbers of the {part} part must be in [0, 2**31); "
            f"got {texts.tokens[wrong[0]]} in review {text}"
        )
    return texts
