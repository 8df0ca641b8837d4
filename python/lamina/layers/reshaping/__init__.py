"""Layers that move, cut, repeat or pad their input."""
