"""Copies of a model, and fits of them that the engine runs entirely, many in parallel.

``lamina.fit_many`` is built on this package.

- ``fresh`` and ``begun`` return compiled models in their state before any training
- ``Replicas`` are a model with the data of all its fits; a ``Course`` describes the fits with the
  same settings, and a ``Request`` is one fit in the form that the engine takes
- ``scores`` reads the engine's results for rows held out
- ``NotAlikeError`` gives the reason why fits have to go through ``fit`` instead
"""

from lamina.models.replicas.alike import NotAlikeError, Recorded, Replicas
from lamina.models.replicas.courses import Course, Request, scores
from lamina.models.replicas.fresh import begun, fresh

__all__ = [
    "Course",
    "NotAlikeError",
    "Recorded",
    "Replicas",
    "Request",
    "begun",
    "fresh",
    "scores",
]


def __dir__() -> list[str]:
    return sorted(__all__)
