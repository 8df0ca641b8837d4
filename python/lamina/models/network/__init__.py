"""A model before it computes: layers, weights, recordings, descriptions."""
