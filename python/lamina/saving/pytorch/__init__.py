"""Weights of PyTorch models, by layer."""
