"""The types in which a layer computes and stores weights."""

from __future__ import annotations

from typing import Any

from lamina import _policies, _typed
from lamina._settings import note_change
from lamina.dtype_policies import DTypePolicy


class Typed(_typed.Typed):
    """The policy of a layer, its own or its model's; a part of ``Layer``."""

    name: str
    built: bool
    _dtype: str | None  # None until a model sets it
    _given_dtype: str | None
    # Names of policies: the layer's own, if it is not that of its dtype, its model's, and the one
    # that was the default when the layer was made.
    _policy: str | None = None
    _policy_of_model: str | None = None
    _default_policy: str = _policies.FLOAT

    @property
    def dtype(self) -> str:
        """The dtype of the weights, the layer's own or its model's: "float32" or "float64"."""
        return self._dtype or "float32"

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The types in which the layer computes and stores weights: its own policy, or its model's.

        It may be set at any time to one with the same ``variable_dtype``.
        """
        return DTypePolicy(self._policy_name)

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        if self.built:
            self._take_policy(_policies.named_for(self.name, policy, self.dtype))
        else:
            self._take_policy(_policies.named(f"{self.name}: dtype_policy", policy))
        self._dtype = self._first_dtype
        note_change(self)

    def _take_policy(self, name: str | None) -> None:
        # As given to the constructor.
        self._given_dtype = None if name is None else _policies.variable_dtype(name)
        self._policy = None if name == self._given_dtype else name

    def _drop_policy(self) -> None:
        # The policy of its model becomes its own.
        self._take_policy(None)
        self._default_policy = _policies.FLOAT
        note_change(self)

    @property
    def _own_policy(self) -> str | None:
        return self._policy or self._given_dtype

    @property
    def _stated_policy(self) -> str | None:
        # Its own, or the default when it was made, unless that is float32 or its model has another.
        own, default = self._own_policy, self._default_policy
        if own is not None or default == _policies.FLOAT:
            return own
        stands = self._policy_of_model in (None, default)
        return default if stands and _policies.variable_dtype(default) == self.dtype else None

    @property
    def _policy_name(self) -> str:
        return self._stated_policy or self._policy_of_model or self.dtype

    @property
    def _first_dtype(self) -> str | None:
        # Of weights that no model has yet; None for float32 by default.
        default = self._default_policy
        by_default = None if default == _policies.FLOAT else _policies.variable_dtype(default)
        return self._given_dtype or by_default
