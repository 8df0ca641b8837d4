"""Equal models of PyTorch and of lamina, for tests of moving weights between them."""

from collections.abc import Callable
from typing import Any

import lamina
from lamina import layers
from lamina.layers import Input

EPS = {"epsilon": 1e-5}


def sequential(*parts: Any) -> lamina.Sequential:
    return lamina.Sequential(list(parts))


def attention_of(query: int, key: int, **options: Any) -> Any:
    """Return a model of one attention layer with two inputs."""
    q, k = Input((5, query)), Input((7, key))
    return lamina.Model([q, k], layers.MultiHeadAttention(2, 4, **options)(q, k))


def grouped() -> Any:
    """Return a model of attention whose two query heads share one head of keys and values."""
    q, k = Input((5, 8)), Input((7, 8))
    return lamina.Model([q, k], layers.GroupQueryAttention(4, 2, 1)(q, k))


def block() -> Any:
    """Return an encoder layer whose modules PyTorch creates in another order."""
    x = Input((5, 8))
    h = layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)])
    h = layers.LayerNormalization(**EPS)(h)
    f = layers.Dense(8)(layers.Dense(16, "relu")(h))
    return lamina.Model(x, layers.LayerNormalization(**EPS)(layers.Add()([h, f])))


def generator() -> Any:
    return sequential(
        Input((6,)),
        layers.Dense(36),
        layers.BatchNormalization(**EPS),
        layers.ReLU(),
        layers.Reshape((3, 3, 4)),
        layers.Conv2DTranspose(2, 3, strides=2),
    )


def two_branches() -> Any:
    """Return a model whose last layer reads two images, flattened and concatenated."""
    x = Input((6, 6, 2))
    first = lamina.ops.reshape(lamina.ops.relu(layers.Conv2D(3, 3)(x)), (-1, 48))
    other = layers.Flatten()(layers.MaxPooling2D(2)(x))
    return lamina.Model(
        x, layers.Dense(4)(layers.Dropout(0.5)(layers.Concatenate()([first, other])))
    )


def nested() -> Any:
    x = Input((6, 6, 2))
    inner = lamina.Sequential([Input((6, 6, 2)), layers.Conv2D(3, 3), layers.Flatten()])
    return lamina.Model(x, lamina.Sequential([Input((48,)), layers.Dense(4)])(inner(x)))


def modules() -> dict[str, Callable[[], Any]]:
    """Return PyTorch's side of each case."""
    from torch import nn

    class Last(nn.Module):
        """The output of the last step of a recurrent module."""

        def __init__(self, rnn: Any) -> None:
            super().__init__()
            self.rnn = rnn

        def forward(self, x: Any) -> Any:
            return self.rnn(x)[0]

    class Attention(nn.Module):
        def __init__(self, **options: Any) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True, **options)

        def forward(self, q: Any, k: Any) -> Any:
            return self.attention(q, k, k)[0]

    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool, self.conv = nn.MaxPool2d(2), nn.Conv2d(2, 3, 3)
            self.last = nn.Linear(66, 4)

        def forward(self, x: Any) -> Any:
            import torch

            parts = [self.conv(x).relu().flatten(1), self.pool(x).flatten(1)]
            return self.last(torch.cat(parts, 1))

    class Apart(nn.Module):
        """Attention of linear layers, with two heads of queries."""

        def __init__(self, heads: int = 2) -> None:
            super().__init__()
            self.q, self.o = nn.Linear(8, 8), nn.Linear(8, 8)
            self.k, self.v = nn.Linear(8, 4 * heads), nn.Linear(8, 4 * heads)

        def forward(self, q: Any, k: Any) -> Any:
            import torch

            def heads(linear: Any, x: Any) -> Any:
                return linear(x).unflatten(-1, (-1, 4)).transpose(1, 2)

            args = heads(self.q, q), heads(self.k, k), heads(self.v, k)
            seen = torch.nn.functional.scaled_dot_product_attention(*args, enable_gqa=True)
            return self.o(seen.transpose(1, 2).flatten(2))

    seq = nn.Sequential
    return {
        "linear": lambda: seq(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3, bias=False)),
        "conv1d": lambda: nn.Conv1d(4, 6, 3, stride=2, groups=2),
        "conv2d": lambda: nn.Conv2d(3, 4, (3, 2), dilation=(1, 2)),
        "conv3d": lambda: nn.Conv3d(2, 3, 2),
        "transposed1d": lambda: nn.ConvTranspose1d(4, 3, 3, stride=2),
        "transposed2d": lambda: nn.ConvTranspose2d(3, 2, (3, 2)),
        "transposed3d": lambda: nn.ConvTranspose3d(2, 3, 2),
        "depthwise1d": lambda: nn.Conv1d(4, 8, 3, groups=4),
        "depthwise2d": lambda: nn.Conv2d(3, 6, 3, groups=3),
        "separable": lambda: seq(nn.Conv2d(3, 6, 3, groups=3, bias=False), nn.Conv2d(6, 5, 1)),
        "batch_norm": lambda: nn.BatchNorm2d(3),
        "plain_batch_norm": lambda: nn.BatchNorm1d(6, affine=False),
        "layer_norm": lambda: nn.LayerNorm((5, 8)),
        "group_norm": lambda: nn.GroupNorm(2, 4),
        "instance_norm": lambda: nn.InstanceNorm2d(3, affine=True),
        "rms_norm": lambda: nn.RMSNorm(8, eps=1e-6),
        "prelu": lambda: nn.PReLU(3),
        "embedding": lambda: seq(nn.Embedding(9, 4), nn.Linear(4, 9, bias=False)),
        "lstm": lambda: Last(nn.LSTM(8, 3, batch_first=True)),
        "gru": lambda: Last(nn.GRU(8, 3, batch_first=True)),
        "rnn": lambda: Last(nn.RNN(8, 3, batch_first=True, bias=False)),
        "relu_rnn": lambda: Last(nn.RNN(8, 3, nonlinearity="relu", batch_first=True)),
        "stacked": lambda: Last(nn.LSTM(8, 3, 2, batch_first=True)),
        "cells": lambda: Last(nn.GRU(8, 3, 2, batch_first=True)),
        "both_ways": lambda: Last(nn.LSTM(8, 3, 2, batch_first=True, bidirectional=True)),
        "gru_both_ways": lambda: Last(nn.GRU(8, 3, batch_first=True, bidirectional=True)),
        "attention": Attention,
        "plain_attention": lambda: Attention(bias=False),
        "cross_attention": lambda: Attention(kdim=6, vdim=6),
        "attention_apart": Apart,
        "shared_keys": lambda: Apart(1),
        "each_step": lambda: seq(nn.Linear(8, 4), nn.Linear(4, 3), nn.PReLU()),
        "encoder": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        "flattened": lambda: seq(
            nn.Conv2d(3, 4, 3, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.BatchNorm1d(16),
            nn.PReLU(16),
            nn.Linear(16, 5),
            nn.LayerNorm(5),
            nn.Linear(5, 2),
        ),
        "flattened_image": lambda: seq(nn.Flatten(), nn.Linear(108, 2)),
        "flattened_series": lambda: seq(nn.Conv1d(4, 3, 2), nn.Flatten(), nn.Linear(12, 2)),
        "generator": lambda: seq(
            nn.Linear(6, 36),
            nn.BatchNorm1d(36),
            nn.ReLU(),
            nn.Unflatten(1, (4, 3, 3)),
            nn.ConvTranspose2d(4, 2, 3, stride=2),
        ),
        "two_branches": Branches,
        "nested": lambda: seq(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(48, 4)),
    }  # fmt: skip


def stack(*steps: Any) -> Callable[[], Any]:
    return lambda: sequential(Input((5, 8)), *[step() for step in steps])


def lstm() -> Any:
    return layers.LSTM(3, return_sequences=True)


# For each case: lamina's side, and whether its inputs, or outputs, have channels.
CASES: dict[str, tuple[Callable[[], Any], bool, bool]] = {
    "linear": (
        lambda: sequential(Input((6,)), layers.Dense(4, "relu"), layers.Dense(3, use_bias=False)),
        False,
        False,
    ),
    "conv1d": (
        lambda: sequential(Input((7, 4)), layers.Conv1D(6, 3, strides=2, groups=2)),
        True,
        True,
    ),
    "conv2d": (
        lambda: sequential(Input((6, 7, 3)), layers.Conv2D(4, (3, 2), dilation_rate=(1, 2))),
        True,
        True,
    ),
    "conv3d": (lambda: sequential(Input((4, 5, 3, 2)), layers.Conv3D(3, 2)), True, True),
    "transposed1d": (
        lambda: sequential(Input((5, 4)), layers.Conv1DTranspose(3, 3, strides=2)),
        True,
        True,
    ),
    "transposed2d": (
        lambda: sequential(Input((4, 5, 3)), layers.Conv2DTranspose(2, (3, 2))),
        True,
        True,
    ),
    "transposed3d": (
        lambda: sequential(Input((2, 3, 4, 2)), layers.Conv3DTranspose(3, 2)),
        True,
        True,
    ),
    "depthwise1d": (
        lambda: sequential(Input((6, 4)), layers.DepthwiseConv1D(3, depth_multiplier=2)),
        True,
        True,
    ),
    "depthwise2d": (
        lambda: sequential(Input((6, 5, 3)), layers.DepthwiseConv2D(3, depth_multiplier=2)),
        True,
        True,
    ),
    "separable": (
        lambda: sequential(Input((6, 5, 3)), layers.SeparableConv2D(5, 3, depth_multiplier=2)),
        True,
        True,
    ),
    "batch_norm": (
        lambda: sequential(Input((4, 4, 3)), layers.BatchNormalization(**EPS)),
        True,
        True,
    ),
    "plain_batch_norm": (
        lambda: sequential(
            Input((6,)), layers.BatchNormalization(center=False, scale=False, **EPS)
        ),
        False,
        False,
    ),
    "layer_norm": (
        lambda: sequential(Input((5, 8)), layers.LayerNormalization((1, 2), **EPS)),
        False,
        False,
    ),
    "group_norm": (
        lambda: sequential(Input((5, 4)), layers.GroupNormalization(2, **EPS)),
        True,
        True,
    ),
    "instance_norm": (
        lambda: sequential(Input((4, 4, 3)), layers.GroupNormalization(-1, **EPS)),
        True,
        True,
    ),
    "rms_norm": (
        lambda: sequential(Input((5, 8)), layers.RMSNormalization(epsilon=1e-6)),
        False,
        False,
    ),
    "prelu": (lambda: sequential(Input((4, 4, 3)), layers.PReLU(shared_axes=[1, 2])), True, True),
    "embedding": (
        lambda: sequential(Input((5,)), layers.Embedding(9, 4), layers.Dense(9, use_bias=False)),
        False,
        False,
    ),
    "lstm": (stack(lstm), False, False),
    "gru": (stack(lambda: layers.GRU(3, return_sequences=True)), False, False),
    "rnn": (
        stack(lambda: layers.SimpleRNN(3, use_bias=False, return_sequences=True)),
        False,
        False,
    ),
    "relu_rnn": (stack(lambda: layers.SimpleRNN(3, "relu", return_sequences=True)), False, False),
    "stacked": (stack(lstm, lstm), False, False),
    "cells": (
        stack(lambda: layers.RNN([layers.GRUCell(3), layers.GRUCell(3)], return_sequences=True)),
        False,
        False,
    ),
    "both_ways": (stack(*[lambda: layers.Bidirectional(lstm())] * 2), False, False),
    "gru_both_ways": (
        stack(lambda: layers.Bidirectional(layers.GRU(3, return_sequences=True))),
        False,
        False,
    ),
    "attention": (lambda: attention_of(8, 8), False, False),
    "plain_attention": (lambda: attention_of(8, 8, use_bias=False), False, False),
    "cross_attention": (lambda: attention_of(8, 6), False, False),
    "shared_keys": (grouped, False, False),
    "each_step": (
        stack(
            lambda: layers.TimeDistributed(layers.Dense(4)),
            lambda: layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d"),
            lambda: layers.PReLU(shared_axes=[1, 2]),
        ),
        False,
        False,
    ),
    "attention_apart": (lambda: attention_of(8, 8), False, False),
    "encoder": (block, False, False),
    "flattened": (
        lambda: sequential(
            Input((6, 6, 3)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(**EPS),
            layers.ReLU(),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.BatchNormalization(**EPS),
            layers.PReLU(),
            layers.Dense(5),
            layers.LayerNormalization(**EPS),
            layers.Dense(2),
        ),
        True,
        False,
    ),
    "flattened_image": (
        lambda: sequential(Input((6, 6, 3)), layers.Flatten(), layers.Dense(2)),
        True,
        False,
    ),
    "flattened_series": (
        lambda: sequential(Input((5, 4)), layers.Conv1D(3, 2), layers.Flatten(), layers.Dense(2)),
        True,
        False,
    ),
    "generator": (generator, False, True),
    "two_branches": (two_branches, True, False),
    "nested": (nested, True, False),
}
