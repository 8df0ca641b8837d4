"""Assigning numbers to bins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from lamina import _check, ops
from lamina._calls import answering_calls
from lamina._check import Array
from lamina._tensors.given import given
from lamina.layers.base.recorded_calls import check_not_empty
from lamina.layers.base.shapes import Spec, show_shapes
from lamina.layers.preprocessing._codes import Coding, check_dense, check_mode, coded
from lamina.layers.preprocessing.ahead import AheadLayer, batches_of

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Discretization"]

L = TypeVar("L", bound="Discretization")


class Discretization(Coding, AheadLayer):
    """Turn numbers into the indices of their bins, or into codes of them.

    Parameters
    ----------
    bin_boundaries : array_like, optional
        In ascending order: [0, 1, 2] makes the bins (-inf, 0), [0, 1), [1, 2) and [2, inf).
    num_bins : int, optional
        The number of bins that ``adapt`` makes, with about the same number of values in each.
    epsilon : float, default 0.01
        The share of the values by which the size of a bin may be off; ``adapt`` keeps 1 / epsilon
        quantiles of the values seen so far.
    output_mode : {"int", "one_hot", "multi_hot", "count"}, default "int"
        int: the bins, int32.  one_hot: a vector for each number; multi_hot, count: one vector for
        the numbers along the last axis.
    sparse : bool, default False
        Must be False: outputs are dense.
    **base
        See ``Layer``.  With ``dtype="int32"`` or ``"int64"`` codes are int32 instead of floats.

    Notes
    -----
    Exactly one of ``bin_boundaries`` and ``num_bins`` must be given.  The boundaries are those of
    Keras: quantiles of float32 values, merged batch by batch.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Discretization([0.0, 1.0, 2.0])([[-1.5, 1.0, 3.4, 0.5]])
    array([[0, 2, 3, 1]], dtype=int32)
    """

    takes: ClassVar[str] = "number"

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "Discretization"
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"{who}: give one of bin_boundaries and num_bins; got {bin_boundaries!r} and "
                f"{num_bins!r}"
            )
        self.num_bins = None if num_bins is None else _check.integer(who, "num_bins", num_bins, 2)
        self.epsilon = _check.number(who, "epsilon", epsilon, 0.0, 1.0, low_open=True)
        self.output_mode = check_mode(who, output_mode)
        self.sparse = check_dense(who, sparse)
        self.bin_boundaries: list[float] | None = None
        if bin_boundaries is not None:
            self._keep(who, bin_boundaries)

    def _keep(self, who: str, boundaries: Any) -> None:
        values = _check.floats(who, "bin_boundaries", boundaries, "float64")
        if values.ndim != 1 or not len(values) or (np.diff(values) < 0).any():
            meant = isinstance(boundaries, int) and not isinstance(boundaries, bool)
            raise ValueError(
                f"{who}: bin_boundaries must be numbers in ascending order; got {boundaries!r:.100}"
                + (f" (num_bins={boundaries} and adapt make that many bins)" if meant else "")
            )
        # The attributes cannot be set: `adapt` replaces them.
        self.__dict__["bin_boundaries"] = values.tolist()

    @_check.quiet
    @answering_calls
    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find the boundaries: quantiles of all values of ``data``.

        Parameters
        ----------
        data : array_like, or an iterable of batches
            A list of arrays is a single batch.
        steps : int, optional
            The number of batches to read.

        Raises
        ------
        ValueError
            If boundaries were given to the constructor, there are no values, a value is NaN or
            infinite, or a model relies on the current boundaries.
        """
        who = f"{self.name}.adapt"
        if self.num_bins is None:
            raise ValueError(f"{who}: the boundaries were given to the constructor and are fixed")
        summary = np.zeros((2, 0), np.float32)
        parts = isinstance(data, list) and len(data) > 0 and isinstance(data[0], np.ndarray)
        for batch in batches_of(iter(data) if parts else data, steps, who):
            values = _check.floats(who, "data", batch, "float32")
            if values.size:
                own = _summary(np.sort(values.ravel()), self.epsilon)
                summary = _merged(own, summary, self.epsilon)
        if not summary.shape[1]:
            raise ValueError(f"{who}: data must hold at least one value; got none")
        found = _compressed(summary, 1.0 / self.num_bins)[0, :-1]
        if self.bin_boundaries is not None and len(found) != len(self.bin_boundaries):
            self._check_not_placed(who)
        self._keep(who, found)
        self._changed()

    def _check_not_placed(self, who: str) -> None:
        if self.placed:
            raise ValueError(
                f"{who}: a model relies on the number of bins, which adapt would change"
            )

    def _changed(self) -> None:
        from lamina._settings import note_change

        note_change(self)

    def _edges(self) -> Array:
        if self.bin_boundaries is None:
            raise ValueError(f"{self.name}: has no boundaries yet; adapt it first")
        return np.asarray(self.bin_boundaries, self.dtype)

    def compute(self, *arrays: Array) -> Array:
        """Return the bins of arrays, encoded as ``output_mode`` says."""
        (x,) = arrays
        of_a_row = x.ndim == 1 and self.output_mode in ("multi_hot", "count")
        check_not_empty(self, [x.shape if of_a_row else x.shape[1:]])
        edges = self._edges()
        return coded(np.digitize(x, edges), self.output_mode, len(edges) + 1, self._code_dtype)

    def made_of(self, specs: list[Spec]) -> Spec:
        """Return the shape and the kind of the output."""
        (spec,) = specs
        if self.output_mode == "int":
            return Spec(spec.shape, "int32")
        self._check_axes((None, *spec.shape))
        return self._code_spec(spec.shape, self.output_mode, len(self._edges()) + 1)

    def _check_axes(self, shape: Any) -> None:
        if self.output_mode in ("multi_hot", "count") and len(shape) < 2:
            raise ValueError(
                f"{self.name}: input has shape {show_shapes(shape[1:])}; needs (rows, numbers)"
            )

    def call(self, inputs: Any) -> Any:
        """Return the bins, encoded as ``output_mode`` says."""
        x = given(inputs)
        edges = self._edges()
        self._check_axes(x.shape)
        bins = ops.digitize(x, edges)
        if self.output_mode == "int":
            return bins
        return self._codes_of(bins, self.output_mode, len(edges) + 1)

    @classmethod
    def from_config(cls: type[L], config: Mapping[str, Any]) -> L:
        """Return a new layer, with the boundaries found by ``adapt``, if any."""
        settings = dict(config)
        found = None
        if settings.get("num_bins") is not None:
            found = settings.pop("bin_boundaries", None)
        layer = cls(**settings)
        if found is not None:
            layer._keep(f"{layer.name}.from_config", found)
        return layer


# --- quantiles: summaries of shape (2, n) of values and of the number that each stands for


def _summary(values: Array, epsilon: float) -> Array:
    """Return every k-th of the sorted values, each with the weight k."""
    step = max(values.size * epsilon, 1.0)
    chosen = values[int(step - 1) :: int(step)]
    return np.stack([chosen, np.ones_like(chosen) * np.float32(step)])


def _merged(a: Array, b: Array, epsilon: float) -> Array:
    both = np.concatenate((a, b), axis=1)
    return _compressed(both[:, np.argsort(both[0])], epsilon)


def _compressed(summary: Array, epsilon: float) -> Array:
    """Return values at equal shares of the weight, by linear interpolation."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    upto = summary[1].cumsum()
    values = np.interp(shares, upto / upto[-1], summary[0])
    weights = np.interp(shares, upto / upto[-1], upto)
    return np.stack([values, np.diff(weights, prepend=0.0)]).astype(np.float32)
