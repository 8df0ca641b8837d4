"""Indices of integers in a vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina.layers.preprocessing.ahead import as_integers
from lamina.layers.preprocessing.index_lookup import IndexLookup

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["IntegerLookup"]


class IntegerLookup(IndexLookup):
    """Turn integers of any size into their indices in a vocabulary, or into codes of them.

    Parameters
    ----------
    max_tokens, num_oov_indices, vocabulary, idf_weights, invert, output_mode, pad_to_max_tokens
        See ``StringLookup``.
    mask_token : int, optional
        The value for missing integers: its index is 0, and other output modes drop it.
    oov_token : int, default -1
        The value that ``invert`` returns for unknown integers.
    vocabulary_dtype : {"int64"}
    sparse : bool, default False
        Must be False: outputs are dense.
    oov_method : {"floormod", "farmhash"}, default "floormod"
        How one of several indices is chosen for an unknown integer: by its remainder, or by a hash.
    salt : int or tuple of 2 int, optional
        Key of the hash, which is then SipHash.
    **base
        See ``Layer``.  With ``dtype="int32"`` or ``"int64"`` codes are int32 instead of floats,
        except those of "tf_idf".

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.IntegerLookup(vocabulary=[12, 36, 1138, 42])
    >>> layer([[12, 1138, 42], [42, 1000, 36]])
    array([[1, 3, 4],
           [4, 0, 2]], dtype=int32)
    """

    takes: ClassVar[str] = "integer"
    token_kind: ClassVar[str] = "int32"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        **base: Unpack[DimArguments],
    ) -> None:
        who = type(self).__name__
        if vocabulary_dtype != "int64":
            raise ValueError(f"{who}: vocabulary_dtype must be 'int64'; got {vocabulary_dtype!r}")
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(
                f"{who}: oov_method must be 'floormod' or 'farmhash'; got {oov_method!r}"
            )
        if salt is not None and oov_method != "farmhash":
            raise ValueError(f"{who}: salt is for oov_method='farmhash'; it is {oov_method!r}")
        tokens = {"mask_token": mask_token, "oov_token": oov_token}
        tokens = {
            name: None if token is None else _check.integer(who, name, token, -(2**63))
            for name, token in tokens.items()
        }
        super().__init__(
            max_tokens, num_oov_indices, tokens["mask_token"], tokens["oov_token"], vocabulary,
            idf_weights, invert, output_mode, sparse, pad_to_max_tokens, salt, **base,
        )  # fmt: skip
        self.vocabulary_dtype, self.oov_method = vocabulary_dtype, oov_method

    def _as_tokens(self, who: str, name: str, value: Any) -> Array:
        return as_integers(who, name, value)

    def _from_lines(self, lines: list[str]) -> list[Any]:
        return [int(line) for line in lines]

    def _index(self) -> None:
        tokens = np.asarray(self._tokens, np.int64)
        order = np.argsort(tokens)
        self.__dict__["_sorted"] = tokens[order], order

    def _find(self, tokens: Array) -> Array:
        known, order = self.__dict__.get("_sorted", (np.empty(0, np.int64), np.empty(0, np.intp)))
        if not len(known):
            return np.full(tokens.shape, -1)
        at = np.minimum(np.searchsorted(known, tokens), len(known) - 1)
        return np.where(known[at] == tokens, order[at], -1)

    def _unknown_place(self, tokens: Array) -> Array:
        if self.oov_method == "floormod":
            return np.mod(tokens, self.num_oov_indices)
        return super()._unknown_place(tokens)

    def _tokens_at(self, places: Array) -> Array:
        if self.oov_token is None and (places >= self.vocabulary_size()).any():
            raise ValueError(f"{self.name}: oov_token is None; got place {places.max()}")
        return super()._tokens_at(places).astype(np.int64)
