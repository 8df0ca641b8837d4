"""Normalising kernels to spectral norm 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, initializers, ops
from lamina._tensors import Recording
from lamina._tensors.given import current, given, record
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import DimArguments, Unpack

__all__ = ["SpectralNormalization"]


class SpectralNormalization(Layer):
    """In training, divide the kernel of a layer by its largest singular value.

    Miyato et al. 2018, https://arxiv.org/abs/1802.05957.  The value is estimated by a power
    iteration that continues from step to step.

    Parameters
    ----------
    layer : Layer
        A layer with a ``kernel`` or ``embeddings``.
    power_iterations : int, default 1
        Iterations per step.
    **base
        See ``Layer``.

    Notes
    -----
    Weights: the kernel, ``vector_u`` of shape (1, last axis of the kernel), and the layer's other
    weights.  Gradients flow through the division.

    Predictions use the kernel as it is, like Keras on JAX.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.set_random_seed(1)
    >>> layer = lamina.layers.SpectralNormalization(lamina.layers.Dense(3), power_iterations=20)
    >>> y = layer(2 * np.eye(4, dtype="float32"), training=True)    # twice the kernel
    >>> round(float(np.linalg.norm(y, 2)), 3)
    2.0
    """

    def __init__(
        self, layer: Layer, power_iterations: int = 1, **base: Unpack[DimArguments]
    ) -> None:
        super().__init__(**base)
        if not isinstance(layer, Layer) or hasattr(layer, "as_layer"):
            raise TypeError(f"SpectralNormalization: layer must be a Layer; got {layer!r}")
        self.layer = layer
        self.power_iterations = _check.integer(
            "SpectralNormalization", "power_iterations", power_iterations
        )
        self.vector_u: Variable | None = None

    @property
    def kernel(self) -> Variable | None:
        """The layer's kernel or table of embeddings."""
        kernel = getattr(self.layer, "kernel", None)
        return getattr(self.layer, "embeddings", None) if kernel is None else kernel

    def build(self, input_shape: Any) -> None:
        """Build the layer, and make the initial vector of the iteration."""
        if not self.layer.built:
            self.layer.prepare(tuple(input_shape[1:]), self.dtype, 0)
        if self.kernel is None:
            raise ValueError(
                f"{self.name}: the layer must have a kernel or embeddings; {self.layer.name} has "
                f"neither"
            )
        first = initializers.TruncatedNormal(stddev=0.02)
        shape = (1, self.kernel.shape[-1])
        self.vector_u = self.add_weight("vector_u", shape, first, trainable=False)

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self.vector_u = None

    @property
    def parameters(self) -> list[Any]:
        """The kernel, the vector, and the layer's other weights, in Keras's order."""
        held = super().parameters
        with Recording.building():  # a list of weights needs no values
            kernel = self.kernel
        return [*(p for p in held if p is kernel), *(p for p in held if p is not kernel)]

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Return the output of the layer, in training with the divided kernel."""
        if not training:
            return self.layer(x)
        assert self.vector_u is not None
        assert self.kernel is not None
        kernel, u = self._divided()
        self.vector_u.assign(u)
        with current().standing_in(self.kernel, kernel):
            return self.layer(x, training=training)

    def _divided(self) -> tuple[Any, Any]:
        """Return the kernel divided by its largest singular value, and the corresponding vector."""
        assert self.kernel is not None
        matrix = ops.reshape(self.kernel, (-1, self.kernel.shape[-1]))
        first = u = given(self.vector_u)
        for _ in range(self.power_iterations):
            v = _unit(record("matmul", u, matrix, transpose_b=True))
            u = _unit(ops.matmul(v, matrix))
        u, v = record("stop_gradient", u), record("stop_gradient", v)
        value = ops.sum(ops.matmul(v, matrix) * u)
        empty = ops.equal(value, 0.0)  # a kernel of zeros is left unchanged, and so is the vector
        return given(self.kernel) / ops.where(empty, 1.0, value), ops.where(empty, first, u)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SpectralNormalization:
        """Return a new layer, unbuilt, from what ``get_config`` returned."""
        from lamina.layers.serialization import deserialize

        layer = config["layer"]
        return cls(**{**config, "layer": deserialize(layer) if isinstance(layer, dict) else layer})


def _unit(vector: Any) -> Any:
    length = ops.sqrt(ops.sum(ops.square(vector)))
    return vector / ops.where(ops.equal(length, 0.0), 1.0, length)
