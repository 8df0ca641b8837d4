"""The error for an input with another number of axes than a layer needs."""

from __future__ import annotations


class AxesError(ValueError):
    """An input has too few axes for a layer, or too many.

    Parameters
    ----------
    message : str
    needed : int, optional
        The number of axes that the layer needs, with that of the rows.
    last : {"channel", "feature", ""}
        What the last of them counts, if an axis of one such thing could be added.
    """

    def __init__(self, message: str, needed: int | None = None, last: str = "") -> None:
        super().__init__(message)
        self.needed, self.last = needed, last
