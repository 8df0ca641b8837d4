"""Where files of data sets are looked for: a path, ``LAMINA_DATA``, Keras's cache."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from lamina import _check

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
MOST = 1 << 27  # bytes of a word index: a hundred times Keras's


def folders() -> list[Path]:
    """Return the folders in which files may be: ``LAMINA_DATA``, and Keras's downloads."""
    home = os.environ.get("KERAS_HOME")
    cache = Path(home) if home else Path("~/.keras").expanduser()
    given = os.environ.get("LAMINA_DATA")
    return [*([Path(given)] if given else []), cache / "datasets"]


def find(who: str, path: object, names: Sequence[str]) -> Path | None:
    """Return the first of some files that exists.

    ``path`` is a file, a folder, or a name in the usual folders, which are also searched for None.
    """
    if path is None or path == "":
        return _first(folders(), names)
    place = _check.path(who, "path", path)
    if place.is_file():
        return place
    if place.is_dir():
        return _first([place], names)
    return _first(folders(), [str(place)]) if place.name == str(place) else None


def _first(places: Sequence[Path], names: Sequence[str]) -> Path | None:
    files = (folder / name for folder in places for name in names)
    return next((file for file in files if file.is_file()), None)


def needed(who: str, path: object, name: str) -> Path:
    """Return one of Keras's files, or raise FileNotFoundError that says where to get it."""
    file = find(who, path, (name,))
    if file is None:
        raise FileNotFoundError(missing(who, path, name))
    return file


def missing(who: str, path: object, name: str) -> str:
    """Return the message for a missing file."""
    named = path is None or str(path) == os.path.basename(str(path))
    looked = ", ".join(map(str, folders())) if named else str(path)
    return (
        f"{who}: no file {name} in {looked}. Download {ORIGIN}/{name} and put it into "
        f"~/.keras/datasets or the folder that the environment variable LAMINA_DATA names, or give "
        f"its path"
    )


def word_index(who: str, path: object, name: str) -> dict[str, int]:
    """Return words and their numbers from one of Keras's JSON files."""
    file = needed(who, path, name)
    if file.stat().st_size > MOST:
        raise ValueError(f"{who}: {file}: must have at most {MOST} bytes")
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{who}: {file}: must be JSON ({error})") from None
    if not isinstance(held, dict) or not all(type(v) is int for v in held.values()):
        raise ValueError(f"{who}: {file}: must hold words and their numbers")
    return held
