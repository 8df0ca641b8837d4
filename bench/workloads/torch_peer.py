"""PyTorch, eager: a plain loop over slices of a permuted tensor, the fused Adam, no DataLoader."""

from __future__ import annotations

import math

import torch
from torch import nn

from workloads import Workload


def dense(width: int, units: int, activation: str) -> tuple[list[nn.Module], int]:
    # A softmax at the end belongs to CrossEntropyLoss, which takes logits.
    layers: list[nn.Module] = [nn.Linear(width, units)]
    if activation == "relu":
        layers.append(nn.ReLU())
    return layers, units


LAYERS = {
    "dense": dense,
    "dropout": lambda width, rate: ([nn.Dropout(rate)], width),
}
KINDS = LAYERS.keys()


def versions() -> dict[str, str]:
    return {"torch": torch.__version__}


class Trainer:
    note = "fused Adam"

    def __init__(self, workload: Workload, threads: int, _variant: str) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.batch = workload.batch
        x, y = workload.data()
        self.x = torch.from_numpy(x)
        self.y = torch.from_numpy(y)
        if workload.task == "classification":
            self.y = self.y.long()
            self.criterion: nn.Module = nn.CrossEntropyLoss()
        else:
            self.criterion = nn.MSELoss()
        modules: list[nn.Module] = []
        width = math.prod(workload.input_shape)
        for kind, *settings in workload.layers:
            built, width = LAYERS[str(kind)](width, *settings)
            modules += built
        self.model = nn.Sequential(*modules)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)

    def fit(self, epochs: int) -> None:
        model, criterion, optimizer = self.model, self.criterion, self.optimizer
        model.train()
        rows = len(self.x)
        for _ in range(epochs):
            order = torch.randperm(rows)
            x, y = self.x[order], self.y[order]
            for begin in range(0, rows, self.batch):
                end = begin + self.batch
                optimizer.zero_grad(set_to_none=True)
                criterion(model(x[begin:end]), y[begin:end]).backward()
                optimizer.step()

    def loss(self) -> float:
        self.model.eval()
        with torch.inference_mode():
            return float(self.criterion(self.model(self.x), self.y))
