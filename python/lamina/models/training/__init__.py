"""``fit``: its settings, its loop, its position, its advice."""
