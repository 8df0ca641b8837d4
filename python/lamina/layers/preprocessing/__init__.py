"""Layers that prepare data: tables, texts, images and sound."""
