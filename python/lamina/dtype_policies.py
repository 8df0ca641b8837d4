"""Keras's policies: the types in which layers compute and store weights.

``"float32"`` and ``"float64"`` apply to both.  Under ``"mixed_bfloat16"`` the weights and all sums
are float32, and products of matrices and windows use factors rounded to bfloat16, which has 8 bits
of mantissa and the range of float32, on CPUs with AVX512_BF16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _policies
from lamina._answers import answering
from lamina._calls import answering_calls

__all__ = ["DTypePolicy", "deserialize", "get", "serialize"]


class DTypePolicy:
    """A policy, identified by its name.

    Parameters
    ----------
    name : {"float32", "float64", "mixed_bfloat16"}, optional
        By default that of ``lamina.config.dtype_policy``.

    Raises
    ------
    ValueError
        If the name is not one of these, such as "mixed_float16": the range of float16 is too small
        for training without scaling the loss.

    Examples
    --------
    >>> import lamina
    >>> policy = lamina.dtype_policies.DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    @answering_calls
    def __init__(self, name: str | None = None) -> None:
        self._name = _policies.chosen() if name is None else _policies.named("DTypePolicy", name)

    @property
    def name(self) -> str:
        """The name, which layers and models accept as ``dtype``."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The type of the factors of products: "float32", "float64" or "bfloat16"."""
        return _policies.compute_dtype(self._name)

    @property
    def variable_dtype(self) -> str:
        """The type of weights, sums and outputs."""
        return _policies.variable_dtype(self._name)

    def get_config(self) -> dict[str, Any]:
        """Return the name, in a dict."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Return the policy from the result of ``get_config``."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        """Return whether the other is the same policy."""
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        """Return a number that is the same for equal policies."""
        return hash(self._name)

    def __repr__(self) -> str:
        """Return a text with the name.

        Examples
        --------
        >>> DTypePolicy("float64")
        <DTypePolicy 'float64'>
        """
        return f"<DTypePolicy {self._name!r}>"


@answering_calls
def get(identifier: str | DTypePolicy | dict[str, Any] | None) -> DTypePolicy:
    """Return a policy for its name, for the result of ``serialize``, or for itself.

    Parameters
    ----------
    identifier : str, DTypePolicy, dict or None
        None means the policy of ``lamina.config.dtype_policy``.

    Returns
    -------
    DTypePolicy

    Raises
    ------
    ValueError
        If there is no policy of that name.

    Examples
    --------
    >>> get("mixed_bfloat16").compute_dtype
    'bfloat16'
    """
    if identifier is None:
        return DTypePolicy()
    return DTypePolicy(_policies.named("get", identifier))


@answering_calls
def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Return a policy as plain values."""
    return {"class_name": "DTypePolicy", "config": get(dtype_policy).get_config()}


@answering_calls
def deserialize(config: str | dict[str, Any]) -> DTypePolicy:
    """Return the policy from the result of ``serialize``."""
    return get(config)


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
