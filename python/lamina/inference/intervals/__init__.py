"""Prediction intervals and prediction sets, whose level holds for any model.

- ``model.calibrate(x, y, method=...)``, then ``model.predict(x, interval=0.9)`` or
  ``model.predict_set(x)``
- ``PredictionIntervals``: the same for any object with ``fit`` and ``predict``
- ``coverage_report``: the coverage of other rows, and the widths of intervals

Examples
--------
>>> import numpy as np, lamina
>>> rng = np.random.default_rng(0)
>>> x = rng.normal(size=(300, 2))
>>> y = x.sum(axis=1) + rng.normal(size=300)
>>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)], seed=0)
>>> model.compile("adam", "mse")
>>> history = model.fit(x[:150], y[:150], epochs=5, verbose=0)
>>> model.calibrate(x[150:], y[150:])
<Calibration by 'split', 150 rows>
>>> prediction, lower, upper = model.predict(x[:5], interval=0.9)
>>> lower.shape, bool((lower < upper).all())
((5, 1), True)
"""

from __future__ import annotations

from lamina.inference.intervals.binomial import clopper_pearson
from lamina.inference.intervals.coverage import coverage_report
from lamina.inference.intervals.kept import (
    Calibration,
    Interval,
    NotCalibratedError,
    PredictionSets,
)
from lamina.inference.intervals.predicting import PredictionIntervals, of

__all__ = ["Calibration", "Interval", "NotCalibratedError", "PredictionIntervals",
           "PredictionSets", "clopper_pearson", "coverage_report", "of"]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)
