"""Event files for TensorBoard."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina import _check
from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.rates import note_rates

LARGEST_SIDE = 4096  # pixels; larger images of weights are omitted


class TensorBoard(Callback):
    """Write event files for TensorBoard.

    They are written with the package tensorboardX (``pip install 'lamina[tensorboard]'``), under
    the names that Keras uses: ``epoch_loss`` and others, in the folders ``train`` and
    ``validation``.

    Parameters
    ----------
    log_dir : str or path-like, default "logs"
        Folder of this run only; created if it does not exist.
    histogram_freq : int, default 0
        Epochs between histograms of all weights; 0 for none.
    write_graph : bool, default True
        Write the model's ``summary()`` as text.
    write_images : bool, default False
        With each histogram, also write the weights as images where possible.
    write_steps_per_second : bool, default False
        Write the speed of training, per epoch and, depending on ``update_freq``, per batch.
    update_freq : int, "batch" or "epoch", default "epoch"
        Also write the logs after this number of batches; "batch" means 1.
    profile_batch : int, or pair of int, default 0
        Ignored, as no profile is written: use ``lamina.profile`` to see the cost of a step.
    embeddings_freq : int, default 0
        Epochs between copies of the weights of all ``Embedding`` layers for the projector; 0 for
        none.
    embeddings_metadata : str, path-like or dict of str to these, optional
        A file with one label per row of the weights, or a file for each layer by its name.

    Raises
    ------
    ImportError
        At the start of a fit or an evaluation, if tensorboardX is not installed.

    Examples
    --------
    >>> from lamina.callbacks import TensorBoard
    >>> TensorBoard("logs/first", histogram_freq=5)
    TensorBoard(log_dir='logs/first', histogram_freq=5)
    """

    first_process_only = True

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: int | Sequence[int] | str | None = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        who = "TensorBoard"
        self.log_dir = str(_check.path(who, "log_dir", log_dir))
        self.histogram_freq = _check.integer(who, "histogram_freq", histogram_freq, 0)
        self.write_graph = _check.boolean(who, "write_graph", write_graph)
        self.write_images = _check.boolean(who, "write_images", write_images)
        self.write_steps_per_second = _check.boolean(
            who, "write_steps_per_second", write_steps_per_second
        )
        self.update_freq: int | str = "epoch"
        if update_freq != "epoch":
            every = 1 if update_freq == "batch" else update_freq
            self.update_freq = _check.integer(who, "update_freq", every)
        self.profile_batch = profile_batch
        self.embeddings_freq = _check.integer(who, "embeddings_freq", embeddings_freq, 0)
        self.embeddings_metadata = embeddings_metadata
        if self.update_freq == "epoch":
            self._idle = ("on_train_batch_begin", "on_train_batch_end", "on_test_batch_end")
        self._writers: dict[str, Any] = {}
        self._train_batches = self._test_batches = self._steps = 0
        self._epoch_start = self._batch_start = 0.0

    def _writer(self, name: str) -> Any:
        if name not in self._writers:
            try:
                from tensorboardX import SummaryWriter  # type: ignore[import,unused-ignore]
            except ImportError:
                raise ImportError(
                    "TensorBoard: needs tensorboardX; install it with: "
                    "pip install 'lamina[tensorboard]'"
                ) from None
            self._writers[name] = SummaryWriter(os.path.join(self.log_dir, name))
        return self._writers[name]

    def _due(self, batches: int) -> bool:
        return isinstance(self.update_freq, int) and batches % self.update_freq == 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file, and write a description of the model."""
        self._train_batches = 0
        writer = self._writer("train")
        if self.write_graph:
            writer.add_text("model", _as_markdown(self.model), 0)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        self._epoch_start, self._steps = time.perf_counter(), self.model.optimizer.iterations

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the logs of the epoch, and the weights if they are due."""
        shown = dict(logs or {})
        train = {k: v for k, v in shown.items() if not k.startswith("val_")}
        note_rates(self.model, train)
        if self.write_steps_per_second:
            took = time.perf_counter() - self._epoch_start
            train["steps_per_second"] = (self.model.optimizer.iterations - self._steps) / took
        held = {k.removeprefix("val_"): v for k, v in shown.items() if k.startswith("val_")}
        self._write("train", "epoch_{}", train, epoch)
        if held:
            self._write("validation", "epoch_{}", held, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings(epoch)
        for writer in self._writers.values():
            writer.flush()

    def _write(self, name: str, form: str, logs: Mapping[str, Any], step: int) -> None:
        writer = self._writer(name)
        for key, value in logs.items():
            writer.add_scalar(form.format(key), float(value), step)

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for layer in self.model.layers:
            for place, weight in enumerate(layer.get_weights()):
                name = f"{layer.name}/{place}"
                writer.add_histogram(f"{name}/histogram", np.asarray(weight), epoch)
                image = _as_image(weight) if self.write_images else None
                if image is not None:
                    writer.add_image(f"{name}/image", image, epoch, dataformats="HWC")

    def _write_embeddings(self, epoch: int) -> None:
        from lamina.layers import Embedding

        for layer in self.model.layers:
            if isinstance(layer, Embedding):
                self._writer("train").add_embedding(
                    np.asarray(layer.get_weights()[0]),
                    metadata=self._labels(layer.name),
                    global_step=epoch,
                    tag=layer.name,
                )

    def _labels(self, name: str) -> list[str] | None:
        given = self.embeddings_metadata
        file = given.get(name) if isinstance(given, Mapping) else given
        if file is None:
            return None
        path = _check.path("TensorBoard", "embeddings_metadata", file)
        return path.read_text(encoding="utf-8").splitlines()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Start the clock."""
        self._batch_start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the logs of the batches so far if they are due."""
        self._train_batches += 1
        if not self._due(self._train_batches):
            return
        written = dict(logs or {})
        if self.write_steps_per_second:
            written["steps_per_second"] = 1.0 / (time.perf_counter() - self._batch_start)
        self._write("train", "batch_{}", written, self._train_batches)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the logs of the batches so far if they are due."""
        self._test_batches += 1
        if self._due(self._test_batches):
            self._write("validation", "batch_{}", logs or {}, self._test_batches)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write the result against the number of training steps."""
        steps = self.model.optimizer.iterations
        self._write("validation", "evaluation_{}_vs_iterations", logs or {}, steps)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        self.close()

    def close(self) -> None:
        """Close the files."""
        writers, self._writers = self._writers, {}
        for writer in writers.values():
            writer.close()


def _as_markdown(model: Any) -> str:
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(str(text)))
    return "\n".join(f"    {line}" for text in lines for line in text.splitlines())


def _as_image(weight: Any) -> Any:
    """Return a weight as an image in [0, 1], or None: one row per filter, as in Keras."""
    array: Any = np.squeeze(np.asarray(weight))
    if array.ndim == 1:
        array = array[None, :]
    elif array.ndim == 2 and array.shape[0] > array.shape[1]:
        array = array.T
    if array.ndim != 2 or not array.size or max(array.shape) > LARGEST_SIDE:
        return None
    low, high = array.min(), array.max()
    return ((array - low) / (high - low if high > low else 1.0))[..., None]
