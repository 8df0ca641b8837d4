"""Keras's module ``ops.nn``: the operations used by layers and losses."""

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.ops.activations import *  # noqa: F403
from lamina.ops.attention import *  # noqa: F403
from lamina.ops.blocks import *  # noqa: F403
from lamina.ops.ctc import *  # noqa: F403
from lamina.ops.distances import psnr  # noqa: F401
from lamina.ops.gathering import multi_hot, one_hot  # noqa: F401
from lamina.ops.losses import *  # noqa: F403
from lamina.ops.normalization import *  # noqa: F403
from lamina.ops.piecewise import *  # noqa: F403
from lamina.ops.pooling import *  # noqa: F403
from lamina.ops.simplex import *  # noqa: F403
from lamina.ops.windows import *  # noqa: F403

if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
