"""The costs of lamina beyond NumPy: import time, memory, the wheel; and memory that must not grow.

python bench/footprint.py
python bench/footprint.py --wheel dist/lamina-0.1.0-*.whl
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from common import HERE, add_options, append_history, at_least, machine, table

# Imports run in a fresh interpreter; the figures are those of the second import alone.
IMPORT = """
import json, sys, time
def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
import numpy
begin, before = time.perf_counter(), rss()
__import__(sys.argv[1])
print(json.dumps([time.perf_counter() - begin, rss() - before]))
"""

# Memory is read after a warm-up that fills every pool, and again at the end.
REPEAT = """
import json, sys
import numpy as np
import lamina
def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
what, calls = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(0)
x, y = rng.standard_normal((64, 13), dtype="float32"), rng.standard_normal(64, dtype="float32")
model = lamina.Sequential([lamina.Input((13,)), lamina.layers.Dense(64, activation="relu"),
                           lamina.layers.Dropout(0.1), lamina.layers.Dense(1)])
model.compile(optimizer="adam", loss="mean_squared_error")
call = {"predict": lambda: model.predict(x[:1], verbose=0),
        "predict_on_batch": lambda: model.predict_on_batch(x[:1]),
        "fit": lambda: model.fit(x, y, batch_size=32, epochs=1, verbose=0)}[what]
for _ in range(max(20, calls // 20)):
    call()
before = rss()
for _ in range(calls):
    call()
print(json.dumps(rss() - before))
"""


def fresh(code: str, *arguments: str) -> str | None:
    """Run `code` in a fresh interpreter; return None if it fails (a library is missing)."""
    environment = dict(os.environ) | {"KERAS_BACKEND": "jax", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", code, *arguments]
    run = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=HERE, env=environment
    )
    return run.stdout.strip().splitlines()[-1] if run.returncode == 0 else None


def imports(modules: list[str], rounds: int) -> dict[str, tuple[float, float]]:
    """Return median seconds and MB of each module's import, interleaved."""
    found: dict[str, list[list[float]]] = {}
    for _ in range(rounds + 1):  # the first round only warms the file cache
        for module in modules:
            line = fresh(IMPORT, module)
            if line is not None:
                found.setdefault(module, []).append(json.loads(line))
    return {
        module: (statistics.median(a), statistics.median(b))
        for module, runs in found.items()
        for a, b in [zip(*runs[1:], strict=True)]
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peers", action="store_true", help="import the peers too (slow)")
    parser.add_argument("--wheel", type=Path, help="a built wheel to weigh")
    text = "calls after which memory must not have grown; 0 for none (default: %(default)s)"
    parser.add_argument("--predicts", type=at_least(0), default=100_000, help=text)
    parser.add_argument("--fits", type=at_least(0), default=1_000, help=text)
    add_options(parser, rounds=5)
    options = parser.parse_args(arguments)
    if options.wheel and not options.wheel.is_file():
        parser.error(f"--wheel: {options.wheel} is not a file")
    if not Path("/proc/self/statm").exists():
        raise SystemExit("footprint: needs /proc/self/statm (Linux)")
    modules = ["lamina", *(["torch", "jax", "sklearn.neural_network", "keras"] * options.peers)]
    record: dict[str, object] = {}
    rows = []

    def row(what: str, unit: str, value: float, target: float | None = None) -> None:
        met = "" if target is None else ("met" if value <= target else "MISSED")
        rows.append([what, unit, f"{value:.3g}", "" if target is None else f"{target:g}", met])
        record[f"{what}, {unit}"] = value

    for module, (seconds, megabytes) in imports(modules, options.rounds).items():
        own = module == "lamina"
        row(f"import {module} beyond NumPy", "s", seconds, 0.1 if own else None)
        row(f"import {module} beyond NumPy", "MB", megabytes, 15 if own else None)
    for what, calls in (
        ("predict", options.predicts),
        ("predict_on_batch", options.predicts),
        ("fit", options.fits),
    ):
        line = fresh(REPEAT, what, str(calls)) if calls else None
        if line is not None:
            row(f"growth over {calls} calls of {what}", "MB", json.loads(line), 1)
    if options.wheel:
        row(f"wheel {options.wheel.name}", "MB", options.wheel.stat().st_size / 1e6, 5)
    if not rows:
        raise SystemExit("footprint: lamina is not installed")
    print(table(["what", "unit", "value", "target", ""], rows))
    if options.history:
        append_history("footprint", {**machine(os.cpu_count() or 1), "values": record})


if __name__ == "__main__":
    sys.exit(main())
