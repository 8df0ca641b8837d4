"""Dropout."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._check import Shape
from lamina._tensors.given import record
from lamina.layers.base.axes import moved_last, permuted, reshaped
from lamina.layers.regularization.noise import Noise
from lamina.random import seed_value

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Dropout"]


class Dropout(Noise):
    """In training, set each input to 0 with probability ``rate`` and scale the others up.

    ``y = x * keep / (1 - rate)``, so that the expected output is the input, and prediction needs
    no scaling.  Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.

    Parameters
    ----------
    rate : float
        In [0, 1).
    noise_shape : sequence of int or None, optional
        One entry for each axis of the input, that of the rows first: 1 if all positions along the
        axis share one draw, otherwise None or the size of the axis (the size of the rows is
        ignored). ``(None, 1, None)`` drops whole channels of a sequence; 1 in front gives all rows
        of a batch the same mask.  By default each element is drawn independently.
    seed : int, optional
        Distinguishes the masks of this layer from those of others; by default the layer's place in
        the model does.  Masks are a function of the model's seed, this number, the step and the
        element.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or ``noise_shape`` does not fit the input.

    Notes
    -----
    There are two ways to compensate for the dropped units.  The original one only drops units in
    training, and multiplies the outputs by ``1 - rate``, the share that was kept, in prediction,
    where all units are present.  The other, used by this layer and by Keras, divides by ``1 -
    rate`` in training and leaves predictions unchanged.  A layer with kernel W after the first kind
    equals one with kernel ``(1 - rate) * W`` after the second: both have the same outputs in
    training and in prediction.  In either case the output in prediction is the mean of the training
    outputs over all masks if the following layers are linear, and close to it if not.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Dropout(0.4)([[1.0, 2.0]])        # inference: the identity
    array([[1., 2.]], dtype=float32)

    Both scalings, followed by a layer with kernel W (dropped at 0.5):

    >>> import numpy as np
    >>> x, keep, rate = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]), 0.5
    >>> W = np.array([[3.0], [4.0]])
    >>> V = (1 - rate) * W
    >>> (x * keep) @ W, (x * keep / (1 - rate)) @ V        # training
    (array([[3.]]), array([[3.]]))
    >>> ((1 - rate) * x) @ W, x @ V                        # prediction
    (array([[5.5]]), array([[5.5]]))
    """

    changeable = ("rate", "seed")
    positionwise = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.rate = _check.number("Dropout", "rate", rate, 0.0, 1.0, high_open=True)
        self.noise_shape = None if noise_shape is None else _noise_shape(noise_shape)
        self.seed = None if seed is None else seed_value("Dropout", seed)

    def _check_input(self, row_shape: Shape) -> None:
        noise = self.noise_shape
        if noise is None:
            return
        # The number of rows of a batch is not known here: any number stands for it.
        sizes = (noise[0] if noise else None, *row_shape)
        if len(noise) != len(sizes) or any(
            n not in (None, 1, size) for n, size in zip(noise, sizes, strict=True)
        ):
            raise ValueError(
                f"{self.name}: noise_shape must have None, 1 or the size for each axis of input "
                f"{_check.show_shape(row_shape)}; got {noise}"
            )

    def _with_noise(self, x: Any, stream: int, always: bool) -> Any:
        row = (self.noise_shape or (None,))[1:]
        own = [place for place, n in enumerate(row) if n != 1] if row else range(len(x.row_shape))
        share_rows = self.noise_shape is not None and self.noise_shape[0] == 1
        return dropped(x, self.rate, stream, own, share_rows, always)


def _noise_shape(value: object) -> tuple[int | None, ...]:
    if not isinstance(value, (list, tuple)) or not value:
        raise TypeError(f"Dropout: noise_shape must be like (None, 1, None); got {value!r}")
    return tuple(
        None if n is None else _check.integer("Dropout", f"noise_shape[{i}]", n)
        for i, n in enumerate(value)
    )


def dropped(
    x: Any, rate: float, stream: int, own: Collection[int], share_rows: bool, always: bool
) -> Any:
    """Return x with dropout drawn for each position along the axes ``own``, and for each row.

    Along the other axes, and with ``share_rows`` along the batch, all positions share a draw.
    With ``always`` dropout also acts outside of training.  At rate 0 nothing is recorded.
    """
    if rate == 0.0:
        return x
    shape = x.row_shape
    if len(own) == len(shape) and not share_rows:
        return record("dropout", x, rate, stream, always)
    there, back = moved_last(sorted(own), len(shape))
    moved = permuted(x, there)
    channels = prod(shape[place] for place in own)
    flat = reshaped(moved, (prod(shape) // channels, channels))
    y = record("spatial_dropout", flat, rate, stream, share_rows, always)
    return permuted(reshaped(y, moved.row_shape), back)
