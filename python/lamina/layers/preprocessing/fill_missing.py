"""Replacing missing values."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._check import Array
from lamina._strings import is_missing, of_objects, plain_array
from lamina.layers.base.shapes import Spec
from lamina.layers.preprocessing.ahead import AheadLayer, batches_of

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["FillMissing"]

OF = ("number", "category")
DAY = np.timedelta64(1, "D")
MEASURES = ("number", "date", "duration")


class FillMissing(AheadLayer):
    """Replace missing values: None, NaN, pandas.NA, NaT.

    Parameters
    ----------
    value : float or str, optional
        The replacement.  If not given, ``adapt`` learns the mean of each column of numbers, and
        missing categories become "[missing]".
    of : {"number", "category"}, default "number"
        Numbers become floats; dates become days since 1970, and durations days.  Categories become
        strings: integers are written out, booleans become "True" and "False".
    indicator : bool, default False
        Whether to append, for each column of numbers, a column that is 1 where the value was
        missing.
    measure : {"number", "date", "duration"}, optional
        What alone is accepted where `of` is "number"; by default all three.
    **base
        See ``Layer``.

    Notes
    -----
    The layer computes on arrays, before the recorded part of a model, so that data with missing
    values can be given to the model itself: see ``lamina.tables``.

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.FillMissing(indicator=True)
    >>> layer.adapt([[1.0], [3.0], [None]])
    >>> layer([[None], [5.0]])
    array([[2., 1.],
           [5., 0.]], dtype=float32)
    """

    takes: ClassVar[str] = "table"  # columns of any type

    def __init__(
        self,
        value: float | str | None = None,
        of: str = "number",
        indicator: bool = False,
        measure: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "FillMissing"
        if of not in OF:
            raise ValueError(f"{who}: of must be 'number' or 'category'; got {of!r}")
        self.of = of
        self.indicator = _check.boolean(who, "indicator", indicator)
        if self.indicator and of != "number":
            raise ValueError(f"{who}: indicator is for numbers; of is {of!r}")
        if measure is not None and (of != "number" or measure not in MEASURES):
            raise ValueError(
                f"{who}: measure must be one of {', '.join(MEASURES)}, for numbers, or None; got "
                f"{measure!r}"
            )
        self.measure = measure
        if of == "category":
            value = "[missing]" if value is None else value
            if not isinstance(value, str):
                raise TypeError(f"{who}: value must be a string for categories; got {value!r}")
        self._learned = value is None
        self.value: Any = None
        if value is not None:
            self._keep(who, value)

    def _keep(self, who: str, value: Any) -> None:
        if self.of == "number":
            value = _check.floats(who, "value", value, "float64").tolist()
        self.__dict__["value"] = value  # the attribute cannot be set: `adapt` replaces it

    @answering_calls
    def adapt(self, data: Any) -> None:
        """Learn the mean of each column of ``data``, ignoring missing values; 0 if all are missing.

        Parameters
        ----------
        data : array_like, or an iterable of batches

        Raises
        ------
        ValueError
            If the value was given to the constructor, or there are no data.
        """
        who = f"{self.name}.adapt"
        if not self._learned:
            raise ValueError(f"{who}: the value was given to the constructor and is fixed")
        total: Any = 0.0
        count: Any = 0
        for batch in batches_of(data, None, who):
            x = self.as_taken("data", plain_array(batch), who)
            x = x[:, None] if x.ndim == 1 else x
            known = ~np.isnan(x)
            total = total + np.where(known, x, 0.0).sum(0)
            count = count + known.sum(0)
        if np.ndim(count) == 0:
            raise ValueError(f"{who}: data must hold at least one row; got none")
        self._keep(who, total / np.maximum(count, 1))

    def as_taken(self, name: str, array: Array, who: str | None = None) -> Array:
        """Return an array of floats with NaN for missing values, or of strings and None."""
        who = who or self.name
        if self.of == "number":
            x = _numbers(who, name, array)
            found = measured(array)
            if self.measure not in (None, found) and found is not None:
                raise TypeError(
                    f"{who}: {name} must hold {self.measure}s, as in the table that was described; "
                    f"got {found}s"
                )
            return x
        return of_objects([_text(v) for v in array.ravel().tolist()], array.shape)

    def compute(self, *arrays: Array) -> Array:
        """Return the values, followed by the indicators."""
        (x,) = arrays
        if self.of == "category":
            listed = [self.value if v is None else v for v in x.ravel().tolist()]
            return of_objects(listed, x.shape)
        if self.value is None:
            raise ValueError(f"{self.name}: has no value yet; adapt it first, or give one")
        missing = np.isnan(x)
        filled = np.where(missing, np.asarray(self.value, float), x)
        made = np.concatenate([filled, missing], -1) if self.indicator else filled
        return np.asarray(made, self.dtype)

    def made_of(self, specs: list[Spec]) -> Spec:
        """Return the shape and the kind of the output."""
        (spec,) = specs
        if self.of == "category":
            return Spec(spec.shape, "string")
        if not self.indicator:
            return Spec(spec.shape)
        if not spec.shape:
            raise ValueError(f"{self.name}: input has shape (rows,); needs columns for indicators")
        last = None if spec.shape[-1] is None else 2 * spec.shape[-1]
        return Spec((*spec.shape[:-1], last))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, and under "learned" the values that ``adapt`` found."""
        config = super().get_config()
        if self.measure is None:  # the default, which configurations need not state
            config.pop("measure", None)
        if self._learned:
            config.update(value=None, learned=self.value)
        return config

    @classmethod
    def from_config(cls: type[Any], config: Any) -> Any:
        """Return a new layer, with the values found by ``adapt``."""
        settings = dict(config)
        learned = settings.pop("learned", None)
        layer = cls(**settings)
        if learned is not None:
            layer._keep(f"{layer.name}.from_config", learned)
        return layer


def measured(array: Array) -> str | None:
    """Return what an array of numbers measures; None if all of it is missing.

    Several measures, which ``_numbers`` refuses, are joined by "and".
    """
    if array.dtype.kind == "O":
        found = {_measure(v) for v in array.ravel().tolist() if not is_missing(v)}
        return " and ".join(sorted(found)) or None
    if array.dtype.kind in "mM":
        return None if np.isnat(array).all() else "date" if array.dtype.kind == "M" else "duration"
    return None if array.dtype.kind == "f" and np.isnan(array).all() else "number"


def _measure(value: Any) -> str:
    if isinstance(value, (date, np.datetime64)):
        return "date"
    return "duration" if isinstance(value, (timedelta, np.timedelta64)) else "number"


def _numbers(who: str, name: str, array: Array) -> Array:
    if array.dtype.kind == "O":
        listed = array.ravel().tolist()
        listed = [None if is_missing(v) else v for v in listed]
        found = measured(array) or "number"
        if " " in found:
            raise TypeError(
                f"{who}: {name} must hold only dates, only durations or only numbers; got {found}"
            )
        kinds = {"date": "datetime64[us]", "duration": "timedelta64[us]"}
        if found in kinds:
            array = np.array(listed, kinds[found]).reshape(array.shape)
        else:
            array = of_objects(listed, array.shape)
    if array.dtype.kind in "mM":
        gone = np.isnat(array)
        since = array - np.datetime64(0, "D") if array.dtype.kind == "M" else array
        return np.where(gone, np.nan, np.where(gone, np.timedelta64(0), since) / DAY)
    return np.asarray(as_numbers(who, name, array), float)


def _text(value: Any) -> str | None:
    if is_missing(value):
        return None
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
