"""Layers as plain values, as copies, and as text."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

import numpy as np

from lamina._check import Shape
from lamina._own_names import OWN, split
from lamina._public import GIVEN
from lamina._repr import changed_arguments
from lamina._settings import class_name
from lamina._tensors import Variable
from lamina.layers.base.weighted import Weighted

C = TypeVar("C", bound="Configured")

BASE_ARGUMENTS = frozenset(
    {"name", "trainable", "dtype", "input_shape", "input_dim", "activity_regularizer"}
)


class Configured(Weighted):
    """Configuration, state and text representation of a layer; a part of ``Layer``."""

    _input_shape: Shape | None
    activity_regularizer: Any

    @property
    def class_name(self) -> str:
        """The class name used in summaries and configurations."""
        return class_name(type(self))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values.

        Attributes with the names of the arguments are read; objects with a ``get_config`` become
        ``{"class_name", "config"}``.
        """
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable}
        if self._stated_policy is not None:
            config["dtype"] = self._stated_policy
        if self._input_shape is not None:
            config["input_shape"] = self._input_shape
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = _plain(self.activity_regularizer)
        given: Any = self.__dict__.get(GIVEN)
        for name in _own_arguments(type(self)):
            if hasattr(self, name):
                config[name] = _plain(getattr(self, name))
            elif given is not None and name in given.values():
                config[name] = _plain(given.values()[name])
            else:
                raise AttributeError(
                    f"{self.name}: {type(self).__name__} has no attribute {name!r}, which its "
                    f"constructor takes; define get_config, or keep it as self.{name}"
                )
        return config

    @classmethod
    def from_config(cls: type[C], config: dict[str, Any]) -> C:
        """Return a new layer, unbuilt, from what ``get_config`` returned."""
        return cls(**config)

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes, with weights as plain arrays (for pickle and deepcopy)."""
        self._settle()
        state = dict(self.__dict__)
        # A Parameter is copied without its values, whichever attribute holds it.
        filled = [(p, np.array(p.array)) for p in self._parameters if p.allocated]
        state["_undrawn"], state["_pending"] = [], [*self._pending, *filled]
        state["nodes"] = []  # a graph model makes new nodes for its copies
        state.pop("_in_row", None)
        state.pop("placed", None)  # and every model places its copies itself
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the attributes; weights get their values once their model has memory."""
        self.__dict__.update(state)
        split(type(self), state.get(OWN, ()))
        for parameter in self._parameters:
            if isinstance(parameter, Variable):
                parameter._owned_by(self)

    def __repr__(self) -> str:
        """Return the class, the name, settings that are not defaults, and whether it is built.

        Examples
        --------
        >>> from lamina.layers import Dense
        >>> Dense(3, activation="relu")
        <Dense dense, units=3, activation='relu', not built>
        """
        # An error in the constructor may show a layer that is only partly constructed.
        name = getattr(self, "name", None)
        shown = [self.class_name if name is None else f"{self.class_name} {name}"]
        shown += changed_arguments(self, ("name", "dtype", "input_shape", "trainable"))
        if not getattr(self, "_trainable", True):
            shown.append("trainable=False")
        if not getattr(self, "built", False):
            shown.append("not built")
        return f"<{', '.join(shown)}>"


def _own_arguments(cls: type) -> tuple[str, ...]:
    """Return the names of the constructor's arguments beyond those of the base; cached by class."""
    names: tuple[str, ...] | None = vars(cls).get("_config_names")
    if names is None:
        names = tuple(
            argument.name
            for argument in inspect.signature(cls).parameters.values()
            # A layer may have its own argument of such a name, as Embedding has input_dim.
            if not (argument.name in BASE_ARGUMENTS and argument.kind is argument.KEYWORD_ONLY)
            and argument.kind is not argument.VAR_KEYWORD
        )
        cls._config_names = names  # type: ignore[attr-defined]
    return names


def _plain(value: Any) -> Any:
    if not hasattr(value, "get_config"):
        return value
    name = getattr(value, "in_config", None)
    if isinstance(name, str):
        return name
    kind = getattr(value, "class_name", None) or class_name(type(value))
    return {"class_name": kind, "config": value.get_config()}
