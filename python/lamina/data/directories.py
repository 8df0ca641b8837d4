"""Data sets of files in folders, one per class: pictures, sounds, texts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._check import Array
from lamina.data.folders import Folder
from lamina.data.pictures import CHANNELS, layout, opened, resized
from lamina.data.sounds import padded, read_sound, resampled

PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


@answering_calls
def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",  # noqa: A002
    verbose: bool = True,
) -> Any:
    """Return a data set of the pictures in a folder, read by threads.

    Parameters
    ----------
    directory : str or path-like
        A folder with a folder for each class; JPEG, PNG, BMP and GIF files are read.
    labels : "inferred", None or sequence of int
        The classes from the names of the folders; no labels; or a label for each file, in the order
        of their paths.
    label_mode : {"int", "binary", "categorical", None}
        int32 numbers; 0.0 and 1.0 in a column; one-hot rows; no labels.
    class_names : sequence of str, optional
        The folders, in the order of their numbers; by default all, sorted by name.
    color_mode : {"rgb", "rgba", "grayscale"}
    batch_size : int or None, default 32
        None for single pictures.
    image_size : tuple of 2 int, default (256, 256)
        (height, width) to which all pictures are resized.
    shuffle : bool, default True
        Draw a new order of all files each time.
    seed : int, optional
        Seed of the order and of the split.
    validation_split : float, optional
        Share of the files held out: the last ones in an order determined by the seed, as in Keras.
    subset : {"training", "validation", "both"}, optional
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"}
    follow_links : bool, default False
    crop_to_aspect_ratio, pad_to_aspect_ratio : bool, default False
        Crop or pad pictures instead of distorting them.
    data_format : {"channels_last", "channels_first"}, optional
    format : {"tf", "grain"}
        Ignored: there is one kind of data set.
    verbose : bool, default True
        Print the number of files found.

    Returns
    -------
    lamina.data.Dataset, or list of two for "both"
        With elements ``(x, y)``, x float32 of shape (batch, height, width, channels) from 0 to 255,
        or only x; with attributes ``class_names`` and ``file_paths``.

    Raises
    ------
    ImportError
        If Pillow is not installed: ``pip install "lamina[images]"``.
    ValueError
        If no file is found, or a setting does not fit.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from lamina import utils
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for kind in ("cats", "dogs"):
    ...         (Path(folder) / kind).mkdir()
    ...         utils.save_img(Path(folder) / kind / "0.png", np.zeros((8, 8, 3)))
    ...     data = utils.image_dataset_from_directory(folder, image_size=(4, 4), verbose=False)
    ...     x, y = next(iter(data))
    ...
    >>> data.class_names, x.shape, sorted(y.tolist())
    (['cats', 'dogs'], (2, 4, 4, 3), [0, 1])
    """
    who = "image_dataset_from_directory"
    if color_mode not in CHANNELS:
        raise ValueError(
            f"{who}: color_mode must be 'grayscale', 'rgb' or 'rgba'; got {color_mode!r}"
        )
    height, width = _check.shape(who, "image_size", image_size)
    known = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
    if interpolation.lower() not in known:
        raise ValueError(
            f"{who}: interpolation must be one of {', '.join(known)}; got {interpolation!r}"
        )
    first = layout(who, data_format) == "channels_first"
    crop = _check.boolean(who, "crop_to_aspect_ratio", crop_to_aspect_ratio)
    margins = _check.boolean(who, "pad_to_aspect_ratio", pad_to_aspect_ratio)
    if crop and margins:
        raise ValueError(f"{who}: crop_to_aspect_ratio and pad_to_aspect_ratio cannot both be True")

    def read(path: str) -> Array:
        pixels = np.asarray(opened(who, path, color_mode))
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        image = resized(pixels, (height, width), interpolation.lower(), crop, margins)
        return image.transpose(2, 0, 1) if first else image

    folder = Folder(
        who, directory, labels, label_mode, class_names, follow_links, verbose, PICTURES
    )
    return folder.data_sets(read, batch_size, shuffle, seed, validation_split, subset, format)


@answering_calls
def audio_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Return a data set of the WAV files in a folder, as ``image_dataset_from_directory`` does.

    Parameters
    ----------
    directory, labels, label_mode, class_names, batch_size, shuffle, seed : optional
    validation_split, subset, follow_links, verbose : optional
        See ``image_dataset_from_directory``.
    sampling_rate : int, optional
        Rate in hertz to which all sounds are resampled, by SciPy; by default each keeps its own.
    output_sequence_length : int, optional
        Number of samples to which all sounds are truncated or padded with zeros; by default that of
        the longest sound in a batch.
    ragged : bool, default False
        Must be False: shorter sounds of a batch are padded.

    Returns
    -------
    lamina.data.Dataset, or list of two for "both"
        With elements ``(x, y)``, x float32 of shape (batch, samples, channels) in [-1, 1].
    """
    who = "audio_dataset_from_directory"
    if ragged:
        raise ValueError(f"{who}: ragged must be False: shorter sounds of a batch are padded")
    rate = None if sampling_rate is None else _check.integer(who, "sampling_rate", sampling_rate)
    length = output_sequence_length
    if length is not None:
        length = _check.integer(who, "output_sequence_length", length)

    def read(path: str) -> Array:
        samples, own = read_sound(who, path)
        if rate is not None and own != rate:
            samples = resampled(who, samples, own, rate)
        if length is None:
            return samples
        more = max(0, length - len(samples))
        return np.pad(samples[:length], ((0, more), (0, 0)))

    folder = Folder(
        who, directory, labels, label_mode, class_names, follow_links, verbose, (".wav",)
    )
    stack = padded if length is None else np.stack
    return folder.data_sets(read, batch_size, shuffle, seed, validation_split, subset, stack=stack)


@answering_calls
def text_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",  # noqa: A002
    verbose: bool = True,
) -> Any:
    """Return a data set of the texts in a folder, as ``image_dataset_from_directory`` does.

    Parameters
    ----------
    directory, labels, label_mode, class_names, batch_size, shuffle, seed : optional
    validation_split, subset, follow_links, format, verbose : optional
        See ``image_dataset_from_directory``; files ending in .txt are read, in UTF-8.
    max_length : int, optional
        Maximum number of characters kept of each text.

    Returns
    -------
    lamina.data.Dataset, or list of two for "both"
        Of ``(x, y)``, x an object array of str, of shape (batch,).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lamina import utils
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for kind in ("no", "yes"):
    ...         (Path(folder) / kind).mkdir()
    ...         _ = (Path(folder) / kind / "0.txt").write_text(f"{kind}, please")
    ...     data = utils.text_dataset_from_directory(folder, shuffle=False, verbose=False)
    ...     x, y = next(iter(data))
    ...
    >>> x.tolist(), y.tolist()
    (['no, please', 'yes, please'], [0, 1])
    """
    who = "text_dataset_from_directory"
    kept = None if max_length is None else _check.integer(who, "max_length", max_length)

    def read(path: str) -> str:
        return Path(path).read_text(encoding="utf-8", errors="replace")[:kept]

    folder = Folder(
        who, directory, labels, label_mode, class_names, follow_links, verbose, (".txt",)
    )
    return folder.data_sets(
        read, batch_size, shuffle, seed, validation_split, subset, format, _texts
    )


def _texts(texts: list[str]) -> Array:
    made = np.empty(len(texts), object)
    made[:] = texts
    return made
