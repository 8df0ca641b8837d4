"""Many small fits at once: settings, seeds, folds and bootstrap resamples in one call.

- ``fit_many(model, x, y, settings=..., seeds=..., folds=..., bootstrap=...)`` fits them all
- ``ManyFits`` is its result: a table with a row for each fit, and the fitted models
"""

from lamina.many.fitting import fit_many
from lamina.many.results import ManyFits

__all__ = ["ManyFits", "fit_many"]


def __dir__() -> list[str]:
    return sorted(__all__)
