"""Dropout of whole channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lamina import _check
from lamina._check import Shape
from lamina.layers.base.axes import channels_first, needs_image
from lamina.layers.regularization.dropout import dropped
from lamina.layers.regularization.noise import Noise
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


class SpatialDropout(Noise):
    """Base of the layers that drop whole channels; a subclass names the other axes."""

    _axes: ClassVar[str]
    _first = False  # whether the channels come before them
    rate: float

    def _check_input(self, row_shape: Shape) -> None:
        needs_image(self.name, row_shape, self._axes, self._first)

    def _with_noise(self, x: Any, stream: int, always: bool) -> Any:
        channels = 0 if self._first else len(x.row_shape) - 1
        return dropped(x, self.rate, stream, [channels], False, always)


class SpatialDropout1D(SpatialDropout):
    """In training, set whole channels of a sequence to 0 and scale the others up.

    Neighbouring steps are alike, so that dropping single steps removes little information.  Tompson
    et al. 2015, https://arxiv.org/abs/1411.4280.

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

    changeable = ("rate", "seed")
    _axes = "steps"

    def __init__(self, rate: float, seed: int | None = None, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.rate = _check.number("SpatialDropout1D", "rate", rate, 0.0, 1.0, high_open=True)
        self.seed = None if seed is None else seed_value("SpatialDropout1D", seed)


class SpatialDropout2D(SpatialDropout):
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

    changeable = ("rate", "seed")
    _axes = "height, width"

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


class SpatialDropout3D(SpatialDropout):
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

    changeable = ("rate", "seed")
    _axes = "depth, height, width"

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
