"""``compile``: losses, metrics and optimizer, and the training graph made of them."""
