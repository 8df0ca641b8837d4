"""Keras's module ``ops.math``."""

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.ops.distances import cdist
from lamina.ops.exponentials import erf, erfc, erfinv, rsqrt
from lamina.ops.fourier import fft, fft2, ifft2, irfft, istft, rfft, stft
from lamina.ops.linalg import norm
from lamina.ops.reductions import logsumexp
from lamina.ops.segments import segment_max, segment_min, segment_prod, segment_sum
from lamina.ops.signals import extract_sequences
from lamina.ops.sorting import in_top_k, top_k

__all__ = [
    "cdist",
    "erf",
    "erfc",
    "erfinv",
    "extract_sequences",
    "fft",
    "fft2",
    "ifft2",
    "in_top_k",
    "irfft",
    "istft",
    "logsumexp",
    "norm",
    "rfft",
    "rsqrt",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "stft",
    "top_k",
]

if not TYPE_CHECKING:
    __getattr__ = answering(__name__)
