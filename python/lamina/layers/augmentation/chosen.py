"""Changing images by several layers, chosen at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops, random
from lamina.layers.augmentation._arguments import checked, pixels, span
from lamina.layers.augmentation.affine import (
    Affine,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    stacked,
)
from lamina.layers.augmentation.auto_contrast import AutoContrast
from lamina.layers.augmentation.base import INTERPOLATIONS, Augmentation, as_masks
from lamina.layers.augmentation.boxes import clipped, moved_back, visible
from lamina.layers.augmentation.colours import RandomColorDegeneration
from lamina.layers.augmentation.filters import RandomSharpness
from lamina.layers.augmentation.histograms import Equalization
from lamina.layers.augmentation.random_brightness import RandomBrightness
from lamina.layers.augmentation.random_contrast import RandomContrast
from lamina.layers.augmentation.values import RandomPosterization, Solarization

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["AugMix", "RandAugment"]

IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]


class Chosen(Augmentation):
    """Base of the layers that apply several randomly chosen layers to a batch, one after another.

    Layers that move pixels only change a matrix, so that images are resampled once for all of them.
    """

    _moves = True
    factor: Any
    interpolation: str
    value_range: tuple[float, float]

    def _ends(self) -> tuple[float, float]:
        return span(type(self).__name__, "factor", self.factor, 0.0, 1.0)

    def _parts(self) -> list[Augmentation]:
        """Return the layers, with those that move pixels first."""
        raise TypeError(f"{type(self).__name__}: must define _parts")

    def _common(self) -> list[Augmentation]:
        """Return the layers that both have, in the order of Keras's RandAugment."""
        ends = self._ends()
        same: dict[str, Any] = {"seed": self.seed, "name": self.name}
        moved: dict[str, Any] = {"interpolation": self.interpolation, **same}
        return [
            RandomShear(ends, ends, **moved),
            RandomTranslation(ends, ends, **moved),
            RandomRotation(ends, **moved),
            RandomPosterization((1, max(1, int(8 * ends[1]))), self.value_range, **same),
            Solarization(ends, ends, self.value_range, **same),
            AutoContrast(self.value_range, name=self.name),
            Equalization(self.value_range, name=self.name),
        ]

    def _colours(self) -> list[Augmentation]:
        ends = self._ends()
        same: dict[str, Any] = {"seed": self.seed, "name": self.name}
        kinds: list[Any] = [
            RandomBrightness, RandomColorDegeneration, RandomContrast, RandomSharpness,
        ]  # fmt: skip
        return [kind(ends, self.value_range, **same) for kind in kinds]

    def _choices(self, count: int, among: int) -> Any:
        """Return ``count`` integers below ``among``."""
        return random.randint((count,), 0, among, seed=self._source())

    # --- one step: `choice` (1,) is the index of the part that acts

    def _matrix_of(self, parts: list[Augmentation], numbers: list[Any], which: Any) -> list[Any]:
        """Return the map through which images are read: the identity if another part acts."""
        entries: list[Any] = list(IDENTITY)
        for i, part in enumerate(parts):
            if isinstance(part, Affine):
                acts = ops.equal(which, i)
                entries = [
                    ops.where(acts, own, entry)
                    for own, entry in zip(numbers[i], entries, strict=True)
                ]
        return entries

    def _step(self, x: Any, parts: list[Augmentation], numbers: list[Any], which: Any) -> Any:
        """Return images changed by one of the parts."""
        moved = self._read(x, self._matrix_of(parts, numbers, which), self.interpolation)
        y = moved
        for i, part in enumerate(parts):
            if not isinstance(part, Affine):
                y = ops.where(ops.equal(which, i), part._changed(x, numbers[i]), y)
        return y

    def _read(self, x: Any, matrix: list[Any], interpolation: str) -> Any:
        return ops.image.affine_transform(x, stacked(matrix), interpolation, "reflect")

    def _masks_step(self, masks: Any, parts: Any, numbers: Any, which: Any) -> Any:
        return self._read(masks, self._matrix_of(parts, numbers, which), "nearest")


class RandAugment(Chosen):
    """In training, apply some of eleven changes to images, one after another.

    The changes are ``RandomShear``, ``RandomTranslation``, ``RandomRotation``,
    ``RandomBrightness``, ``RandomColorDegeneration``, ``RandomContrast``, ``RandomSharpness``,
    ``RandomPosterization``, ``Solarization``, ``AutoContrast`` and ``Equalization``; they are
    chosen for each batch, and their strength is drawn for each image.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value.
    num_ops : int, default 2
        The number of changes applied.
    factor : float or (float, float), default 0.5
        Range, within [0, 1], of the factors of the changes; one number f stands for ``(0, f)``.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    References
    ----------
    Cubuk, Zoph, Shlens, Le (2020), RandAugment: practical automated data augmentation with a
    reduced search space.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> images = np.full((2, 8, 8, 3), 100.0)
    >>> lamina.layers.RandAugment()(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        num_ops: int = 2,
        factor: float | tuple[float, float] = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        who = "RandAugment"
        self.value_range = pixels(who, value_range)
        self.num_ops = _check.integer(who, "num_ops", num_ops)
        self.factor = checked(who, "factor", factor, 0.0, 1.0)
        self.interpolation = _check.choice(who, "interpolation", interpolation, INTERPOLATIONS)

    def _parts(self) -> list[Augmentation]:
        common = self._common()
        return [*common[:3], *self._colours(), *common[3:]]

    def _draw(self, x: Any) -> dict[str, Any]:
        parts = self._parts()
        return {
            "choices": self._choices(self.num_ops, len(parts)),
            "numbers": [part._draw(x) for part in parts],
        }

    def _steps(self, drawn: Any) -> list[tuple[list[Augmentation], Any, Any]]:
        parts, choices = self._parts(), drawn["choices"]
        return [(parts, drawn["numbers"], choices[i : i + 1]) for i in range(self.num_ops)]

    def _changed(self, x: Any, drawn: Any) -> Any:
        for step in self._steps(drawn):
            x = self._step(x, *step)
        return x

    def _masks(self, masks: Any, drawn: Any) -> Any:
        def changed(x: Any) -> Any:
            for step in self._steps(drawn):
                x = self._masks_step(x, *step)
            return x

        return as_masks(masks, changed)

    def _corners(self, boxes: Any, labels: Any, drawn: Any, x: Any) -> tuple[Any, Any]:
        for step in self._steps(drawn):
            boxes = clipped(moved_back(boxes, self._matrix_of(*step)), *x.shape[1:3])
            labels = visible(labels, boxes)
        return boxes, labels


class AugMix(Chosen):
    """In training, mix images with mixtures of several chains of changes.

    Each chain applies up to ``chain_depth`` changes, drawn for each batch from those of
    ``RandAugment`` or no change.  The chains are mixed with weights from a Dirichlet distribution,
    and the result with the image with a weight from a beta distribution, both with parameters
    ``alpha``.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value; results are clipped to it.
    num_chains, chain_depth : int, default 3
    factor : float or (float, float), default 0.3
        Range, within [0, 1], of the factors of the changes; one number f stands for ``(0, f)``.
    alpha : float, default 1.0
        Positive.
    all_ops : bool, default True
        False leaves out ``RandomBrightness``, ``RandomColorDegeneration``, ``RandomContrast`` and
        ``RandomSharpness``, which are used to make corrupted images for testing models.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Notes
    -----
    Masks are mixed like images; boxes are left unchanged.

    References
    ----------
    Hendrycks et al. (2020), AugMix: a simple data processing method to improve robustness and
    uncertainty.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> images = np.full((2, 8, 8, 3), 100.0)
    >>> lamina.layers.AugMix()(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: float | tuple[float, float] = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        who = "AugMix"
        self.value_range = pixels(who, value_range)
        self.num_chains = _check.integer(who, "num_chains", num_chains)
        self.chain_depth = _check.integer(who, "chain_depth", chain_depth)
        self.factor = checked(who, "factor", factor, 0.0, 1.0)
        self.alpha = _check.number(who, "alpha", alpha, 0.0, low_open=True)
        self.all_ops = _check.boolean(who, "all_ops", all_ops)
        self.interpolation = _check.choice(who, "interpolation", interpolation, INTERPOLATIONS)

    def _parts(self) -> list[Augmentation]:
        return [*self._common(), *(self._colours() if self.all_ops else [])]

    def _draw(self, x: Any) -> dict[str, Any]:
        parts, steps = self._parts(), self.num_chains * self.chain_depth
        shares = random.gamma((self.num_chains,), self.alpha, seed=self._source())
        return {
            "shares": shares / ops.sum(shares),
            "share": random.beta((1,), self.alpha, self.alpha, seed=self._source()),
            "choices": self._choices(steps, len(parts) + 1),
            "numbers": [[part._draw(x) for part in parts] for _ in range(steps)],
        }

    def _mixed(self, x: Any, drawn: Any, step: Any) -> Any:
        """Return images mixed with the results of chains of ``step``."""
        parts, chains = self._parts(), 0.0
        for chain in range(self.num_chains):
            y = x
            for i in range(chain * self.chain_depth, (chain + 1) * self.chain_depth):
                y = step(y, parts, drawn["numbers"][i], drawn["choices"][i : i + 1])
            chains = chains + y * drawn["shares"][chain : chain + 1]
        return drawn["share"] * x + (1.0 - drawn["share"]) * chains

    def _changed(self, x: Any, drawn: Any) -> Any:
        return ops.clip(self._mixed(x, drawn, self._step), *self.value_range)

    def _masks(self, masks: Any, drawn: Any) -> Any:
        return self._mixed(ops.cast(masks, "float32"), drawn, self._masks_step)

    def _boxed(self, data: dict[str, Any], drawn: Any, x: Any) -> dict[str, Any]:  # noqa: ARG002
        return data
