"""A process that keeps a CPU busy: `python -m workloads.spin PARENT THREADS`.

It runs on the CPUs of contestants with that many threads, and ends with its parent, even if the
parent is killed.
"""

from __future__ import annotations

import os
import sys

from common import pin


def main() -> None:
    parent, threads = (int(word) for word in sys.argv[1:])
    pin(threads)
    print("ready", flush=True)
    while os.getppid() == parent:
        for _ in range(1_000_000):
            pass


if __name__ == "__main__":
    main()
