"""A training job: a network as plain tuples, its data, and lamina's goals.

`layers` is a list of tuples; each peer's module has a table from the first word of a tuple to a
function that builds the layer.  A workload with a new kind of layer adds one entry to
`workloads/__init__.py`, its work to `work.py`, and one line to the table of each peer that can do
it; the others report that and are left out.  Two kinds contain layers themselves: `("residual",
layers)` adds the output of its layers to their input, and `("concatenate", layers, layers, ...)`
joins the outputs of the lists, each applied to the workload's input of that number.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads import work

Layer = tuple[Any, ...]
Array = NDArray[Any]


@dataclass(frozen=True)
class Input:
    """One input: the shape of a row, and the number of words for integers (0: numbers)."""

    shape: tuple[int, ...]
    words: int = 0


def numbers(*shape: int) -> Input:
    return Input(shape)


def ids(length: int, words: int) -> Input:
    return Input((length,), words)


def kinds(layers: tuple[Layer, ...]) -> Iterator[str]:
    """Return the kind of every layer, including those within others."""
    for kind, *settings in layers:
        yield kind
        if kind in ("residual", "concatenate"):
            for inner in settings:
                yield from kinds(inner)


@dataclass(frozen=True)
class Workload:
    """A network, its data's shape, and lamina's goals.

    `task` is "regression" (mean squared error), "classification" (integer labels; the last layer
    is a softmax), "binary" (labels 0 and 1; a sigmoid), or "reconstruction" (mean squared error
    from the inputs themselves, which lie between 0 and 1).
    """

    name: str
    inputs: tuple[Input, ...]
    layers: tuple[Layer, ...]
    task: str
    batch: int
    rows: int  # of the training set, a multiple of the batch
    steps: int  # of one round
    ratio: float = 1.0  # the goal for the best peer's time over lamina's
    # The peer that has been the fastest: without it a goal cannot be met, but only missed.
    fastest: str = ""
    # The goals for predictions, by rows per call.
    inference: dict[int, float] = field(default_factory=dict)

    @property
    def steps_per_epoch(self) -> int:
        return self.rows // self.batch

    @property
    def shape(self) -> Any:
        """Return a row's shape, or a tuple of shapes if there are several inputs."""
        shapes = tuple(each.shape for each in self.inputs)
        return shapes if len(shapes) > 1 else shapes[0]

    @property
    def outputs(self) -> int:
        """Return the units of the last dense layer."""
        return int(next(layer[1] for layer in reversed(self.layers) if layer[0] == "dense"))

    @property
    def to_logits(self) -> tuple[Layer, ...]:
        """Return the layers without the softmax or sigmoid that losses on logits include."""
        if self.task not in ("classification", "binary"):
            return self.layers
        *before, (kind, units, _) = self.layers
        return (*before, (kind, units, "linear"))

    @property
    def mflop(self) -> float:
        """Count one step: forward and backward, without the gradient at the data."""
        return 1e-6 * self.batch * work.step(self.layers, self.shape)

    @property
    def mflop_forward(self) -> float:
        """Count the prediction of one row."""
        return 1e-6 * work.forward(self.layers, self.shape)

    def epochs(self, steps: int) -> int:
        """Return the number of whole epochs nearest to `steps`, at least one."""
        return max(1, round(steps / self.steps_per_epoch))

    def description(self) -> dict[str, Any]:
        """Return a description that can be sent to another process as JSON."""
        return dataclasses.asdict(self)

    @staticmethod
    def described(description: dict[str, Any]) -> Workload:
        """Return the workload of a description."""
        values = dict(description)
        values["inputs"] = tuple(Input(tuple(i["shape"]), i["words"]) for i in values["inputs"])
        values["layers"] = _tuples(values["layers"])
        values["inference"] = {int(rows): goal for rows, goal in values["inference"].items()}
        return Workload(**values)

    def data(self) -> tuple[tuple[Array, ...], Array]:
        """Draw inputs, and targets that the inputs explain, so that every peer's loss must fall."""
        rng = np.random.default_rng(20)
        if self.task == "reconstruction":
            return _few_factors(rng, self.rows, self.inputs[0].shape)
        if any(kind.startswith("global_") for kind in kinds(self.layers)):
            return _shifted(rng, self)
        drawn = [_drawn(rng, each, self.rows, self.outputs) for each in self.inputs]
        scores = sum(score for _, score in drawn)
        return tuple(x for x, _ in drawn), self._targets(scores)

    def _targets(self, scores: Array) -> Array:
        if self.task == "classification":
            return scores.argmax(axis=1).astype(np.int32)
        if self.task == "binary":
            return (scores > 0).astype(np.float32)
        return scores.astype(np.float32)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list | tuple) else value


def _drawn(rng: np.random.Generator, given: Input, rows: int, outputs: int) -> tuple[Array, Array]:
    """Draw an input, and scores that depend on it linearly."""
    fade = np.float32(1)
    if given.words:
        x: Array = rng.integers(1, given.words, (rows, *given.shape), dtype=np.int32)
        of_word = rng.standard_normal((given.words, outputs), dtype=np.float32)
        return x, of_word[x].sum(axis=1) / np.float32(math.sqrt(given.shape[0]))
    x = rng.standard_normal((rows, *given.shape), dtype=np.float32)
    flat = x.reshape(rows, -1)
    weights = rng.standard_normal((flat.shape[1], outputs), dtype=np.float32)
    if len(given.shape) == 2:  # (steps, inputs): the past fades, so that a state can represent it
        steps, inputs = given.shape
        fade = np.float32(0.5) ** np.arange(steps - 1, -1, -1, dtype=np.float32)
        weights *= np.repeat(fade, inputs)[:, None]
    return x, flat @ weights / np.linalg.norm(weights, axis=0)


def _shifted(rng: np.random.Generator, workload: Workload) -> tuple[tuple[Array, ...], Array]:
    """Draw noise whose channels are shifted by class, so that means over positions can tell."""
    shape = workload.inputs[0].shape
    labels = rng.integers(0, workload.outputs, workload.rows, dtype=np.int32)
    shifts = rng.standard_normal((workload.outputs, shape[-1]), dtype=np.float32)
    x = rng.standard_normal((workload.rows, *shape), dtype=np.float32)
    x += shifts[labels].reshape(workload.rows, *(1,) * (len(shape) - 1), shape[-1])
    return (x,), labels


def _few_factors(
    rng: np.random.Generator, rows: int, shape: tuple[int, ...]
) -> tuple[tuple[Array, ...], Array]:
    """Draw numbers between 0 and 1 that sixteen factors explain."""
    factors = rng.standard_normal((rows, 16), dtype=np.float32)
    loadings = rng.standard_normal((16, math.prod(shape)), dtype=np.float32)
    x = (1 / (1 + np.exp(-factors @ loadings))).astype(np.float32).reshape(rows, *shape)
    return (x,), x
