"""Recurrent layers, their cells, and layers over the steps of a sequence."""
