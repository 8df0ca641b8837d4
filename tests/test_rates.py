"""The learning rate of each single step of a fit, read from its effect on one weight."""

import itertools

import numpy as np
import pytest

import lamina
from lamina.callbacks import LambdaCallback
from lamina.layers import Dense, Input
from lamina.optimizers.schedules import ExponentialDecay

ROWS = 6
X, Y = np.ones((ROWS, 1)), np.zeros((ROWS, 1))


def rates_of(rate, epochs=1, callbacks=None, **options):
    """Fit y = w x to zeros, one row per step: each multiplies w by 1 - 2 rate."""
    model = lamina.Sequential(
        [Input((1,)), Dense(1, use_bias=False, kernel_initializer="ones")], dtype="float64"
    )
    model.compile(lamina.optimizers.SGD(rate), "mse")
    seen = [1.0]
    look = LambdaCallback(on_train_batch_begin=lambda *_: seen.append(model.get_weights()[0][0, 0]))
    given = [look, *(callbacks or (lambda model: []))(model)]
    model.fit(X, Y, batch_size=1, epochs=epochs, callbacks=given, verbose=0, **options)
    seen = [*seen[1:], model.get_weights()[0][0, 0]]
    return [(1 - after / before) / 2 for before, after in itertools.pairwise(seen)]


@pytest.mark.parametrize("staircase", [False, True])
def test_a_schedule_counts_steps_within_an_epoch_and_over_epochs(staircase):
    schedule = ExponentialDecay(0.1, 4, 0.5, staircase)
    steps = np.arange(2 * ROWS) / 4
    wanted = 0.1 * 0.5 ** (np.floor(steps) if staircase else steps)
    np.testing.assert_allclose(rates_of(schedule, epochs=2), wanted, rtol=1e-9)


def test_a_rate_that_a_callback_sets_holds_from_the_next_step_on():
    def halve(model):
        def at(batch, logs):
            if batch == 2:
                model.optimizer.learning_rate = 0.05

        return [LambdaCallback(on_train_batch_end=at)]

    np.testing.assert_allclose(rates_of(0.1, callbacks=halve), [0.1] * 3 + [0.05] * 3, rtol=1e-9)


@pytest.mark.parametrize(
    ("hook", "first"),
    [
        ("on_train_begin", 0), ("on_epoch_begin", 0), ("on_train_batch_begin", 0),
        ("on_train_batch_end", 1), ("on_epoch_end", ROWS), ("on_test_begin", ROWS),
        ("on_test_end", ROWS),
    ],
)  # fmt: skip
@pytest.mark.parametrize("new", [0.05, ExponentialDecay(0.05, 1, 1.0)])
@pytest.mark.parametrize("old", [0.1, ExponentialDecay(0.1, 1, 1.0)])
def test_a_rate_or_schedule_that_any_hook_sets_counts_from_the_next_step_on(hook, first, old, new):
    def setting(model):
        def at(*_):
            model.optimizer.learning_rate = new
            assert float(model.optimizer.learning_rate) == 0.05

        return [LambdaCallback(**{hook: at})]

    got = rates_of(old, 2, setting, validation_data=(X, Y))
    np.testing.assert_allclose(got, [0.1] * first + [0.05] * (2 * ROWS - first), rtol=1e-9)
