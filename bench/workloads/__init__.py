"""The training jobs on which lamina and its peers are compared: one entry each."""

from __future__ import annotations

from workloads.workload import Input, Layer, Workload, ids, numbers

__all__ = ["WORKLOADS", "Input", "Layer", "Workload", "ids", "numbers"]


def _by_name(*workloads: Workload) -> dict[str, Workload]:
    return {workload.name: workload for workload in workloads}


def _perceptron(*units: int, activation: str = "relu", last: str = "linear") -> tuple[Layer, ...]:
    hidden = (("dense", count, activation) for count in units[:-1])
    return (*hidden, ("dense", units[-1], last))


_DENSE = _by_name(
    # The book's Hitters network (section 10.9.1) on about as many rows as Hitters has.
    Workload(
        name="hitters",
        inputs=(numbers(19),),
        layers=(("dense", 64, "relu"), ("dropout", 0.4), ("dense", 1, "linear")),
        task="regression",
        batch=32,
        rows=256,
        steps=2048,
        ratio=4.0,
        fastest="jax-loop",
    ),
    # The book's MNIST network (section 10.9.2) on about as many digits as come with lamina.
    Workload(
        name="mlp",
        inputs=(numbers(784),),
        layers=(
            ("dense", 256, "relu"),
            ("dropout", 0.4),
            ("dense", 128, "relu"),
            ("dropout", 0.3),
            ("dense", 10, "softmax"),
        ),
        task="classification",
        batch=128,
        rows=4992,
        steps=312,
        ratio=2.7,
        fastest="tensorflow",
        inference={1: 1.2},
    ),
    Workload(
        name="wide",
        inputs=(numbers(1024),),
        layers=_perceptron(1024, 1024, 1024, 10, last="softmax"),
        task="classification",
        batch=256,
        rows=2048,
        steps=24,
        ratio=1.2,
        fastest="jax-loop",
        inference={1: 1.2, 32: 1.2},
    ),
    # An autoencoder of images of MNIST's size.
    Workload(
        name="ae",
        inputs=(numbers(784),),
        layers=_perceptron(128, 32, 128, 784, last="sigmoid"),
        task="reconstruction",
        batch=256,
        rows=2560,
        steps=60,
        ratio=1.6,
        fastest="jax-loop",
    ),
    # Five hidden layers of 300, with which Baldi, Sadowski and Whiteson (2014) found Higgs bosons.
    Workload(
        name="higgs",
        inputs=(numbers(28),),
        layers=_perceptron(300, 300, 300, 300, 300, 1, activation="tanh", last="sigmoid"),
        task="binary",
        batch=100,
        rows=10_000,
        steps=100,
        ratio=2.0,
        fastest="jax-loop",
    ),
    # The values of CartPole's two actions, as deep Q-learning fits them.
    Workload(
        name="dqn",
        inputs=(numbers(4),),
        layers=_perceptron(64, 64, 2),
        task="regression",
        batch=64,
        rows=6400,
        steps=1000,
        ratio=3.0,
        fastest="jax-loop",
    ),
    # The network with which SimpleChains.jl learns exponentials of 2 x 2 matrices, whole batches.
    Workload(
        name="mexp",
        inputs=(numbers(4),),
        layers=_perceptron(32, 16, 4, activation="tanh"),
        task="regression",
        batch=10_000,
        rows=10_000,
        steps=60,
        ratio=5.0,
        fastest="jax",
    ),
    # Twelve columns of numbers and eight of categories, whose embeddings share one table.
    Workload(
        name="table",
        inputs=(numbers(12), ids(8, words=800)),
        layers=(
            ("concatenate", (), (("embedding", 800, 8), ("flatten",))),
            ("dense", 128, "relu"),
            ("dense", 64, "relu"),
            ("dense", 1, "sigmoid"),
        ),
        task="binary",
        batch=256,
        rows=25_600,
        steps=200,
        ratio=3.0,
        fastest="jax",
    ),
)

_CONVOLUTIONS = _by_name(
    # Two convolutions on images of MNIST's size.
    Workload(
        name="cnn",
        inputs=(numbers(28, 28, 1),),
        layers=(
            ("conv2d", 32, 3, "valid", "relu"),
            ("max_pool2d", 2),
            ("conv2d", 64, 3, "valid", "relu"),
            ("max_pool2d", 2),
            ("flatten",),
            ("dense", 128, "relu"),
            ("dense", 10, "softmax"),
        ),
        task="classification",
        batch=128,
        rows=1280,
        steps=20,
        ratio=2.5,
        fastest="tensorflow",
        inference={1: 1.2},
    ),
    # The book's CIFAR-100 network (section 10.9.3).
    Workload(
        name="cifar",
        inputs=(numbers(32, 32, 3),),
        layers=(
            ("conv2d", 32, 3, "same", "relu"),
            ("max_pool2d", 2),
            ("conv2d", 64, 3, "same", "relu"),
            ("max_pool2d", 2),
            ("conv2d", 128, 3, "same", "relu"),
            ("max_pool2d", 2),
            ("conv2d", 256, 3, "same", "relu"),
            ("max_pool2d", 2),
            ("flatten",),
            ("dense", 512, "relu"),
            ("dense", 100, "softmax"),
        ),
        task="classification",
        batch=128,
        rows=640,
        steps=10,
        ratio=2.2,
        fastest="tensorflow",
    ),
    # LeNet in the form for which SimpleChains.jl publishes a time: ReLU, maxima of 2 x 2.
    Workload(
        name="lenet",
        inputs=(numbers(28, 28, 1),),
        layers=(
            ("conv2d", 6, 5, "valid", "relu"),
            ("max_pool2d", 2),
            ("conv2d", 16, 5, "valid", "relu"),
            ("max_pool2d", 2),
            ("flatten",),
            *_perceptron(120, 84, 10, last="softmax"),
        ),
        task="classification",
        batch=2048,
        rows=8192,
        steps=8,
        ratio=2.0,
        fastest="tensorflow",
    ),
    # A block of a residual network (He et al. 2016).
    Workload(
        name="resblock",
        inputs=(numbers(32, 32, 64),),
        layers=(
            (
                "residual",
                (
                    ("conv2d", 64, 3, "same", "linear"),
                    ("batch_norm",),
                    ("activation", "relu"),
                    ("conv2d", 64, 3, "same", "linear"),
                    ("batch_norm",),
                ),
            ),
            ("activation", "relu"),
            ("global_average_pool2d",),
            ("dense", 10, "softmax"),
        ),
        task="classification",
        batch=64,
        rows=128,
        steps=4,
        ratio=1.5,
        fastest="tensorflow",
    ),
    # A block of MobileNet (Howard et al. 2017): a window for each channel, then a mix of channels.
    Workload(
        name="mobile",
        inputs=(numbers(32, 32, 128),),
        layers=(
            ("depthwise_conv2d", 3, "same"),
            ("batch_norm",),
            ("activation", "relu"),
            ("conv2d", 128, 1, "same", "linear"),
            ("batch_norm",),
            ("activation", "relu"),
            ("global_average_pool2d",),
            ("dense", 10, "softmax"),
        ),
        task="classification",
        batch=64,
        rows=128,
        steps=6,
        ratio=2.5,
        fastest="tensorflow",
        inference={1: 1.2, 32: 1.2, 1024: 1.2},
    ),
    # Signals of eight channels.
    Workload(
        name="conv1d",
        inputs=(numbers(500, 8),),
        layers=(
            ("conv1d", 64, 5, "same", "relu"),
            ("conv1d", 64, 5, "same", "relu"),
            ("global_average_pool1d",),
            ("dense", 10, "softmax"),
        ),
        task="classification",
        batch=64,
        rows=256,
        steps=12,
        ratio=2.0,
        fastest="tensorflow",
    ),
)

_SEQUENCES = _by_name(
    # The book's NYSE network (section 10.9.6): five days of three series, as many rows as there.
    Workload(
        name="nyse",
        inputs=(numbers(5, 3),),
        layers=(("simple_rnn", 12, "relu"), ("dense", 1, "linear")),
        task="regression",
        batch=64,
        rows=4288,
        steps=670,
        ratio=6.0,
        fastest="jax",
    ),
    # Long sequences: only the last state is passed on.
    Workload(
        name="rnn",
        inputs=(numbers(200, 32),),
        layers=(("simple_rnn", 64, "tanh"), ("dense", 1, "linear")),
        task="regression",
        batch=64,
        rows=512,
        steps=16,
        ratio=5.0,
        fastest="tensorflow",
    ),
    Workload(
        name="lstm",
        inputs=(numbers(200, 32),),
        layers=(("lstm", 64), ("dense", 1, "linear")),
        task="regression",
        batch=64,
        rows=512,
        steps=16,
        ratio=4.0,
        fastest="torch",
        inference={1: 1.2},
    ),
    Workload(
        name="gru",
        inputs=(numbers(200, 32),),
        layers=(("gru", 64), ("dense", 1, "linear")),
        task="regression",
        batch=64,
        rows=512,
        steps=16,
        ratio=4.0,
        fastest="jax",
    ),
    # Reviews of a hundred words, read in both directions.
    Workload(
        name="text",
        inputs=(ids(100, words=5000),),
        layers=(("embedding", 5000, 64), ("bidirectional_lstm", 64), ("dense", 1, "sigmoid")),
        task="binary",
        batch=64,
        rows=640,
        steps=10,
        ratio=4.0,
        fastest="torch",
        inference={1: 1.2},
    ),
)

WORKLOADS = {**_DENSE, **_CONVOLUTIONS, **_SEQUENCES}
