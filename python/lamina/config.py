"""Keras's ``config``, for programs that use it: settings that are the same for all models here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _policies
from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.backend import backend, epsilon, floatx, image_data_format, set_image_data_format
from lamina.dtype_policies import DTypePolicy
from lamina.utils.interactive import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)

__all__ = [
    "backend", "disable_interactive_logging", "disable_traceback_filtering", "dtype_policy",
    "enable_interactive_logging", "enable_traceback_filtering", "epsilon", "floatx",
    "image_data_format", "is_interactive_logging_enabled", "is_traceback_filtering_enabled",
    "set_dtype_policy", "set_image_data_format",
]  # fmt: skip


def disable_traceback_filtering() -> None:
    """Do nothing: tracebacks are never filtered."""


def enable_traceback_filtering() -> None:
    """Do nothing: tracebacks are never filtered."""


def is_traceback_filtering_enabled() -> bool:
    """Return False: tracebacks are never filtered."""
    return False


def dtype_policy() -> DTypePolicy:
    """Return the default policy of layers and models, initially "float32"."""
    return DTypePolicy(_policies.chosen())


@answering_calls
def set_dtype_policy(policy: str | DTypePolicy | dict[str, Any]) -> None:
    """Set the default policy of layers and models created from now on without a ``dtype``.

    Parameters
    ----------
    policy : {"float32", "float64", "mixed_bfloat16"} or DTypePolicy
        See ``lamina.dtype_policies``.  It is stored in ``layer.dtype_policy``, and in files.  A
        layer of a model with a ``dtype`` of its own has that of the model.

    Raises
    ------
    ValueError
        If there is no such policy.

    Examples
    --------
    >>> import lamina
    >>> lamina.config.set_dtype_policy("mixed_bfloat16")
    >>> lamina.layers.Dense(2).compute_dtype
    'bfloat16'
    >>> lamina.config.set_dtype_policy("float32")
    """
    _policies.choose(_policies.named("set_dtype_policy", policy))


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
