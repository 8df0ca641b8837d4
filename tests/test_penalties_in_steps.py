"""Penalties on weights in the steps of a model's class: exactly what a step returns is trained."""

from __future__ import annotations

import numpy as np
import pytest

import golden
import lamina

keras = golden.Peer("keras")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(12, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def first(shape, dtype=None):
    return np.linspace(0.5, 1.5, int(np.prod(shape))).reshape(shape).astype(dtype or "float32")


def model_of(library, method, regularizer="l1_l2", loss="mse", **options):
    """Return a model with penalties on weights, on outputs, and given to add_loss."""

    class Adds(library.layers.Layer):
        def call(self, x):
            self.add_loss(0.1 * library.ops.mean(library.ops.square(x)))
            return x

    regularizers = {
        "l1_l2": lambda: library.regularizers.L1L2(0.1, 0.2),
        "function": lambda: lambda w: 0.3 * library.ops.sum(library.ops.abs(w)),
    }
    x = library.Input((4,))
    h = Adds()(x)
    cls = library.Model if method is None else method(library)
    y = library.layers.Dense(
        1, kernel_initializer=first, kernel_regularizer=regularizers[regularizer](),
        activity_regularizer=library.regularizers.L2(0.1),
    )(h)  # fmt: skip
    model = cls(x, y, **options)
    model.compile(library.optimizers.SGD(0.1), loss)
    return model


def overriding(loss_of):
    """Return a function that makes a class with this ``compute_loss``, given the base's."""

    def of(library):
        class Own(library.Model):
            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
                def base():
                    return super(Own, self).compute_loss(x, y, y_pred, sample_weight, training)

                return loss_of(self, library.ops.mean((y - y_pred) ** 2), base)

        return Own

    return of


LOSSES = {
    "its own": overriding(lambda model, own, base: own),
    "with losses": overriding(lambda model, own, base: own + sum(model.losses)),
    "the base's": overriding(lambda model, own, base: base()),
    "the base's, twice as large": overriding(lambda model, own, base: 2 * base()),
    "the base's, twice": overriding(lambda model, own, base: base() + base()),
    "the base's, with losses": overriding(lambda model, own, base: base() + sum(model.losses)),
    "counted": overriding(lambda model, own, base: own * len(model.losses)),
    "not overridden": None,
}


def trained(library, method, regularizer, loss):
    model = model_of(library, method, regularizer, loss)
    history = model.fit(X, Y, batch_size=12, shuffle=False, epochs=2, verbose=0).history
    tested = model.evaluate(X, Y, batch_size=12, verbose=0)
    return [[float(v) for v in history["loss"]], float(tested), model.get_weights()]


def same(got, wanted):
    np.testing.assert_allclose(got[0], wanted[0], rtol=2e-5)
    np.testing.assert_allclose(got[1], wanted[1], rtol=2e-5)
    for a, b in zip(got[2], wanted[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("loss", [None, "mse"])
@pytest.mark.parametrize("regularizer", ["l1_l2", "function"])
@pytest.mark.parametrize("name", LOSSES)
def test_exactly_the_loss_that_a_class_computes_is_trained(name, regularizer, loss):
    wanted = golden.ask(lambda: trained(keras, LOSSES[name], regularizer, loss), name, regularizer)
    same(trained(lamina, LOSSES[name], regularizer, loss), wanted)


@pytest.mark.parametrize("name", ["its own", "with losses", "the base's"])
def test_exactly_the_loss_that_a_step_returns_is_trained(name):
    """Keras's train_step takes the gradients itself; what it lowers is the same."""

    def of(library):
        class Steps(library.Model):
            def train_step(self, data):
                x, y = data
                y_pred = self(x, training=True)
                if name == "the base's":
                    return {"loss": self.compute_loss(x, y, y_pred)}
                loss = library.ops.mean((y - y_pred) ** 2)
                return {"loss": loss + sum(self.losses) if name == "with losses" else loss}

            def test_step(self, data):
                return self.train_step(data)

        return Steps

    wanted = golden.ask(lambda: trained(keras, LOSSES[name], "l1_l2", "mse"), name)
    same(trained(lamina, of, "l1_l2", "mse"), wanted)


def test_a_step_that_is_not_overridden_has_the_penalties():
    def of(library):
        class Trains(library.Model):
            def train_step(self, data):
                x, y = data
                return {"loss": library.ops.mean((y - self(x)) ** 2)}

        return Trains

    plain, own = model_of(lamina, None), model_of(lamina, of)
    assert own.evaluate(X, Y, verbose=0) == pytest.approx(plain.evaluate(X, Y, verbose=0), rel=1e-6)
    loss = own.fit(X, Y, batch_size=12, verbose=0).history["loss"][0]
    assert loss == pytest.approx(np.mean((Y - plain.predict(X)) ** 2), rel=1e-5)


def test_the_loss_of_arrays_has_the_penalties():
    def value(library):
        model = model_of(library, None)
        return float(model.compute_loss(None, Y, Y + 1.0))

    assert value(lamina) == pytest.approx(golden.ask(lambda: value(keras)), rel=1e-6)


def test_losses_are_those_of_the_last_call():
    def of(library):
        class Calls(library.Model):
            def train_step(self, data):
                x, y = data
                self(2.0 * x)
                y_pred = self(x)
                return {"loss": self.compute_loss(x, y, y_pred) + sum(self.losses)}

        return Calls

    plain, twice = model_of(lamina, None), model_of(lamina, of)
    all_of_it = plain.evaluate(X, Y, verbose=0)
    wanted = 2 * all_of_it - np.mean((Y - plain.predict(X)) ** 2)
    loss = twice.fit(X, Y, batch_size=12, verbose=0).history["loss"][0]
    assert loss == pytest.approx(wanted, rel=1e-5)


def test_a_frozen_weight_and_a_changed_factor_count_as_elsewhere():
    penalty = lamina.regularizers.L2(1.0)
    x = lamina.Input((4,))
    dense = lamina.layers.Dense(1, kernel_initializer=first, kernel_regularizer=penalty)
    model = LOSSES["the base's"](lamina)(x, dense(x))
    model.compile("sgd", "mse")
    mse = np.mean((Y - model.predict(X)) ** 2)
    squares = np.square(first((4,))).sum()
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(mse + squares, rel=1e-6)
    penalty.l2 = 2.0
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(mse + 2 * squares, rel=1e-6)
    dense.trainable = False
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(mse, rel=1e-6)


def test_penalties_of_a_model_within_count_once():
    def made(cls):
        x = lamina.Input((4,))
        dense = lamina.layers.Dense(4, kernel_initializer=first, kernel_regularizer="l2")
        inner = lamina.Model(x, dense(x))
        model = cls(x, inner(dense(x)))
        model.compile("sgd", loss=lambda y, p: lamina.ops.mean(p[:, :1] - y, axis=-1))
        return model.evaluate(X, Y, verbose=0)

    own = made(LOSSES["the base's"](lamina))
    assert own == pytest.approx(made(lamina.Model), rel=1e-5)


@pytest.mark.parametrize("name", ["its own", "the base's"])
def test_weights_become_exactly_zero_if_the_step_includes_their_penalty(name):
    def trained(cls):
        x = lamina.Input((4,))
        penalty = lamina.regularizers.L1(0.5, proximal=True)
        dense = lamina.layers.Dense(1, kernel_initializer=first, kernel_regularizer=penalty)
        model = cls(x, dense(x))
        model.compile(lamina.optimizers.SGD(0.05), "mse")
        history = model.fit(X, Y * 0.1, epochs=60, batch_size=12, shuffle=False, verbose=0).history
        return dense.kernel.numpy(), history["loss"]

    kernel, losses = trained(LOSSES[name](lamina))
    plain, wanted = trained(lamina.Model)
    if name == "its own":
        assert (kernel != 0).all()
    else:
        assert (plain == 0).any()
        np.testing.assert_allclose(kernel, plain, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(losses, wanted, rtol=1e-5)
