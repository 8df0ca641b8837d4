"""Many small fits at once: settings, seeds, folds and bootstrap resamples in one call.

- ``fit_many(model, x, y, settings=..., seeds=..., folds=..., bootstrap=...)`` fits them all
- ``ManyFits`` is its result: a table with a row for each fit, and the fitted models
- ``fits_for`` is ``fit_many`` for other functions, whose names its messages show
- ``run_stated`` runs fits that an estimator specifies in full, each as a ``StatedFit``
"""

from lamina.many.fitting import fit_many, fits_for
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
    "fits_for",
    "run_stated",
    "twister_of",
]


def __dir__() -> list[str]:
    return sorted(__all__)
