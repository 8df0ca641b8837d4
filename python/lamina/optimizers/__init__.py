"""Optimizers, with Keras's names, arguments and defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._settings import resolve, serialize
from lamina.optimizers import schedules
from lamina.optimizers.adadelta import Adadelta
from lamina.optimizers.adafactor import Adafactor
from lamina.optimizers.adagrad import Adagrad
from lamina.optimizers.adam import Adam, AdamW
from lamina.optimizers.adamax import Adamax
from lamina.optimizers.base import Optimizer
from lamina.optimizers.ftrl import Ftrl
from lamina.optimizers.lamb import Lamb
from lamina.optimizers.lion import Lion
from lamina.optimizers.multi_optimizer import MultiOptimizer, OptimizerMap
from lamina.optimizers.muon import Muon
from lamina.optimizers.nadam import Nadam
from lamina.optimizers.quasi_newton import BFGS, LBFGS
from lamina.optimizers.rmsprop import RMSprop
from lamina.optimizers.rprop import Rprop
from lamina.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from lamina.optimizers.sgd import SGD
from lamina.optimizers.wrapping import SWA, LossScaleOptimizer

__all__ = [
    "BFGS",
    "LBFGS",
    "SGD",
    "SWA",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "Rprop",
    "ScheduleFreeAdamW",
    "get",
    "schedules",
    "serialize",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


NAMED: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
    "adadelta": Adadelta,
    "adagrad": Adagrad,
    "adamax": Adamax,
    "nadam": Nadam,
    "ftrl": Ftrl,
    "lion": Lion,
    "lamb": Lamb,
    "adafactor": Adafactor,
    "muon": Muon,
    "schedulefreeadamw": ScheduleFreeAdamW,
    "rprop": Rprop,
    "lbfgs": LBFGS,
    "bfgs": BFGS,
}
# These wrap other optimizers: configurations can name them, but strings alone cannot.
_WRAPPERS: dict[str, type[Optimizer]] = {
    "lossscaleoptimizer": LossScaleOptimizer,
    "multioptimizer": MultiOptimizer,
    "swa": SWA,
}


@answering_calls
def get(identifier: object) -> Optimizer:
    """Return the optimizer for a name, class, configuration or instance.

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> from lamina import optimizers
    >>> optimizers.get("sgd").learning_rate
    0.01
    """
    table = NAMED if isinstance(identifier, str) else {**NAMED, **_WRAPPERS}
    return resolve("optimizer", identifier, table, Optimizer)


deserialize = get  # Keras's name
