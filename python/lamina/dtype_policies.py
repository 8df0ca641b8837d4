"""Keras's policies: in what types layers compute, and hold weights.

``"float32"`` and ``"float64"`` say both.  Under ``"mixed_bfloat16"`` the weights, and everything
that is added up, are float32, and products of matrices and windows take their factors rounded to
bfloat16, 8 bits of mantissa with float32's range, on CPUs that have AVX512_BF16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _policies
from lamina._answers import answering
from lamina._calls import answering_calls

__all__ = ["DTypePolicy", "deserialize", "get", "serialize"]


class DTypePolicy:
    """A policy by name.

    Parameters
    ----------
    name : {"float32", "float64", "mixed_bfloat16"}, optional
        By default that of ``lamina.config.dtype_policy``.

    Raises
    ------
    ValueError
        A name of none of them, such as "mixed_float16": float16 has too small a range to train in
        without scaling the loss.

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
        """The name, which layers and models take as ``dtype``."""
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
        """Return the policy of what ``get_config`` returned."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        """Return whether the other is the same policy."""
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        """Return a number that equal policies share."""
        return hash(self._name)

    def __repr__(self) -> str:
        """Return the name in words.

        Examples
        --------
        >>> DTypePolicy("float64")
        <DTypePolicy 'float64'>
        """
        return f"<DTypePolicy {self._name!r}>"


@answering_calls
def get(identifier: str | DTypePolicy | dict[str, Any] | None) -> DTypePolicy:
    """Return a policy for its name, for what ``serialize`` returned, or for itself.

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
    """Return the policy of what ``serialize`` returned."""
    return get(config)


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
