"""Operations with Keras's names, on recorded tensors, on symbolic tensors, and on arrays.

Integers are int32.  On arrays their arithmetic is exact.  Within a model it is done in the model's
floating-point type, so in a float32 model integers are exact only up to 2**24 (16777216): ``x +
1``, ``max``, ``sum``, ``isin``, ``segment_max`` and all other computations and comparisons round
larger ones.  Operations that only move or look up elements (``take``, ``reshape``, ``concatenate``)
keep all 32 bits.  A model with dtype "float64" is exact for every int32.
"""

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.ops import image, linalg, math, nn, numpy  # noqa: F401
from lamina.ops.activations import *  # noqa: F403
from lamina.ops.angles import *  # noqa: F403
from lamina.ops.arithmetic import *  # noqa: F403
from lamina.ops.attention import *  # noqa: F403
from lamina.ops.bessel import *  # noqa: F403
from lamina.ops.bits import *  # noqa: F403
from lamina.ops.blocks import *  # noqa: F403
from lamina.ops.bounds import *  # noqa: F403
from lamina.ops.colours import *  # noqa: F403
from lamina.ops.comparisons import *  # noqa: F403
from lamina.ops.contractions import *  # noqa: F403
from lamina.ops.control import *  # noqa: F403
from lamina.ops.core import *  # noqa: F403
from lamina.ops.counting import *  # noqa: F403
from lamina.ops.creation import *  # noqa: F403
from lamina.ops.ctc import *  # noqa: F403
from lamina.ops.distances import *  # noqa: F403
from lamina.ops.exponentials import *  # noqa: F403
from lamina.ops.factors import *  # noqa: F403
from lamina.ops.filters import *  # noqa: F403
from lamina.ops.fourier import *  # noqa: F403
from lamina.ops.gathering import *  # noqa: F403
from lamina.ops.indexing import *  # noqa: F403
from lamina.ops.joining import *  # noqa: F403
from lamina.ops.linalg import *  # noqa: F403
from lamina.ops.losses import *  # noqa: F403
from lamina.ops.matrices import *  # noqa: F403
from lamina.ops.nan_quantiles import *  # noqa: F403
from lamina.ops.nans import *  # noqa: F403
from lamina.ops.normalization import *  # noqa: F403
from lamina.ops.patches import *  # noqa: F403
from lamina.ops.piecewise import *  # noqa: F403
from lamina.ops.pooling import *  # noqa: F403
from lamina.ops.products import *  # noqa: F403
from lamina.ops.rearranging import *  # noqa: F403
from lamina.ops.reductions import *  # noqa: F403
from lamina.ops.repeating import *  # noqa: F403
from lamina.ops.resizing import *  # noqa: F403
from lamina.ops.rounding import *  # noqa: F403
from lamina.ops.scans import *  # noqa: F403
from lamina.ops.scattering import *  # noqa: F403
from lamina.ops.segments import *  # noqa: F403
from lamina.ops.sequences import *  # noqa: F403
from lamina.ops.shaping import *  # noqa: F403
from lamina.ops.signals import *  # noqa: F403
from lamina.ops.simplex import *  # noqa: F403
from lamina.ops.sorting import *  # noqa: F403
from lamina.ops.special_numbers import *  # noqa: F403
from lamina.ops.splitting import *  # noqa: F403
from lamina.ops.statistics import *  # noqa: F403
from lamina.ops.tapers import *  # noqa: F403
from lamina.ops.triangles import *  # noqa: F403
from lamina.ops.trigonometry import *  # noqa: F403
from lamina.ops.vectorizing import *  # noqa: F403
from lamina.ops.warping import *  # noqa: F403
from lamina.ops.windows import *  # noqa: F403

ROOMS = {"image", "linalg", "math", "nn", "numpy"}  # Keras's names for parts of this module

if not TYPE_CHECKING:
    __all__ = sorted(  # noqa: PLE0605
        name
        for name, value in globals().items()
        if name in ROOMS or (callable(value) and not name.startswith("_") and name != "answering")
    )
    __getattr__ = answering(__name__)

    def __dir__() -> list[str]:
        return list(__all__)
