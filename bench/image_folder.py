"""A folder of pictures, read and changed at random in every epoch: lamina beside Keras.

Writes PNGs of 32 x 32 pixels, MNIST's digits in one colour on a background of another, into a
folder for each class.  Both libraries read it with their ``image_dataset_from_directory``, move,
turn and zoom the pictures and change their contrast at random, and train the same network of three
convolutions for the same number of epochs.  The pictures are changed by layers of the model or, in
a second run of Keras, when they are read (``keras-map``), which lets JAX compile the model. Each
training has its own process; the libraries take turns for each seed.

    python bench/image_folder.py
    python bench/image_folder.py --files 500 --epochs 3 --seeds 1 --no-history
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from common import Child, add_options, append_history, at_least, at_least_one, machine, table
from workloads.image_folder_peer import PEERS, SIDE

Result = dict[str, Any]


def write(folder: Path, digits: Any, labels: Any, seed: int) -> None:
    """Write pictures of digits, each on a background of its own colour."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    margin = (SIDE - digits.shape[1]) // 2
    for name in map(str, range(10)):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, (digit, label) in enumerate(zip(digits, labels, strict=True)):
        ink = np.pad(digit / 255.0, margin)[..., None]
        ground = rng.uniform(0, 255, 3)
        colour = (ground + rng.uniform(60, 195, 3)) % 256
        noise = rng.normal(0, 20, (SIDE, SIDE, 3))
        pixels = np.clip(ground + ink * (colour - ground) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / str(label) / f"{number:05}.png")


def train(peer: str, seed: int, folder: Path, options: argparse.Namespace) -> Result:
    """Train once, in a fresh process."""
    arguments = {"peer": peer, "seed": seed, "folder": str(folder), "epochs": options.epochs}
    child = Child("workloads.image_folder_peer", arguments, options.threads)
    try:
        answer = child.hello if "error" in child.hello else child.ask()
    finally:
        child.close()
    return answer | {"version": child.hello.get("version")}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    add_options(parser, threads=2)
    text = "training pictures (default: %(default)s); as many test pictures"
    parser.add_argument("--files", type=at_least_one, default=2000, help=text)
    text = "at least 2: the first compiles (default: %(default)s)"
    parser.add_argument("--epochs", type=at_least(2), default=12, help=text)
    parser.add_argument("--seeds", type=at_least_one, default=3, help="(default: %(default)s)")
    text = "(default: %(default)s)"
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), help=text)
    options = parser.parse_args(arguments)
    results: dict[str, list[Result]] = {peer: [] for peer in options.peers}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        from lamina.datasets import mnist

        for part, (digits, labels) in zip(("train", "test"), mnist.load_data(), strict=True):
            write(folder / part, digits[: options.files], labels[: options.files], len(part))
        for seed in range(options.seeds):
            turn = seed % len(options.peers)
            for peer in options.peers[turn:] + options.peers[:turn]:
                result = train(peer, seed, folder, options)
                if "error" in result:
                    print(f"{peer} left out: {result['error']}")
                    continue
                print(f"seed {seed}: {peer:12} {result['fit']:6.1f} s, "
                      f"{100 * result['accuracy']:.2f} %", flush=True)  # fmt: skip
                results[peer].append(result)
    report({peer: found for peer, found in results.items() if found}, options)


def report(results: dict[str, list[Result]], options: argparse.Namespace) -> None:
    """Print medians over seeds, and record all results."""
    medians = {
        peer: {
            what: statistics.median(one[what] for one in found)
            for what in ("first", "epoch", "fit", "accuracy")
        }
        for peer, found in results.items()
    }
    own = medians.get("lamina")
    rows = [
        [peer, results[peer][0]["version"], f"{m['first']:.2f}", f"{m['epoch']:.2f}",
         f"{m['fit']:.1f}", f"{m['fit'] / own['fit']:.2f}" if own else "",
         f"{m['epoch'] / own['epoch']:.2f}" if own else "", f"{100 * m['accuracy']:.2f}",
         " ".join(f"{100 * one['accuracy']:.2f}" for one in results[peer])]
        for peer, m in sorted(medians.items(), key=lambda item: item[1]["fit"])
    ]  # fmt: skip
    names = ["peer", "version", "first epoch s", "others s", "fit s", "x lamina", "x an epoch",
             "test %", "by seed"]  # fmt: skip
    print(table(names, rows))
    if options.history:
        line = {**machine(options.threads), "files": options.files, "epochs": options.epochs}
        append_history("image_folder", {**line, "results": results})


if __name__ == "__main__":
    sys.exit(main())
