"""Figures of models, their training and their predictions.  They need ``lamina[plot]``.

Each function draws on the axes given as ``ax``, or on a new figure, and returns the axes.  A new
figure becomes pyplot's current one, as in pandas: ``plt.show()`` shows it, a notebook shows it once
at the end of its cell, and ``plt.gca()`` continues drawing on it.  Curves differ in dashes as well
as in colour; the colours can be distinguished by the colour-blind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.plot.attribution import attribution
from lamina.plot.backpropagation import backpropagation
from lamina.plot.boundary import decision_boundary
from lamina.plot.calibration import calibration
from lamina.plot.compared import baselines
from lamina.plot.complexity import complexity_path
from lamina.plot.confusion import confusion_matrix
from lamina.plot.curves import learning_curves
from lamina.plot.dependence import ale, partial_dependence
from lamina.plot.feature_maps import feature_maps
from lamina.plot.filters import filters
from lamina.plot.fitted import fitted_curves
from lamina.plot.images import images
from lamina.plot.importance import importance
from lamina.plot.intervals import intervals
from lamina.plot.network import plotnet
from lamina.plot.profiles import lekprofile
from lamina.plot.rate_range import learning_rate_range
from lamina.plot.residuals import residuals
from lamina.plot.unrolled import unrolled
from lamina.plot.weights import first_layer

__all__ = ["ale", "attribution", "backpropagation", "baselines", "calibration",
           "complexity_path", "confusion_matrix", "decision_boundary", "feature_maps", "filters",
           "first_layer", "fitted_curves", "images", "importance", "intervals",
           "learning_curves", "learning_rate_range", "lekprofile", "partial_dependence",
           "plotnet", "residuals", "unrolled"]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
