"""Code shared by the scripts of this folder: short runs, the pictures, and published values.

Each script makes one ``Page`` with its name, asks it for settings that are smaller in a short run,
gives it the pictures, and states its figures with the ranges in which they must lie.
"""

import argparse
import math
import os
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from PIL import Image

from lamina.utils import Columns

SKIPPED = 77  # the exit status of a script that lacks its data, as for test programs of make

mpl.use("agg")  # no window opens
plt.style.use("lamina.plot.talk")


class Page:
    """One script's options, pictures and figures.

    Parameters
    ----------
    script : str
        ``__file__`` of the script.
    arguments : list of str, optional
        By default those of the command line: ``--short`` and ``--out FOLDER``.
    """

    def __init__(self, script, arguments=None):
        parser = argparse.ArgumentParser(description=f"A page of the lecture: {Path(script).stem}.")
        parser.add_argument("--short", action="store_true", help="a quick look: fewer repetitions")
        parser.add_argument(
            "--out", type=Path, default=Path("pictures"), help="folder of the pictures"
        )
        options = parser.parse_args(arguments)
        self.name, self.short, self.out = Path(script).stem, options.short, options.out
        self._stated = []

    def setting(self, full, short):
        """Return `full`, or `short` in a short run."""
        return short if self.short else full

    def save(self, figure, name=None):
        """Write a figure, or the figure of axes, as ``SCRIPT.png`` or ``SCRIPT_NAME.png``."""
        figure = getattr(figure, "figure", figure)
        self.out.mkdir(parents=True, exist_ok=True)
        file = self.out / f"{self.name}{f'_{name}' if name else ''}.png"
        figure.savefig(file)
        plt.close(figure)
        with Image.open(file) as drawn:  # 256 colours are enough, and make a smaller file
            small = drawn.convert("RGB").quantize(256)
        small.save(file, optimize=True)

    def state(self, what, value, low=-math.inf, high=math.inf, *, short=None, published=None):
        """State a figure and the range that it must lie in.

        Parameters
        ----------
        what : str
            The name of the figure, with its unit.
        value : float
        low, high : float, optional
            The range of the full run, ends included.
        short : tuple of two floats, optional
            The range of a short run, if it differs.
        published : float or str, optional
            The value of the lecture, the book or another program.
        """
        if self.short and short is not None:
            low, high = short
        self._stated.append((what, float(value), published, low, high))

    def skip(self, why):
        """Print why the script cannot run, for instance because data are missing, and exit.

        ``run_all.py`` does not count this status as a failure, unless the environment variable
        ``LAMINA_REQUIRE_PEERS`` is set, as it is in continuous integration.
        """
        print(f"{self.name}: skipped: {why}", file=sys.stderr)
        sys.exit(1 if os.environ.get("LAMINA_REQUIRE_PEERS") else SKIPPED)

    def close(self):
        """Print the stated figures; exit with status 1 if one lies outside its range."""
        whats, values, published, lows, highs = zip(*self._stated, strict=True)
        pairs = list(zip(values, lows, highs, strict=True))
        columns = {
            "figure": whats,
            "here": [_number(value) for value in values],
            "published": ["" if each is None else str(each) for each in published],
            "stated": [_range(low, high) for _, low, high in pairs],
            "": ["" if low <= value <= high else "OUT OF RANGE" for value, low, high in pairs],
        }
        print()
        print(Columns(columns, leave_empty=True))
        if not all(low <= value <= high for value, low, high in pairs):
            sys.exit(f"{self.name}: a figure lies outside its stated range")


def _number(value):
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.5g}"


def _range(low, high):
    if low == high:
        return f"{low:g}"
    if math.isinf(high):
        return "" if math.isinf(low) else f"at least {low:g}"
    return f"at most {high:g}" if math.isinf(low) else f"{low:g} to {high:g}"
