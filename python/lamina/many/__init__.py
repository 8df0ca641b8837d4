"""Many small fits at once: settings, seeds, folds and bootstrap resamples in one call.

- ``fit_many(model, x, y, settings=..., seeds=..., folds=..., bootstrap=...)`` fits them all
- ``ManyFits`` is its result: a table with a row for each fit, and the fitted models
- ``run_stated`` runs fits that an estimator specifies in full, each as a ``StatedFit``
"""

from lamina.many.fitting import fit_many
from lamina.many.results import ManyFits
from lamina.many.stated import (
    OutputScore,
    StatedFit,
    StatedResult,
    Stopping,
    run_stated,
    twister_of,
)

__all__ = [
    "ManyFits",
    "OutputScore",
    "StatedFit",
    "StatedResult",
    "Stopping",
    "fit_many",
    "run_stated",
    "twister_of",
]


def __dir__() -> list[str]:
    return sorted(__all__)
