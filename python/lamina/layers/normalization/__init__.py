"""Normalisation of activations and of kernels."""
