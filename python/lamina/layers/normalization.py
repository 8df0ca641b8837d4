"""Feature-wise standardisation with the training data's statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lamina import _check, _core
from lamina._calls import answering_calls
from lamina._check import Array, Shape
from lamina._tensors.given import given, record
from lamina.layers.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import ArrayLike, DimArguments, Unpack

BLOCK = 1 << 16  # rows that adapt reads at a time: no copy of the whole data


class Normalization(RowWise):
    """``y = (x - mean) / sqrt(variance)``, column by column of the last axis.

    The statistics come from ``adapt(x_train)``, or are given.  They are no trainable weights.

    Parameters
    ----------
    axis : {-1, None}, default -1
        -1: one mean and one variance for each column of the last axis.  None: one of each for
        all values.
    mean, variance : float or array_like, optional
        Known statistics, instead of ``adapt``.
    invert : bool, default False
        Undo a normalisation: ``y = x * sqrt(variance) + mean``.
    **base
        See ``Layer``.

    Attributes
    ----------
    mean, variance : ndarray of float64 or None
        The statistics; None until they are known.  The variance is the population's, divided by
        the number of rows, as in Keras.

    Notes
    -----
    A column that is constant in the training data is divided by 1, as scikit-learn's
    StandardScaler does (Keras divides by 1e-7, which turns a rounding error into a large
    number).  A layer whose statistics are not known yet is the identity.

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.Normalization()
    >>> layer.adapt([[1.0, 10.0], [3.0, 30.0]])
    >>> layer.mean, layer.variance
    (array([ 2., 20.]), array([  1., 100.]))
    >>> layer([[3.0, 10.0]])
    array([[ 1., -1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        axis: int | None = -1,
        mean: ArrayLike | None = None,
        variance: ArrayLike | None = None,
        invert: bool = False,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        if axis not in (-1, None):
            raise ValueError(f"Normalization: axis must be -1 (the last) or None; got {axis!r}")
        if (mean is None) != (variance is None):
            raise ValueError("Normalization: give both mean and variance, or neither")
        self.axis = axis
        self.invert = _check.boolean("Normalization", "invert", invert)
        self.mean: Array | None = None
        self.variance: Array | None = None
        self._mean: _core.Parameter | None = None
        self._std: _core.Parameter | None = None
        if mean is not None:
            self._set(mean, variance)

    def _set(self, mean: object, variance: object) -> None:
        m = _check.floats("Normalization", "mean", mean, "float64").copy()
        v = _check.floats("Normalization", "variance", variance, "float64").copy()
        m, v = (a.reshape(-1) if a.ndim > 1 else a for a in (m, v))
        if m.shape != v.shape:
            raise ValueError(
                f"Normalization: mean and variance must have one shape; got {m.shape}, {v.shape}"
            )
        if (v < 0).any():
            raise ValueError(f"Normalization: variance must be >= 0; got {v.min()}")
        if m.ndim == 1 and self._built_shape is not None:
            self._fits(m.size, self._built_shape)
        if self.built:
            self._check_rows(m, v, self.dtype)
        self._keep(m, v)
        self._write()

    def _keep(self, mean: Array | None, variance: Array | None) -> None:
        # As attributes they are fixed: `adapt` and `set_weights` replace both together.
        self.__dict__.update(mean=mean, variance=variance)

    def _fits(self, columns: int, input_shape: Shape) -> None:
        if columns not in (1, input_shape[-1]):
            raise ValueError(
                f"{self.name}: has statistics of {columns} columns; input has shape "
                f"{_check.show_shape(input_shape)}"
            )

    @_check.quiet
    @answering_calls
    def adapt(self, data: ArrayLike) -> None:
        """Take mean and variance from ``data``.

        Parameters
        ----------
        data : array_like of shape (rows, ..., columns)
            The training rows alone: statistics of validation or test rows would leak.

        Raises
        ------
        ValueError
            No rows, NaN or infinity (the message names row and column), other columns than the
            layer was built for, or a variance that overflows or vanishes in float64.
        """
        who = f"{self.name}.adapt"
        array = _check.numeric(who, "data", data)
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim == 0 or array.size == 0:
            raise ValueError(f"{who}: data must hold at least one row; got shape {array.shape}")
        if self._built_shape is not None:
            self._fits(array.shape[-1], self._built_shape)
        mean, variance = _statistics(who, data, array)
        if self.axis is None:  # variance of all = mean of variances + variance of means
            variance = np.asarray(variance.mean() + mean.var())
            if not np.isfinite(variance):
                _refuse_variance(who, "it", variance, array.min(), array.max())
            mean = np.asarray(mean.mean())
        self._set(mean, variance)

    def _check_input(self, input_shape: Shape) -> None:
        if not input_shape:
            raise ValueError(f"{self.name}: input has shape (rows,); needs at least 2 axes")
        if self.mean is not None and self.mean.ndim == 1:
            self._fits(self.mean.size, input_shape)

    def build(self, input_shape: Shape) -> None:
        """Make the two rows of statistics."""
        if self.mean is not None and self.variance is not None:
            self._check_rows(self.mean, self.variance, self.dtype)
        columns = (input_shape[-1],)
        self._mean = self.add_weight("mean", columns, self._initial_mean, trainable=False)
        self._std = self.add_weight("std", columns, self._initial_std, trainable=False)

    def weights_fit(self, input_shape: Shape) -> bool:
        """Return whether the columns are the same: the other axes are rows to it."""
        return bool(input_shape) and input_shape[-1] == self._built_shape[-1]

    def forget(self) -> None:
        """Undo building; the statistics stay."""
        super().forget()
        self._mean = self._std = None

    @_check.quiet
    def _check_rows(self, mean: Array, variance: Array, dtype: str) -> None:
        """Raise ValueError if what the kernel subtracts and divides by is infinite in ``dtype``."""
        rows = [np.isinf(np.atleast_1d(row).astype(dtype)) for row in self._rows(mean, variance)]
        lost = rows[0] | rows[1]
        if lost.any():
            j = int(np.argmax(lost))
            where = f" in column {j}" if lost.size > 1 else ""
            raise ValueError(
                f"{self.name}: mean and standard deviation must fit {dtype}; got "
                f"{mean.flat[j]:g} and {np.sqrt(variance.flat[j]):g}{where}"
            )

    def _kernel_rows(self) -> tuple[Array, Array]:
        # What the kernel subtracts and divides by: (x - m) / s.
        if self.mean is None or self.variance is None:
            return np.zeros(1), np.ones(1)
        return self._rows(self.mean, self.variance)

    @_check.quiet
    def _rows(self, mean: Array, variance: Array) -> tuple[Array, Array]:
        std = np.sqrt(np.where(variance > 0.0, variance, 1.0))
        return (-mean / std, 1.0 / std) if self.invert else (mean, std)

    @_check.quiet
    def _initial_mean(self, shape: Shape, dtype: str, rng: object) -> Array:  # noqa: ARG002
        return np.broadcast_to(self._kernel_rows()[0], shape).astype(dtype)

    @_check.quiet
    def _initial_std(self, shape: Shape, dtype: str, rng: object) -> Array:  # noqa: ARG002
        std = np.broadcast_to(self._kernel_rows()[1], shape).astype(dtype)
        return np.where(std == 0.0, np.ones_like(std), std)  # constant, as far as dtype can tell

    @_check.quiet
    def _write(self) -> None:
        if self.built and self._mean is not None and self._std is not None:
            self._settle()
            for held, fill in ((self._mean, self._initial_mean), (self._std, self._initial_std)):
                held.array[...] = fill(held.array.shape, held.array.dtype.name, None)

    def call_rows(self, x: Any) -> Any:
        """Return the standardisation."""
        return record("normalize", x, given(self._mean), given(self._std))

    @_check.quiet
    @answering_calls
    def get_weights(self) -> list[Array]:
        """Return [mean, variance], one value a column, as Keras orders them."""
        if not self.built:
            return []
        assert self._built_shape is not None
        columns = self._built_shape[-1:]
        mean = np.zeros(1) if self.mean is None else self.mean
        variance = np.ones(1) if self.variance is None else self.variance
        # A variance beyond float32 is infinite here; the layer's own is float64.
        return [np.broadcast_to(a, columns).astype(self.dtype) for a in (mean, variance)]

    @answering_calls
    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace mean and variance (a third array, Keras's count, is ignored)."""
        values = list(weights)[:2] if len(weights) == 3 else list(weights)
        if len(values) != 2:
            raise ValueError(f"{self.name}: needs [mean, variance]; got {len(values)} arrays")
        held = zip(values, self.get_weights(), strict=True) if self.built else ()
        pairs = [(np.asarray(new), own) for new, own in held]
        if pairs and all(n.dtype == o.dtype and np.array_equal(n, o) for n, o in pairs):
            return  # what get_weights returned: the float64 statistics say more than it could
        self._set(*values)

    def snapshot(self) -> Any:
        """Return copies of the statistics, in float64, and of the rows made from them."""
        return self.mean, self.variance, super().snapshot()  # statistics are never written to

    def restore(self, state: Any) -> None:
        """Put back what ``snapshot`` of this layer returned."""
        mean, variance, rows = state
        self._keep(mean, variance)
        super().restore(rows)

    def held_beside(self) -> dict[str, Array]:
        """Return the statistics in float64, which the weights round."""
        if self.mean is None or self.variance is None:
            return {}
        return {"mean": self.mean, "variance": self.variance}

    def take_beside(self, held: Mapping[str, Array]) -> None:
        """Take the statistics of a layer whose weights this one has."""
        self._keep(held["mean"], held["variance"])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, the statistics as lists."""
        config = super().get_config()
        for key in ("mean", "variance"):
            config[key] = None if config[key] is None else config[key].tolist()
        return config


def _statistics(who: str, data: object, array: Array) -> tuple[Array, Array]:
    # Blocks in float64, merged by Chan, Golub and LeVeque (1983): no cancellation, no big copy.
    count, mean, squares = 0, np.zeros(array.shape[-1]), np.zeros(array.shape[-1])
    low = np.full(array.shape[-1], np.inf)
    high = -low
    for start in range(0, len(array), BLOCK):
        whole = data if len(array) <= BLOCK else array[start : start + BLOCK]
        rows = _check.floats(who, "data", whole, "float64", first_row=start)
        rows = rows.reshape(-1, array.shape[-1])
        block_mean = rows.mean(axis=0)
        shift = block_mean - mean
        total = count + len(rows)
        squares += np.square(rows - block_mean).sum(axis=0) + shift**2 * (count * len(rows) / total)
        mean += shift * (len(rows) / total)
        low, high, count = np.minimum(low, rows.min(0)), np.maximum(high, rows.max(0)), total
    constant = low == high
    variance = np.where(constant, 0.0, squares / count)
    lost = ~np.isfinite(variance) | (~constant & (variance == 0.0))
    if lost.any():
        j = int(np.argmax(lost))
        _refuse_variance(who, f"column {j}", variance[j], low[j], high[j])
    return np.where(constant, low, mean), variance


def _refuse_variance(who: str, which: str, variance: Any, low: float, high: float) -> NoReturn:
    rule = "variance above 0" if variance == 0.0 else "finite variance"
    raise ValueError(
        f"{who}: data must have a {rule} in float64; {which} reaches from {low:g} to {high:g}"
    )
