"""Files in the folder keras_files, what Keras answered for their models, and modified copies."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import interchanged

h5py = pytest.importorskip("h5py")

FOLDER = Path(__file__).parent / "keras_files"
NAMES = sorted(path.stem for path in FOLDER.glob("*.keras"))


def answered(name):
    """Return a model's inputs, Keras's predictions, and its results after further training."""
    with np.load(FOLDER / f"{name}.npz") as kept:
        held = dict(kept)
    answers = [held.pop(key) for key in sorted(held) if key.startswith("answer_")]
    later = [held.pop(key) for key in sorted(held) if key.startswith("later_")]
    return held.get("x", held), answers, later


def check_near(found, answers, tolerance=1e-5):
    for y, answer in zip(interchanged.leaves(found), answers, strict=True):
        np.testing.assert_allclose(y, answer, rtol=tolerance, atol=tolerance)


def check_predicts(model, name):
    inputs, answers, _ = answered(name)
    check_near(model.predict(inputs, verbose=0), answers)


def check_trains_on(model, name):
    inputs, answers, later = answered(name)
    interchanged.trained(model, inputs, model.predict(inputs, verbose=0))
    check_near(model.predict(inputs, verbose=0), later, 5e-5)
    assert max(np.abs(a - b).max() for a, b in zip(answers, later, strict=True)) > 1e-3


def old_file(tmp_path, name):
    """Return the path of a model in the format before ``.keras``."""
    path = tmp_path / f"{name}.h5"
    path.write_bytes(gzip.decompress((FOLDER / f"{name}.h5.gz").read_bytes()))
    return path


def members(name):
    with zipfile.ZipFile(FOLDER / f"{name}.keras") as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def packed(path, held):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return path


def changed(path, name, change):
    """Write a file whose configuration is changed."""
    held = members(name)
    config = json.loads(held["config.json"])
    change(config)
    return packed(path, {**held, "config.json": json.dumps(config)})


def weights_file(path, name):
    path.write_bytes(members(name)["model.weights.h5"])
    return path


def with_h5(path, write):
    """Return a file whose weights are written by ``write``."""
    buffer = io.BytesIO(members("dense")["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        write(file["layers/dense/vars"])
    return packed(path, {**members("dense"), "model.weights.h5": buffer.getvalue()})


def changed_old(tmp_path, change):
    """Return a modified file of the old format."""
    path = old_file(tmp_path, "dense")
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def inner_file(folder):
    """Return the file of weights in ``m.keras``, written beside it."""
    with zipfile.ZipFile(folder / "m.keras") as archive:
        (folder / "inner.h5").write_bytes(archive.read("model.weights.h5"))
    return folder / "inner.h5"
