"""``evaluate``: losses and metrics over data."""
