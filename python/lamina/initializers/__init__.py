"""Initial values of weights, with Keras's names and arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._settings import custom, resolve, serialize
from lamina.initializers.base import Initializer, compute_fans
from lamina.initializers.constant import Constant, Identity, Ones, Zeros
from lamina.initializers.orthogonal import Orthogonal
from lamina.initializers.random import RandomNormal, RandomUniform, TruncatedNormal
from lamina.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from lamina.initializers.stft import STFT

# Keras's aliases of the same initializers.
constant, zeros, ones = Constant, Zeros, Ones
identity = IdentityInitializer = Identity
orthogonal = OrthogonalInitializer = Orthogonal
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
glorot_normal, glorot_uniform, variance_scaling = GlorotNormal, GlorotUniform, VarianceScaling
stft = STFTInitializer = STFT
he_normal, he_uniform, lecun_normal, lecun_uniform = HeNormal, HeUniform, LecunNormal, LecunUniform

__all__ = [
    "STFT", "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
    "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal",
    "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros", "compute_fans", "get",
    "serialize",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


_TABLE: dict[str, type[Initializer]] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "identity": Identity,
    "random_uniform": RandomUniform,
    "random_normal": RandomNormal,
    "truncated_normal": TruncatedNormal,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
    "stft": STFT,
    "zero": Zeros,
    "one": Ones,
    "uniform": RandomUniform,
    "normal": RandomNormal,
}


@answering_calls
def get(identifier: object) -> Initializer | Callable[..., Any] | None:
    """Return the initializer for a name, class, configuration, instance or function.

    Parameters
    ----------
    identifier : str, dict, type, Initializer, callable or None
        For instance ``"he_normal"``, ``"HeNormal"`` or ``initializers.HeNormal(seed=1)``; a
        function ``f(shape, dtype=None)`` is returned unchanged, and so is None.

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> from lamina import initializers
    >>> initializers.get("he_normal")
    HeNormal(seed=None)
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        identifier = custom(identifier) or identifier
    if callable(identifier) and not isinstance(identifier, (type, Initializer)):
        return identifier
    return resolve("initializer", identifier, _TABLE, Initializer)


deserialize = get  # Keras's name
