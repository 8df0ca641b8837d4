"""PyTorch compiled: Inductor makes one function of forward, loss, backward and Adam.

The step is therefore written without side effects, with `torch.func.grad`.  Recurrent layers and
batch normalisation, which functions of `torch.func` cannot trace or change, are compiled in two:
one function for forward, loss and backward, and one for Adam.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.func import functional_call, grad

from workloads import torch_peer
from workloads.workload import kinds

KINDS = torch_peer.KINDS
RECURRENT = {"simple_rnn", "lstm", "gru", "bidirectional_lstm"}
BETA_1, BETA_2, EPSILON, RATE = 0.9, 0.999, 1e-8, 1e-3

versions = torch_peer.versions


class Trainer(torch_peer.Trainer):
    def start(self, channels_last: bool) -> None:
        super().start(channels_last)
        torch._dynamo.reset()
        if (RECURRENT | {"batch_norm"}) & set(kinds(self.workload.layers)):
            self.note = self.note.replace("fused Adam", "compiled in two: Adam apart")
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=torch.tensor(RATE))
            self.backward = torch.compile(self.backward)
            self.optimizer.step = torch.compile(self.optimizer.step)
        else:
            self.note = self.note.replace("fused Adam", "whole step compiled")
            self.step = self.whole_step()

    def whole_step(self) -> Callable[[list[torch.Tensor], torch.Tensor], None]:
        """Compile a function of the weights and Adam's state, which it updates in place."""
        weights = {name: weight.detach() for name, weight in self.model.named_parameters()}
        moments = [(torch.zeros_like(w), torch.zeros_like(w)) for w in weights.values()]
        count = torch.zeros(())

        def loss(weights: dict[str, torch.Tensor], xs: Any, y: torch.Tensor) -> torch.Tensor:
            x = xs if len(xs) > 1 else xs[0]
            return self.criterion(functional_call(self.model, weights, (x,)), y)

        def step(xs: list[torch.Tensor], y: torch.Tensor) -> None:
            gradients = grad(loss)(weights, xs, y)
            count.add_(1)
            rate = RATE * torch.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
            for (name, weight), (m, v) in zip(weights.items(), moments, strict=True):
                gradient = gradients[name]
                m.mul_(BETA_1).add_(gradient, alpha=1 - BETA_1)
                v.mul_(BETA_2).addcmul_(gradient, gradient, value=1 - BETA_2)
                weight.sub_(rate * m / (v.sqrt() + EPSILON))

        compiled = torch.compile(step)

        def without_gradients(xs: list[torch.Tensor], y: torch.Tensor) -> None:
            with torch.no_grad():
                compiled(xs, y)

        return without_gradients
