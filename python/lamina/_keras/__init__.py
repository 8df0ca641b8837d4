"""Keras's names that do not exist here, with alternatives: tables that are read on demand.

Each table maps a sentence to the names that it answers, so that each answer occurs only once.
"""
