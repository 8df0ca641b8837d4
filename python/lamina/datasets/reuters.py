"""Reuters: 11,228 newswires as word numbers, in 46 topics."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from lamina import _check
from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets.documents import FROM, SEED, START, UNKNOWN, coding, of_lists
from lamina.datasets.npz import read_npz
from lamina.datasets.places import needed, word_index
from lamina.datasets.table import Split

_FILE = "reuters.npz"
LABEL_NAMES = (
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply",
    "coffee", "sugar", "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi",
    "money-fx", "interest", "gnp", "meal-feed", "alum", "oilseed", "gold", "tin",
    "strategic-metal", "livestock", "retail", "ipi", "iron-steel", "rubber", "heat", "jobs", "lei",
    "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver", "wpi", "hog", "lead",
)  # fmt: skip


@answering_calls
def load_data(
    path: str | os.PathLike[str] | None = None,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = SEED,
    start_char: int | None = START,
    oov_char: int | None = UNKNOWN,
    index_from: int = FROM,
) -> Split:
    """Read newswires as lists of word numbers, the frequent words first.

    The arguments are those of ``lamina.datasets.imdb.load_data``.

    Parameters
    ----------
    path : str or path-like, optional
        The file ``reuters.npz`` that Keras downloads, its folder, or its name in the folder that
        ``LAMINA_DATA`` names or in Keras's own cache, where it is looked for by default.
    num_words : int, optional
        Numbers from `num_words` on become `oov_char`; all words are kept if not given.
    skip_top : int, default 0
        Numbers below `skip_top` become `oov_char` too.
    maxlen : int, optional
        Leave out texts of `maxlen` words or more.
    test_split : float, default 0.2
        The share of test texts.
    seed : int, default 113
        The seed of the order, which is Keras's.
    start_char, oov_char : int or None, default 1 and 2
    index_from : int, default 3
        Added to the words' numbers in the file, which count from 1.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        `x` are object arrays of lists of int; `y` are int64 from 0 to 45, named by
        ``get_label_names``.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says how to get it.
    ValueError
        If the file is damaged, or `maxlen` leaves nothing.
    """
    who = "reuters"
    how = coding(who, num_words, skip_top, maxlen, seed, start_char, oov_char, index_from)
    share = _check.number(who, "test_split", test_split, 0.0, 1.0)
    place = needed(who, path, _FILE)
    held = read_npz(who, place, ("x", "y"))
    texts = of_lists(who, place, ("x", "y"), held["x"], held["y"], len(LABEL_NAMES))
    texts = how.restricted(who, "whole", how.encoded(texts, np.random.RandomState(how.seed)))
    lists, cut = texts.lists(), int(len(texts.labels) * (1 - share))
    return (lists[:cut], texts.labels[:cut]), (lists[cut:], texts.labels[cut:])


@answering_calls
def get_word_index(
    path: str | os.PathLike[str] | None = "reuters_word_index.json",
) -> dict[str, int]:
    """Return the words and their numbers: see ``lamina.datasets.imdb.get_word_index``."""
    return word_index("reuters.get_word_index", path, "reuters_word_index.json")


@answering_calls
def get_label_names() -> tuple[str, ...]:
    """Return the names of the topics, by their numbers.

    Examples
    --------
    >>> from lamina.datasets import reuters
    >>> reuters.get_label_names()[3]
    'earn'
    """
    return LABEL_NAMES


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
