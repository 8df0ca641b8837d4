"""The scripts of examples/ at a small setting: figures printed, pictures drawn."""

import gzip
import os
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.skipif(
    not (EXAMPLES / "mnist_cnn.py").is_file(), reason="needs the sources' examples"
)

# What a script draws, the last line it prints, and the rows that keep it short.
SCRIPTS = {
    "mnist_cnn": (
        {"mnist_curves", "mnist_errors", "mnist_feature_maps"},
        r"mnist_cnn: test accuracy \d+\.\d\d % \(\d+ of 256 wrong\), "
        r"1 epochs of 256 digits in \d+\.\d s",
        256,
    ),
    "fashion_cnn": (
        {"fashion_curves", "fashion_confusion"},
        r"fashion_cnn: test accuracy \d+\.\d\d %, 1 epochs of 64 pictures in \d+\.\d s",
        64,
    ),
}


def run(name, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        **options,
    )


def write_idx(path, array):
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes()))


@pytest.fixture(scope="module")
def clothes(tmp_path_factory):
    """A folder in Fashion-MNIST's format, of noise."""
    folder = tmp_path_factory.mktemp("clothes")
    rng = np.random.default_rng(0)
    for part, rows in (("train", 80), ("t10k", 40)):
        images = rng.integers(0, 256, (rows, 28, 28), dtype=np.uint8)
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", np.arange(rows, dtype=np.uint8) % 10)
    return folder


def test_every_script_is_listed():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SCRIPTS)
    guide = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in SCRIPTS if f"{name}.py" not in guide] == []


@pytest.fixture(scope="module")
def runs(tmp_path_factory, clothes):
    """What each script did, two at a time, and the folder it ran in."""
    folders = {name: tmp_path_factory.mktemp(name) for name in SCRIPTS}
    alone = {**os.environ, "LAMINA_NUM_THREADS": "1"}

    def start(name):
        rows, out = SCRIPTS[name][2], folders[name] / "new" / "pictures"
        data = ("--data", clothes) if name == "fashion_cnn" else ()
        arguments = "--epochs", 1, "--seed", 3, "--rows", rows, "--out", out, *data
        return run(name, *arguments, cwd=folders[name], env=alone)

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(start, SCRIPTS))
    return {name: (done, folders[name]) for name, done in zip(SCRIPTS, ended, strict=True)}


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name, runs):
    pictures, line, _ = SCRIPTS[name]
    done, folder = runs[name]
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(line, done.stdout.splitlines()[-1]), done.stdout
    found = list((folder / "new" / "pictures").iterdir())
    assert {path.stem for path in found} == pictures
    for picture in found:
        assert picture.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in folder.iterdir()] == ["new"]  # and nothing elsewhere


def test_missing_clothes_are_told(tmp_path):
    done = run("fashion_cnn", "--data", tmp_path / "nowhere", "--out", tmp_path)
    assert done.returncode == 1
    assert "apt install dataset-fashion-mnist" in done.stderr
    assert "--data" in done.stderr
    assert "Traceback" not in done.stderr
