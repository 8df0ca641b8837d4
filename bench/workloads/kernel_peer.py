"""Code shared by the processes that time single layers: conv_peer.py and recurrence_peer.py.

A library is a function `threads -> (prepare, version)`; `prepare(problem)`, where the problem is
the words of a line of a shape file, returns one or more `Candidate`s, and the fastest of them is
used for each pass.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import median_seconds, pin, serve

Array = NDArray[np.float32]
Problem = list[str]
SAMPLES = 64


@dataclass
class Candidate:
    """One way to do the work.

    `results` are outputs and gradients in lamina's order of axes, for comparing the libraries.
    """

    note: str
    forward: Callable[[], object]
    backward: Callable[[], object]
    results: Callable[[], list[Array]]


Prepare = Callable[[Problem], list[Candidate]]
Library = Callable[[int], tuple[Prepare, str]]


def draw(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> Array:
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)


def seed_of(problem: Problem) -> int:
    """Return a seed that gives every library the same numbers for the same problem."""
    return sum(ord(letter) for letter in " ".join(problem))


def sample(array: Array) -> list[float]:
    """Return an array's largest absolute value, and values spread over the array."""
    flat = np.ascontiguousarray(array).ravel()
    every = max(1, flat.size // SAMPLES)
    return [float(np.abs(flat).max()), *map(float, flat[::every][:SAMPLES])]


def answer_problem(prepare: Prepare, problem: Problem) -> dict[str, Any]:
    candidates = prepare(problem)
    forward = [median_seconds(candidate.forward) for candidate in candidates]
    backward = [median_seconds(candidate.backward) for candidate in candidates]
    best = min(range(len(candidates)), key=lambda i: forward[i] + backward[i])
    return {
        "forward": min(forward),
        "backward": min(backward),
        "note": candidates[best].note,
        "samples": [sample(array) for array in candidates[best].results()],
    }


def main(libraries: Mapping[str, Library]) -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    try:
        prepare, version = libraries[arguments["peer"]](arguments["threads"])
        hello = {"version": version}
    except ImportError as error:
        hello = {"error": f"not installed ({error})"}

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        return answer_problem(prepare, command["problem"])

    serve(answer, hello)
