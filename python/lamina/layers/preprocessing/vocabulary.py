"""A vocabulary: tokens and their indices, given or learned from data."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina._strings import plain_array
from lamina.layers.preprocessing.ahead import AheadLayer, batches_of, is_one_array

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class Vocabulary(AheadLayer):
    """Tokens and their indices, including those of masked and unknown tokens; a part of lookups.

    With ``output_mode="int"`` index 0 is that of the mask token, if there is one, followed by those
    of unknown tokens and then the vocabulary.  Other modes have no index for the mask token, which
    they drop.
    """

    max_tokens: int | None
    num_oov_indices: int
    mask_token: Any
    oov_token: Any
    output_mode: str
    invert: bool
    pad_to_max_tokens: bool

    def __init__(self, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self._tokens: list[Any] = []
        self._weights: Array | None = None  # of tf_idf, one for each place
        self._counts: Counter[Any] = Counter()  # of tokens, and of documents that contain them
        self._documents: Counter[Any] = Counter()
        self._document_count = 0
        self.vocabulary: list[Any] | None = None  # given to the constructor
        self.idf_weights: list[float] | None = None

    # --- what a subclass defines

    def _as_tokens(self, who: str, name: str, value: Any) -> Array:
        """Return the tokens to look up, or to learn from, as an array."""
        raise TypeError(f"{who}: must define _as_tokens for {name}; got {value!r}")

    def _from_lines(self, lines: list[str]) -> list[Any]:
        """Return the tokens in the lines of a file."""
        return lines

    def _index(self) -> None:
        """Prepare for look-ups in the vocabulary."""

    def unlearned(self) -> str | None:
        """Return the missing vocabulary if without it all tokens share one index."""
        if self._tokens or self.num_oov_indices > 1:  # it may be used for the hashes only
            return None
        return "vocabulary"

    # --- indices

    @property
    def _first_unknown(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def _first_token(self) -> int:
        return self._first_unknown + self.num_oov_indices

    @property
    def _special(self) -> list[Any]:
        return [self.mask_token] * self._first_unknown + [self.oov_token] * self.num_oov_indices

    @property
    def _depth(self) -> int:
        if self.pad_to_max_tokens and self.max_tokens is not None:
            return self.max_tokens
        return self.vocabulary_size()

    @answering_calls
    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the tokens in the order of their indices.

        Parameters
        ----------
        include_special_tokens : bool, default True
            Whether to include those that stand for masked and unknown tokens, so that a token's
            position in the list is what the layer returns for it.
        """
        shown = self._special if include_special_tokens else []
        return [*shown, *self._tokens]

    @answering_calls
    def vocabulary_size(self) -> int:
        """Return the number of indices, including those of masked and unknown tokens."""
        return self._first_token + len(self._tokens)

    @answering_calls
    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary.

        Parameters
        ----------
        vocabulary : array_like, or str
            Distinct tokens, with or without the special ones in front; or the path of a text file
            with one token per line.
        idf_weights : array_like, optional
            Needed for ``output_mode="tf_idf"`` and not allowed otherwise: one weight per token.
            The weight of unknown tokens is the mean of all, unless the vocabulary has the special
            tokens.

        Raises
        ------
        ValueError
            If there are no tokens, duplicates, a special token among the others, or more than
            ``max_tokens``; if weights are superfluous or missing; or if the number of indices
            differs from that with which models were made.
        """
        given, listed = self._set(f"{self.name}.set_vocabulary", vocabulary, idf_weights)
        if self.vocabulary is not None:  # the configuration has the current one
            self.__dict__.update(vocabulary=given, idf_weights=listed)

    def _set(
        self, who: str, vocabulary: Any, idf_weights: Any
    ) -> tuple[list[Any], list[float] | None]:
        """Replace the vocabulary; return it, and the weights, as plain lists."""
        if (idf_weights is not None) != (self.output_mode == "tf_idf"):
            rule = "are for output_mode 'tf_idf'" if idf_weights is not None else "must be given"
            raise ValueError(f"{who}: idf_weights {rule}; output_mode is {self.output_mode!r}")
        given = self._read(who, vocabulary)
        special = self._special
        whole = len(special) > 0 and given[: len(special)] == special
        tokens = given[len(special) :] if whole else given
        self._check_tokens(who, given, tokens)
        weights = None
        if idf_weights is not None:
            weights = _check.floats(who, "idf_weights", idf_weights, "float64")
            if weights.shape != (len(given),):
                raise ValueError(
                    f"{who}: idf_weights must be one number per token, {len(given)}; got shape "
                    f"{weights.shape}"
                )
            before = 0 if whole else self._first_token
            weights = self._padded(np.pad(weights, (before, 0), constant_values=weights.mean()))
        self._take(who, tokens, weights)
        return given, None if idf_weights is None else np.asarray(idf_weights, float).tolist()

    def _read(self, who: str, vocabulary: Any) -> list[Any]:
        if isinstance(vocabulary, str):
            vocabulary = _text(who, vocabulary, self.encoding).splitlines()
            while vocabulary and vocabulary[-1] == "":
                vocabulary.pop()
            vocabulary = self._from_lines(vocabulary)
        values = list(vocabulary) if isinstance(vocabulary, (list, tuple)) else vocabulary
        if self.mask_token is None and isinstance(values, list) and None in values[:1]:
            raise ValueError(f"{who}: vocabulary must hold tokens; got None")
        tokens = self._as_tokens(who, "vocabulary", values)
        if tokens.ndim != 1 or tokens.size == 0:
            raise ValueError(
                f"{who}: vocabulary must be a list of at least one token; got shape {tokens.shape}"
            )
        return list(tokens.tolist())

    def _check_tokens(self, who: str, given: list[Any], tokens: list[Any]) -> None:
        twice = [token for token, count in Counter(tokens).items() if count > 1]
        if twice:
            raise ValueError(f"{who}: tokens must be distinct; got {twice[0]!r} more than once")
        for name, token in (("mask", self.mask_token), ("oov", self.oov_token)):
            if token is not None and token in tokens and (name == "mask" or self.invert):
                raise ValueError(
                    f"{who}: the {name} token {token!r} may only stand at the beginning, as in "
                    f"{self._special}; got it at place {given.index(token)}"
                )
        if self.max_tokens is not None and self._first_token + len(tokens) > self.max_tokens:
            raise ValueError(
                f"{who}: must have at most max_tokens={self.max_tokens} places; got "
                f"{self._first_token + len(tokens)}"
            )

    def _padded(self, weights: Array) -> Array:
        missing = self._depth_of(len(weights)) - len(weights)
        return np.pad(weights, (0, max(0, missing)))

    def _depth_of(self, size: int) -> int:
        return self.max_tokens if self.pad_to_max_tokens and self.max_tokens is not None else size

    def _take(self, who: str, tokens: list[Any], weights: Array | None) -> None:
        size = self._first_token + len(tokens)
        if self.placed and self.output_mode != "int" and self._depth_of(size) != self._depth:
            raise ValueError(
                f"{who}: a model relies on {self._depth} places; got {size} (adapt the layer "
                f"before it is called)"
            )
        self._tokens, self._weights = tokens, weights
        self._index()

    # --- learning

    @answering_calls
    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary: the tokens of ``data``, the most frequent first.

        Equally frequent tokens are in descending order.  Anything learned before is forgotten.

        Parameters
        ----------
        data : array_like, or an iterable of batches
            Of (x, y) pairs only x is read.
        steps : int, optional
            The number of batches to read.

        Raises
        ------
        ValueError
            If the constructor was given a vocabulary, or there are no data.
        """
        who = f"{self.name}.adapt"
        if self.vocabulary is not None:
            raise ValueError(f"{who}: the vocabulary was given to the constructor and is fixed")
        before = self._state()
        try:
            self.reset_state()
            seen = 0
            for batch in batches_of(data, steps, who):
                array = plain_array(batch)
                if is_one_array(data) and array.ndim == 1:
                    array = array[:, None]  # each one a document
                self.update_state(array)
                seen += array.size
            if not seen:
                raise ValueError(f"{who}: needs at least one token; got no data")
            self.finalize_state()
        except BaseException:
            self.__dict__.update(before)
            raise

    def _state(self) -> dict[str, Any]:
        names = ("_counts", "_documents", "_document_count", "_tokens", "_weights")
        return {name: self.__dict__[name] for name in names}

    def reset_state(self) -> None:
        """Forget the counts of ``update_state``."""
        self.__dict__.update(_counts=Counter(), _documents=Counter(), _document_count=0)

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch, one document per row."""
        tokens = self._as_tokens(f"{self.name}.adapt", "data", data)
        self._count(tokens if tokens.ndim > 1 else tokens.reshape(1, -1))

    def _count(self, documents: Any) -> None:
        """Count tokens in ``documents``, the rows."""
        flat = documents.ravel().tolist() if isinstance(documents, np.ndarray) else [
            token for row in documents for token in row
        ]  # fmt: skip
        self._counts.update(flat)
        if self.output_mode == "tf_idf":
            for row in documents:
                self._documents.update(set(row.ravel().tolist() if hasattr(row, "ravel") else row))
            self.__dict__["_document_count"] += len(documents)

    def finalize_state(self) -> None:
        """Make the vocabulary from the counts."""
        counts = dict(self._counts)
        for token in (self.mask_token, self.oov_token):
            counts.pop(token, None)
        tokens = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        if self.max_tokens is not None:
            tokens = tokens[: max(0, self.max_tokens - self._first_token)]
        weights = None
        if self.output_mode == "tf_idf":
            seen = np.asarray([float(self._documents[token]) for token in tokens])
            weights = np.log(1 + self._document_count / (1 + seen))
            mean = weights.mean() if len(weights) else 0.0
            weights = self._padded(np.pad(weights, (self._first_token, 0), constant_values=mean))
        self._take(f"{self.name}.adapt", tokens, weights)
        self.reset_state()


def _text(who: str, path: str, encoding: str) -> str:
    """Return the content of a file from which a vocabulary is read."""
    try:
        with open(path, encoding=encoding) as file:
            return file.read()
    except OSError as error:
        raise type(error)(
            f"{who}: vocabulary, a single string, is the path of a text file; {path!r} cannot be "
            f"read: {error.strerror}"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{who}: vocabulary: the file {path!r} must be text in {encoding}; {error}"
        ) from None
