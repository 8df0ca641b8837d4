"""Buckets of categories by their hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina._strings import buckets, check_salt
from lamina.layers.base.shapes import Spec
from lamina.layers.preprocessing._codes import Coding, check_dense, check_mode, coded
from lamina.layers.preprocessing.ahead import AheadLayer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Hashing"]


class Hashing(Coding, AheadLayer):
    """Turn strings or integers into one of ``num_bins`` integers, by a fixed hash function.

    Parameters
    ----------
    num_bins : int
    mask_value : str or int, optional
        The value for missing categories: its bin is 0, and the other bins start at 1.
    salt : int or tuple of 2 int, optional
        Key of the hash SipHash-2-4; without it the hash is FarmHash's Fingerprint64.
    output_mode : {"int", "one_hot", "multi_hot", "count"}, default "int"
        int: int32.  one_hot: a vector for each; multi_hot, count: one for the last axis.
    sparse : bool, default False
        Must be False: outputs are dense.
    **base
        See ``Layer``.  With ``dtype="int32"`` or ``"int64"`` codes are int32 instead of floats.

    Notes
    -----
    The bin is the hash of the UTF-8 bytes modulo the number of bins; integers are written in
    decimal, as in Keras.  The layer computes on arrays, before the recorded part of a model (see
    ``StringLookup``).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]).ravel()
    array([1, 0, 1, 1, 2], dtype=int32)
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: str | int | None = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.num_bins = _check.integer("Hashing", "num_bins", num_bins)
        if not (mask_value is None or isinstance(mask_value, (str, int, np.integer))):
            raise TypeError(
                f"Hashing: mask_value must be a string or an integer; got {mask_value!r}"
            )
        self.mask_value = mask_value
        self.salt = check_salt("Hashing", salt)
        self.output_mode = check_mode("Hashing", output_mode)
        self.sparse = check_dense("Hashing", sparse)

    def compute(self, *arrays: Array) -> Array:
        """Return the bins, encoded as ``output_mode`` says."""
        (array,) = arrays
        masked = self.mask_value is not None and self.num_bins > 1
        bins = buckets(array, self.num_bins - masked, self.salt)
        if masked:
            bins = np.where(np.asarray(array == self.mask_value, bool), 0, bins + 1)
        return coded(bins, self.output_mode, self.num_bins, self._code_dtype)

    def made_of(self, specs: list[Spec]) -> Spec:
        """Return the shape and the kind of the output."""
        return self._code_spec(specs[0].shape, self.output_mode, self.num_bins)
