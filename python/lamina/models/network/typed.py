"""The types in which a model computes and stores weights; a part of ``Network``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina import _policies, _typed
from lamina.dtype_policies import DTypePolicy
from lamina.layers import Layer
from lamina.layers.base.lock import structure


class Typed(_typed.Typed):
    """The policy of a model, used by its layers unless they have their own."""

    name: str
    dtype: str
    parts: Any  # the layers
    _policy: str | None = None  # its name; None for that of the dtype
    _policy_given = False  # otherwise it is the default

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The types in which the model computes and stores weights, unless layers have their own.

        When set, it applies to all layers; its ``variable_dtype`` must be that of the model.
        """
        return DTypePolicy(self._policy or self.dtype)

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        name = _policies.named_for(self.name, policy, self.dtype)
        with structure():
            self._policy, self._policy_given = name, True
            for layer in self.parts:
                for each in layer.walk():
                    each._drop_policy()
                layer.tell_policy(name)

    def _tell_policy(self, layers: Sequence[Layer]) -> None:
        plain = self._policy == self.dtype and not self._policy_given
        name = None if plain else self._policy
        for layer in layers:
            if layer._policy_of_model != name:
                layer.tell_policy(name)
