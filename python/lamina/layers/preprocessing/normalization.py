"""Standardisation of features with the statistics of the training data."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lamina import _check, _core, ops
from lamina._calls import answering_calls
from lamina._check import Array, Shape
from lamina._settings import note_change
from lamina._tensors.given import given, record
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.rowwise import RowWise
from lamina.layers.normalization._statistic_axes import given_axes, kept_axes, listed_axes
from lamina.layers.preprocessing._statistics import Statistics
from lamina.layers.preprocessing.ahead import batches_of

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Normalization"]

L = TypeVar("L", bound="Normalization")

LEARNED = "learned"  # in a configuration: the result of adapt or set_weights


class Normalization(RowWise):
    """``y = (x - mean) / sqrt(variance)``, column by column of the last axis.

    The statistics come from ``adapt(x_train)`` or are given.  They are not trainable weights.

    Parameters
    ----------
    axis : int, tuple of int or None, default -1
        The axes with a mean and a variance for each index, counted with the axis of rows, which
        cannot be one.  -1: one for each column of the last axis.  None: one for all values.
    mean, variance : float or array_like, optional
        Known statistics, instead of ``adapt``: the layer then has no weights.
    invert : bool, default False
        Invert the normalisation: ``y = x * sqrt(variance) + mean``.
    **base
        See ``Layer``.

    Attributes
    ----------
    mean, variance : ndarray of float64 or None
        The statistics; None until they are known.  The variance is divided by the number of rows,
        as in Keras.

    Notes
    -----
    A column that is constant in the training data is divided by 1, as in scikit-learn's
    StandardScaler (Keras divides by 1e-7, which turns a rounding error into a large number).  Until
    its statistics are known the layer is the identity.  Its weights are mean, variance and a count
    that is always 0, which Keras keeps for old files.

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
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.axis = given_axes(axis)
        if (mean is None) != (variance is None):
            raise ValueError("Normalization: give both mean and variance, or neither")
        self.invert = _check.boolean("Normalization", "invert", invert)
        self._given = mean is not None
        self._known: tuple[Array, Array] | None = None  # mean and variance, in float64
        self._unused = False  # whether only `adapt` asked for the weights
        self._mean: _core.Parameter | None = None
        self._variance: _core.Parameter | None = None
        if self._given:
            self._set(mean, variance)

    # --- statistics

    def unlearned(self) -> str | None:
        """Return the missing statistics, without which inputs pass unchanged."""
        return "mean and variance" if self.mean is None else None

    @property
    def mean(self) -> Array | None:
        """The mean of each column; None until it is known."""
        return self._statistic(0)

    @property
    def variance(self) -> Array | None:
        """The variance of each column; None until it is known."""
        return self._statistic(1)

    def _statistic(self, which: int) -> Array | None:
        known = None if self._known is None else self._known[which]
        held = (self._mean, self._variance)[which]
        if held is None:
            return known
        self._settle()
        now = np.array(held.array)
        if np.array_equal(now, self._first(which, now.shape)):  # float64 is more precise
            return known
        return now.astype(float)

    def _first(self, which: int, shape: Shape) -> Array:
        """Return the value of a weight to which nothing has been written."""
        known = (np.zeros(()), np.ones(())) if self._known is None else self._known
        with np.errstate(all="ignore"):
            return _broadcast(known[which], shape).astype(self.dtype)

    def _set(self, mean: object, variance: object) -> None:
        m = _check.floats("Normalization", "mean", mean, "float64").copy()
        v = _check.floats("Normalization", "variance", variance, "float64").copy()
        most = 0 if self.axis is None else len(listed_axes(self.axis))
        m, v = (a.reshape(a.shape[a.ndim - most :]) if a.ndim > most and
                a.size == np.prod(a.shape[a.ndim - most :]) else a for a in (m, v))  # fmt: skip
        if m.shape != v.shape:
            raise ValueError(
                f"Normalization: mean and variance must have the same shape; got {m.shape} "
                f"and {v.shape}"
            )
        if m.ndim > most:
            raise ValueError(
                f"Normalization: mean and variance may have {most} axes, as many as axis names; "
                f"got shape {m.shape}"
            )
        if (v < 0).any():
            raise ValueError(f"Normalization: variance must be >= 0; got {v.min()}")
        if self._built_shape is not None:
            self._fits(m.shape, self._built_shape)
        if self.built:
            self._check_fit(m, v, self.dtype)
        self.__dict__["_known"] = (m, v)
        self._write()

    def _write(self) -> None:
        if self.built:
            self._settle()
            for which, held in enumerate((self._mean, self._variance)):
                if held is not None:
                    held.array[...] = self._first(which, held.array.shape)
            if not self._by_weights:
                note_change(self)

    @property
    def _by_weights(self) -> bool:
        """Whether the weights hold the mean and the divisor, in this dtype."""
        if self._given or self._known is None:
            return not self._given
        with np.errstate(all="ignore"):
            held = self._known[1].astype(self.dtype)
        return bool(np.isfinite(held).all() and ((held > 0) == (self._known[1] > 0)).all())

    def _kept(self, input_shape: Shape) -> list[int]:
        """Return the axes of a row that have statistics for each index, in order."""
        return kept_axes(self.name, self.axis, input_shape)

    @property
    def _of_one_number(self) -> bool:
        """Whether there is a single mean, which also works for rows without columns."""
        return self._known is not None and self._known[0].size == 1

    def _fits(self, statistics: Shape, input_shape: Shape) -> None:
        sizes = tuple(input_shape[i] for i in self._kept(input_shape))
        pairs = zip(statistics[::-1], sizes[::-1], strict=False)
        if not input_shape and np.prod(statistics) == 1:
            return
        if len(statistics) > len(sizes) or any(n not in (1, size) for n, size in pairs):
            columns = " x ".join(map(str, statistics))
            raise ValueError(
                f"{self.name}: has statistics of {columns} columns; input has shape "
                f"{_check.show_shape(input_shape)}"
            )

    @_check.quiet
    def _check_fit(self, mean: Array, variance: Array, dtype: str) -> None:
        """Raise ValueError if the mean or the divisor is infinite in ``dtype``."""
        lost = np.isinf(mean.astype(dtype)) | np.isinf(_deviation(variance, dtype))
        if lost.any():
            j = int(np.argmax(lost))
            where = f" in column {j}" if lost.size > 1 else ""
            raise ValueError(
                f"{self.name}: mean and standard deviation must fit {dtype}; got "
                f"{mean.flat[j]:g} and {np.sqrt(variance.flat[j]):g}{where}"
            )

    # --- learning

    @_check.quiet
    @answering_calls
    def adapt(self, data: Any) -> None:
        """Learn mean and variance from ``data``.

        Parameters
        ----------
        data : array_like of shape (rows, ..., columns), sparse matrix, or an iterable of batches
            The training rows only: statistics of validation or test rows would leak information.
            Of (x, y) pairs only x is read.

        Raises
        ------
        ValueError
            If the statistics were given to the constructor; there are no rows; a value is NaN or
            infinite (the message names row and column); the columns differ from those for which the
            layer was built; or a variance overflows or vanishes in float64.
        """
        who = f"{self.name}.adapt"
        if self._given:
            raise ValueError(f"{who}: the statistics were given to the constructor and are fixed")
        found: Statistics | None = None
        parts = isinstance(data, list) and data and isinstance(data[0], np.ndarray)
        for batch in batches_of(iter(data) if parts and data[0].ndim > 1 else data, None, who):
            array = _check.numeric(who, "data", batch)
            if array.ndim == 1:
                array = array[:, None]
            if array.ndim == 0 or array.size == 0:
                raise ValueError(f"{who}: data must hold at least one row; got shape {array.shape}")
            shape = array.shape[1:]
            kept = self._kept(shape)
            if self._built_shape is not None:
                self._fits(tuple(shape[i] for i in kept), self._built_shape)
            found = Statistics(who, kept, shape) if found is None else found
            found.take(batch, array)
        if found is None:
            raise ValueError(f"{who}: data must hold at least one row; got none")
        self._set(*found.result())
        if not self.built:
            with contextlib.suppress(ValueError):  # for statistics that need a float64 model
                self.prepare(shape, self.dtype, self.stream)
                self._unused = True

    # --- building and recording

    def _check_input(self, input_shape: Shape) -> None:
        if not (input_shape or self.axis is None or self._of_one_number):
            raise AxesError(f"{self.name}: input has shape (rows,); needs at least 2 axes")
        self._kept(input_shape)
        if self._known is not None:
            self._fits(self._known[0].shape, input_shape)

    def build(self, input_shape: Shape) -> None:
        """Make the weights, unless the statistics were given."""
        if self._known is not None:
            self._check_fit(*self._known, self.dtype)
        if self._given:
            return
        sizes = tuple(input_shape[i] for i in self._kept(input_shape))
        self._mean = self.add_weight("mean", sizes, self._first_mean, trainable=False)
        self._variance = self.add_weight("variance", sizes, self._first_variance, trainable=False)
        self.add_weight("count", (), "zeros", trainable=False, dtype="int32")

    def prepare(self, input_shape: Any, dtype: str, stream: int) -> None:
        """Build the layer for a model; weights made by `adapt` take the model's dtype."""
        if self._unused and self.dtype != dtype:
            self.__dict__["_known"] = (self.mean, self.variance)
            self.forget()
        self._unused = False
        super().prepare(input_shape, dtype, stream)

    def _first_mean(self, shape: Shape, dtype: str, rng: object) -> Array:  # noqa: ARG002
        return self._first(0, shape)

    def _first_variance(self, shape: Shape, dtype: str, rng: object) -> Array:  # noqa: ARG002
        return self._first(1, shape)

    def weights_fit(self, input_shape: Shape) -> bool:
        """Return whether the kept axes are the same: all other axes act as rows."""
        kept, before = self._kept(input_shape), self._kept(self._built_shape)
        if not input_shape and self._of_one_number:
            return True
        return [input_shape[i] for i in kept] == [self._built_shape[i] for i in before]

    def forget(self) -> None:
        """Undo building; the statistics are kept."""
        super().forget()
        self._mean = self._variance = None

    def call_rows(self, x: Any) -> Any:
        """Return the standardisation."""
        kept = self._kept(x.shape[1:])
        sizes = [n if i in kept else 1 for i, n in enumerate(x.shape[1:])]
        if self._by_weights:
            mean, variance = given(self._mean), given(self._variance)
            std = ops.where(ops.greater(variance, 0.0), ops.sqrt(variance), 1.0)
        else:
            assert self._known is not None
            full = [sizes[i] for i in kept]
            mean = given(_broadcast(self._known[0], full))
            std = given(_broadcast(_deviation(self._known[1], self.dtype), full))
        if kept == [x.ndim - 2] and not self.invert:
            return record("normalize", x, mean, std)
        mean, std = (ops.reshape(each, sizes) for each in (mean, std))
        if self.invert:
            return ops.add(ops.multiply(x, std), mean)
        return ops.divide(ops.subtract(x, mean), std)

    # --- weights

    @answering_calls
    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace mean, variance and, optionally, count."""
        if self._given and len(weights):
            raise ValueError(
                f"{self.name}: has no weights, as its statistics were given to the constructor; "
                f"got {len(weights)}"
            )
        if self._given or not self.built:
            super().set_weights(weights)
            return
        values = list(weights)
        if len(values) not in (2, 3):
            raise ValueError(
                f"{self.name}: needs [mean, variance, count]; got {len(values)} arrays"
            )
        pairs = zip((np.asarray(v) for v in values[:2]), self.get_weights(), strict=False)
        if all(n.dtype == o.dtype and np.array_equal(n, o) for n, o in pairs):
            return  # unchanged values of get_weights: the float64 statistics are more precise
        sizes = self.get_weights()[0].shape
        for name, value in zip(("mean", "variance"), values, strict=False):
            if np.shape(value) != sizes:
                raise ValueError(
                    f"{self.name}: {name} must have shape {sizes}; got {np.shape(value)}"
                )
        self._set(*values[:2])

    def snapshot(self) -> Any:
        """Return copies of the statistics, in float64, and of the weights."""
        return self._known, super().snapshot()  # statistics are never written to

    def restore(self, state: Any) -> None:
        """Put back what ``snapshot`` of this layer returned."""
        self.__dict__["_known"], weights = state
        super().restore(weights)

    def held_beside(self) -> dict[str, Array]:
        """Return the statistics in float64, which the weights hold rounded."""
        if self._known is None:
            return {}
        return dict(zip(("mean", "variance"), self._known, strict=True))

    def take_beside(self, held: Mapping[str, Array]) -> None:
        """Take over the statistics of a layer whose weights this one has."""
        self.__dict__["_known"] = (held["mean"], held["variance"])

    # --- configuration

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, statistics as lists, with those of ``adapt`` under "learned"."""
        config = super().get_config()
        known = {
            name: None if value is None else value.tolist()
            for name, value in (("mean", self.mean), ("variance", self.variance))
        }
        config.update(known if self._given else dict.fromkeys(known))
        if not self._given and known["mean"] is not None:
            config[LEARNED] = known
        return config

    @classmethod
    def from_config(cls: type[L], config: Mapping[str, Any]) -> L:
        """Return a new layer, with the statistics of the one that ``get_config`` described."""
        settings = dict(config)
        learned = settings.pop(LEARNED, None)
        layer = cls(**settings)
        if learned is not None:
            layer._set(learned["mean"], learned["variance"])
        return layer


@_check.quiet
def _deviation(variance: Array, dtype: str) -> Array:
    """Return the divisor: 1 for a column that is constant within the precision of the dtype."""
    std = np.sqrt(np.where(variance > 0.0, variance, 1.0)).astype(dtype)
    return np.where(std == 0.0, np.ones_like(std), std)


def _broadcast(statistic: Array, shape: Sequence[int]) -> Array:
    """Return a statistic for each index of the kept axes; a single number serves for all."""
    return np.broadcast_to(statistic.reshape(()) if statistic.size == 1 else statistic, shape)
