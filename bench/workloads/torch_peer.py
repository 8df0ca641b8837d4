"""PyTorch, eager: a plain loop over slices of a permuted tensor, the fused Adam, no DataLoader.

Images and signals are tried with channels last and first, and the faster one runs.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from common import median_seconds
from workloads import Workload
from workloads.predicted_files import Files
from workloads.torch_layers import LAYERS, initialize, sequence
from workloads.torch_weights import load
from workloads.workload import kinds

TRIALS = 3
KINDS = LAYERS.keys()
CONVOLVED = {"conv1d", "conv2d", "depthwise_conv2d"}


def versions() -> dict[str, str]:
    return {"torch": torch.__version__}


def criterion(task: str) -> nn.Module:
    if task == "classification":
        return nn.CrossEntropyLoss()
    return nn.BCEWithLogitsLoss() if task == "binary" else nn.MSELoss()


class Trainer:
    def __init__(self, workload: Workload, threads: int, _variant: str) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.note = "fused Adam"
        self.batch, self.workload = workload.batch, workload
        xs, y = workload.data()
        self.rows, self.y = [torch.from_numpy(x) for x in xs], torch.from_numpy(y)
        if workload.task == "classification":
            self.y = self.y.long()
        self.criterion = criterion(workload.task)
        self.channels = bool(CONVOLVED & set(kinds(workload.layers)))
        if self.channels:
            self.choose_format()
        else:
            self.start(channels_last=False)

    def start(self, channels_last: bool) -> None:
        """Build the model, and lay out the data so that a batch is a slice."""
        self.xs, shape = self.rows, self.workload.shape
        if self.channels:
            shape = (shape[-1], *shape[:-1])
            # Channels first for PyTorch; last in memory, or first there too.
            self.xs = [torch.movedim(x, -1, 1) for x in self.rows]
            if not channels_last:
                self.xs = [x.contiguous() for x in self.xs]
        self.model, _ = sequence(shape, self.workload.to_logits)
        initialize(self.model)
        if channels_last and len(shape) == 3:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)

    def choose_format(self) -> None:
        seconds = {}
        for channels_last in (True, False):
            self.start(channels_last)
            self.fit(1)
            trials = []
            for _ in range(TRIALS):
                begin = time.perf_counter()
                self.fit(1)
                trials.append(time.perf_counter() - begin)
            seconds[channels_last] = min(trials)
        faster = min(seconds, key=lambda channels_last: seconds[channels_last])
        self.start(faster)
        other = f"{seconds[not faster] / seconds[faster]:.2f}x the time"
        formats = {True: "channels_last", False: "channels first"}
        self.note += f", {formats[faster]} ({formats[not faster]}: {other})"

    def predict(self, xs: list[torch.Tensor]) -> torch.Tensor:
        return self.model(xs if len(xs) > 1 else xs[0])

    def backward(self, xs: list[torch.Tensor], y: torch.Tensor) -> None:
        self.criterion(self.predict(xs), y).backward()

    def step(self, xs: list[torch.Tensor], y: torch.Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self.backward(xs, y)
        self.optimizer.step()

    def fit(self, epochs: int) -> None:
        step = self.step
        self.model.train()
        rows = len(self.y)
        for _ in range(epochs):
            order = torch.randperm(rows)
            xs, y = [x[order] for x in self.xs], self.y[order]
            for begin in range(0, rows, self.batch):
                end = begin + self.batch
                step([x[begin:end] for x in xs], y[begin:end])

    def loss(self) -> float:
        self.model.eval()
        with torch.inference_mode():
            return float(self.criterion(self.predict(self.xs), self.y))


class Predictor:
    def __init__(self, workload: Workload, threads: int, files: Files) -> None:
        torch.set_num_threads(threads)
        self.images = "conv2d" in kinds(workload.layers)
        shape = workload.shape
        shape = (shape[-1], *shape[:-1]) if self.images else shape
        self.model = sequence(shape, workload.layers)[0].eval()
        load(self.model, files.arrays("weights"), files.arrays("statistics"))

    def prepare(self, xs: list[Any]) -> Callable[[], Any]:
        """Predict images in the faster memory format; their data have channels last."""
        rows = [torch.from_numpy(x) for x in xs]
        if not self.images:
            return self._call(rows)
        rows = [x.permute(0, 3, 1, 2) for x in rows]
        last = copy.deepcopy(self.model).to(memory_format=torch.channels_last)
        calls = [self._call(rows, last), self._call([x.contiguous() for x in rows])]
        return min(calls, key=median_seconds)

    def _call(self, xs: list[torch.Tensor], model: nn.Module | None = None) -> Callable[[], Any]:
        model, x = model or self.model, xs if len(xs) > 1 else xs[0]

        def call() -> Any:
            with torch.inference_mode():
                return model(x).numpy()

        return call
