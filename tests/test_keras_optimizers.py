"""Optimizers against Keras's, or PyTorch's, over a hundred steps."""

import contextlib

import numpy as np
import pytest

import golden
from lamina import optimizers
from optimizer_rules import RULES, SHAPES, make

STEPS = 100


def problem(dtype, shapes=SHAPES):
    """Return initial weights, and a hundred slowly changing gradients of each."""
    rng = np.random.default_rng(6)
    start = [rng.normal(size=s).astype(dtype) for s in shapes]
    along = np.arange(STEPS)
    gradients = []
    for shape in shapes:
        base, wave = rng.normal(size=(2, *shape))
        turn = np.sin(along / 7).reshape(-1, *[1] * len(shape))
        noise = 0.3 * rng.normal(size=(STEPS, *shape))
        gradients.append((0.5 * base + turn * wave + noise).astype(dtype))
    return start, gradients


@contextlib.contextmanager
def double(keras):
    """Make Keras calculate in float64, including its learning rates."""
    switch = golden.Peer("jax").config.update
    switch("jax_enable_x64", True)
    keras.config.set_floatx("float64")
    try:
        yield
    finally:
        keras.config.set_floatx("float32")
        switch("jax_enable_x64", False)


def by_keras(make_optimizer, start, gradients):
    """Return Keras's weights after all steps, and their averages if there are any."""
    keras = golden.Peer("keras")
    with double(keras):
        theirs = make_optimizer(keras.optimizers)
        variables = [keras.Variable(w) for w in start]
        for step in range(STEPS):
            theirs.apply([keras.ops.convert_to_tensor(g[step]) for g in gradients], variables)
        averages = getattr(theirs, "_model_variables_moving_average", [])
        return [np.asarray(v) for v in (*variables, *averages)]


def ours(optimizer, start, gradients):
    weights = [w.copy() for w in start]
    for step in range(STEPS):
        optimizer.apply([g[step] for g in gradients], weights)
    return [*weights, *getattr(optimizer, "_model_variables_moving_average", [])]


def assert_near(got, wanted, near):
    """Check that every element agrees to ``near``, relative to it or to the size of its array."""
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted, strict=True):
        size = np.sqrt(np.mean(np.square(b)))
        np.testing.assert_allclose(a, b, rtol=near, atol=near * size)


@pytest.mark.parametrize("name", [name for name in RULES if name != "rprop"])
def test_a_hundred_steps_are_keras(name):
    cls, settings = RULES[name]
    start, gradients = problem("float64")
    wanted = golden.ask(
        lambda: by_keras(lambda room: getattr(room, cls)(**settings), start, gradients),
        cls, settings, start, gradients,
    )  # fmt: skip
    assert_near(ours(make(name), start, gradients), wanted, 1e-6)
    single = ours(make(name), *problem("float32"))
    assert_near(single, wanted, 2e-3 if name.startswith("muon") else 1e-4)


@pytest.mark.parametrize(
    ("cls", "settings", "theirs", "given"),
    [
        ("Rprop", {}, "Rprop", {}),
        (
            "Rprop",
            {"learning_rate": 0.1, "eta_minus": 0.3, "eta_plus": 1.5, "step_max": 0.5},
            "Rprop",
            {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (1e-6, 0.5)},
        ),
        ("SGD", {"learning_rate": 0.1, "momentum": 0.9}, "SGD", {"lr": 0.1, "momentum": 0.9}),
        (
            "SGD",
            {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
            "SGD",
            {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        ),
        ("Adam", {"learning_rate": 0.05, "epsilon": 1e-30}, "Adam", {"lr": 0.05, "eps": 1e-30}),
        (
            "AdamW",
            {"learning_rate": 0.05, "epsilon": 1e-30, "weight_decay": 0.1},
            "AdamW",
            {"lr": 0.05, "eps": 1e-30, "weight_decay": 0.1},
        ),
    ],
)
def test_a_hundred_steps_are_pytorchs(cls, settings, theirs, given):
    (start,), (gradients,) = problem("float64", [(4, 3)])

    def by_torch():
        torch = golden.Peer("torch")
        parameter = torch.nn.Parameter(torch.tensor(start))
        optimizer = getattr(torch.optim, theirs)([parameter], **given)
        for g in gradients:
            parameter.grad = torch.tensor(g)
            optimizer.step()
        return parameter

    wanted = golden.ask(by_torch, theirs, given, start, gradients)
    (got,) = ours(getattr(optimizers, cls)(**settings), [start], [gradients])
    assert_near([got], [wanted], 1e-6)


def test_weights_that_are_left_out_are_keras():
    start, gradients = problem("float64")
    settings = {"learning_rate": 0.05, "weight_decay": 0.5}

    def of(room):
        optimizer = room.AdamW(**settings)
        optimizer.exclude_from_weight_decay(var_names=["nothing"])
        return optimizer

    wanted = golden.ask(lambda: by_keras(of, start, gradients), settings, start, gradients)
    assert_near(ours(of(optimizers), start, gradients), wanted, 1e-6)


def test_several_optimizers_are_keras():
    start, gradients = problem("float64")

    def of(room):
        matrices, vectors = room.Adam(0.05, clipnorm=0.5), room.SGD(0.1, momentum=0.9)
        return room.MultiOptimizer(lambda v: matrices if len(v.shape) > 1 else vectors)

    wanted = golden.ask(lambda: by_keras(of, start, gradients), start, gradients)
    assert_near(ours(of(optimizers), start, gradients), wanted, 1e-6)


def test_a_loss_scale_follows_keras():
    start, gradients = problem("float64")
    gradients[0][[3, 50, 51]] = 9e9  # more than the scaled loss's gradients can be

    def of(room):
        return room.LossScaleOptimizer(room.Adam(0.05), initial_scale=8.0, dynamic_growth_steps=9)

    def given(step):
        return [np.where(g[step] == 9e9, np.inf, g[step]) for g in gradients]

    def theirs():
        keras = golden.Peer("keras")
        with double(keras):
            optimizer = of(keras.optimizers)
            variables = [keras.Variable(w) for w in start]
            optimizer.build(variables)
            weights, state = [v.value for v in variables], [v.value for v in optimizer.variables]
            for step in range(STEPS):
                tensors = [keras.ops.convert_to_tensor(g) for g in given(step)]
                weights, state = optimizer.stateless_apply(state, tensors, weights)
            return [np.asarray(w) for w in weights]

    wanted, optimizer = golden.ask(theirs, start, gradients), of(optimizers)
    weights = [w.copy() for w in start]
    for step in range(STEPS):
        optimizer.apply(given(step), weights)
    assert_near(weights, wanted, 1e-6)
    assert optimizer.iterations == STEPS - 3


def test_a_schedule_is_asked_for_the_steps_done():
    start, gradients = problem("float64")

    def of(room):
        rate = room.schedules.ExponentialDecay(0.1, 10, 0.7, staircase=True)
        return room.SGD(rate, momentum=0.5, gradient_accumulation_steps=2)

    wanted = golden.ask(lambda: by_keras(of, start, gradients), start, gradients)
    assert_near(ours(of(optimizers), start, gradients), wanted, 1e-6)
