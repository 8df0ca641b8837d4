"""Searches by R's variable metric method: R's counts, masks, and many starts at once."""

import signal
from contextlib import contextmanager

import numpy as np
import pytest

import lamina
from lamina import layers, ops

RNG = np.random.default_rng(8)
X = RNG.normal(size=(60, 3))
Y = np.sin(X @ RNG.normal(size=(3, 1)))


class Valley(layers.Layer):
    """Two weights a, b and the residuals 1 - a and 10 (b - a^2) of Rosenbrock's function."""

    def build(self, input_shape):
        self.a = self.add_weight("a", (1,))
        self.b = self.add_weight("b", (1,))

    def call(self, x):
        across = ops.concatenate([1.0 - self.a, 10.0 * (self.b - self.a**2)])
        return x * 0.0 + across


class Line(layers.Layer):
    """``w'x`` for cases in columns."""

    def build(self, input_shape):
        self.w = self.add_weight("w", (input_shape[-2], 1))

    def call(self, x):
        return ops.sum(self.w * x, axis=-2)


def valley():
    model = lamina.Sequential([lamina.Input((2,)), Valley()], dtype="float64")
    model.compile(loss=lambda y, p: ops.sum(ops.square(p - y), axis=-1))
    return model.loss_function(np.zeros((1, 2)), np.zeros((1, 2)))


def network(hidden=3):
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(hidden, "tanh"), layers.Dense(1)], dtype="float64", seed=1
    )
    model.compile(loss="mse")
    return model.loss_function(X, Y)


def test_counts_are_those_of_r():
    """R's help of optim: 110 values and 43 gradients for Rosenbrock's function from (-1.2, 1)."""
    f = valley()
    found = f.minimize([-1.2, 1.0], reltol=np.sqrt(np.finfo(float).eps))
    assert (found.status, found.success, found.nfev, found.njev) == ("converged", True, 110, 43)
    assert found.fun == pytest.approx(9.594956e-18, rel=1e-4)
    np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-7)


def test_a_search_ends_where_it_is_told():
    f = valley()
    told = []
    short = f.minimize([-1.2, 1.0], maxit=25, report=lambda *note: told.append(note))
    assert (short.status, short.nit, short.success) == ("stopped", 25, False)
    assert [note[:2] for note in told] == [(0, 0), (0, 10), (0, 20)]
    assert told[0][2] == pytest.approx(24.2)
    none = f.minimize([-1.2, 1.0], maxit=0)
    assert (none.fun, none.nfev, none.njev) == (pytest.approx(24.2), 1, 0)
    assert f.minimize([-1.2, 1.0], abstol=1.0).fun > 0.01
    lost = f.minimize([np.inf, 1.0])
    assert lost.status == "not finite"


def test_masked_weights_stay():
    f = valley()
    found = f.minimize([-1.2, 1.0], mask=[False, True])
    assert found.x[0] == -1.2
    assert found.x[1] == pytest.approx(1.44, rel=1e-6)
    still = f.minimize([-1.2, 1.0], mask=[0, 0])
    assert still.success
    assert still.x.tolist() == [-1.2, 1.0]


def test_many_starts_give_the_bits_of_each_alone_on_any_number_of_threads():
    f = network()
    starts = RNG.uniform(-0.7, 0.7, (9, f.size))
    before = f.weights
    threads = lamina.get_num_threads()
    found = []
    try:
        for count in (1, 3):
            lamina.set_num_threads(count)
            found.append(f.minimize_many(starts, maxit=40))
    finally:
        lamina.set_num_threads(threads)
    found.append([f.minimize(start, maxit=40) for start in starts])
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            assert one.x.tobytes() == two.x.tobytes()
            assert (one.fun, one.nit, one.nfev) == (two.fun, two.nit, two.nfev)
    assert all(m.fun < f.value(start) for m, start in zip(found[0], starts, strict=True))
    assert f.weights.tobytes() == before.tobytes()
    assert f.value(found[0][0].x) == found[0][0].fun


def in_columns():
    """Least squares of cases that lie along the last axis."""
    model = lamina.Sequential([lamina.Input((3, 60)), Line()], dtype="float64")
    model.compile(loss=lambda y, p: ops.sum(ops.square(p - y[:, 0]), axis=-1))
    return model.loss_function(X.T[None], Y.T[None])


def test_searches_over_columns_of_their_own_are_those_over_arrays_of_these():
    starts = RNG.uniform(-0.7, 0.7, (5, 3))
    columns = RNG.integers(0, 60, (5, 60))
    f = in_columns()
    found = f.minimize_many(starts, columns=columns)
    for one, start, places in zip(found, starts, columns, strict=True):
        given = (np.ascontiguousarray(each[places].T)[None] for each in (X, Y))
        alone = f.program.over(*given).minimize(start)
        assert (one.x.tobytes(), one.fun, one.initial) == (
            alone.x.tobytes(),
            alone.fun,
            alone.initial,
        )
        best = np.linalg.lstsq(X[places], Y[places, 0])[0]
        np.testing.assert_allclose(one.x, best, atol=1e-4)
    assert len({one.fun for one in found}) == 5
    with pytest.raises(ValueError, match="positions below 60; got 60"):
        f.minimize_many(starts, columns=columns + 60 - columns.max())
    with pytest.raises(ValueError, match=r"needs shape \(5, 60\); got \(4, 60\)"):
        f.minimize_many(starts, columns=columns[1:])
    with pytest.raises(ValueError, match="last axes of all inputs need one size"):
        network().minimize_many(np.zeros((1, 16)), columns=[[0, 1, 2]])


def test_what_does_not_fit_is_refused():
    f = network()
    with pytest.raises(ValueError, match=r"starts must have shape \(starts, 16\); got \(16,\)"):
        f.minimize_many(f.weights)
    with pytest.raises(ValueError, match=r"mask must have shape \(16,\), .* got \(3,\)"):
        f.minimize(mask=[1, 0, 1])
    with pytest.raises(ValueError, match=r"maxit must be .*; got -1"):
        f.minimize(maxit=-1)
    with pytest.raises(KeyError, match="told"):
        f.minimize(report=lambda *note: {}["told"])
    assert f.minimize_many(np.empty((0, 16))) == []


@contextmanager
def interrupted():
    """Press Ctrl-C in a moment."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_an_interrupt_ends_a_search():
    x = RNG.normal(size=(20_000, 3))
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(30, "tanh"), layers.Dense(1)])
    model.compile(loss="mse")
    f = model.loss_function(x, np.sin(3 * x[:, :1] * x[:, 1:2]))
    told = []
    with interrupted():
        f.minimize(maxit=3000, reltol=0.0, report=lambda _, iterations, __: told.append(iterations))
    assert not told or told[-1] < 2990


def test_an_interrupt_ends_many_searches():
    """They would take minutes."""
    f = network()
    starts = np.tile(RNG.uniform(-0.7, 0.7, (10, f.size)), (20_000, 1))
    with interrupted():
        f.minimize_many(starts, maxit=1000)
