"""From texts to the indices of their words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina._settings import custom
from lamina._strings import as_strings, of_objects
from lamina.layers.base.shapes import Spec
from lamina.layers.preprocessing.string_lookup import StringLookup

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["TextVectorization"]

PUNCTUATION = re.compile(r"""[!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']""")
WORD = re.compile(r"\S+", re.ASCII)
STANDARDS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
SPLITS = ("whitespace", "character")

Function = Callable[[Array], Any]


class TextVectorization(StringLookup):
    """Turn texts into the indices of their words in a vocabulary, or into codes of them.

    Each text is standardised, split, and, if requested, joined into n-grams; the tokens are then
    looked up as by ``StringLookup`` with the mask token "", which pads short texts.

    Parameters
    ----------
    max_tokens : int, optional
        The maximum number of indices.
    standardize : {"lower_and_strip_punctuation", "lower", "strip_punctuation"}, callable or None
        A function is given an array of strings and returns one of the same shape: (rows,), both in
        ``adapt`` and in calls, and without ``split`` the shape of the texts.  As in Keras only the
        letters A to Z are lowered, and only ASCII punctuation is stripped; ``numpy.char.lower``,
        given as the function, lowers the letters of all alphabets.
    split : {"whitespace", "character"}, callable or None, default "whitespace"
        A function is given an array of strings and returns a list of strings for each; None makes
        each text a single token.  As in Keras whitespace is that of ASCII: a no-break space, for
        instance, is part of a word.
    ngrams : int or tuple of int, optional
        Join neighbouring tokens: up to this many, or these numbers of them.
    output_mode : {"int", "multi_hot", "count", "tf_idf"}, default "int"
        See ``StringLookup``.
    output_sequence_length : int, optional
        For "int": longer texts are truncated, shorter ones padded with zeros.  By default the
        length of the longest text.
    pad_to_max_tokens, vocabulary, idf_weights, sparse, encoding
        See ``StringLookup``.
    ragged : bool, default False
        Must be False: outputs are arrays.
    **base
        See ``Layer``.  With ``dtype="int32"`` or ``"int64"`` codes are int32 instead of floats,
        except those of "tf_idf".

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["The cat sat.", "The dog ran!"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'the', 'sat', 'ran', 'dog', 'cat']
    >>> layer(["the dog sat down there"])
    array([[2, 5, 3, 1]], dtype=int32)

    Letters other than A to Z are lowered by a function:

    >>> import numpy as np
    >>> layer = lamina.layers.TextVectorization(standardize=np.char.lower)
    >>> layer.adapt(["Ärzte ÄRZTE"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'ärzte']
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Function | None = "lower_and_strip_punctuation",
        split: str | Function | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(
            max_tokens, 1, "", "[UNK]", vocabulary, idf_weights, False, output_mode,
            pad_to_max_tokens, sparse, encoding, None, **base,
        )  # fmt: skip
        who = type(self).__name__
        self.standardize = _choice(who, "standardize", standardize, STANDARDS)
        self.split = _choice(who, "split", split, SPLITS)
        self.ngrams = _lengths(who, ngrams)
        if ragged is not False:
            raise ValueError(f"{who}: ragged must be False: outputs are arrays; got {ragged!r}")
        self.ragged = False
        length = output_sequence_length
        self.output_sequence_length = (
            None if length is None else _check.integer(who, "output_sequence_length", length)
        )
        if self.output_mode == "one_hot":
            raise ValueError(f"{who}: output_mode 'one_hot' has a vector for each word; use 'int'")
        if length is not None and self.output_mode != "int":
            raise ValueError(
                f"{who}: output_sequence_length is for output_mode 'int'; it is {output_mode!r}"
            )

    # --- words

    def _words(self, texts: Array) -> list[list[str]]:
        """Return the tokens of each text, or, without a split, of each row of texts."""
        if self.split is not None and texts.shape[1:] == (1,):
            texts = texts.reshape(-1)
        texts = self._standardized(texts)
        if self.split is None:
            rows = texts.reshape(len(texts), -1) if texts.ndim else texts.reshape(1, 1)
            listed: list[list[str]] = rows.tolist()
        else:
            if texts.ndim > 1:
                raise ValueError(
                    f"{self.name}: texts that are split must have shape (rows,) or (rows, 1); got "
                    f"{texts.shape}"
                )
            listed = self._split(texts.reshape(-1))
        return listed if self.ngrams is None else [self._joined(row) for row in listed]

    def _standardized(self, texts: Array) -> Array:
        if self.standardize is None:
            return texts
        if callable(self.standardize):
            made = as_strings(self.name, "standardize(x)", self.standardize(texts.astype(str)))
            if made.shape != texts.shape:
                raise ValueError(
                    f"{self.name}: standardize must return an array of the shape that it is given, "
                    f"{texts.shape}; got {made.shape}"
                )
            return made
        listed = texts.ravel().tolist()
        if "lower" in self.standardize:
            listed = [_lower(text) for text in listed]
        if "punctuation" in self.standardize:
            listed = [PUNCTUATION.sub("", text) for text in listed]
        return of_objects(listed, texts.shape)

    def _split(self, texts: Array) -> list[list[str]]:
        if self.split == "whitespace":
            return [WORD.findall(text) for text in texts.tolist()]
        if self.split == "character":
            return [list(text) for text in texts.tolist()]
        made = self.split(texts.astype(str))
        rows = [[str(token) for token in row] for row in made]
        if len(rows) != len(texts):
            raise ValueError(
                f"{self.name}: split must return a list of strings for each of {len(texts)} texts; "
                f"got {len(rows)}"
            )
        return rows

    def _joined(self, words: list[str]) -> list[str]:
        lengths = range(1, self.ngrams + 1) if isinstance(self.ngrams, int) else self.ngrams or ()
        return [" ".join(words[i : i + n]) for n in lengths for i in range(len(words) - n + 1)]

    # --- learning and looking up

    def adapt(  # type: ignore[override]
        self,
        data: Any,
        batch_size: int | None = None,  # noqa: ARG002
        steps: int | None = None,
    ) -> None:
        """Learn the vocabulary: the tokens of texts, the most frequent first.

        Parameters
        ----------
        data : array_like of str, or an iterable of batches
        batch_size : ignored
            Accepted for compatibility with Keras.
        steps : int, optional
            The number of batches to read.
        """
        super().adapt(data, steps)

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of texts."""
        texts = as_strings(f"{self.name}.adapt", "data", data, self.encoding)
        self._count(self._words(texts))

    def compute(self, *arrays: Array) -> Array:
        """Return indices padded with zeros, or vectors."""
        (texts,) = arrays
        rows = self._words(texts)
        length = max(map(len, rows), default=0)
        if self.output_mode == "int" and self.output_sequence_length is not None:
            length = self.output_sequence_length
        elif self.split is None and texts.ndim == 1 and self.ngrams is None:
            return super().compute(self._standardized(texts))
        tokens = np.full((len(rows), length), "", object)
        for to, row in zip(tokens, rows, strict=True):
            to[: len(row)] = row[:length]
        made = super().compute(tokens)
        return made if texts.ndim else made[0]

    def made_of(self, specs: list[Spec]) -> Spec:
        """Return the shape and the kind of the output."""
        (spec,) = specs
        if self.output_mode == "int":
            whole = self.split is None and self.ngrams is None
            length = self.output_sequence_length or (spec.shape[-1:] or (None,))[0]
            return Spec((length,) if whole else (self.output_sequence_length,), "int32")
        return super().made_of([Spec((None,))])

    # --- configuration

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with functions by name, and what was learned."""
        config = super().get_config()
        for name in ("standardize", "split"):
            if callable(config[name]):
                config[name] = {"class_name": "function", "config": config[name].__name__}
        return config

    @classmethod
    def from_config(cls: type[Any], config: Mapping[str, Any]) -> Any:
        """Return a new layer; functions are looked up by name in ``custom_objects``."""
        settings = dict(config)
        for name in ("standardize", "split"):
            if isinstance(settings.get(name), Mapping):
                settings[name] = _function(cls.__name__, name, settings[name])
        if isinstance(settings.get("ngrams"), list):
            settings["ngrams"] = tuple(settings["ngrams"])
        return super().from_config(settings)


def _lower(text: str) -> str:
    # The method of bytes changes A to Z only.
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _function(who: str, name: str, described: Mapping[str, Any]) -> Any:
    known = str(described.get("config"))
    found = custom(known)
    if not callable(found):
        raise ValueError(
            f"{who}: {name} is the function {known!r}, which is not known here; pass it as "
            f"custom_objects={{{known!r}: ...}}"
        )
    return found


def _choice(who: str, name: str, value: Any, known: tuple[str, ...]) -> Any:
    if value is None or callable(value) or value in known:
        return value
    shown = ", ".join(map(repr, known))
    raise ValueError(f"{who}: {name} must be one of {shown}, a function or None; got {value!r}")


def _lengths(who: str, ngrams: Any) -> int | tuple[int, ...] | None:
    if ngrams is None or isinstance(ngrams, (int, np.integer)):
        return None if ngrams is None else _check.integer(who, "ngrams", ngrams)
    if isinstance(ngrams, tuple):
        return tuple(_check.integer(who, f"ngrams[{i}]", n) for i, n in enumerate(ngrams))
    raise TypeError(f"{who}: ngrams must be an integer or a tuple of integers; got {ngrams!r}")
