"""Places of strings in a vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina._check import Array
from lamina._strings import as_strings
from lamina.layers.index_lookup import IndexLookup

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["StringLookup"]


class StringLookup(IndexLookup):
    """Turn strings into their places in a vocabulary, or into codes of them.

    Parameters
    ----------
    max_tokens : int, optional
        The most places there may be; ``adapt`` keeps the most frequent tokens.
    num_oov_indices : int, default 1
        Places of strings that are not in the vocabulary; of several, a string's is its hash (see
        ``Hashing``).  With 0 such a string is an error.
    mask_token : str, optional
        What stands for no string at all, such as "": its place is 0, and other output modes drop
        it.
    oov_token : str, default "[UNK]"
        What ``invert`` returns for unknown ones.
    vocabulary : array_like of str, or str, optional
        Instead of ``adapt``; or the path of a file with one a line, which is read once.
    idf_weights : array_like, optional
        Of the vocabulary, for "tf_idf".
    invert : bool, default False
        From places to strings.
    output_mode : {"int", "one_hot", "multi_hot", "count", "tf_idf"}, default "int"
        int: the places, int32.  one_hot: a vector for each string.  multi_hot: 1 for each string of
        the last axis; count: how often it is there; tf_idf: the counts times
        log(1 + documents / (1 + documents with it)).
    pad_to_max_tokens : bool, default False
        Whether vectors are ``max_tokens`` long even if fewer are known.
    sparse : bool, default False
        Outputs are dense: True is refused.
    encoding : str, default "utf-8"
        Of bytes.
    salt : int or tuple of 2 int, optional
        Of the hash, which is SipHash then.
    **base
        See ``Layer``.

    Notes
    -----
    It computes on arrays (lists, pandas columns, ...), ahead of what a model records: call it on
    arrays, or at the head of a model on ``Input(shape, dtype="string")``.

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
        "".encode(encoding)  # LookupError for one that is not known
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
