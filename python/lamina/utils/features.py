"""Preparation and encoding of a single column of a table, and of combined columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lamina import _check, layers
from lamina._public import PublicKeywords

MODES = ("int", "one_hot", "float")


class Feature(PublicKeywords):
    """A column: its type, the layer that prepares it, and the encoding of the layer's results.

    Parameters
    ----------
    dtype : {"float32", "int32", "string"}
    preprocessor : Layer, or its configuration
    output_mode : {"int", "one_hot", "float"}
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        self.dtype = dtype
        if isinstance(preprocessor, Mapping):
            preprocessor = layers.deserialize(preprocessor)
        if not isinstance(preprocessor, layers.Layer):
            raise TypeError(f"Feature: preprocessor must be a layer; got {preprocessor!r}")
        self.preprocessor = preprocessor
        self.output_mode = _check.choice("Feature", "output_mode", output_mode, MODES)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain values."""
        return {
            "dtype": self.dtype,
            "preprocessor": layers.serialize(self.preprocessor),
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Feature:
        """Return the feature described by ``get_config``."""
        return cls(**config)

    @property
    def places(self) -> int | None:
        """The number of integers that the preprocessor may return; None if unknown."""
        layer = self.preprocessor
        if isinstance(layer, (layers.IntegerLookup, layers.StringLookup)):
            return layer.vocabulary_size()
        if isinstance(layer, layers.Discretization):
            edges = layer.bin_boundaries
            return None if edges is None else len(edges) + 1
        if isinstance(layer, layers.CategoryEncoding):
            return layer.num_tokens
        return layer.num_bins if isinstance(layer, layers.Hashing) else None


class Cross(PublicKeywords):
    """Columns that are combined into one of ``crossing_dim`` categories by their hash.

    Parameters
    ----------
    feature_names : sequence of str
    crossing_dim : int
    output_mode : {"one_hot", "int"}, default "one_hot"
    """

    def __init__(
        self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> None:
        self.feature_names = tuple(feature_names)
        self.crossing_dim = _check.integer("Cross", "crossing_dim", crossing_dim)
        self.output_mode = _check.choice("Cross", "output_mode", output_mode, ("int", "one_hot"))

    @property
    def name(self) -> str:
        """The names of the columns, joined."""
        return "_X_".join(self.feature_names)

    @property
    def places(self) -> int:
        """The number of categories."""
        return self.crossing_dim

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain values."""
        return {
            "feature_names": list(self.feature_names),
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Cross:
        """Return the cross described by ``get_config``."""
        return cls(**config)
