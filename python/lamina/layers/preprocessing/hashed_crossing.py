"""Buckets of combined categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina import _check, _core
from lamina._check import Array
from lamina._strings import hashed, of_unique
from lamina.layers.base.shapes import Spec
from lamina.layers.preprocessing._codes import Coding, check_dense, check_mode, coded
from lamina.layers.preprocessing.ahead import AheadLayer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["HashedCrossing"]

KEY = 0xDECAFCAFFE  # the initial value of Keras's crosses


class HashedCrossing(Coding, AheadLayer):
    """Turn pairs or tuples of categories (strings or integers) into one of ``num_bins`` integers.

    Parameters
    ----------
    num_bins : int
    output_mode : {"int", "one_hot"}, default "int"
        The bins, int32, or a vector for each.
    sparse : bool, default False
        Must be False: outputs are dense.
    **base
        See ``Layer``.  With ``dtype="int32"`` or ``"int64"`` codes are int32 instead of floats.

    Notes
    -----
    Called on a list of arrays of the same shape, (rows,) or (rows, 1).  As in Keras, the bin is
    computed from FarmHash fingerprints of strings, and from integers directly.

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.HashedCrossing(num_bins=5)
    >>> layer([["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]])
    array([1, 4, 1, 1, 3], dtype=int32)
    """

    multiple_inputs = True
    fewest_inputs: ClassVar[int] = 2

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.num_bins = _check.integer("HashedCrossing", "num_bins", num_bins)
        self.output_mode = check_mode("HashedCrossing", output_mode, ("int", "one_hot"))
        self.sparse = check_dense("HashedCrossing", sparse)

    def compute(self, *arrays: Array) -> Array:
        """Return the bins, or vectors."""
        self._check_shapes([a.shape[1:] for a in arrays])
        if len({a.shape for a in arrays}) > 1:
            shown = ", ".join(str(a.shape) for a in arrays)
            raise ValueError(f"{self.name}: inputs must have the same shape; got {shown}")
        joined = np.full(arrays[0].size, KEY, np.uint64)
        for array in arrays:
            joined = _core.kernels.join_hashes(joined, _fingerprints(array).ravel())
        bins = (joined % np.uint64(self.num_bins)).astype(np.int64).reshape(arrays[0].shape)
        return coded(bins, self.output_mode, self.num_bins, self._code_dtype)

    def _check_shapes(self, row_shapes: list[Any]) -> None:
        for shape in row_shapes:
            if shape not in ((), (1,)):
                raise ValueError(
                    f"{self.name}: inputs must have shape (rows,) or (rows, 1); got "
                    f"{_check.show_shape(shape)}"
                )

    def made_of(self, specs: list[Spec]) -> Spec:
        """Return the shape and the kind of the output."""
        self._check_shapes([spec.shape for spec in specs])
        return self._code_spec(specs[0].shape, self.output_mode, self.num_bins)


def _fingerprints(array: Array) -> Any:
    if array.dtype != object:
        return array.astype(np.int64).view(np.uint64)
    return of_unique(array, hashed)
