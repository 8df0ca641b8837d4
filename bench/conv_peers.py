"""lamina's convolutions and pools against PyTorch's (oneDNN), forward and backward, float32.

The layers are those of shapes/conv.txt and shapes/pool.txt; for each pass, PyTorch's time is that
of the faster of channels_last and NCHW.

    python bench/conv_peers.py
    python bench/conv_peers.py --threads 2 --rounds 3 --only "conv 128" --no-history
"""

from __future__ import annotations

import sys

from interleaved import read_shapes, run
from workloads.conv_peer import LIBRARIES


def main(arguments: list[str] | None = None) -> None:
    problems = read_shapes("conv.txt", "conv") + read_shapes("pool.txt")
    title = str(__doc__).split("\n")[0]
    run(title, "workloads.conv_peer", LIBRARIES, problems, "conv", arguments)


if __name__ == "__main__":
    sys.exit(main())
