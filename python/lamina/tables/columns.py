"""The description of one column of a table, and the layers that convert it to numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import layers
from lamina._check import Array
from lamina._strings import plain_array
from lamina.layers.preprocessing.fill_missing import FillMissing, measured

HOLDERS = (list, tuple, dict, set, np.ndarray)  # which cannot be values of a table
FEW = 10  # up to this many categories are one-hot codes, more are embedded


@dataclass
class Column:
    """One column.

    Attributes
    ----------
    name : str
    kind : {"number", "category"}
    missing : bool
        Whether values were missing in the table.
    mean, variance : float
        The statistics of numbers that were not missing.
    categories : list of str
        The categories, the most frequent first.
    coding : {"one_hot", "embedding"} or None
        The coding of categories.
    measure : {"number", "date", "duration"} or None
        What a column of numbers holds: numbers, or days of dates and durations; None if all of it
        was missing.
    """

    name: str
    kind: str
    missing: bool = False
    mean: float = 0.0
    variance: float = 1.0
    categories: list[str] | None = None
    coding: str | None = None
    measure: str | None = None

    @property
    def width(self) -> int:
        """The count of numbers that encode the column."""
        if self.kind == "number":
            return 1 + self.missing
        places = 1 + len(self.categories or ())
        return places if self.coding == "one_hot" else embedding_size(places)

    def symbolic(self) -> tuple[Any, Any]:
        """Return an Input for the column, and its encoding by layers: (rows, width)."""
        # The input has the column's name; the names of the layers are derived from it.
        own = "".join(c if c.isalnum() else "_" for c in self.name)
        if self.kind == "number":
            x = layers.Input((1,), name=self.name)
            fill = FillMissing(
                self.mean, indicator=self.missing, measure=self.measure, name=f"{own}_filled"
            )
            means, variances = [self.mean], [self.variance]
            if self.missing:  # the indicator is not normalised
                means, variances = [*means, 0.0], [*variances, 1.0]
            scale = layers.Normalization(mean=means, variance=variances, name=f"{own}_normalized")
            return x, scale(fill(x))
        x = layers.Input((1,), dtype="string", name=self.name)
        text = FillMissing(of="category", name=f"{own}_filled")(x)
        one_hot = self.coding == "one_hot"
        lookup = layers.StringLookup(
            vocabulary=self.categories, output_mode="one_hot" if one_hot else "int",
            name=f"{own}_{'codes' if one_hot else 'places'}",
        )  # fmt: skip
        if one_hot:
            return x, lookup(text)
        places = lookup.vocabulary_size()
        embedding = layers.Embedding(places, embedding_size(places), name=f"{own}_embedding")
        return x, layers.Flatten(name=f"{own}_vector")(embedding(lookup(text)))


def embedding_size(places: int) -> int:
    """Return the width of a category's embedding: 1.6 places ** 0.56, at most 50 (fastai)."""
    return int(min(50, max(2, round(1.6 * places**0.56))))


def column_of(
    who: str, name: str, values: Any, kind: str | None, coding: str, min_frequency: int
) -> Column:
    """Return the description of a column of a table."""
    array = _one_a_row(who, name, values)
    shown = f"frame[{name!r}]"
    kind = kind or kind_of(values, array)
    if kind == "number":
        x = FillMissing(0.0).as_taken(shown, array, who)
        known = x[~np.isnan(x)]
        if np.isinf(known).any():
            raise ValueError(f"{who}: column {name!r} must hold finite numbers; got infinity")
        mean = float(known.mean()) if known.size else 0.0
        variance = float(known.var()) if known.size else 1.0
        missing = known.size < x.size
        return Column(name, kind, missing, mean, variance, measure=measured(array))
    text = FillMissing(of="category").compute(
        FillMissing(of="category").as_taken(shown, array, who)
    )
    counts = Counter(text.tolist())
    found = [t for t in sorted(counts, key=lambda t: (-counts[t], t)) if counts[t] >= min_frequency]
    if not found:
        raise ValueError(
            f"{who}: column {name!r} has no category that occurs min_frequency={min_frequency} "
            f"times"
        )
    if coding == "auto":
        coding = "one_hot" if len(found) <= FEW else "embedding"
    return Column(name, kind, "[missing]" in counts, categories=found, coding=coding)


def _one_a_row(who: str, name: str, values: Any) -> Array:
    """Return a column as an array (rows,)."""
    rule = f"{who}: column {name!r} must have one value per row"
    listed = values if isinstance(values, (list, tuple)) else ()
    if not any(isinstance(value, HOLDERS) for value in listed):
        array = plain_array(values)
        if array.ndim != 1:
            raise ValueError(f"{rule}; got an array of shape {array.shape}")
        listed = array.tolist() if array.dtype.kind == "O" else ()
    for row, value in enumerate(listed):
        if isinstance(value, HOLDERS):
            raise ValueError(
                f"{rule}; got a {type(value).__name__} in row {row}; make a column of each of its "
                f"elements"
            )
    return array


def kind_of(values: Any, array: Array) -> str:
    """Return whether a column holds numbers or categories, by its type and values."""
    if str(getattr(values, "dtype", "")) in ("category", "Categorical", "Enum"):
        return "category"
    if array.dtype.kind in "biufmM":
        return "number"
    if array.dtype.kind in "USTV":
        return "category"
    listed = [v for v in array.tolist() if v is not None]
    return "category" if any(isinstance(v, (str, bytes)) for v in listed) else "number"
