"""PyTorch, eager: a plain loop over slices of a permuted tensor, the fused Adam, no DataLoader.

Images are tried in both of PyTorch's memory formats, and the faster one runs.
"""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import nn

from workloads import Workload

Shape = tuple[int, ...]  # of a row, as PyTorch has it: channels first
Built = tuple[list[nn.Module], Shape]
TRIALS = 3


class LastOutput(nn.Module):
    """A recurrent module that passes on the output of the last step."""

    def __init__(self, recurrent: nn.RNNBase) -> None:
        super().__init__()
        self.recurrent = recurrent

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.recurrent(x)[0][:, -1]


def activated(layer: nn.Module, activation: str) -> list[nn.Module]:
    # A softmax at the end belongs to CrossEntropyLoss, which takes logits.
    return [layer, nn.ReLU()] if activation == "relu" else [layer]


def dense(shape: Shape, units: int, activation: str) -> Built:
    return activated(nn.Linear(shape[-1], units), activation), (units,)


def conv2d(shape: Shape, filters: int, size: int, padding: str, activation: str) -> Built:
    channels, height, width = shape
    pad = size // 2 if padding == "same" else 0
    layer = nn.Conv2d(channels, filters, size, padding=pad)
    lost = size - 1 - 2 * pad
    return activated(layer, activation), (filters, height - lost, width - lost)


def max_pool2d(shape: Shape, size: int) -> Built:
    return [nn.MaxPool2d(size)], (shape[0], shape[1] // size, shape[2] // size)


def simple_rnn(shape: Shape, units: int, activation: str) -> Built:
    layer = nn.RNN(shape[1], units, nonlinearity=activation, batch_first=True)
    return [LastOutput(layer)], (units,)


def lstm(shape: Shape, units: int) -> Built:
    return [LastOutput(nn.LSTM(shape[1], units, batch_first=True))], (units,)


LAYERS: dict[str, Any] = {
    "dense": dense,
    "dropout": lambda shape, rate: ([nn.Dropout(rate)], shape),
    "conv2d": conv2d,
    "max_pool2d": max_pool2d,
    "flatten": lambda shape: ([nn.Flatten()], (torch.Size(shape).numel(),)),
    "simple_rnn": simple_rnn,
    "lstm": lstm,
}
KINDS = LAYERS.keys()


def versions() -> dict[str, str]:
    return {"torch": torch.__version__}


def initialize(model: nn.Module) -> None:
    """Draw weights from the laws that the other peers start with, Keras's."""
    for name, weight in model.named_parameters():
        if weight.ndim == 1:
            nn.init.zeros_(weight)
        elif "weight_hh" in name:
            nn.init.orthogonal_(weight)
        else:
            nn.init.xavier_uniform_(weight)
    for module in model.modules():
        if isinstance(module, nn.LSTM):  # gates i, f, g, o: forget little at first
            units = module.hidden_size
            nn.init.ones_(module.bias_ih_l0.data[units : 2 * units])


class Trainer:
    def __init__(self, workload: Workload, threads: int, _variant: str) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.note = "fused Adam"
        self.batch = workload.batch
        x, y = workload.data()
        self.y = torch.from_numpy(y)
        if workload.task == "classification":
            self.y = self.y.long()
            self.criterion: nn.Module = nn.CrossEntropyLoss()
        else:
            self.criterion = nn.MSELoss()
        self.images = len(workload.input_shape) == 3
        self.workload, self.rows = workload, torch.from_numpy(x)
        if self.images:
            self.choose_format()
        else:
            self.start(channels_last=False)

    def start(self, channels_last: bool) -> None:
        """Build the model, and lay out the data so that a batch is a slice."""
        self.channels_last = channels_last
        self.x, shape = self.rows, self.workload.input_shape
        if self.images:
            shape = (shape[2], *shape[:2])
            if not channels_last:
                self.x = self.rows.permute(0, 3, 1, 2).contiguous()
        modules: list[nn.Module] = []
        for kind, *settings in self.workload.layers:
            built, shape = LAYERS[str(kind)](shape, *settings)
            modules += built
        self.model = nn.Sequential(*modules)
        initialize(self.model)
        if channels_last:
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
        formats = {True: "channels_last", False: "NCHW"}
        self.note += f", {formats[faster]} ({formats[not faster]}: {other})"

    def predict(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x.permute(0, 3, 1, 2) if self.channels_last else x)

    def fit(self, epochs: int) -> None:
        predict, criterion, optimizer = self.predict, self.criterion, self.optimizer
        self.model.train()
        rows = len(self.x)
        for _ in range(epochs):
            order = torch.randperm(rows)
            x, y = self.x[order], self.y[order]
            for begin in range(0, rows, self.batch):
                end = begin + self.batch
                optimizer.zero_grad(set_to_none=True)
                criterion(predict(x[begin:end]), y[begin:end]).backward()
                optimizer.step()

    def loss(self) -> float:
        self.model.eval()
        with torch.inference_mode():
            return float(self.criterion(self.predict(self.x), self.y))
