"""What layers and models have in common as objects with a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.dtype_policies import DTypePolicy


class Typed:
    """The types that follow from the policy of a layer or model."""

    if TYPE_CHECKING:

        @property
        def dtype(self) -> str: ...
        @property
        def dtype_policy(self) -> DTypePolicy: ...

    @property
    def compute_dtype(self) -> str:
        """The type of the factors of products: ``dtype``, or "bfloat16" under a mixed policy."""
        return self.dtype_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The same as ``dtype``, under the name that Keras uses for the type of weights."""
        return self.dtype
