"""lamina's matrix product against PyTorch's (MKL) and NumPy's (OpenBLAS), float32.

Each library runs in its own process and goes through all shapes of shapes/gemm.txt in turn; turns
are interleaved.  The ratio is lamina's speed over the better of the two: above 1 is faster.

    python bench/gemm_peers.py
    python bench/gemm_peers.py --threads 1 --rounds 15 --no-history
"""

from __future__ import annotations

import argparse
import statistics
import sys

from common import HERE, Child, add_options, append_history, geometric_mean, machine, table
from workloads.gemm_peer import LIBRARIES

Shape = tuple[str, int, int, int]


def read_shapes() -> list[Shape]:
    lines = (HERE / "shapes" / "gemm.txt").read_text().splitlines()
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return [(op, int(m), int(n), int(k)) for op, m, n, k in words]


def measure(
    shapes: list[Shape], threads: int, rounds: int
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Return each library's median seconds by shape, and its version."""
    children = {}
    for name in LIBRARIES:
        child = Child("workloads.gemm_peer", {"peer": name}, threads)
        if "error" in child.hello:
            print(f"{name} left out: {child.hello['error']}")
            child.close()
        else:
            children[name] = child
    seconds: dict[str, list[list[float]]] = {name: [] for name in children}
    try:
        for _ in range(rounds):
            for name, child in children.items():
                answer = child.ask(shapes=shapes)
                if "error" in answer:
                    raise SystemExit(f"gemm_peers: {name}: {answer['error']}")
                worst = max(answer["errors"])
                if worst > 1e-4:
                    raise SystemExit(f"gemm_peers: {name} is off by {worst:.2g} times sqrt(k)")
                seconds[name].append(answer["seconds"])
    finally:
        for child in children.values():
            child.close()
    medians = {
        name: [statistics.median(column) for column in zip(*turns, strict=True)]
        for name, turns in seconds.items()
    }
    versions = {}
    for name, child in children.items():
        versions[name] = " ".join(filter(None, (child.hello["version"], child.hello["blas"])))
    return medians, versions


def report(shapes: list[Shape], medians: dict[str, list[float]], threads: int) -> list[float]:
    """Print GFLOP/s by shape; return the ratios to the better peer."""
    ratios, rows = [], []
    for index, (op, m, n, k) in enumerate(shapes):
        speed = {name: 2e-9 * m * n * k / column[index] for name, column in medians.items()}
        best = max((value for name, value in speed.items() if name != "lamina"), default=0.0)
        ratio = speed["lamina"] / best if best and "lamina" in speed else None
        if ratio is not None:
            ratios.append(ratio)
        figures = [f"{speed[name]:.1f}" if name in speed else "-" for name in LIBRARIES]
        rows.append([op, f"{m}x{n}x{k}", *figures, f"{ratio:.2f}" if ratio else "-"])
    print(f"GFLOP/s, float32, {threads} thread{'s' if threads > 1 else ''}")
    print(table(["op", "MxNxK", *LIBRARIES, "ratio"], rows))
    if ratios:
        mean, worst = geometric_mean(ratios), min(ratios)
        print(
            f"geometric mean {mean:.3f} (target 1.0: {'met' if mean >= 1 else 'MISSED'}), "
            f"worst {worst:.2f} (target 0.9: {'met' if worst >= 0.9 else 'MISSED'})"
        )
    print()
    return ratios


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_options(parser, rounds=7, threads=[1, 2])
    options = parser.parse_args(arguments)
    shapes = read_shapes()
    for threads in options.threads:
        medians, versions = measure(shapes, threads, options.rounds)
        if not medians:
            continue
        print(", ".join(f"{name} {version}" for name, version in versions.items()))
        ratios = report(shapes, medians, threads)
        if options.history:
            append_history(
                "gemm",
                {
                    **machine(threads),
                    "versions": versions,
                    "shapes": [" ".join(map(str, shape)) for shape in shapes],
                    "median_seconds": medians,
                    "ratios": ratios,
                    "geometric_mean": geometric_mean(ratios) if ratios else None,
                },
            )


if __name__ == "__main__":
    sys.exit(main())
