"""``predict``: recordings for prediction, and the rows that pass through them."""
