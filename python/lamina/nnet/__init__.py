"""R's nnet: networks with one hidden layer, fitted by BFGS, with R's names, order and output.

The module can be called: ``lamina.nnet("medv ~ .", data, size=5)`` is ``lamina.nnet.nnet(...)``.

- ``nnet`` fits a network and returns an ``NNet``; ``nnet_hess`` returns its second derivatives
- ``multinom`` fits a multinomial log-linear model and returns a ``Multinom``
- ``avNNet`` averages networks from several starts or resamples, and returns an ``AvNNet``
- ``model_frame`` applies a formula to a table
- ``class_ind`` codes classes as indicators, ``which_is_max`` breaks ties at random
- ``RSeed`` draws starting weights as R does
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from lamina._answers import answering
from lamina.nnet.avnnet import AvNNet, avNNet
from lamina.nnet.coding import class_ind, which_is_max
from lamina.nnet.fitted import NNet, nnet_hess
from lamina.nnet.fitting import nnet
from lamina.nnet.formulas import ModelFrame, model_frame
from lamina.nnet.multinomial import Multinom, multinom
from lamina.nnet.starts import RSeed

__all__ = [
    "AvNNet", "ModelFrame", "Multinom", "NNet", "RSeed", "avNNet", "class_ind", "model_frame",
    "multinom", "nnet", "nnet_hess", "which_is_max",
]  # fmt: skip


class _Room(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> NNet:
        """Fit a network: see ``nnet``."""
        return nnet(*args, **kwargs)

    def __dir__(self) -> list[str]:
        return sorted(__all__)


sys.modules[__name__].__class__ = _Room
__getattr__ = answering(__name__)
