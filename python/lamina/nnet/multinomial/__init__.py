"""Multinomial log-linear models: R's ``multinom``."""

from lamina.nnet.multinomial.fit import LogLik, Multinom
from lamina.nnet.multinomial.fitting import multinom
from lamina.nnet.multinomial.summary import Summary

__all__ = ["LogLik", "Multinom", "Summary", "multinom"]
