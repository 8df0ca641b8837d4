"""The files in a folder, with labels from the names of its folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lamina import _check, _screen
from lamina._check import Array
from lamina.data.dataset import Dataset
from lamina.data.stages import Batched, Rows
from lamina.random import next_seed, seed_value

MOST_READERS = 8


@dataclass
class Folder:
    """A folder of files, and their labels."""

    who: str
    directory: Any
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    follow_links: bool
    verbose: bool
    endings: tuple[str, ...]

    def data_sets(
        self,
        read: Callable[[str], Any],
        batch_size: int | None,
        shuffle: bool,
        seed: int | None,
        validation_split: float | None,
        subset: str | None,
        format: str = "tf",  # noqa: A002
        stack: Callable[[list[Any]], Array] = np.stack,
    ) -> Any:
        """Return one data set, or two, with the result of ``read`` for each file."""
        who = self.who
        if format not in ("tf", "grain"):
            raise ValueError(f"{who}: format must be 'tf' or 'grain'; got {format!r}")
        mixed = _check.boolean(who, "shuffle", shuffle)
        share = self._share(validation_split, subset, mixed, seed)
        root = next_seed() if seed is None else seed_value(who, seed)
        paths, numbers, names = self._found()
        if mixed:
            order = np.arange(len(paths))
            # Keras's order, and therefore its split.
            np.random.RandomState(root & 0xFFFF_FFFF).shuffle(order)
            paths = [paths[i] for i in order]
            numbers = None if numbers is None else numbers[order]
        held = int(share * len(paths))
        cut = len(paths) - held
        parts = {"training": slice(0, cut), "validation": slice(cut, None)}
        wanted = [slice(None)] if subset is None else [parts[s] for s in _subsets(subset)]
        made = []
        for place, part in enumerate(wanted):
            if not paths[part]:
                raise ValueError(
                    f"{who}: needs at least one file in {self.directory}, of "
                    f"{', '.join(self.endings)}; got none for the {subset or 'whole'} set"
                )
            self._tell(subset, place, len(paths[part]))
            data = self._data_set(read, paths[part], numbers, part, names, stack)
            if mixed and place == 0:
                data = data.shuffle(len(data), root)
            if batch_size is not None:
                size = _check.integer(who, "batch_size", batch_size)
                data = Dataset(Batched(data._stage, size, True))
            data.class_names, data.file_paths = names, paths[part]
            made.append(data)
        return made if subset == "both" else made[0]

    def _data_set(
        self,
        read: Callable[[str], Any],
        paths: list[str],
        numbers: Array | None,
        part: slice,
        names: list[str] | None,
        stack: Callable[[list[Any]], Array],
    ) -> Dataset:
        coded = None if numbers is None else self._coded(numbers[part], names)

        def take(rows: Array) -> Any:
            x = stack([read(paths[i]) for i in rows.tolist()])
            return x if coded is None else (x, coded[rows])

        return Dataset(Rows(take, len(paths), workers=min(os.cpu_count() or 1, MOST_READERS)))

    def _coded(self, numbers: Array, names: list[str] | None) -> Array:
        if self.label_mode == "int":
            return numbers.astype(np.int32)
        if self.label_mode == "binary":
            return numbers.astype(np.float32)[:, None]
        return np.eye(len(names or ()), dtype=np.float32)[numbers]

    def _tell(self, subset: str | None, place: int, files: int) -> None:
        if self.verbose and subset is not None:
            kind = _subsets(subset)[place]
            _screen.write(f"Using {files} files for {kind}.")

    def _share(
        self, share: float | None, subset: str | None, mixed: bool, seed: int | None
    ) -> float:
        who = self.who
        if subset not in (None, "training", "validation", "both"):
            raise ValueError(
                f"{who}: subset must be 'training', 'validation' or 'both'; got {subset!r}"
            )
        if (share is None) != (subset is None):
            raise ValueError(f"{who}: validation_split and subset go together")
        if share is None:
            return 0.0
        if mixed and seed is None:
            raise ValueError(
                f"{who}: validation_split of a shuffled folder needs a seed: without one, the "
                f"sets of two calls would overlap"
            )
        return _check.number(
            who, "validation_split", share, 0.0, 1.0, low_open=True, high_open=True
        )

    def _found(self) -> tuple[list[str], Array | None, list[str] | None]:
        """Return paths, labels and the names of the classes."""
        who, root = self.who, _check.path(self.who, "directory", self.directory)
        if not root.is_dir():
            raise FileNotFoundError(f"{who}: no folder {root}")
        if self.label_mode not in ("int", "binary", "categorical", None):
            raise ValueError(
                f"{who}: label_mode must be 'int', 'binary', 'categorical' or None; got "
                f"{self.label_mode!r}"
            )
        inferred = isinstance(self.labels, str)
        if inferred and self.labels != "inferred":
            raise ValueError(
                f"{who}: labels must be 'inferred', None or a list; got {self.labels!r}"
            )
        if not inferred and self.class_names is not None:
            raise ValueError(f"{who}: class_names goes with labels='inferred'")
        numbers: Array | None = None
        names: list[str] | None = None
        if inferred:
            names = self._folders(root)
            listed = [self._files(root / name) for name in names]
            paths = [path for files in listed for path in files]
            numbers = np.repeat(np.arange(len(names)), [len(files) for files in listed])
        else:
            paths = self._files(root)
        if not inferred and self.labels is not None:
            numbers = np.asarray(self.labels)
            if len(numbers) != len(paths):
                raise ValueError(
                    f"{who}: labels must hold one number for each of the {len(paths)} files; got "
                    f"{len(numbers)}"
                )
            names = [str(label) for label in sorted(set(numbers.tolist()))]
        if self.label_mode is None:
            numbers = None
        if self.verbose:
            classes = "" if names is None else f" belonging to {len(names)} classes"
            _screen.write(f"Found {len(paths)} files{classes}.")
        if self.label_mode == "binary" and numbers is not None and len(names or ()) != 2:
            raise ValueError(f"{who}: label_mode='binary' needs 2 classes; got {len(names or ())}")
        return paths, numbers, names

    def _folders(self, root: Path) -> list[str]:
        there = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
        if self.class_names is None:
            return there
        for name in self.class_names:
            if name not in there:
                raise ValueError(
                    f"{self.who}: class_names must be folders of {root}, {', '.join(there)}; got "
                    f"{name!r}"
                )
        return list(self.class_names)

    def _files(self, folder: Path) -> list[str]:
        found = []
        walk = os.walk(folder, followlinks=self.follow_links)
        for place, _, names in sorted(walk, key=lambda each: each[0]):
            found += [
                os.path.join(place, name)
                for name in sorted(names)
                if name.lower().endswith(self.endings)
            ]
        return found


def _subsets(subset: str) -> list[str]:
    return ["training", "validation"] if subset == "both" else [subset]
