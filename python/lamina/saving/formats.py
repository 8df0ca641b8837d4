"""The format of a file: by its name when writing, by its content when reading."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from types import ModuleType

from lamina._answers import nearest


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes
    ----------
    module : str
        The module that has ``save_model``, ``load_model``, ``save_weights`` and ``load_weights``.
    models, weights : tuple of str
        The extensions of files of models, and of files of weights only.
    heads : tuple of bytes
        The possible first bytes of such files; empty for the default format.
    hdf5 : bool
        Whether such files are written by h5py.
    """

    module: str
    models: tuple[str, ...]
    weights: tuple[str, ...]
    heads: tuple[bytes, ...] = ()
    hdf5: bool = False


OWN = Format("lamina.saving.own", (".lamina",), (".weights.lamina", ".lamina", ".safetensors"))
KERAS_FILES = Format(
    "lamina.saving.keras_file",
    (".keras", ".h5", ".hdf5"),
    (".weights.h5",),
    (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"),
    hdf5=True,
)
# A format of another program consists of a module and an entry here.
FORMATS = (OWN, KERAS_FILES)
# Other formats that models can be written in, by extension.
_ELSEWHERE = {
    ".onnx": "; model.export writes ONNX",
    ".safetensors": "; model.save_weights writes weights there, a .lamina file has the model, too",
    ".pt": "; lamina.models.save_torch writes weights for PyTorch",
    ".pth": "; lamina.models.save_torch writes weights for PyTorch",
}


def for_writing(who: str, path: object, weights: bool) -> tuple[str, ModuleType]:
    """Return the path as a string, and the module that writes such files.

    Raises
    ------
    ValueError
        If the extension of the name does not determine a format.
    ImportError
        If h5py is needed and not installed.
    """
    name = path_of(who, path)
    endings = {each for f in FORMATS for each in (f.weights if weights else f.models)}
    for each in FORMATS:
        if name.endswith(each.weights if weights else each.models):
            if each.hdf5:
                _check_hdf5(who, name)
            return name, _module(each)
    shown = " or ".join(sorted(endings))
    hint = "" if weights else next((h for end, h in _ELSEWHERE.items() if name.endswith(end)), "")
    raise ValueError(f"{who}: the name must end in {shown}; got {name!r}{hint}")


def own_name(name: str) -> str:
    """Return the name of a file of lamina to suggest instead of another format's."""
    return os.path.basename(name).removesuffix(".weights.h5").partition(".")[0] + ".lamina"


def _check_hdf5(who: str, name: str) -> None:
    from lamina.saving.hdf5 import h5py

    try:
        h5py(who)
    except ImportError as error:
        raise ImportError(f"{error}; {own_name(name)!r} needs no package") from None


def for_reading(who: str, path: object) -> tuple[str, ModuleType]:
    """Return the path as a string, and the module that reads such files."""
    name = path_of(who, path)
    heads = [(head, f) for f in FORMATS for head in f.heads]
    own = name.endswith((*OWN.models, *OWN.weights))  # these are only opened once
    if not os.path.isfile(name):
        _refuse_missing(who, name)
    if os.path.isfile(name) and not own:
        with open(name, "rb") as file:
            begins = file.read(max(len(head) for head, _ in heads))
        for head, each in heads:
            if begins.startswith(head):
                return name, _module(each)
    return name, _module(OWN)


def _refuse_missing(who: str, name: str) -> None:
    """Raise for a path without a file, with a suggestion; pipes and the like count as files."""
    if os.path.isdir(name):
        raise IsADirectoryError(f"{who}: {name} is a folder; needs the path of a file")
    if os.path.exists(name):
        return
    beside: list[str] = []
    folder, wanted = os.path.split(os.path.abspath(name))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{who}: there is no file {name}, nor a folder {folder}")
    with contextlib.suppress(OSError):  # a folder that may not be listed
        beside = sorted(os.listdir(folder))[:1000]
    near = nearest(wanted, beside)
    hint = "" if near is None else f"; did you mean {near!r}?"
    raise FileNotFoundError(f"{who}: there is no file {wanted!r} in {folder}{hint}")


def path_of(who: str, path: object) -> str:
    """Return a path as a string."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{who}: needs the path of a file; got {path!r}")
    name = os.fspath(path)
    if not isinstance(name, str) or not name or "\0" in name:
        raise TypeError(f"{who}: needs the path of a file; got {name!r}")
    return os.path.expanduser(name)


def _module(found: Format) -> ModuleType:
    import importlib

    return importlib.import_module(found.module)
