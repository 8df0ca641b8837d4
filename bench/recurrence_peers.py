"""lamina's recurrent layers against PyTorch's, whole sequences, forward and backward, float32.

The layers are those of shapes/recurrence.txt, with the outputs of all steps and a gradient at
each of them.

    python bench/recurrence_peers.py
    python bench/recurrence_peers.py --threads 2 --only lstm --no-history
"""

from __future__ import annotations

import sys

from interleaved import read_shapes, run
from workloads.recurrence_peer import LIBRARIES


def main(arguments: list[str] | None = None) -> None:
    title = str(__doc__).split("\n")[0]
    problems = read_shapes("recurrence.txt")
    run(title, "workloads.recurrence_peer", LIBRARIES, problems, "recurrence", arguments)


if __name__ == "__main__":
    sys.exit(main())
