"""Units and the weights between them, as ``connections`` returns them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


def numbered(names: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return names of single values: "a" for one, "a1", "a2" for several of them."""
    return [
        name if width == 1 else f"{name}{i + 1}"
        for name, width in zip(names, widths, strict=True)
        for i in range(width)
    ]


@dataclass
class DenseLayer:
    """Weights between units.

    Attributes
    ----------
    name : str
    kernel : ndarray of shape (sources, targets)
    bias : ndarray of shape (targets,) or None
    sources, targets : list of int
        Indices of units in ``Connections.units``.
    paths : dict of str to str
        The paths of the weights "kernel" and "bias" in the model, if it has paths.
    """

    name: str
    kernel: Array
    bias: Array | None
    sources: list[int]
    targets: list[int]
    paths: dict[str, str] = field(default_factory=dict)


@dataclass
class Connections:
    """A network of dense layers as units and weights.

    Attributes
    ----------
    units : list of str
        Names of all units: inputs, hidden units (h1, h2, ..., with several hidden layers h1.1,
        h1.2, ..., h2.1, ...), outputs (o, or o1, o2, ...).
    depth : list of int
        The depth of each unit: 0 for inputs, k for the k-th hidden layer, and one more for outputs,
        except those that are hidden units too because other units are computed from them.
    inputs, outputs : list of int
        Indices of units.
    layers : list of DenseLayer
        In the order in which they are computed.  A layer that bypasses a hidden layer is a skip
        layer.
    totals : ndarray of shape (inputs, outputs)
        For each input and output the products of the weights along each path between them, summed
        over the paths, with the scales of ``BatchNormalization``, ``Normalization`` and
        ``Rescaling``: the weights are per unit of the inputs as the model is given them.
    """

    units: list[str]
    depth: list[int]
    inputs: list[int]
    outputs: list[int]
    layers: list[DenseLayer]
    totals: Array

    @property
    def hidden(self) -> list[list[int]]:
        """The hidden units, a list for each hidden layer."""
        inner = range(1, max((self.depth[i] for i in self.outputs), default=1))
        return [[i for i, d in enumerate(self.depth) if d == k] for k in inner]

    @property
    def has_skip(self) -> bool:
        """Whether some weights bypass a hidden layer."""
        steps = ((self.depth[s], self.depth[t]) for la in self.layers for s in la.sources[:1]
                 for t in la.targets[:1])  # fmt: skip
        mixed = any(len({self.depth[s] for s in layer.sources}) > 1 for layer in self.layers)
        return mixed or any(behind - before > 1 for before, behind in steps)
