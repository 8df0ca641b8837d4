"""Whole fits of the networks that the benchmarks time: the same bits on 1, 2 and 4 threads.

Layers and batches are those of ``bench/workloads``; rows are fewer, the last batch not a full one.
"""

import hashlib

import numpy as np
import pytest

import lamina
from lamina import layers
from thread_proof import step_plan

THREADS = (1, 2, 4)
CNN = (("conv", 32, "valid"), ("conv", 64, "valid"), 128, 10)
CIFAR = (*(("conv", filters, "same") for filters in (32, 64, 128, 256)), 512, 100)
WORKLOADS = {
    # shape of a row, network, loss, batch, rows, operations that must run on several threads
    "cnn": ((28, 28, 1), CNN, "classes", 128, 180, {"conv2d+relu+max_pool2d", "dense+relu"}),
    "cifar": ((32, 32, 3), CIFAR, "classes", 128, 180, {"conv2d+relu+max_pool2d", "dense+relu"}),
    # A step of 20 microseconds starts no threads; with forty times the batch it does.
    "nyse": ((5, 3), ("SimpleRNN", 12, "relu", 1), "numbers", 64, 400, set()),
    "nyse, large batch": (
        (5, 3),
        ("SimpleRNN", 12, "relu", 1),
        "numbers",
        2560,
        4288,
        {"simple_rnn"},
    ),
    "rnn": ((200, 32), ("SimpleRNN", 64, "tanh", 1), "numbers", 64, 100, {"simple_rnn"}),
    "lstm": ((200, 32), ("LSTM", 64, "tanh", 1), "numbers", 64, 100, {"lstm"}),
}


def network(shape, parts):
    if isinstance(parts[0], str):
        kind, units, activation, outputs = parts
        middle = [getattr(layers, kind)(units, activation=activation)]
    else:
        *convolutions, hidden, outputs = parts
        middle = []
        for _, filters, padding in convolutions:
            middle.append(layers.Conv2D(filters, 3, padding=padding, activation="relu"))
            middle.append(layers.MaxPooling2D(2))
        middle += [layers.Flatten(), layers.Dense(hidden, activation="relu")]
    last = layers.Dense(outputs, activation="softmax" if outputs > 1 else None)
    return lamina.Sequential([layers.Input(shape), *middle, last])


def job(name):
    """Return a compiled model, its data and its batch size."""
    shape, parts, target, batch, rows, _ = WORKLOADS[name]
    rng = np.random.default_rng(20)
    x = rng.standard_normal((rows, *shape), dtype=np.float32)
    if target == "classes":
        y = rng.integers(0, parts[-1], rows)
    else:
        y = x.reshape(rows, -1)[:, -3:].sum(axis=1, keepdims=True)
    model = network(shape, parts)
    classes = "sparse_categorical_crossentropy"
    model.compile("adam", classes if target == "classes" else "mean_squared_error")
    return model, x, y, batch


def fitted(name):
    """Return a digest of weights, optimizer and predictions after a fit, and its losses."""
    lamina.set_random_seed(1)
    model, x, y, batch = job(name)
    history = model.fit(x, y, batch_size=batch, epochs=2, verbose=0, validation_split=0.1)
    arrays = [*model.get_weights(), *model.optimizer.slots, model.predict(x)]
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest(), history.history


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_fit_has_the_same_bits_on_any_number_of_threads(isa, name):
    results = []
    for count in THREADS:
        lamina.runtime.set_num_threads(count)
        results.append(fitted(name))
        used = step_plan(*job(name))
        if count == 1:
            assert set(used.values()) == {1}
        for operation in WORKLOADS[name][-1] if count > 1 else ():
            for phase in ("forward", "backward"):
                assert used[operation, phase] > 1, f"{operation} {phase} on one thread: {used}"
    losses = results[0][1]["loss"]
    assert np.isfinite(losses).all()
    assert losses[0] != losses[1]
    assert all(other == results[0] for other in results[1:])
