"""Weights of PyTorch's models, by layer."""
