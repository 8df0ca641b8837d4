"""Models like another, and fits of them that the engine runs whole, many side by side.

This is what ``lamina.fit_many`` is written on.

- ``fresh`` and ``begun`` return compiled models as they are before any training
- ``Replicas`` are a model with the data of all its fits; ``Course`` is what those of one setting
  have in common, and a ``Request`` one fit, as the engine takes it
- ``scores`` reads what the engine says of rows held out
- ``NotAlikeError`` says why fits have to go through ``fit`` instead
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
