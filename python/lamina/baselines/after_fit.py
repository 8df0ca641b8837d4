"""Baselines with a fit: the request is checked before it, and computed after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _screen
from lamina.baselines.compare import KNOWN, Comparison, compare, names, needed
from lamina.data.sources import source_of

if TYPE_CHECKING:
    from lamina.callbacks import History


class AfterFit:
    """The comparison of ``fit(..., baselines=...)`` after the model is fitted.

    Parameters
    ----------
    baselines : True, str or sequence of str
        All of them, or some by name.
    x, y, sample_weight, validation_data, validation_split : object
        The arguments of ``fit``.

    Raises
    ------
    ImportError
        Without scikit-learn.
    ValueError, TypeError
        If there are no rows for the comparison.
    """

    def __init__(
        self,
        baselines: Any,
        x: Any,
        y: Any,
        sample_weight: Any,
        validation_data: Any,
        validation_split: Any,
    ) -> None:
        needed()
        self._names = list(KNOWN) if baselines is True else names("fit", baselines)
        for name, given in (("x", x), ("validation_data", validation_data)):
            source = source_of(given)
            if source is not None:
                raise TypeError(
                    f"fit: baselines read all rows at once; {name} is a {source.kind}: give arrays"
                )
        if validation_data is None and validation_split == 0:
            raise ValueError(
                "fit: baselines are compared on validation rows: give validation_split or "
                "validation_data"
            )
        self._data = x, y, sample_weight, validation_data

    def compare(self, model: Any, history: History, verbose: Any) -> Comparison:
        """Return the table, printed unless ``verbose`` is 0."""
        x, y, sample_weight, validation_data = self._data
        table = compare(
            model, x, y, validation_data, validation_rows=history.validation_rows,
            sample_weight=sample_weight, baselines=self._names,
        )  # fmt: skip
        if verbose != 0:
            _screen.write(str(table))
        return table
