"""Operations: Keras's names, on recorded tensors, on symbolic ones, and on arrays."""

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.ops.elementwise import *  # noqa: F403
from lamina.ops.shaping import *  # noqa: F403

if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
