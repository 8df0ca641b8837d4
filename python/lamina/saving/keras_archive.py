"""The archive that a ``.keras`` file is, and what may be taken out of it."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

from lamina.saving.header import parse_json

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_TEXT = 64 << 20  # bytes of JSON
# Weights are stored as they are; a packer may have deflated them, and small ones are mostly zeros.
_SMALL, _EXPANSION = 1 << 20, 64


@dataclass
class Archive:
    """What a file holds.

    Attributes
    ----------
    config : dict
        How Keras describes the model.
    weights : bytes
        An HDF5 file.
    """

    config: dict[str, Any]
    weights: bytes

    @classmethod
    def read(cls, path: str) -> Archive:
        """Return two members of the archive, found by their fixed names; nothing is unpacked.

        Raises
        ------
        ValueError
            For what is no archive of Keras's, or declares sizes out of all proportion.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                assets = [n for n in archive.namelist() if n.startswith("assets/") and n[7:]]
                if assets:
                    raise ValueError(
                        f"{path}: holds {assets[0]!r:.80}, and files of vocabularies are not read; "
                        f"give the layer its vocabulary in the constructor, and save again"
                    )
                text = _member(path, archive, _CONFIG, _TEXT)
                packed = archive.getinfo(_WEIGHTS).compress_size if _has(archive) else 0
                weights = _member(path, archive, _WEIGHTS, max(_SMALL, _EXPANSION * packed))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as e:
            raise ValueError(f"{path}: is no whole .keras file: {e}") from None
        return cls(parse_json(path, text), weights)


def is_archive(path: str) -> bool:
    """Return whether a file begins as archives do."""
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _has(archive: zipfile.ZipFile) -> bool:
    return _WEIGHTS in archive.namelist()


def _member(path: str, archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if name not in archive.namelist():
        raise ValueError(f"{path}: is a zip archive without {name!r}, which .keras files have")
    declared = archive.getinfo(name).file_size
    if declared > most:
        raise ValueError(f"{path}: {name} declares {declared} bytes; at most {most} are read")
    with archive.open(name) as member:
        data = member.read(most + 1)  # sizes are checked by what comes too
    if len(data) != declared:
        raise ValueError(f"{path}: {name} has {len(data)} bytes, and declares {declared}")
    return data
