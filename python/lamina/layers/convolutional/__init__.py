"""Convolutions, transposed, depthwise and separable ones."""
