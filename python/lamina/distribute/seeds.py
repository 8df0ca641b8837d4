"""The seeds from which a model draws: its own, those of models and layers in it, of generators."""

from __future__ import annotations

from typing import Any

from lamina._settings import note_change
from lamina.models.network.rebuilt import Rebuilt
from lamina.random.seed_generator import SeedGenerator
from lamina.saving.weights import walked

Seeds = list[dict[str, Any]]


def seeds_of(model: Any) -> Seeds:
    """Return the seeds of a model, and of models and layers within it, with those of generators."""
    return [_seeds_of(part) for part in _parts(model)]


def take_seeds(model: Any, seeds: Seeds) -> None:
    """Take over the seeds of a model with the same layers."""
    for part, told in zip(_parts(model), seeds, strict=True):
        if _seeds_of(part) == told:
            continue
        for name, value in told.items():
            if isinstance(value, tuple):
                generator = SeedGenerator(value[0])
                generator._drawn = value[1]
                object.__setattr__(part, name, generator)
            elif isinstance(part, Rebuilt):
                part.take_seed(value)
            else:  # also where the seed of a built layer may not be changed
                object.__setattr__(part, name, value)
        note_change(part)  # so that it is recorded again


def _parts(model: Any) -> list[Any]:
    parts = (model, *(layer.stands_for or layer for layer in walked(model)))
    return list({id(part): part for part in parts}.values())


def _seeds_of(part: Any) -> dict[str, Any]:
    """Return the seed of a model or layer, and the seeds and counts of its generators, by name."""
    held = vars(part).items()
    found = {name: (v.seed, v._drawn) for name, v in held if isinstance(v, SeedGenerator)}
    seed = getattr(part, "seed", None)
    return found if seed is None or "seed" in found else {"seed": seed, **found}
