"""A figure that a notebook shows only once."""

from __future__ import annotations

import matplotlib
from matplotlib._pylab_helpers import Gcf
from matplotlib.figure import Figure

INLINE = ("inline", "module://matplotlib_inline.backend_inline")


class FigureShownOnce(Figure):
    """A figure of pyplot that may also be the last value of a notebook's cell.

    A notebook shows that value and, at the end of the cell, all figures that pyplot holds, so the
    same figure would appear twice.  Once it has been shown as a value, pyplot no longer holds it.
    """

    def _ipython_display_(self) -> None:
        if matplotlib.get_backend().lower() in INLINE:
            Gcf.destroy_fig(self)
        raise NotImplementedError  # IPython then shows it like any figure
