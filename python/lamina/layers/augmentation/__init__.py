"""Layers that change images at random in training, and leave them as they are otherwise."""
