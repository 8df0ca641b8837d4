"""Indices of strings in a vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina._check import Array
from lamina._strings import as_strings
from lamina.layers.preprocessing.index_lookup import IndexLookup

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["StringLookup"]


class StringLookup(IndexLookup):
    """Turn strings into their indices in a vocabulary, or into codes of them.

    Parameters
    ----------
    max_tokens : int, optional
        The maximum number of indices; ``adapt`` keeps the most frequent tokens.
    num_oov_indices : int, default 1
        Number of indices for strings that are not in the vocabulary; if there are several, a hash
        of the string chooses one (see ``Hashing``).  With 0 an unknown string is an error.
    mask_token : str, optional
        The value for a missing string, such as "": its index is 0, and other output modes drop it.
    oov_token : str, default "[UNK]"
        The value that ``invert`` returns for unknown strings.
    vocabulary : array_like of str, or str, optional
        The vocabulary, instead of ``adapt``; or the path of a file with one token per line, which
        is read once.
    idf_weights : array_like, optional
        Weights of the tokens of the vocabulary, for "tf_idf".
    invert : bool, default False
        Map indices to strings.
    output_mode : {"int", "one_hot", "multi_hot", "count", "tf_idf"}, default "int"
        int: the indices, int32.  one_hot: a vector for each string.  multi_hot: 1 for each string
        that occurs along the last axis; count: the number of its occurrences; tf_idf: the counts
        times log(1 + documents / (1 + documents with the string)).
    pad_to_max_tokens : bool, default False
        Whether vectors have length ``max_tokens`` even if there are fewer tokens.
    sparse : bool, default False
        Must be False: outputs are dense.
    encoding : str, default "utf-8"
        Encoding of bytes.
    salt : int or tuple of 2 int, optional
        Key of the hash, which is then SipHash.
    **base
        See ``Layer``.  With ``dtype="int32"`` or ``"int64"`` codes are int32 instead of floats,
        except those of "tf_idf".

    Notes
    -----
    The layer computes on arrays (lists, pandas columns, ...), before the recorded part of a model:
    call it on arrays, or first in a model on ``Input(shape, dtype="string")``.

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.StringLookup()
    >>> layer.adapt([["a", "c", "d"], ["d", "z", "b"]])
    >>> layer.get_vocabulary()
    ['[UNK]', 'd', 'z', 'c', 'b', 'a']
    >>> layer([["a", "e"]])
    array([[5, 0]], dtype=int32)
    """

    takes: ClassVar[str] = "string"
    _idle_dtypes = ("string",)

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        salt: Any = None,
        **base: Unpack[DimArguments],
    ) -> None:
        who = type(self).__name__
        for name, token in (("mask_token", mask_token), ("oov_token", oov_token)):
            if token is not None and not isinstance(token, str):
                raise TypeError(f"{who}: {name} must be a string; got {token!r}")
        "".encode(encoding)  # raises LookupError if it is unknown
        self.__dict__["encoding"] = encoding  # the vocabulary is read with it
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert,
            output_mode, sparse, pad_to_max_tokens, salt, **base,
        )  # fmt: skip
        if invert:
            self.takes = "integer"  # type: ignore[misc]

    def _as_tokens(self, who: str, name: str, value: Any) -> Array:
        return as_strings(who, name, value, self.encoding)

    def _index(self) -> None:
        self.__dict__["_places"] = {token: i for i, token in enumerate(self._tokens)}

    def _find(self, tokens: Array) -> Array:
        known = self.__dict__.get("_places", {})
        listed = tokens.ravel().tolist()
        found = np.fromiter((known.get(token, -1) for token in listed), np.int64, len(listed))
        return found.reshape(tokens.shape)
