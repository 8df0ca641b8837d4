"""Looking up the indices of tokens in a vocabulary, for strings and for integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina._strings import buckets, check_salt, of_objects
from lamina._tensors.rehearsal import rehearsing
from lamina.layers.base.shapes import Spec
from lamina.layers.preprocessing._codes import (
    MODES,
    Coding,
    check_dense,
    check_mode,
    coded,
    coded_shape,
)
from lamina.layers.preprocessing.vocabulary import Vocabulary

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

L = TypeVar("L", bound="IndexLookup")

LEARNED = "learned"  # in a configuration: the result of adapt or set_vocabulary


class IndexLookup(Coding, Vocabulary):
    """The index of each token in a vocabulary, or a code of the indices."""

    token_kind: ClassVar[str] = "string"

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        sparse: bool,
        pad_to_max_tokens: bool,
        salt: Any,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = type(self).__name__
        self.max_tokens = (
            None if max_tokens is None else _check.integer(who, "max_tokens", max_tokens, 2)
        )
        self.num_oov_indices = _check.integer(who, "num_oov_indices", num_oov_indices, 0)
        self.mask_token, self.oov_token = mask_token, oov_token
        self.output_mode = check_mode(who, output_mode, (*MODES, "tf_idf"))
        self.invert = _check.boolean(who, "invert", invert)
        if self.invert and self.output_mode != "int":
            raise ValueError(
                f"{who}: output_mode must be 'int' with invert=True; got {output_mode!r}"
            )
        self.sparse = check_dense(who, sparse)
        self.pad_to_max_tokens = _check.boolean(who, "pad_to_max_tokens", pad_to_max_tokens)
        if self.pad_to_max_tokens and max_tokens is None:
            raise ValueError(
                f"{who}: max_tokens must be given with pad_to_max_tokens=True; got None"
            )
        self.salt = check_salt(who, salt)
        if vocabulary is not None:
            if self.output_mode == "tf_idf" and idf_weights is None:
                raise ValueError(
                    f"{who}: idf_weights must be given with a vocabulary and output_mode 'tf_idf'; "
                    f"got None"
                )
            given, listed = self._set(who, vocabulary, idf_weights)
            self.__dict__.update(vocabulary=given, idf_weights=listed)
        elif idf_weights is not None:
            raise ValueError(f"{who}: idf_weights need a vocabulary; got none")

    # --- what a subclass defines

    def _find(self, tokens: Array) -> Array:
        """Return the places of tokens, -1 for unknown ones."""
        raise TypeError(f"{self.name}: must define _find; got {tokens!r}")

    def _unknown_place(self, tokens: Array) -> Array:
        """Return the bucket of unknown tokens, where there are several."""
        return buckets(tokens, self.num_oov_indices, self.salt)

    # --- looking up

    def compute(self, *arrays: Array) -> Array:
        """Return places, encoded as ``output_mode`` says."""
        (array,) = arrays
        if self.invert:
            return self._tokens_at(array)
        places = self.places(array)
        if self.output_mode == "int":
            return places.astype(np.int32)
        return self._coded(places)

    def _coded(self, places: Array) -> Array:
        if self.output_mode != "tf_idf":
            return coded(places, self.output_mode, self._depth, self._code_dtype)
        if self._weights is None:
            raise ValueError(f"{self.name}: has no idf_weights yet; adapt it, or set_vocabulary")
        counts = coded(places, "count", self._depth, "float64")
        return (counts * self._weights).astype(self.dtype)

    def places(self, tokens: Array) -> Array:
        """Return the index of each token; -1 for the mask token in modes that drop it."""
        found = self._find(tokens)
        unknown = np.asarray(found < 0)
        masked = np.zeros(found.shape, bool)
        if self.mask_token is not None:
            masked = np.asarray(tokens == self.mask_token, bool)
            unknown &= ~masked
        found = np.asarray(
            found + self._first_token
        )  # of one token too, where NumPy makes a number
        if unknown.any():
            if self.num_oov_indices == 0:
                if rehearsing():
                    return np.maximum(found, 0)
                raise ValueError(
                    f"{self.name}: all tokens must be in the vocabulary, as num_oov_indices is 0; "
                    f"got {tokens[unknown][0]!r}"
                )
            one = self.num_oov_indices == 1
            bucket = 0 if one else self._unknown_place(tokens[unknown])
            found[unknown] = self._first_unknown + bucket
        return np.where(masked, 0 if self.output_mode == "int" else -1, found)

    def _tokens_at(self, places: Array) -> Array:
        known = self.get_vocabulary()
        unknown = [self.oov_token]
        listed = places.ravel().tolist()
        tokens = [known[i] if 0 <= i < len(known) else unknown[0] for i in listed]
        return of_objects(tokens, places.shape)

    def made_of(self, specs: list[Spec]) -> Spec:
        """Return the shape and the kind of the output."""
        (spec,) = specs
        if self.output_mode == "int":
            return Spec(spec.shape, self.token_kind if self.invert else "int32")
        if not self._tokens and not self.pad_to_max_tokens:
            raise ValueError(
                f"{self.name}: has no vocabulary yet, on which the shape of its output depends; "
                f"adapt it, or give it one, before it is called on an Input"
            )
        if self.output_mode == "tf_idf":
            return Spec(coded_shape(spec.shape, "count", self._depth))
        return self._code_spec(spec.shape, self.output_mode, self._depth)

    # --- configuration

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, and under "learned" the result of ``adapt``."""
        config = super().get_config()
        if self.vocabulary is None and self._tokens:
            weights = None if self._weights is None else self._weights.tolist()
            config[LEARNED] = {"vocabulary": list(self._tokens), "idf_weights": weights}
        return config

    @classmethod
    def from_config(cls: type[L], config: Mapping[str, Any]) -> L:
        """Return a new layer with the vocabulary of the layer that ``get_config`` described.

        No file is read: a configuration holds tokens.
        """
        settings = dict(config)
        learned = settings.pop(LEARNED, None)
        if isinstance(settings.get("vocabulary"), str):
            raise ValueError(
                f"{cls.__name__}: a configuration holds the vocabulary as a list; got the path "
                f"{settings['vocabulary']!r}"
            )
        layer = cls(**settings)
        if learned is not None:
            layer._restore(learned)
        return layer

    def _restore(self, learned: Mapping[str, Any]) -> None:
        who = f"{self.name}.from_config"
        vocabulary = learned["vocabulary"]
        if not isinstance(vocabulary, Sequence) or isinstance(vocabulary, str):
            raise TypeError(f"{who}: vocabulary must be a list; got {vocabulary!r:.100}")
        tokens = self._as_tokens(who, "vocabulary", list(vocabulary)).tolist()
        self._check_tokens(who, tokens, tokens)
        weights = learned.get("idf_weights")
        if weights is not None:
            weights = _check.floats(who, "idf_weights", weights, "float64")
        self._take(who, tokens, weights)
