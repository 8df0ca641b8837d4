"""Dropout, noise, and penalties on activations."""
