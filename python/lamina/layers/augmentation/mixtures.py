"""Mixing images, and their labels, with others of the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops, random
from lamina._tensors.given import all_rows
from lamina.layers.augmentation._arguments import checked, span
from lamina.layers.augmentation.base import Augmentation, within

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["CutMix", "MixUp"]


class Mixture(Augmentation):
    """Base of the layers that mix examples: a subclass draws the order and the shares."""

    _moves = True

    def _order(self, x: Any) -> Any:
        """Return, for each image, the one with which it is mixed, (n,)."""
        return ops.argsort(self._drawn((all_rows(x).shape[0],), 0.0, 1.0))

    def _labels(self, labels: Any, drawn: Any) -> Any:
        if labels.ndim < 2:
            raise ValueError(
                f"{self.name}: labels must be one-hot rows, (rows, classes); got one number per "
                f"row, (rows,); convert them with lamina.ops.one_hot(labels, classes)"
            )
        return mixed(labels, drawn["order"], drawn["share"])


def mixed(x: Any, order: Any, share: Any) -> Any:
    """Return entries (n, ...), each mixed with another by ``share`` (n,) and 1 - share."""
    x = all_rows(ops.cast(x, "float32"))
    share = ops.reshape(share, (-1, *[1] * (x.ndim - 1)))
    return share * x + (1.0 - share) * ops.take(x, order, 0)


class MixUp(Mixture):
    """In training, mix each image with another of its batch, and labels in the same proportion.

    Parameters
    ----------
    alpha : float, default 0.2
        Positive: shares are drawn from a beta distribution with both parameters equal to ``alpha``.
        The smaller it is, the less the images are mixed.
    data_format : {"channels_last", "channels_first"}, optional
    seed : int, optional
        As in ``Dropout``.
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Notes
    -----
    Labels are shares of classes, (rows, classes), as made by ``one_hot``.  Masks are mixed like
    images, and each image gets the boxes of both.

    References
    ----------
    Zhang, Cisse, Dauphin, Lopez-Paz (2018), mixup: beyond empirical risk minimization.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> batch = {"images": np.ones((4, 8, 8, 3)), "labels": np.eye(4)}
    >>> mixed = lamina.layers.MixUp()(batch, training=True)
    >>> mixed["labels"].sum(1)
    array([1., 1., 1., 1.], dtype=float32)
    """

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: str | None = None,
        seed: int | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.alpha = _check.number("MixUp", "alpha", alpha, 0.0, low_open=True)

    def _draw(self, x: Any) -> dict[str, Any]:
        order = self._order(x)
        shape = (all_rows(x).shape[0],)
        share = random.beta(shape, self.alpha, self.alpha, seed=self._source())
        return {"order": order, "share": share}

    def _changed(self, x: Any, drawn: Any) -> Any:
        return mixed(x, drawn["order"], drawn["share"])

    def _masks(self, masks: Any, drawn: Any) -> Any:
        return mixed(masks, drawn["order"], drawn["share"])

    def _corners(self, boxes: Any, labels: Any, drawn: Any, x: Any) -> tuple[Any, Any]:  # noqa: ARG002
        both = [
            ops.concatenate([all_rows(each), ops.take(all_rows(each), drawn["order"], 0)], 1)
            for each in (boxes, labels)
        ]
        return both[0], both[1]


class CutMix(Mixture):
    """In training, paste a part of another image into each image, and mix labels by its area.

    Parameters
    ----------
    factor : float or (float, float), default 1.0
        Range within [0, 1] of the parameter of the beta distribution from which shares are drawn,
        one for the whole batch; one number f stands for ``(0, f)``.  The larger it is, the more
        often both images have similar shares.
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Notes
    -----
    Labels are shares of classes, (rows, classes), as made by ``one_hot``.  Masks are cut like
    images.  Boxes are rejected, because an object that is cut has no box.

    References
    ----------
    Yun et al. (2019), CutMix: regularization strategy to train strong classifiers with localizable
    features.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> batch = {"images": np.ones((4, 8, 8, 3)), "labels": np.eye(4)}
    >>> cut = lamina.layers.CutMix()(batch, training=True)
    >>> cut["labels"].sum(1).round(5)
    array([1., 1., 1., 1.], dtype=float32)
    """

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.factor = checked("CutMix", "factor", factor, 0.0, 1.0)

    def _draw(self, x: Any) -> dict[str, Any]:
        x = all_rows(x)
        alpha = self._drawn((1,), *span("CutMix", "factor", self.factor, 0.0, 1.0)) + 1e-6
        share = random.beta((x.shape[0],), alpha, alpha, seed=self._source())
        side = ops.sqrt(1.0 - share)
        stretches = [self._stretch(x, axis, side) for axis in (2, 1)]
        area = stretches[0][2] * stretches[1][2] / float(x.shape[1] * x.shape[2])
        return {"stretches": stretches, "share": 1.0 - area, "order": self._order(x)}

    def _changed(self, x: Any, drawn: Any) -> Any:
        x = all_rows(x)
        cut = ops.logical_and(*(within(x, *stretch) for stretch in drawn["stretches"]))
        return ops.where(cut, ops.take(x, drawn["order"], 0), x)

    def _masks(self, masks: Any, drawn: Any) -> Any:
        return self._changed(masks, drawn)

    def _corners(self, boxes: Any, labels: Any, drawn: Any, x: Any) -> tuple[Any, Any]:  # noqa: ARG002
        raise ValueError(
            f"{self.name}: bounding_boxes are not supported, because "
            "an object that is cut has no box"
        )
