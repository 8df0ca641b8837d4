"""Weights of rows reach the steps of a model's class as they were given, as in Keras."""

from __future__ import annotations

import numpy as np
import pytest

import golden
import lamina

keras = golden.Peer("keras")

RNG = np.random.default_rng(3)
ROWS = 12
X = RNG.normal(size=(ROWS, 4)).astype("float32")
Y = np.arange(ROWS) % 2
SEQUENCE = RNG.normal(size=(ROWS, 6, 3)).astype("float32")
TARGET = RNG.normal(size=(ROWS, 1)).astype("float32")
W = RNG.uniform(0.5, 2, size=ROWS).astype("float32")
BY_POSITION = RNG.uniform(0.5, 2, size=(ROWS, 6)).astype("float32")
CLASSES = {0: 1.0, 1: 9.0}


def ones(shape, dtype=None):
    return np.full(shape, 0.1, dtype or "float32")


def leaves(value):
    """Return the leaves of a structure, dicts in the order of their keys."""
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)]
    if isinstance(value, (list, tuple)):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


def shown(value):
    """Return the structure with the shape of a row in place of each weight."""
    if isinstance(value, dict):
        return {key: shown(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [shown(each) for each in value]
    return None if value is None else list(value.shape[1:])


def outputs(library, form):
    """Return an input and outputs of a form: classes, sequences, or two in a list or a dict."""
    x, layers = library.Input((4,)), library.layers

    def dense(units, activation=None, name=None):
        return layers.Dense(units, activation, kernel_initializer=ones, name=name)(x)

    if form == "classes":
        return x, dense(2, "softmax")
    if form == "sequence":
        return x, layers.Reshape((6, 3))(dense(18))
    a, b = dense(1, name="a"), dense(1, "tanh", name="b")
    return x, ([a, b] if form == "list" else {"a": a, "b": b})


def model_of(library, form, seen, loss=None, **options):
    """Return a model with a loss that weighs rows, and notes what weights it gets."""
    ops = library.ops

    class Weighs(library.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            seen.append(shown(sample_weight))
            total = 0.0
            weights = leaves(sample_weight)
            pairs = list(zip(leaves(y), leaves(y_pred), strict=True))
            for i, (t, p) in enumerate(pairs):
                if form == "classes":
                    values = library.losses.sparse_categorical_crossentropy(t, p)
                else:
                    values = ops.mean(ops.square(t - p), axis=-1)
                w = weights[i] if len(weights) == len(pairs) else None
                if w is not None:
                    w = ops.cast(w, "float32")
                    values = values * (ops.expand_dims(w, -1) if values.ndim > w.ndim else w)
                total = total + (1 + i) * ops.mean(values)
            return total

    model = Weighs(*outputs(library, form), **options)
    model.compile(library.optimizers.SGD(0.1), loss)
    return model


def run(library, form, y, method, options, loss=None, generated=None):
    """Return what the step saw last, its losses, and the weights of the model afterwards."""
    seen = []
    model = model_of(library, form, seen, loss)
    if method == "fit":
        arguments = (((X, y, generated) for _ in range(2)),) if generated is not None else (X, y)
        more = {"steps_per_epoch": 2} if generated is not None else {"batch_size": ROWS}
        logs = model.fit(*arguments, shuffle=False, verbose=0, epochs=1, **more, **options).history
        results = [float(v) for key in sorted(logs) if "loss" in key for v in logs[key][:1]]
        results = results[-1:] if loss is not None else results
    elif method == "evaluate":
        results = leaves(model.evaluate(X, y, batch_size=ROWS, verbose=0, **options))[:1]
    else:
        results = leaves(getattr(model, method)(X, y, **options))[:1]
    return [repr(seen[-1]), [float(v) for v in results], model.get_weights()]


CASES = {
    "rows": ("classes", Y, "fit", {"sample_weight": W}),
    "column": ("classes", Y, "fit", {"sample_weight": W[:, None]}),
    "integers": ("classes", Y, "fit", {"sample_weight": Y + 1}),
    "classes": ("classes", Y, "fit", {"class_weight": CLASSES}),
    "evaluate": ("classes", Y, "evaluate", {"sample_weight": W}),
    "train_on_batch": ("classes", Y, "train_on_batch", {"sample_weight": W}),
    "train_on_batch classes": ("classes", Y, "train_on_batch", {"class_weight": CLASSES}),
    "test_on_batch": ("classes", Y, "test_on_batch", {"sample_weight": W}),
    "validation": ("classes", Y, "fit", {"validation_data": (X, Y, W)}),
    "held out": ("classes", Y, "fit", {"sample_weight": W, "validation_split": 0.5}),
    "held out, classes": ("classes", Y, "fit", {"class_weight": CLASSES, "validation_split": 0.5}),
    "sequence, rows": ("sequence", SEQUENCE, "fit", {"sample_weight": W}),
    "sequence, positions": ("sequence", SEQUENCE, "fit", {"sample_weight": BY_POSITION}),
    "list, one": ("list", [TARGET, -TARGET], "fit", {"sample_weight": W}),
    "list, each": ("list", [TARGET, -TARGET], "fit", {"sample_weight": [W, 2 * W]}),
    "dict, one": ("dict", {"a": TARGET, "b": -TARGET}, "fit", {"sample_weight": W}),
    "dict, each": ("dict", {"a": TARGET, "b": -TARGET}, "fit", {
        "sample_weight": {"a": W, "b": 2 * W},
    }),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("with_loss", [False, True])
def test_a_step_gets_the_weights_that_were_given(case, with_loss):
    form, y, method, options = CASES[case]
    losses = {"classes": "sparse_categorical_crossentropy", "sequence": "mse",
              "list": ["mse", "mse"], "dict": {"a": "mse", "b": "mse"}}  # fmt: skip
    loss = losses[form] if with_loss else None
    wanted = golden.ask(lambda: run(keras, form, y, method, options, loss), case, loss)
    got = run(lamina, form, y, method, options, loss)
    assert got[0] == wanted[0]
    if "held out" not in case:  # other rows are held out
        np.testing.assert_allclose(got[1], wanted[1], rtol=1e-5)
        for a, b in zip(got[2], wanted[2], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_weights_of_generated_batches():
    wanted = golden.ask(lambda: run(keras, "classes", Y, "fit", {}, generated=W), W)
    got = run(lamina, "classes", Y, "fit", {}, generated=W)
    assert got[0] == wanted[0] == "[]"
    for a, b in zip(got[2], wanted[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", [None, "mse"])
@pytest.mark.parametrize("name", ["train_step", "test_step"])
def test_steps_take_apart_data_with_weights(name, loss):
    class Steps(lamina.Model):
        pass

    def step(self, data):
        x, y, weight = data
        assert tuple(weight.shape) == (None,)
        return {"loss": lamina.ops.mean(weight * lamina.ops.square(y - self(x))[:, 0])}

    setattr(Steps, name, step)
    x = lamina.Input((4,))
    model = Steps(x, lamina.layers.Dense(1, kernel_initializer=ones)(x))
    model.compile("sgd", loss)
    wanted = np.mean(W * np.square(TARGET - model.predict(X))[:, 0])
    if name == "train_step":
        got = model.fit(X, TARGET, sample_weight=W, verbose=0, batch_size=ROWS).history["loss"][0]
    else:
        got = np.ravel(model.evaluate(X, TARGET, sample_weight=W, verbose=0))[0]
    assert got == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("weight", [W, [W, 2 * W], {"a": W}], ids=["one", "list", "dict"])
@pytest.mark.parametrize("overrides", [False, True])
def test_the_loss_of_the_base_class_weighs_each_output(overrides, weight):
    class Calls(lamina.Model):
        if overrides:

            def compute_loss(self, x, y, y_pred, sample_weight=None):
                return super().compute_loss(x, y, y_pred, sample_weight)

    model = Calls(*outputs(lamina, "dict"))
    model.compile("sgd", {"a": "mse", "b": "mae"})
    got = model.evaluate(X, [TARGET, -TARGET], sample_weight=weight, verbose=0)[0]
    a, b = model.predict(X)["a"], model.predict(X)["b"]
    of_a = weight["a"] if isinstance(weight, dict) else weight[0] if len(weight) == 2 else weight
    of_b = 1.0 if isinstance(weight, dict) else weight[1] if len(weight) == 2 else weight
    wanted = np.mean(of_a * np.square(TARGET - a)[:, 0]) + np.mean(of_b * abs(-TARGET - b)[:, 0])
    assert got == pytest.approx(wanted, rel=1e-5)


def test_metrics_that_a_model_computes_get_the_weights():
    class Measures(lamina.Model):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            assert tuple(sample_weight.shape) == (None,)
            return {"weight": lamina.ops.mean(sample_weight)}

    model = Measures(*outputs(lamina, "sequence"))
    model.compile("sgd", "mse")
    logs = model.evaluate(X, SEQUENCE, sample_weight=W, verbose=0, return_dict=True)
    assert logs["weight"] == pytest.approx(W.mean(), rel=1e-6)


def test_weights_without_targets_reach_the_step():
    class OfX(lamina.Model):
        def train_step(self, data):
            x, y, weight = data
            assert y is None
            return {"loss": lamina.ops.mean(weight * self(x)[:, 0])}

    x = lamina.Input((4,))
    model = OfX(x, lamina.layers.Dense(1, kernel_initializer=ones)(x))
    model.compile("sgd")
    wanted = np.mean(W * model.predict(X)[:, 0])
    got = model.fit(X, sample_weight=W, verbose=0, batch_size=ROWS).history["loss"][0]
    assert got == pytest.approx(wanted, rel=1e-5)


def test_both_kinds_of_weights_are_multiplied():
    seen = []
    model = model_of(lamina, "classes", seen)
    got = model.train_on_batch(X, Y, sample_weight=W[:, None], class_weight=CLASSES)
    again = model_of(lamina, "classes", seen)
    weights = (W * np.where(Y, 9.0, 1.0))[:, None]
    assert got == pytest.approx(again.train_on_batch(X, Y, sample_weight=weights), rel=1e-6)
    assert [1] in seen
    assert [] not in seen


@pytest.mark.parametrize("kind", ["positions", "rows"])
def test_weights_of_rows_of_unequal_length(kind):
    class Weighs(lamina.Sequential):
        def compute_loss(self, x, y, y_pred, sample_weight=None):
            w = sample_weight if kind == "positions" else lamina.ops.expand_dims(sample_weight, -1)
            return lamina.ops.mean(w * lamina.ops.square(y - y_pred)[..., 0])

    model = Weighs([lamina.Input((None, 2)), lamina.layers.Dense(1, kernel_initializer=ones)])
    model.compile(lamina.optimizers.SGD(0.0))
    lengths = (2, 3, 2)
    rows, y = [X[:n, :2] for n in lengths], [X[:n, 2:3] for n in lengths]
    weights = [W[:n] for n in lengths] if kind == "positions" else W[:3]
    losses = [
        np.mean(w * np.square(t - model.predict(r[None])[0])[:, 0])
        for r, t, w in zip(rows, y, weights, strict=True)
    ]
    logs = model.fit(rows, y, sample_weight=weights, batch_size=1, verbose=0).history
    assert logs["loss"][0] == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize(("y", "options", "rule"), [
    (Y, {"sample_weight": W[:5]}, r"fit: sample_weight must have 12 rows, like x; got shape"),
    (None, {"class_weight": CLASSES}, "fit: class_weight needs y, one array of classes"),
    ([Y, Y], {"class_weight": CLASSES}, "fit: class_weight needs y, one array of classes"),
    (SEQUENCE, {"class_weight": CLASSES}, r"fit: class_weight needs one .*; y of shape \(12, 6, 3"),
    (Y, {"class_weight": CLASSES, "sample_weight": W[:5]}, r"fit: class_weight counts classes of"),
])  # fmt: skip
def test_weights_that_do_not_fit_are_refused(y, options, rule):
    class OfX(lamina.Model):
        def compute_loss(self, x, y, y_pred):
            return lamina.ops.mean(y_pred)

    model = OfX(*outputs(lamina, "classes"))
    model.compile("sgd")
    with pytest.raises(ValueError, match=rule):
        model.fit(X, y, verbose=0, **options)


@pytest.mark.parametrize("class_weight", [None, CLASSES])
@pytest.mark.parametrize("sample_weight", [None, W])
def test_fits_side_by_side_weigh_as_fit(sample_weight, class_weight):
    fit = {"class_weight": class_weight, "validation_split": 0.5, "epochs": 2, "verbose": 0}
    many = lamina.fit_many(
        lambda: model_of(lamina, "classes", []), X, Y, sample_weight=sample_weight, seeds=[3],
        keep=("histories", "weights"), **fit,
    )  # fmt: skip
    alone = model_of(lamina, "classes", [], seed=3)
    history = alone.fit(X, Y, sample_weight=sample_weight, **fit).history
    assert many.histories[0].history == history
    for a, b in zip(many.weights[0], alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
