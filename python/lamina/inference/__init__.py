"""Inference and explanation: standard errors, intervals, importance, attributions.

- ``Inference``: the result of ``model.inference(x, y)``
- ``intervals``: prediction intervals and prediction sets
- ``garson``, ``olden``, ``permutation_importance``: importance of inputs
- ``lekprofile``, ``partial_dependence``, ``ice``, ``ale``: the output along inputs
- ``saliency``, ``integrated_gradients``, ``occlusion``: the important parts of images and series
- ``connections``: the units of a network of dense layers, and the weights between them

Functions take lamina models, fits of ``lamina.nnet`` and fitted estimators; they return tables,
which ``lamina.plot`` draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering

if TYPE_CHECKING:
    from lamina.inference import intervals
    from lamina.inference.accumulated import AccumulatedEffects, ale
    from lamina.inference.attributions import Attribution, integrated_gradients, saliency
    from lamina.inference.curvature import SingularHessianError
    from lamina.inference.dependence import PartialDependence, ice, partial_dependence
    from lamina.inference.intervals import PredictionIntervals, coverage_report
    from lamina.inference.networks import connections
    from lamina.inference.occluded import occlusion
    from lamina.inference.permutation import PermutationImportance, permutation_importance
    from lamina.inference.profiles import LekProfile, lekprofile
    from lamina.inference.results import Inference
    from lamina.inference.units import Connections, DenseLayer
    from lamina.inference.weights import Importance, garson, olden

__all__ = [
    "AccumulatedEffects", "Attribution", "Connections", "DenseLayer", "Importance", "Inference",
    "LekProfile", "PartialDependence", "PermutationImportance", "PredictionIntervals",
    "SingularHessianError", "ale", "connections", "coverage_report", "garson", "ice",
    "integrated_gradients", "intervals", "lekprofile", "occlusion", "olden", "partial_dependence",
    "permutation_importance", "saliency",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    _HOMES = {
        "accumulated": "AccumulatedEffects ale",
        "attributions": "Attribution integrated_gradients saliency",
        "curvature": "SingularHessianError",
        "dependence": "PartialDependence ice partial_dependence",
        "intervals": "PredictionIntervals coverage_report",
        "networks": "connections",
        "occluded": "occlusion",
        "permutation": "PermutationImportance permutation_importance",
        "profiles": "LekProfile lekprofile",
        "results": "Inference",
        "units": "Connections DenseLayer",
        "weights": "Importance garson olden",
    }
    _LAZY = {
        name: f"lamina.inference.{home}:{name}"
        for home, names in _HOMES.items()
        for name in names.split()
    }
    __getattr__ = answering(__name__, {**_LAZY, "intervals": "lamina.inference.intervals"})
