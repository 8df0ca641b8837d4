"""Weights in the layout of Keras and lamina, copied to modules of PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from workloads.torch_layers import Flatten
from workloads.workload import Array


def _put(parameter: Any, value: Array) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def _linear(module: nn.Linear, kernel: Array, bias: Array, flattened: Any) -> None:
    if flattened is not None:  # the rows of the kernel are channels last, PyTorch's first
        channels, *places = flattened
        kernel = np.moveaxis(kernel.reshape(*places, channels, -1), -2, 0)
        kernel = kernel.reshape(-1, kernel.shape[-1])
    _put(module.weight, kernel.T)
    _put(module.bias, bias)


def _recurrent(module: nn.RNNBase, weights: Iterator[Array]) -> None:
    """Return PyTorch's arrays; Keras's GRU has the update gate first, PyTorch's the reset gate."""
    for suffix in ("", "_reverse") if module.bidirectional else ("",):
        kernel, recurrent, bias = (next(weights) for _ in range(3))
        biases = bias if bias.ndim == 2 else np.stack((bias, np.zeros_like(bias)))
        arrays = [kernel.T, recurrent.T, *biases]
        if isinstance(module, nn.GRU):
            units = module.hidden_size
            arrays = [np.concatenate((a[units : 2 * units], a[:units], a[2 * units :]))
                      for a in arrays]  # fmt: skip
        for name, array in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), arrays,
                               strict=True):  # fmt: skip
            _put(getattr(module, f"{name}_l0{suffix}"), array)


def load(model: nn.Module, weights: Iterator[Array], statistics: Iterator[Array]) -> None:
    """Fill the modules in their order."""
    flattened = None
    for module in model.modules():
        if isinstance(module, Flatten):
            flattened = module.shape if len(module.shape) > 1 else None
        elif isinstance(module, nn.Linear):
            _linear(module, next(weights), next(weights), flattened)
            flattened = None
        elif isinstance(module, nn.Conv1d | nn.Conv2d):
            kernel = next(weights)  # (..., inputs, outputs); a depthwise one (..., channels, 1)
            ends = (-2, -1) if module.groups > 1 else (-1, -2)
            _put(module.weight, np.moveaxis(kernel, ends, (0, 1)))
            _put(module.bias, next(weights))
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            for own in (module.weight, module.bias):
                _put(own, next(weights))
            for own in (module.running_mean, module.running_var):
                _put(own, next(statistics))
        elif isinstance(module, nn.Embedding):
            _put(module.weight, next(weights))
        elif isinstance(module, nn.RNNBase):
            _recurrent(module, weights)
