"""Models whose class defines the loss: compute_loss, train_step, test_step, add_loss."""

from __future__ import annotations

import numpy as np
import pytest

import golden
import lamina
from lamina import layers, ops

keras = golden.Peer("keras")
RNG = np.random.default_rng(8)
X = RNG.normal(size=(70, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def made(cls, **options):
    """Return a graph model of a user-defined class."""
    x = lamina.Input((4,))
    h = layers.Dense(8, activation="tanh", kernel_initializer=ones)(x)
    return cls(x, layers.Dense(1, kernel_initializer=ones)(h), seed=1, **options)


def ones(shape, dtype=None):
    return np.full(shape, 0.1, dtype)


class Twice(lamina.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2 * super().compute_loss(x, y, y_pred, sample_weight, training)


class OfItsOwn(lamina.Model):
    def compute_loss(self, x, y, y_pred):
        return ops.mean(ops.square(y - y_pred)) + 0.1 * ops.mean(ops.abs(y_pred))


class Steps(lamina.Model):
    def train_step(self, data):
        x, y = data
        y_pred = self(x, training=True)
        loss = self.compute_loss(y=y, y_pred=y_pred)
        return {"loss": loss, "bias": ops.mean(y_pred - y)}


def test_the_losses_of_compile_can_be_changed():
    plain, twice = made(lamina.Model), made(Twice)
    for model in (plain, twice):
        model.compile(lamina.optimizers.SGD(0.01), "mse", metrics=["mae"])
    assert twice.evaluate(X, Y)[0] == pytest.approx(2 * plain.evaluate(X, Y)[0], rel=1e-6)
    assert twice.evaluate(X, Y)[1] == plain.evaluate(X, Y)[1]
    plain.compile(lamina.optimizers.SGD(0.02), "mse")
    for model in (plain, twice):
        model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(plain.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_a_loss_of_its_own_needs_none_of_compile():
    model = made(OfItsOwn)
    model.compile("adam")
    p = model.predict(X)
    expected = np.mean((Y - p) ** 2) + 0.1 * np.mean(np.abs(p))
    assert model.evaluate(X, Y) == pytest.approx(expected, rel=1e-5)
    history = model.fit(X, Y, epochs=3, validation_data=(X, Y), verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert list(history) == ["loss", "val_loss"]


def test_a_step_reports_what_it_returns():
    model = made(Steps)
    model.compile(lamina.optimizers.SGD(0.0), "mse")
    p = model.predict(X)
    history = model.fit(X, Y, batch_size=70, verbose=0, validation_data=(X, Y)).history
    assert history["bias"][0] == pytest.approx(np.mean(p - Y), rel=1e-5)
    assert history["loss"][0] == pytest.approx(np.mean((p - Y) ** 2), rel=1e-5)
    assert history["val_loss"][0] == pytest.approx(np.mean((p - Y) ** 2), rel=1e-5)


def test_losses_of_layers_suffice_and_are_listed():
    class Autoencoder(lamina.Model):
        def __init__(self):
            super().__init__()
            self.code, self.back = layers.Dense(2), layers.Dense(4)

        def call(self, x):
            y = self.back(self.code(x))
            self.add_loss(ops.mean(ops.square(x - y)))
            return y

    model = Autoencoder()
    model.compile("adam")
    first = model.evaluate(X, None)
    assert first == pytest.approx(np.mean((X - model.predict(X)) ** 2), rel=1e-5)
    assert model.fit(X, epochs=5, verbose=0).history["loss"][-1] < first

    class Penalised(layers.Layer):
        def call(self, x):
            self.add_loss(0.5 * ops.sum(x))
            return x

    layer = Penalised()
    layer(np.ones((2, 3)))
    assert [float(loss) for loss in layer.losses] == [3.0]
    layer(np.ones((1, 3)))
    assert [float(loss) for loss in layer.losses] == [1.5]
    dense = layers.Dense(1, kernel_initializer="ones", kernel_regularizer=lamina.regularizers.L2(2))
    dense(np.ones((1, 3)))
    assert [float(loss) for loss in dense.losses] == [6.0]


def test_what_cannot_be_a_step_is_named():
    class Wrong(lamina.Model):
        def train_step(self, data):
            return 3.0

    model = made(Wrong)
    model.compile("adam", "mse")
    with pytest.raises(TypeError, match=r"wrong: train_step must return a dict of tensors with 'l"):
        model.fit(X, Y, verbose=0)
    model = lamina.Sequential([lamina.Input((4,)), layers.Dense(1)])
    model.compile("adam")
    assert model.predict(X).shape == (len(X), 1)
    with pytest.raises(ValueError, match="sequential: needs a loss: give compile one"):
        model.fit(X, Y, verbose=0)
    model = lamina.Sequential([lamina.Input((4,)), layers.Lambda(ops.tanh)])
    model.compile("adam")
    with pytest.raises(ValueError, match="sequential_1: needs a loss: give compile one, or let a"):
        model.fit(X, Y, verbose=0)


def test_metrics_count_beside_a_loss_that_the_model_says():
    class Distilled(lamina.Model):
        def compute_loss(self, x, y, y_pred):
            return ops.mean(ops.square(y_pred)) + 0.0 * ops.mean(x)

    def made(kind, loss):
        x = lamina.Input((3,))
        model = kind(x, lamina.layers.Dense(4, "softmax")(x))
        model.set_weights([np.eye(3, 4), np.zeros(4)])
        model.compile("sgd", loss, metrics=["accuracy"])
        return model

    x = np.random.default_rng(0).normal(size=(20, 3))
    labels = np.arange(20) % 4
    plain = made(lamina.Model, "sparse_categorical_crossentropy").evaluate(x, labels, verbose=0)
    own = made(Distilled, None)
    logs = own.evaluate(x, labels, verbose=0, return_dict=True)
    assert list(logs) == ["accuracy", "loss"]
    assert logs["accuracy"] == plain[1]
    assert logs["loss"] == pytest.approx(np.square(own.predict(x)).mean())
    assert list(own.fit(x, labels, verbose=0).history) == ["accuracy", "loss"]


class Counted(layers.Layer):
    def build(self, input_shape):
        self.calls = self.add_weight(name="calls", shape=(), initializer="zeros", dtype="int32")

    def call(self, x):
        self.calls.assign_add(1)
        return x


def stepping(kind, training):
    """A model with a user-defined step and state, in two forms."""
    norm, counted, dense = layers.BatchNormalization(momentum=0.5), Counted(), layers.Dense(1)

    class Steps(lamina.Model):
        def train_step(self, data):
            x, y = data
            y_pred = self(x, training=training) if kind != "parts" else dense(counted(norm(x)))
            return {"loss": ops.mean(ops.square(y - y_pred))}

    class Calls(Steps):
        def __init__(self):
            super().__init__()
            self.held = [norm, counted, dense]

        def call(self, x, training=None):
            return dense(counted(norm(x, training=training)))

    x = lamina.Input((3,))
    return Steps(x, dense(counted(norm(x)))) if kind == "graph" else Calls(), norm, counted


@pytest.mark.parametrize("loss", [None, "mse"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", ["graph", "calls"])
def test_a_step_that_calls_the_model_moves_its_states_once(kind, training, loss):
    model, norm, counted = stepping(kind, training)
    model.compile(lamina.optimizers.SGD(0.0), loss, metrics=["mae"] if loss else None)
    x = np.ones((8, 3), "float32")
    model.fit(x, x[:, :1], batch_size=4, verbose=0)
    assert counted.calls.numpy() == 2
    np.testing.assert_allclose(norm.moving_mean, [0.75 if training else 0.0] * 3)


def test_metrics_of_compile_see_what_the_step_predicts():
    model, _, _ = stepping("calls", training=True)
    model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=["mae"])
    x = np.random.default_rng(3).normal(size=(8, 3)).astype("float32")
    mae = model.fit(x, x[:, :1], batch_size=8, verbose=0).history["mae"]
    normed = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3)
    y_pred = normed @ model.held[2].kernel + model.held[2].bias
    assert mae == [pytest.approx(np.mean(np.abs(x[:, :1] - y_pred)), rel=1e-5)]
    model, norm, _ = stepping("parts", training=True)  # the step calls layers of the model
    model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=["mae"])
    model.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=8, verbose=0)
    np.testing.assert_allclose(norm.moving_mean, [0.5] * 3)


class Reports(lamina.Model):
    """As in Keras's documentation of compute_metrics: a metric besides those of compile."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.far = lamina.metrics.MeanAbsoluteError(name="far")

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        results = super().compute_metrics(x, y, y_pred, sample_weight)
        self.far.update_state(y, 2 * y_pred)
        results["far"] = self.far.result()
        results["mean_x"] = lamina.ops.mean(x)
        return results


def test_metrics_that_the_model_computes_are_reported():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 1))
    given = lamina.Input((3,))
    model = Reports(given, lamina.layers.Dense(1)(given), seed=1, dtype="float64")
    model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=["mae"])
    logs = model.fit(x, y, batch_size=7, verbose=0, validation_data=(x, y)).history
    p = model.predict(x)
    expected = {"loss": np.mean((y - p) ** 2), "mae": np.abs(y - p).mean(),
                "far": np.abs(y - 2 * p).mean(), "mean_x": x.mean()}  # fmt: skip
    for key, value in expected.items():
        for found in (logs[key][0], logs[f"val_{key}"][0]):
            np.testing.assert_allclose(found, value, rtol=1e-10)


class Perplexity(lamina.Model):
    """Calculates further quantities from the results of the metrics, as Keras's users do."""

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        results = super().compute_metrics(x, y, y_pred, sample_weight)
        results["ppl"] = lamina.ops.exp(results["loss"])
        results["twice"] = results["mae"] * 2
        results["gap"] = results["twice"] - lamina.ops.sqrt(results["loss"])
        results["total"] = results["loss"]
        return results


def test_results_of_metrics_can_be_calculated_with():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 1))
    given = lamina.Input((3,))
    model = Perplexity(given, lamina.layers.Dense(1)(given), seed=1, dtype="float64")
    model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=["mae"])
    logs = model.fit(x, y, batch_size=7, epochs=2, verbose=0, validation_data=(x, y)).history
    p = model.predict(x)
    loss, mae = np.mean((y - p) ** 2), np.abs(y - p).mean()
    expected = {"loss": loss, "mae": mae, "ppl": np.exp(loss), "twice": 2 * mae,
                "gap": 2 * mae - np.sqrt(loss), "total": loss}  # fmt: skip
    assert set(logs) == {*expected, *(f"val_{key}" for key in expected)}
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert found.keys() == set(model.metrics_names) == expected.keys()
    for key, value in expected.items():
        for got in (*logs[key], *logs[f"val_{key}"], found[key]):
            np.testing.assert_allclose(got, value, rtol=1e-10)


@pytest.mark.parametrize(("use", "rule"), [
    (lambda r, p: r["mae"] * lamina.ops.mean(p), "give it to a metric, such as Mean"),
    (lambda r, p: float(r["mae"]), "metric mae, known after each batch> cannot become a float"),
    (lambda r, p: 1.0 if r["mae"] > 0 else 0.0, "known after each batch> cannot be used in `if`"),
])  # fmt: skip
def test_results_of_metrics_have_no_value_while_a_step_is_recorded(use, rule):
    class Uses(lamina.Sequential):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            return {**results, "own": use(results, y_pred)}

    model = Uses([lamina.Input((3,)), lamina.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    with pytest.raises(TypeError, match=rule):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)


def test_loss_and_metrics_of_arrays():
    rng = np.random.default_rng(1)
    y, p, weight = rng.normal(size=(9, 1)), rng.normal(size=(9, 1)), rng.uniform(size=9)
    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mse"])
    square = (y - p)[:, 0] ** 2
    np.testing.assert_allclose(model.compute_loss(None, y, p), square.mean())
    np.testing.assert_allclose(model.compute_loss(None, y, p, weight), (weight * square).mean())
    for _ in range(2):
        results = model.compute_metrics(None, y, p, weight)
    np.testing.assert_allclose(results["mae"], np.abs(y - p).mean())
    np.testing.assert_allclose(results["mse"], np.average(square, weights=weight))


def without_targets(library, how):
    """Return the losses and weights of a model whose loss of compile compares other things."""

    class Sums(library.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            assert y is None
            return self.loss(library.ops.sum(x, axis=1, keepdims=True), y_pred)

    x = library.Input((4,))
    dense = library.layers.Dense(1, kernel_initializer=ones)
    model = Sums(x, dense(x))
    model.compile(library.optimizers.SGD(0.1), loss=library.losses.MeanAbsoluteError())
    rows = X[:20]
    if how == "batches":
        data = ((rows[i * 10 : i * 10 + 10],) for i in range(2))
        losses = model.fit(data, epochs=1, steps_per_epoch=2, verbose=0).history["loss"]
    else:
        held = {"validation_data": (rows, None)} if how == "validation" else {}
        history = model.fit(rows, batch_size=20, epochs=2, shuffle=False, verbose=0, **held).history
        losses = [v for key in sorted(history) for v in history[key]]
    on_batches = [model.evaluate(rows, verbose=0), model.test_on_batch(rows)]
    on_batches += [model.train_on_batch(rows)]
    return [[float(np.ravel(v)[0]) for v in (*losses, *on_batches)], model.get_weights()]


@pytest.mark.parametrize("how", ["rows", "batches", "validation"])
def test_a_loss_of_compile_needs_no_targets_if_a_class_computes_the_loss(how):
    wanted = golden.ask(lambda: without_targets(keras, how), how)
    got = without_targets(lamina, how)
    np.testing.assert_allclose(got[0], wanted[0], rtol=1e-5)
    for a, b in zip(got[1], wanted[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_several_outputs_and_losses_of_compile_without_targets():
    class Agree(lamina.Model):
        def compute_loss(self, x, y, y_pred):
            return ops.mean(ops.square(y_pred[0] - y_pred[1]))

    x = lamina.Input((4,))
    model = Agree(x, [layers.Dense(1, kernel_initializer=ones)(x), layers.Dense(1)(x)], seed=1)
    model.compile("sgd", ["mse", "mae"])
    a, b = model.predict(X)
    assert model.evaluate(X, verbose=0) == pytest.approx(np.mean((a - b) ** 2), rel=1e-5)
    assert list(model.fit(X, verbose=0).history) == ["loss"]
    assert len(model.fit(X, [Y, Y], verbose=0).history) == 3


@pytest.mark.parametrize(("loss_of", "rule"), [
    (lambda s, y, p, base: ops.mean(ops.square(y - p)),
     "of: compute_loss got y=None, as no targets were given: unsupported operand"),
    (lambda s, y, p, base: s.loss(y, p), "of: compute_loss got y=None, as no targets were given"),
    (lambda s, y, p, base: base(), "of: y is None; the loss needs targets"),
    (lambda s, y, p, base: ops.mean(p) + y.shape[0], "compute_loss got y=None"),
])  # fmt: skip
def test_a_step_that_uses_targets_that_are_not_there(loss_of, rule):
    class Of(lamina.Model):
        def compute_loss(self, x, y, y_pred):
            return loss_of(self, y, y_pred, lambda: super(Of, self).compute_loss(x, y, y_pred))

    model = made(Of)
    model.compile("sgd", "mse")
    for method in (lambda: model.fit(X, verbose=0), lambda: model.evaluate(X, verbose=0)):
        with pytest.raises((TypeError, AttributeError), match=rule):
            method()


def test_metrics_of_compile_need_targets():
    class Of(lamina.Model):
        def compute_loss(self, x, y, y_pred):
            return ops.mean(y_pred)

    for loss in ("mse", None):
        model = made(Of)
        model.compile("sgd", loss, metrics=["mae"])
        for data in (X, iter([X])):
            with pytest.raises(TypeError, match=r"^fit: .*the metrics need targets"):
                model.fit(data, verbose=0)


def test_a_step_with_a_state_is_told_what_it_gets():
    class Jax(lamina.Model):
        def train_step(self, state, data):
            return {"loss": ops.mean(data[0])}, state

    model = made(Jax)
    model.compile("sgd", "mse")
    with pytest.raises(
        TypeError, match=r"train_step gets the data alone.*got train_step\(state,"
    ) as e:
        model.fit(X, Y, verbose=0)
    assert "model.value_and_gradients and model.input_gradients" in str(e.value)
    with pytest.raises(AttributeError, match=r"model\.input_gradients"):
        _ = lamina.GradientTape
