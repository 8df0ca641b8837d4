"""Giving the state of one process's model to all: its weights, its training, its seeds."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from lamina.distribute import digests
from lamina.distribute.agreement import first_difference
from lamina.distribute.seeds import seeds_of, take_seeds


def give_all(who: str, model: Any, processes: Any, root: int) -> None:
    """Copy weights, training state and seeds of one process to the models of all.

    A model without weights is built like that of the process.
    """
    if processes.size == 1:
        return
    content = None
    if processes.rank == root and model.input_row_shapes is not None:
        content = model.input_row_shapes, seeds_of(model), _backup(model)
    content = processes.gather(content)[root]
    if content is None:
        raise ValueError(
            f"{who}: root must be a process whose model is built; got {root}, and the input shape "
            f"of {model.name} is not known there: call build before"
        )
    shapes, seeds, backup = content
    model.ensure_built(shapes)
    found = first_difference(model, processes.gather(digests.of_layers(model)), processes)
    if found:
        raise ValueError(
            f"{who}: the models of all processes must have the same layers; they differ in {found}"
        )
    if processes.rank != root:
        take_seeds(model, seeds)
        _restore(model, backup)


def _backup(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state")
        model.save_backup(path)
        with open(path, "rb") as file:
            return file.read()


def _restore(model: Any, backup: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state")
        with open(path, "wb") as file:
            file.write(backup)
        model.load_backup(path)
