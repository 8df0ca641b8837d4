"""Layers that combine several inputs, and their functional forms."""
