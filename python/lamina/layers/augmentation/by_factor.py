"""Changes of images by a single factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.layers.augmentation._arguments import checked, pixels, span
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack


class ByFactor(Augmentation):
    """The base of layers whose change is described by one factor within [0, 1]."""

    def __init__(
        self,
        factor: float | tuple[float, float],
        value_range: tuple[float, float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        who = type(self).__name__
        self.factor = checked(who, "factor", factor, 0.0, 1.0)
        self.value_range = pixels(who, value_range)

    def _share(self, x: Any) -> Any:
        # One draw for each image, from the range of the factor.
        return self._uniform(x, *span(type(self).__name__, "factor", self.factor, 0.0, 1.0))
