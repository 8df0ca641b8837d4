"""Keras's module ``ops.image``: operations on images."""

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.ops.colours import *  # noqa: F403
from lamina.ops.filters import *  # noqa: F403
from lamina.ops.patches import *  # noqa: F403
from lamina.ops.resizing import *  # noqa: F403
from lamina.ops.warping import *  # noqa: F403

if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
