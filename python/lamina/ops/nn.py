"""Keras's room ``ops.nn``: what layers and losses are made of."""

from lamina.ops.activations import *  # noqa: F403
from lamina.ops.attention import *  # noqa: F403
from lamina.ops.gathering import multi_hot, one_hot  # noqa: F401
from lamina.ops.losses import *  # noqa: F403
from lamina.ops.normalization import *  # noqa: F403
from lamina.ops.pooling import *  # noqa: F403
from lamina.ops.windows import *  # noqa: F403
