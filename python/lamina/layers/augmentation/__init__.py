"""Layers that change images at random in training, and return them unchanged otherwise."""
