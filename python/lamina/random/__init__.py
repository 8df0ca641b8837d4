"""Random numbers: Keras's functions, and the streams on which they are based."""

from typing import TYPE_CHECKING

from lamina._answers import answering

# Functions renamed to themselves belong to the package, not to users.
from lamina.random.streams import INITIAL as INITIAL
from lamina.random.streams import NOISE as NOISE
from lamina.random.streams import SHUFFLE as SHUFFLE
from lamina.random.streams import SPLIT as SPLIT
from lamina.random.streams import Seed as Seed
from lamina.random.streams import Stream, set_random_seed
from lamina.random.streams import mix as mix
from lamina.random.streams import next_seed as next_seed
from lamina.random.streams import permutation as permutation
from lamina.random.streams import seed_value as seed_value
from lamina.random.streams import seeded as seeded

if TYPE_CHECKING:
    from lamina.random.arrays import dropout, shuffle
    from lamina.random.continuous import normal, truncated_normal, uniform
    from lamina.random.discrete import bernoulli, binomial, categorical, randint
    from lamina.random.gammas import beta, gamma
    from lamina.random.seed_generator import SeedGenerator

__all__ = [
    "SeedGenerator",
    "Stream",
    "bernoulli",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "set_random_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    _MODULES = {
        "arrays": ("dropout", "shuffle"),
        "continuous": ("normal", "truncated_normal", "uniform"),
        "discrete": ("bernoulli", "binomial", "categorical", "randint"),
        "gammas": ("beta", "gamma"),
        "seed_generator": ("SeedGenerator",),
    }
    __getattr__ = answering(
        __name__,
        {
            name: f"{__name__}.{module}:{name}"
            for module, names in _MODULES.items()
            for name in names
        },
    )
