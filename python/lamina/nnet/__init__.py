"""R's nnet: networks with one hidden layer, fitted by BFGS, with R's names, order and output.

The room can be called: ``lamina.nnet("medv ~ .", data, size=5)`` is ``lamina.nnet.nnet(...)``.

- ``nnet`` fits a network and returns an ``NNet``; ``nnet_hess`` gives its second derivatives
- ``RSeed`` draws starting weights as R does
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from lamina._answers import answering
from lamina.nnet.fitted import NNet, nnet_hess
from lamina.nnet.fitting import nnet
from lamina.nnet.starts import RSeed

__all__ = ["NNet", "RSeed", "nnet", "nnet_hess"]


class _Room(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> NNet:
        """Fit a network: see ``nnet``."""
        return nnet(*args, **kwargs)

    def __dir__(self) -> list[str]:
        return sorted(__all__)


sys.modules[__name__].__class__ = _Room
__getattr__ = answering(__name__)
