"""Training on files larger than memory: a memory map and Parquet against an array.

``python bench/large_files.py --gigabytes 4`` writes a table of 784 columns as .npy and as Parquet,
then times epochs of 784-256-128-10 over each of them, each in its own process, and prints rows per
second, their ratio to the array in memory, and the largest resident memory.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from common import add_options, append_history, at_least_one, machine, positive

COLUMNS, CLASSES, BATCH = 784, 10, 128
KINDS = ("array", "memmap", "parquet")


def rows_of(gigabytes: float) -> int:
    return int(gigabytes * 2**30 / (4 * COLUMNS))


def write(folder: Path, gigabytes: float) -> None:
    """Write the files, piece by piece."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = rows_of(gigabytes)
    array = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (rows, COLUMNS))
    labels = np.empty(rows, np.int32)
    item = pa.field("element", pa.float32(), nullable=False)
    kind = pa.schema([pa.field("x", pa.list_(item, COLUMNS), nullable=False),
                      pa.field("y", pa.int32(), nullable=False)])  # fmt: skip
    rng = np.random.default_rng(0)
    with pq.ParquetWriter(folder / "x.parquet", kind, compression="none",
                          use_dictionary=False) as file:  # fmt: skip
        for start in range(0, rows, 4096):
            x = rng.standard_normal((min(4096, rows - start), COLUMNS), np.float32)
            array[start : start + len(x)] = x
            labels[start : start + len(x)] = np.argmax(x[:, :CLASSES], axis=1)
            lists = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), type=kind[0].type)
            part = pa.array(labels[start : start + len(x)])
            file.write_table(pa.table([lists, part], schema=kind))
    array.flush()
    np.save(folder / "y.npy", labels)


def run(folder: Path, kind: str, epochs: int) -> None:
    """Train, and print seconds per epoch and megabytes."""
    import lamina

    layers = [lamina.layers.Dense(256, "relu"), lamina.layers.Dropout(0.4),
              lamina.layers.Dense(128, "relu"), lamina.layers.Dropout(0.3),
              lamina.layers.Dense(CLASSES, "softmax")]  # fmt: skip
    model = lamina.Sequential([lamina.Input((COLUMNS,)), *layers], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy")
    times: list[float] = []
    clock = lamina.callbacks.LambdaCallback(on_epoch_end=lambda *_: times.append(time.time()))
    options = {"epochs": epochs + 1, "verbose": 0, "callbacks": [clock]}
    if kind == "parquet":
        source = lamina.data.from_parquet(folder / "x.parquet", x="x", y="y", batch_size=BATCH)
        history = model.fit(source, **options)
    else:
        mode = "r" if kind == "memmap" else None
        x = np.load(folder / "x.npy", mmap_mode=mode)
        history = model.fit(x, np.load(folder / "y.npy"), batch_size=BATCH, **options)
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(min(np.diff(times)), peak, history.history["loss"][-1])


def check(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """Refuse a folder without files to read, if none can be written."""
    if given.folder and (given.folder / "y.npy").exists():
        return
    if given.kind:
        parser.error("--kind needs a --folder in which an earlier run has left its files")
    try:
        with tempfile.TemporaryDirectory(dir=given.folder) as place:
            free = shutil.disk_usage(place).free
    except OSError as error:
        parser.error(f"--folder: files cannot be written: {error}")
    if rows_of(given.gigabytes) < 1 or 2 * given.gigabytes * 2**30 > free:
        parser.error(
            f"--gigabytes: there must be a row, and room for two files of this size "
            f"({free / 2**30:.1f} GB are free); got {given.gigabytes:g}"
        )


def main() -> None:
    """Write the files, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser, rounds=1)
    text = "of the memory map (default: %(default)s)"
    parser.add_argument("--gigabytes", type=positive, default=4.0, help=text)
    text = "timed, after one untimed epoch (default: %(default)s)"
    parser.add_argument("--epochs", type=at_least_one, default=2, help=text)
    parser.add_argument("--folder", type=Path, help="kept; a temporary one by default")
    parser.add_argument("--kind", choices=KINDS, help="measure one, in this process")
    given = parser.parse_args()
    check(parser, given)
    if given.kind:
        run(given.folder, given.kind, given.epochs)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if not (folder / "y.npy").exists():
            write(folder, given.gigabytes)
        rows = len(np.load(folder / "y.npy", mmap_mode="r"))
        found: dict[str, Any] = {}
        for kind in KINDS:
            measured = [measure(folder, kind, given.epochs) for _ in range(given.rounds)]
            seconds, peak, loss = np.median(measured, axis=0).tolist()
            found[kind] = {"seconds": seconds, "megabytes": peak}
            share = found["array"]["seconds"] / seconds
            print(f"{kind:8} {rows / seconds:10,.0f} rows/s  {share:5.2f} of the array's  "
                  f"{peak:7,.0f} MB  loss {loss:.4f}", flush=True)  # fmt: skip
        if given.history:
            append_history("large_files", {**machine(lamina_threads()), "kinds": found})


def measure(folder: Path, kind: str, epochs: int) -> list[float]:
    """Run one kind in its own process; return seconds per epoch, peak MB and loss."""
    command = [sys.executable, __file__, "--folder", str(folder), "--kind", kind]
    command += ["--epochs", str(epochs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(value) for value in done.stdout.split()]


def lamina_threads() -> int:
    """Return the number of threads that lamina uses."""
    import lamina

    return lamina.get_num_threads()


if __name__ == "__main__":
    main()
