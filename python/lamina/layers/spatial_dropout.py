"""Dropout of whole channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._check import Shape
from lamina._tensors import Recording
from lamina.layers._axes import channels_first, needs_rank
from lamina.layers._stream import stream_of
from lamina.layers.dropout import dropped
from lamina.layers.layer import Layer
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class SpatialDropout1D(Layer):
    """In training, set whole channels of a sequence to 0 and scale the others up.

    Neighbouring steps are alike, so that dropping single ones takes little away.  Tompson et al.
    2015, https://arxiv.org/abs/1411.4280.

    Parameters
    ----------
    rate : float
        In [0, 1).
    seed : int, optional
        As in ``Dropout``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.SpatialDropout1D(0.4)([[[1.0], [2.0]]]).ravel()   # inference: the identity
    array([1., 2.], dtype=float32)
    """

    supports_masking = True
    changeable = ("rate", "seed")

    def __init__(self, rate: float, seed: int | None = None, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.rate = _check.number("SpatialDropout1D", "rate", rate, 0.0, 1.0, high_open=True)
        self.seed = None if seed is None else seed_value("SpatialDropout1D", seed)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        needs_rank(self.name, input_shape, 2, "steps, channels")
        return input_shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the mask; at rate 0 there is nothing to record."""
        acts, always = Recording.of(graph).noise()
        if self.rate == 0.0 or not acts:
            return x
        stream = stream_of(self)
        return dropped(graph, x, self.rate, stream, [1], False, always, self.name)


class SpatialDropout2D(Layer):
    """In training, set whole channels of an image to 0 and scale the others up.

    Parameters
    ----------
    rate : float
        In [0, 1).
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, height, width, channels).
    seed : int, optional
        As in ``Dropout``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.SpatialDropout2D(0.4)([[[[1.0], [2.0]]]]).ravel()   # inference: the identity
    array([1., 2.], dtype=float32)
    """

    supports_masking = True
    changeable = ("rate", "seed")

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.rate = _check.number("SpatialDropout2D", "rate", rate, 0.0, 1.0, high_open=True)
        self.data_format = data_format
        self._first = channels_first("SpatialDropout2D", data_format)
        self.seed = None if seed is None else seed_value("SpatialDropout2D", seed)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        axes = "channels, height, width" if self._first else "height, width, channels"
        needs_rank(self.name, input_shape, 3, axes)
        return input_shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the mask; at rate 0 there is nothing to record."""
        acts, always = Recording.of(graph).noise()
        if self.rate == 0.0 or not acts:
            return x
        stream = stream_of(self)
        channels = [0 if self._first else 2]
        return dropped(graph, x, self.rate, stream, channels, False, always, self.name)


class SpatialDropout3D(Layer):
    """In training, set whole channels of a volume to 0 and scale the others up.

    Parameters
    ----------
    rate : float
        In [0, 1).
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, depth, height, width, channels).
    seed : int, optional
        As in ``Dropout``.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.SpatialDropout3D(0.4)([[[[[1.0], [2.0]]]]]).ravel()   # inference
    array([1., 2.], dtype=float32)
    """

    supports_masking = True
    changeable = ("rate", "seed")

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.rate = _check.number("SpatialDropout3D", "rate", rate, 0.0, 1.0, high_open=True)
        self.data_format = data_format
        self._first = channels_first("SpatialDropout3D", data_format)
        self.seed = None if seed is None else seed_value("SpatialDropout3D", seed)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        axes = "depth, height, width"
        axes = f"channels, {axes}" if self._first else f"{axes}, channels"
        needs_rank(self.name, input_shape, 4, axes)
        return input_shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the mask; at rate 0 there is nothing to record."""
        acts, always = Recording.of(graph).noise()
        if self.rate == 0.0 or not acts:
            return x
        stream = stream_of(self)
        channels = [0 if self._first else 3]
        return dropped(graph, x, self.rate, stream, channels, False, always, self.name)
