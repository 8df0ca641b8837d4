"""Environment variables that are read when the package is loaded, and their valid values.

All are treated in the same way: invalid values are ignored, with a warning.  docs/running.md lists
the variables.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping

from lamina import _core

MOST_THREADS = 4096

# The valid values of each variable, in words and as the core reads them.
THREADS = f"an integer from 1 to {MOST_THREADS}"
OURS = ("LAMINA_NUM_THREADS", "LAMINA_ISA", "LAMINA_WINOGRAD", "LAMINA_DATA")


def check(environment: Mapping[str, str]) -> None:
    """Warn about invalid values, and about names similar to those of lamina."""
    for text in complaints(environment):
        warnings.warn(text, RuntimeWarning, stacklevel=3)


def complaints(environment: Mapping[str, str]) -> list[str]:
    """Return one sentence for each variable that will be ignored.

    Examples
    --------
    >>> complaints({"LAMINA_NUM_THREADS": "four"})
    ["LAMINA_NUM_THREADS must be an integer from 1 to 4096; got 'four', which is ignored"]
    """
    found = []
    for name in ("LAMINA_NUM_THREADS", "OMP_NUM_THREADS"):
        value = environment.get(name, "")
        first = value.split(",")[0] if name.startswith("OMP") else value  # "4,2": nested levels
        if value.strip() and not _threads(first):
            found.append(f"{name} must be {THREADS}; got {value!r}, which is ignored")
    value, sets = environment.get("LAMINA_ISA", ""), _core.runtime.available_isas()
    if value.strip() and value not in sets:
        found.append(
            f"LAMINA_ISA must be an instruction set that this build and CPU have, "
            f"{', '.join(sets)}; got {value!r}, which is ignored"
        )
    value = environment.get("LAMINA_WINOGRAD", "")
    if value.strip() and value not in ("0", "1"):
        found.append(f"LAMINA_WINOGRAD must be 0 or 1; got {value!r}, which counts as 1")
    for name in environment:
        meant = _meant(name)
        if meant is not None:
            found.append(
                f"{name} is not a variable of lamina and is ignored; did you mean {meant}?"
            )
    return found


def _threads(text: str) -> bool:
    return bool(re.fullmatch(r"\s*\+?\d+\s*", text)) and 1 <= int(text) <= MOST_THREADS


def _meant(name: str) -> str | None:
    if not name.upper().startswith("LAMINA_") or name in OURS:
        return None
    from difflib import get_close_matches

    near = get_close_matches(name.upper(), OURS, n=1, cutoff=0.75)
    return near[0] if near else None
