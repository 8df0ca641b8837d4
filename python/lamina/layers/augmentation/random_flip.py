"""Mirror images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import ops
from lamina.layers.augmentation._arguments import choice
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["RandomFlip"]

AXES = {"horizontal": [2], "vertical": [1], "horizontal_and_vertical": [1, 2]}


class RandomFlip(Augmentation):
    """In training, flip half of the images.

    Parameters
    ----------
    mode : {"horizontal_and_vertical", "horizontal", "vertical"}
        Left to right, upside down, or both at once, as Keras 3 does it: an image keeps both
        directions, or neither.  Two layers flip them independently.
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> image = np.arange(4.0).reshape(1, 1, 4, 1)
    >>> lamina.layers.RandomFlip()(image).ravel()        # inference: the identity
    array([0., 1., 2., 3.], dtype=float32)
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.mode = choice("RandomFlip", "mode", mode, tuple(AXES))

    def _changed(self, x: Any) -> Any:
        flips = ops.less_equal(self._uniform(x, 0.0, 1.0), 0.5)
        return ops.where(flips, ops.flip(x, AXES[self.mode]), x)
