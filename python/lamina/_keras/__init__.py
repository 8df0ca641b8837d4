"""Keras's names that are not here, and what to use: tables, read when such a name is asked for.

Each table maps a sentence to the names that it answers, so that one answer stands in one place.
"""
