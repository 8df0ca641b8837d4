"""Files requested by their address, if they are available locally."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from lamina import _check
from lamina._calls import answering_calls


def cache() -> Path:
    """Return Keras's folder for files, ``~/.keras`` or ``KERAS_HOME``."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


@answering_calls
def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | os.PathLike[str] | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Return the path of a file, from Keras's cache or copied there from this machine.

    Nothing is fetched from a network: if a file is not available, the error says where to get it.

    Parameters
    ----------
    fname : str, optional
        Its name in the cache; by default the last part of `origin`.
    origin : str or path-like
        A path, a ``file://`` address, or the address that the file comes from.
    untar, extract : bool, default False
        Unpack a tar or zip archive in the same place, and return the folder.
    md5_hash, file_hash : str, optional
        The required MD5 or SHA-256 hash of the file.
    cache_subdir : str, default "datasets"
        Folder in the cache, or a separate path.
    hash_algorithm : {"auto", "md5", "sha256"}
    archive_format : {"auto", "tar", "zip", None}
    cache_dir : str or path-like, optional
        The cache, by default ``KERAS_HOME`` or ``~/.keras``.
    force_download : bool, default False
        Copy a local file again.

    Raises
    ------
    FileNotFoundError
        If the file is neither in the cache nor on this machine.
    ValueError
        If its hash differs, or an archive would write outside of its folder.

    Examples
    --------
    >>> import os, tempfile
    >>> from lamina.utils import get_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(os.path.join(folder, "table.csv"), "w") as file:
    ...         _ = file.write("a,b")
    ...     path = get_file(origin=f"file://{folder}/table.csv", cache_dir=folder)
    ...     os.path.relpath(path, folder)
    'datasets/table.csv'
    """
    who = "get_file"
    if origin is None:
        raise ValueError(f"{who}: needs origin, a path or an address")
    if not isinstance(origin, (str, os.PathLike)):
        raise TypeError(f"{who}: origin must be a path or an address; got {origin!r:.80}")
    origin = os.fspath(origin)
    name = os.path.basename(urllib.parse.urlsplit(origin).path) if fname is None else str(fname)
    if not name or name in (".", "..") or os.path.basename(name) != name:
        raise ValueError(f"{who}: fname must be a name, not a path; got {name!r}")
    base = cache() if cache_dir is None else _check.path(who, "cache_dir", cache_dir)
    target, folder = base / cache_subdir / name, base / cache_subdir / name
    if untar or extract:  # as in Keras
        if fname is not None and "." in name:
            folder = target.with_name(f"{name.partition('.')[0]}_extracted")
        else:
            target = target.with_name(f"{name}_archive")
    wanted = file_hash or md5_hash
    kind = _hash_kind(who, hash_algorithm, wanted)
    source = _local(origin)
    stale = target.is_file() and wanted is not None and _hash(target, kind) != wanted
    if source is not None and (force_download or stale or not target.is_file()):
        if not source.is_file():
            raise FileNotFoundError(f"{who}: no file {source}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    if not target.is_file():
        raise FileNotFoundError(
            f"{who}: no file {target}, and nothing is fetched from a network: download {origin} "
            f"and put it there"
        )
    if wanted is not None and _hash(target, kind) != wanted:
        raise ValueError(
            f"{who}: {target}: must have the {kind} {wanted}; got {_hash(target, kind)}"
        )
    if untar or extract:
        _unpack(who, target, folder, "tar" if untar else archive_format)
        return str(folder)
    return str(target)


def _local(origin: str) -> Path | None:
    parts = urllib.parse.urlsplit(origin)
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path))
    return Path(origin) if len(parts.scheme) < 2 else None  # a drive letter is not a scheme


def _hash_kind(who: str, algorithm: str, wanted: str | None) -> str:
    if algorithm not in ("auto", "md5", "sha256"):
        raise ValueError(
            f"{who}: hash_algorithm must be 'auto', 'md5' or 'sha256'; got {algorithm!r}"
        )
    if algorithm != "auto":
        return algorithm
    return "sha256" if wanted is not None and len(wanted) == 64 else "md5"


def _hash(path: Path, kind: str) -> str:
    made = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            made.update(block)
    return made.hexdigest()


def _unpack(who: str, path: Path, folder: Path, kind: str | None) -> None:
    """Unpack an archive, unless this has been done."""
    if folder.is_dir():
        return
    opener: Any = None
    if kind in ("auto", "tar") and tarfile.is_tarfile(path):
        opener = tarfile.open
    elif kind in ("auto", "zip") and zipfile.is_zipfile(path):
        opener = zipfile.ZipFile
    if opener is None:
        raise ValueError(f"{who}: {path} must be an archive, tar or zip")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with opener(path) as archive:
        if isinstance(archive, tarfile.TarFile):
            _extract_tar(who, archive, part)
        else:
            archive.extractall(part)  # which stays within the folder
    part.rename(folder)


def _extract_tar(who: str, archive: tarfile.TarFile, folder: Path) -> None:
    for member in archive.getmembers():
        inside = (folder / member.name).resolve().is_relative_to(folder.resolve())
        if not inside or not (member.isfile() or member.isdir()):
            raise ValueError(
                f"{who}: the archive must only hold its own files and folders; got {member.name!r}"
            )
    folder.mkdir(parents=True)
    if hasattr(tarfile, "data_filter"):
        archive.extractall(folder, filter="data")
    else:
        archive.extractall(folder)
