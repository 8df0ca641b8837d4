"""Tables with columns that are each prepared and encoded in a different way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lamina import _check, layers
from lamina._arrays import column_names
from lamina._names import unknown
from lamina._public import PublicKeywords
from lamina._strings import plain_array
from lamina.utils.features import Cross, Feature


class FeatureSpace(PublicKeywords):
    """Prepare and encode the columns of a table: one vector per row, or a dict of them.

    Parameters
    ----------
    features : dict of str to str or Feature
        The kind of each column: "float", "float_normalized", "float_rescaled", "float_discretized",
        "integer_categorical", "string_categorical", "integer_hashed" or "string_hashed", or the
        result of the function of that name, ``FeatureSpace.string_categorical(max_tokens=10)``;
        ``FeatureSpace.feature`` takes a layer of your own.
    output_mode : {"concat", "dict"}, default "concat"
        One vector per row, or a dict of encoded columns.
    crosses : list of tuple of str or Cross, optional
        Columns to combine, by hashing the results of their layers.
    crossing_dim, hashing_dim, num_discretization_bins : int, default 32
        For crosses, hashed columns and discretized columns that are given by name.
    name : str, optional

    Attributes
    ----------
    features, preprocessors, crossers : dict
        For each column its kind, and the layer that prepares it; for each cross its layer.

    Examples
    --------
    >>> import lamina
    >>> data = {"size": [1.0, 2.0, 3.0], "colour": ["red", "blue", "red"]}
    >>> space = lamina.utils.FeatureSpace(
    ...     {"size": "float_normalized", "colour": "string_categorical"})
    >>> space.adapt(data)
    >>> space(data).round(2)
    array([[ 0.  ,  1.  ,  0.  , -1.22],
           [ 0.  ,  0.  ,  1.  ,  0.  ],
           [ 0.  ,  1.  ,  0.  ,  1.22]], dtype=float32)

    At the beginning of a model:

    >>> y = lamina.layers.Dense(1)(space.get_encoded_features())
    >>> model = lamina.Model(space.get_inputs(), y)
    >>> model.predict(data).shape
    (3, 1)
    """

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Sequence[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        who = "FeatureSpace"
        if not isinstance(features, Mapping) or not features:
            raise ValueError(f"{who}: features must be a dict of at least one; got {features!r}")
        if output_mode not in ("concat", "dict"):
            raise ValueError(f"{who}: output_mode must be 'concat' or 'dict'; got {output_mode!r}")
        self.output_mode = output_mode
        self.name = name or "feature_space"
        self.crossing_dim = _check.integer(who, "crossing_dim", crossing_dim)
        self.hashing_dim = _check.integer(who, "hashing_dim", hashing_dim)
        self.num_discretization_bins = _check.integer(
            who, "num_discretization_bins", num_discretization_bins
        )
        self.features = {n: self._feature(n, each) for n, each in features.items()}
        self.crosses = [self._cross(each) for each in crosses or ()]
        self.preprocessors = {n: each.preprocessor for n, each in self.features.items()}
        self.crossers = {c.name: layers.HashedCrossing(c.crossing_dim) for c in self.crosses}
        self.inputs = {
            n: layers.Input((1,), dtype=each.dtype, name=n) for n, each in self.features.items()
        }
        self._encoded: Any = None
        self._adapted = False

    # --- kinds of columns, by Keras's names

    @classmethod
    def cross(
        cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> Cross:
        """Return a combination of columns."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """Return a column that is prepared by a layer of your own."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Return a column of numbers that are used unchanged."""
        return Feature("float32", layers.Identity(name=name), "float")

    @classmethod
    def float_rescaled(
        cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None
    ) -> Feature:
        """Return a column of numbers that are scaled and shifted."""
        return Feature("float32", layers.Rescaling(scale, offset, name=name), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Return a column of numbers that are normalised to mean 0 and variance 1."""
        return Feature("float32", layers.Normalization(axis=-1, name=name), "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int | None = None,
        bin_boundaries: Any = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of numbers that are assigned to bins, learned by ``adapt`` or given."""
        bins = None if bin_boundaries is not None else num_bins
        layer = layers.Discretization(bin_boundaries, bins, name=name)
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of integers that are categories."""
        layer = layers.IntegerLookup(max_tokens, num_oov_indices, name=name)
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of strings that are categories."""
        layer = layers.StringLookup(max_tokens, num_oov_indices, name=name)
        return Feature("string", layer, output_mode)

    @classmethod
    def integer_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Return a column of integers that become categories by their hash."""
        return Feature("int32", layers.Hashing(num_bins, name=name), output_mode)

    @classmethod
    def string_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Return a column of strings that become categories by their hash."""
        return Feature("string", layers.Hashing(num_bins, name=name), output_mode)

    def _feature(self, name: str, given: Any) -> Feature:
        if isinstance(given, Feature):
            return given
        if isinstance(given, Mapping):
            return Feature.from_config(given)
        known: dict[str, Any] = {
            "float": self.float,
            "float_normalized": self.float_normalized,
            "float_rescaled": self.float_rescaled,
            "float_discretized": lambda: self.float_discretized(self.num_discretization_bins),
            "integer_categorical": self.integer_categorical,
            "string_categorical": self.string_categorical,
            "integer_hashed": lambda: self.integer_hashed(self.hashing_dim),
            "string_hashed": lambda: self.string_hashed(self.hashing_dim),
        }
        if not isinstance(given, str) or given not in known:
            raise ValueError(
                f"FeatureSpace: features[{name!r}]: {unknown('kind', str(given), known)}"
            )
        made: Feature = known[given]()
        return made

    def _cross(self, given: Any) -> Cross:
        if isinstance(given, Mapping):
            given = Cross.from_config(given)
        made = given if isinstance(given, Cross) else Cross(given, self.crossing_dim)
        for name in made.feature_names:
            if name not in self.features:
                raise ValueError(
                    f"FeatureSpace: crosses: {unknown('feature', name, self.features)}"
                )
        return made

    # --- learning

    @property
    def _to_adapt(self) -> list[str]:
        return [name for name, layer in self.preprocessors.items() if _learns(layer)]

    def adapt(self, dataset: Any) -> None:
        """Let each layer that needs it learn from its column.

        Parameters
        ----------
        dataset : dict of array_like, table, or iterable of dicts
            All columns together, a pandas, polars or Arrow table, or batches of dicts; of pairs (x,
            y) only x is read.
        """
        if isinstance(dataset, Iterator):
            dataset = list(dataset)
        for name in self._to_adapt:
            layer: Any = self.preprocessors[name]
            layer.adapt(self._column(dataset, name))
        self._adapted = True
        self._encoded = None

    def _column(self, dataset: Any, name: str) -> Any:
        if isinstance(dataset, Mapping) or column_names(dataset) is not None:
            return _as_column(self._of(dataset, name))
        batches = (batch[0] if isinstance(batch, tuple) else batch for batch in dataset)
        return (_as_column(self._of(batch, name)) for batch in batches)

    def _of(self, data: Any, name: str) -> Any:
        names = list(data) if isinstance(data, Mapping) else column_names(data)
        if names is None:
            raise TypeError(
                f"{self.name}: data must be a dict of columns or a table; got {type(data).__name__}"
            )
        if name not in names:
            raise ValueError(f"{self.name}: data have no column {name!r}; they have {names}")
        return data[name]

    def _check_adapted(self) -> None:
        if not self._adapted and self._to_adapt:
            raise ValueError(f"{self.name}: adapt it first, to learn from {self._to_adapt[0]!r}")

    # --- encoding

    def get_inputs(self) -> dict[str, Any]:
        """Return the symbolic tensors of the columns, by their names."""
        self._check_adapted()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """Return the encoded inputs: a symbolic tensor, or a dict of them."""
        self._check_adapted()
        if self._encoded is None:
            self._encoded = self._encode(self.inputs)
        return self._encoded

    def __call__(self, data: Any) -> Any:
        """Return encoded rows: an array, or a dict of them.

        Parameters
        ----------
        data : dict of array_like, or table
            Columns with the same number of rows; single values form one row, which is returned
            without its axis.
        """
        self._check_adapted()
        columns = {name: plain_array(self._of(data, name)) for name in self.features}
        single = all(column.ndim == 0 for column in columns.values())
        made = self._encode({name: _as_column(column) for name, column in columns.items()})
        if not single:
            return made
        return {n: y[0] for n, y in made.items()} if isinstance(made, dict) else made[0]

    def _encode(self, columns: Mapping[str, Any]) -> Any:
        prepared = {n: layer(columns[n]) for n, layer in self.preprocessors.items()}
        crossed = {
            c.name: self.crossers[c.name]([prepared[n] for n in c.feature_names])
            for c in self.crosses
        }
        kinds: dict[str, Any] = {**self.features, **{c.name: c for c in self.crosses}}
        order = [*sorted(prepared), *sorted(crossed)]
        encoded = {n: self._one_hot(n, kinds[n], {**prepared, **crossed}[n]) for n in order}
        if self.output_mode == "dict":
            return encoded
        for n in order:
            if kinds[n].output_mode == "int":
                raise ValueError(
                    f"{self.name}: feature {n!r} is integers, which output_mode 'concat' cannot "
                    f"join to numbers; use output_mode='dict', or encode it as 'one_hot'"
                )
        return layers.Concatenate()(list(encoded.values())) if len(order) > 1 else encoded[order[0]]

    def _one_hot(self, name: str, kind: Any, x: Any) -> Any:
        if kind.output_mode != "one_hot":
            return x
        if kind.places is None:
            raise ValueError(
                f"{self.name}: feature {name!r} cannot be 'one_hot': the number of categories "
                f"that its layer returns is not known; use output_mode 'int'"
            )
        return layers.CategoryEncoding(kind.places, output_mode="multi_hot")(x)

    # --- configuration, files

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain values, with the state learned by the layers."""
        return {
            "features": {name: each.get_config() for name, each in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [cross.get_config() for cross in self.crosses],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FeatureSpace:
        """Return the feature space that ``get_config`` described, with what it learned."""
        made = cls(**config)
        made._adapted = all(_has_learned(made.preprocessors[name]) for name in made._to_adapt)
        return made

    def save(self, filepath: Any) -> None:
        """Write it to a file, for ``FeatureSpace.load``; models that start with it also contain it.

        The file is written completely or not at all, and contains the configuration with a
        checksum.
        """
        from lamina.saving.container import write

        config = json.loads(json.dumps(self.get_config()))
        write(str(filepath), {"kind": "feature_space", "config": config}, {})

    @classmethod
    def load(cls, filepath: Any) -> FeatureSpace:
        """Return the feature space written by ``save``.

        Raises
        ------
        ValueError
            If the file is truncated or altered, or contains something else.
        """
        from lamina.saving.container import read

        document = read(str(filepath)).document
        if document.get("kind") != "feature_space":
            raise ValueError(
                f"{filepath}: holds {document.get('kind')!r:.40}; needs a feature space"
            )
        return cls.from_config(document["config"])


def _learns(layer: Any) -> bool:
    if not hasattr(layer, "adapt"):
        return False
    if isinstance(layer, layers.Normalization):
        return not layer._given
    if isinstance(layer, layers.Discretization):
        return layer.num_bins is not None
    return getattr(layer, "vocabulary", None) is None


def _has_learned(layer: Any) -> bool:
    config = layer.get_config()
    return "learned" in config or config.get("bin_boundaries") is not None


def _as_column(value: Any) -> Any:
    array = plain_array(value)
    return np.reshape(array, (-1, 1)) if array.ndim < 2 else array
