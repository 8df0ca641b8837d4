"""Which format a file has, by its name where it is written, by its bytes where it is read."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from types import ModuleType

from lamina._answers import nearest


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    module : str
        That of ``save_model``, ``load_model``, ``save_weights`` and ``load_weights``.
    models, weights : tuple of str
        How names of files of models, and of weights alone, end.
    heads : tuple of bytes
        What such files may begin with; none for the format of all that nobody else knows.
    hdf5 : bool
        Whether such files are written with h5py.
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
# A format that reads or writes other programs' files is a module and a line here.
FORMATS = (OWN, KERAS_FILES)
# What else is written of models, by how such names end.
_ELSEWHERE = {
    ".onnx": "; model.export writes ONNX",
    ".safetensors": "; model.save_weights writes weights there, a .lamina file has the model too",
    ".pt": "; lamina.models.save_torch writes weights for PyTorch",
    ".pth": "; lamina.models.save_torch writes weights for PyTorch",
}


def for_writing(who: str, path: object, weights: bool) -> tuple[str, ModuleType]:
    """Return the path as a string, and the module that writes such a file.

    Raises
    ------
    ValueError
        For a name whose ending says nothing.
    ImportError
        For a file of Keras's where h5py is not installed.
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
    """Return what a file of lamina's may be called in place of another program's."""
    return os.path.basename(name).removesuffix(".weights.h5").partition(".")[0] + ".lamina"


def _check_hdf5(who: str, name: str) -> None:
    from lamina.saving.hdf5 import h5py

    try:
        h5py(who)
    except ImportError as error:
        raise ImportError(f"{error}; {own_name(name)!r} needs no package") from None


def for_reading(who: str, path: object) -> tuple[str, ModuleType]:
    """Return the path as a string, and the module that reads the file."""
    name = path_of(who, path)
    heads = [(head, f) for f in FORMATS for head in f.heads]
    own = name.endswith((*OWN.models, *OWN.weights))  # these are opened once
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
    """Raise for a path at which there is no file, with what there is; a pipe and the like are."""
    if os.path.isdir(name):
        raise IsADirectoryError(f"{who}: {name} is a folder; it takes the path of a file")
    if os.path.exists(name):
        return
    beside: list[str] = []
    folder, wanted = os.path.split(os.path.abspath(name))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{who}: there is no file {name}; nor is there the folder {folder}")
    with contextlib.suppress(OSError):  # one that may not be listed
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
