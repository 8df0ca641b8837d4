"""Write tests/keras_files: small models saved by Keras 3, with their predictions.

Run it with Keras installed: ``python tools/keras_files.py``.  The members of the archives are
Keras's to the byte, but are repacked with compression, since HDF5 files are mostly zeros.  The same
holds for the files in the old format beside each.
"""

from __future__ import annotations

import gzip
import logging
import os
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import keras  # noqa: E402
import numpy as np  # noqa: E402

import interchanged  # noqa: E402

FOLDER = ROOT / "tests" / "keras_files"


def write(name: str) -> None:
    """Write one model in both formats, its predictions, and those after further training."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    model = interchanged.MODELS[name](keras)
    interchanged.drawn(model)
    x = interchanged.inputs_of(name, model)
    interchanged.compiled(name, keras, model)
    interchanged.trained(model, x, model.predict(x, verbose=0))
    model.save(FOLDER / f"{name}.keras")
    repack(FOLDER / f"{name}.keras")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        model.save(path)
        packed = gzip.compress(path.read_bytes(), 9, mtime=0)
    (FOLDER / f"{name}.h5.gz").write_bytes(packed)
    first = model.predict(x, verbose=0)
    interchanged.trained(model, x, first)
    told = x if isinstance(x, dict) else {"x": x}
    answers = {f"answer_{i}": a for i, a in enumerate(interchanged.leaves(first))}
    last = interchanged.leaves(model.predict(x, verbose=0))
    later = {f"later_{i}": a for i, a in enumerate(last)}
    np.savez_compressed(FOLDER / f"{name}.npz", **told, **answers, **later)


def repack(path: Path) -> None:
    """Compress an archive's members, and remove their dates."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in held.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def main() -> int:
    """Write all files."""
    logging.disable(logging.WARNING)
    FOLDER.mkdir(exist_ok=True)
    for name in interchanged.MODELS:
        write(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
