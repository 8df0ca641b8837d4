"""The layers of the PyTorch peer: for each kind, the modules and the output shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from workloads import Layer

Shape = Any  # of a row in PyTorch: channels first (for sequences: last)
Built = tuple[list[nn.Module], Shape]
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(-1),
}


class Last(nn.Module):
    """A recurrent module that passes on its last state, of both directions if it has two."""

    def __init__(self, recurrent: nn.RNNBase) -> None:
        super().__init__()
        self.recurrent = recurrent

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = self.recurrent(x)[1]
        h = states[0] if isinstance(states, tuple) else states
        return h[0] if len(h) == 1 else torch.cat((h[0], h[1]), 1)


class Residual(nn.Module):
    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x)


class Concatenate(nn.Module):
    def __init__(self, branches: list[nn.Sequential]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, xs: list[torch.Tensor]) -> torch.Tensor:
        return torch.cat([branch(x) for branch, x in zip(self.branches, xs, strict=True)], -1)


class Flatten(nn.Flatten):
    """A Flatten that knows the shape of its rows, channels first."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape


class Mean(nn.Module):
    """The mean over all positions of channels-first rows."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(2).mean(2)


def activated(layer: nn.Module, activation: str) -> list[nn.Module]:
    return [layer, ACTIVATIONS[activation]()] if activation in ACTIVATIONS else [layer]


def dense(shape: Shape, units: int, activation: str) -> Built:
    return activated(nn.Linear(shape[-1], units), activation), (units,)


def conv(shape: Shape, filters: int, size: int, padding: str, activation: str) -> Built:
    channels, *places = shape
    pad = size // 2 if padding == "same" else 0
    kind = nn.Conv1d if len(places) == 1 else nn.Conv2d
    layer = kind(channels, filters, size, padding=pad)
    lost = size - 1 - 2 * pad
    return activated(layer, activation), (filters, *(length - lost for length in places))


def depthwise_conv2d(shape: Shape, size: int, padding: str) -> Built:
    channels, *places = shape
    pad = size // 2 if padding == "same" else 0
    layer = nn.Conv2d(channels, channels, size, padding=pad, groups=channels)
    lost = size - 1 - 2 * pad
    return [layer], (channels, *(length - lost for length in places))


def max_pool2d(shape: Shape, size: int) -> Built:
    return [nn.MaxPool2d(size)], (shape[0], shape[1] // size, shape[2] // size)


def batch_norm(shape: Shape) -> Built:
    kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
    return [kind(shape[0], eps=1e-3, momentum=0.1)], shape


def recurrent(kind: type[nn.RNNBase], **settings: Any) -> Callable[..., Built]:
    def build(shape: Shape, units: int, *activation: str) -> Built:
        more = {"nonlinearity": activation[0]} if activation else {}
        layer = kind(shape[1], units, batch_first=True, **settings, **more)
        return [Last(layer)], (units * (2 if layer.bidirectional else 1),)

    return build


def sequence(shape: Shape, layers: tuple[Layer, ...]) -> tuple[nn.Sequential, Shape]:
    modules: list[nn.Module] = []
    for kind, *settings in layers:
        built, shape = LAYERS[kind](shape, *settings)
        modules += built
    return nn.Sequential(*modules), shape


def residual(shape: Shape, layers: tuple[Layer, ...]) -> Built:
    inner, shape = sequence(shape, layers)
    return [Residual(inner)], shape


def concatenate(shapes: Shape, *branches: tuple[Layer, ...]) -> Built:
    built = [sequence(*each) for each in zip(shapes, branches, strict=True)]
    return [Concatenate([each for each, _ in built])], (sum(shape[-1] for _, shape in built),)


LAYERS: dict[str, Callable[..., Built]] = {
    "dense": dense,
    "dropout": lambda shape, rate: ([nn.Dropout(rate)], shape),
    "activation": lambda shape, name: ([ACTIVATIONS[name]()], shape),
    "batch_norm": batch_norm,
    "conv1d": conv,
    "conv2d": conv,
    "depthwise_conv2d": depthwise_conv2d,
    "max_pool2d": max_pool2d,
    "global_average_pool1d": lambda shape: ([Mean()], shape[:1]),
    "global_average_pool2d": lambda shape: ([Mean()], shape[:1]),
    "flatten": lambda shape: ([Flatten(shape)], (math.prod(shape),)),
    "simple_rnn": recurrent(nn.RNN),
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
    "bidirectional_lstm": recurrent(nn.LSTM, bidirectional=True),
    "embedding": lambda shape, words, size: ([nn.Embedding(words, size)], (*shape, size)),
    "residual": residual,
    "concatenate": concatenate,
}


def initialize(model: nn.Module) -> None:
    """Draw weights from the same distributions as in the other peers, Keras's."""
    for name, weight in model.named_parameters():
        if weight.ndim == 1:
            nn.init.zeros_(weight)
        elif "weight_hh" in name:
            nn.init.orthogonal_(weight)
        else:
            nn.init.xavier_uniform_(weight)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.ones_(module.weight)
        if isinstance(module, nn.Embedding):
            nn.init.uniform_(module.weight, -0.05, 0.05)
        if isinstance(module, nn.LSTM):  # gates i, f, g, o: forget little at first
            for name, weight in module.named_parameters():
                if "bias_ih" in name:
                    nn.init.ones_(weight.data[module.hidden_size : 2 * module.hidden_size])
