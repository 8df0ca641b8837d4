"""The units of a network of R's nnet, the connections between them, and the order of weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Structure:
    """Inputs, one hidden layer and outputs, numbered consecutively; unit 0 is the bias.

    R stores the weights unit by unit, hidden units first.  Each unit has the weight of the bias,
    then those of its inputs in the order of their numbers; for outputs these are the hidden units
    and then, with `skip`, the inputs.
    """

    inputs: int
    hidden: int
    outputs: int
    skip: bool

    @property
    def n(self) -> tuple[int, int, int]:
        """R's ``n``: inputs, hidden units and outputs."""
        return self.inputs, self.hidden, self.outputs

    @property
    def units(self) -> int:
        """The number of units, including the bias."""
        return 1 + self.inputs + self.hidden + self.outputs

    @property
    def into_output(self) -> int:
        """The number of connections to an output; 0 if it would have only the bias."""
        feeding = self.hidden + (self.inputs if self.skip else 0)
        return 1 + feeding if feeding else 0

    @property
    def into_hidden(self) -> int:
        """The number of connections to a hidden unit."""
        return 1 + self.inputs

    @property
    def weights(self) -> int:
        """The number of weights."""
        return self.hidden * self.into_hidden + self.outputs * self.into_output

    @cached_property
    def connections(self) -> Integers:
        """R's ``conn``: for each weight, the unit from which it leads."""
        inputs = np.arange(1, self.inputs + 1)
        hidden = self.inputs + np.arange(1, self.hidden + 1)
        to_hidden = np.r_[0, inputs]
        to_output = np.r_[0, hidden, inputs[: self.inputs if self.skip else 0]]
        parts = [to_hidden] * self.hidden + [to_output[: self.into_output]] * self.outputs
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    @cached_property
    def ends(self) -> Integers:
        """R's ``nconn``: the number of weights before each unit, and after the last."""
        into = np.zeros(self.units, np.int64)
        first = 1 + self.inputs
        into[first : first + self.hidden] = self.into_hidden
        into[first + self.hidden :] = self.into_output
        return np.concatenate([[0], np.cumsum(into)])

    @cached_property
    def names(self) -> list[str]:
        """The weights' names, such as ``b->h1`` and ``i2->o``."""
        units = ["b"]
        units += [f"i{k}" for k in range(1, self.inputs + 1)]
        units += [f"h{k}" for k in range(1, self.hidden + 1)]
        units += [f"o{k}" for k in range(1, self.outputs + 1)] if self.outputs > 1 else ["o"]
        into = np.repeat(np.arange(self.units), np.diff(self.ends))
        pairs = zip(self.connections, into, strict=True)
        return [f"{units[a]}->{units[b]}" for a, b in pairs]

    @cached_property
    def places(self) -> dict[str, Integers]:
        """The positions of the elements of a layer's arrays among R's weights, by path.

        The layers are called "hidden" and "output"; the output's kernel reads the hidden units
        first, then the inputs.
        """
        found = {}
        cut = self.hidden * self.into_hidden
        blocks = {"hidden": (0, self.hidden, self.into_hidden),
                  "output": (cut, self.outputs, self.into_output)}  # fmt: skip
        for layer, (first, units, into) in blocks.items():
            block = first + np.arange(units * into).reshape(units, into)
            found[f"{layer}/kernel"] = block[:, 1:].T
            found[f"{layer}/bias"] = block[:, 0]
        return found
