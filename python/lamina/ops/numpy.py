"""Keras's module ``ops.numpy``: the functions that NumPy also has."""

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.ops.angles import *  # noqa: F403
from lamina.ops.arithmetic import *  # noqa: F403
from lamina.ops.bessel import *  # noqa: F403
from lamina.ops.bits import *  # noqa: F403
from lamina.ops.bounds import *  # noqa: F403
from lamina.ops.comparisons import *  # noqa: F403
from lamina.ops.contractions import *  # noqa: F403
from lamina.ops.core import array, copy, ndim, size  # noqa: F401
from lamina.ops.counting import *  # noqa: F403
from lamina.ops.creation import *  # noqa: F403
from lamina.ops.exponentials import *  # noqa: F403
from lamina.ops.gathering import diag, diagflat, diagonal, take, take_along_axis, trace  # noqa: F401
from lamina.ops.indexing import get_item  # noqa: F401
from lamina.ops.joining import *  # noqa: F403
from lamina.ops.nan_quantiles import *  # noqa: F403
from lamina.ops.nans import *  # noqa: F403
from lamina.ops.products import *  # noqa: F403
from lamina.ops.reductions import *  # noqa: F403
from lamina.ops.repeating import *  # noqa: F403
from lamina.ops.rounding import *  # noqa: F403
from lamina.ops.scans import *  # noqa: F403
from lamina.ops.sequences import *  # noqa: F403
from lamina.ops.shaping import *  # noqa: F403
from lamina.ops.signals import correlate, trapezoid  # noqa: F401
from lamina.ops.sorting import argpartition, argsort, digitize, searchsorted, sort  # noqa: F401
from lamina.ops.special_numbers import *  # noqa: F403
from lamina.ops.splitting import *  # noqa: F403
from lamina.ops.statistics import *  # noqa: F403
from lamina.ops.tapers import *  # noqa: F403
from lamina.ops.triangles import *  # noqa: F403
from lamina.ops.trigonometry import *  # noqa: F403
from lamina.ops.vectorizing import *  # noqa: F403

if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
