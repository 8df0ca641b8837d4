"""Operations: Keras's names, on recorded tensors, on symbolic ones, and on arrays."""

from lamina.ops.elementwise import *  # noqa: F403
from lamina.ops.shaping import *  # noqa: F403
