"""Several inputs and outputs: data as lists and dicts, losses and their weights, logs, refusals."""

import numpy as np
import pytest

import lamina
from lamina.layers import Dense, Dropout, Input
from lamina.metrics import Metric
from test_functional import Join
from thread_proof import assert_step_on_threads

RNG = np.random.default_rng(4)
A, B = RNG.normal(size=(30, 3)), RNG.normal(size=(30, 2))
Y = RNG.normal(size=(30, 1))
C = RNG.integers(0, 4, 30)
W = RNG.uniform(0.5, 2, 30)


def two_by_two(dtype="float64", seed=3):
    """A number and a class from two inputs."""
    a, b = Input((3,), name="a"), Input((2,), name="b")
    h = Dense(5, "tanh", name="h")(Join(name="join")([a, b]))
    value = Dense(1, name="value")(h)
    kind = Dense(4, "softmax", name="kind")(h)
    return lamina.Model([a, b], [value, kind], dtype=dtype, seed=seed)


def oracle(weights, a, b, y, c, w=None, scales=(1.0, 1.0)):
    """Losses of both outputs, their total and the gradients, in NumPy."""
    w1, b1, w2, b2, w3, b3 = weights
    w = np.ones(len(a)) if w is None else w
    x = np.concatenate([a, b], axis=1)
    h = np.tanh(x @ w1 + b1)
    v, z = h @ w2 + b2, h @ w3 + b3
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(a))
    mse, ce = np.mean(w * (v - y)[:, 0] ** 2), np.mean(-w * np.log(p[rows, c]))
    dv = scales[0] * 2 * (v - y) * w[:, None] / len(a)
    dz = p.copy()
    dz[rows, c] -= 1
    dz *= scales[1] * w[:, None] / len(a)
    dh = (dv @ w2.T + dz @ w3.T) * (1 - h**2)
    slopes = [x.T @ dh, dh.sum(0), h.T @ dv, dv.sum(0), h.T @ dz, dz.sum(0)]
    return mse, ce, scales[0] * mse + scales[1] * ce, slopes, v, p


LOSSES = ["mse", "sparse_categorical_crossentropy"]


@pytest.mark.parametrize("scales", [None, [0.3, 2.0], {"kind": 0.5}])
@pytest.mark.parametrize("weight", [None, W])
def test_losses_and_gradients_are_those_of_numpy(scales, weight):
    model = two_by_two()
    model.compile("sgd", LOSSES, loss_weights=scales)
    known = {None: (1.0, 1.0), "list": (0.3, 2.0), "dict": (1.0, 0.5)}
    used = known[None if scales is None else type(scales).__name__]
    mse, ce, total, slopes, v, p = oracle(model.get_weights(), A, B, Y, C, weight, used)
    got = model.evaluate([A, B], [Y, C], sample_weight=weight, return_dict=True, batch_size=7)
    assert list(got) == ["kind_loss", "loss", "value_loss"]
    np.testing.assert_allclose(list(got.values()), [ce, total, mse], rtol=1e-12)
    for ours, theirs in zip(model.predict([A, B]), [v, p], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    run = model.objective(weight is not None).take(30, True)
    arrays = [A, B, Y, C.astype("int32")]
    if weight is not None:
        arrays = [A, B, Y, W, C.astype("int32"), W]
    run.bind(arrays)
    run.gradients(None, 0, 30, 1)
    for parameter, slope in zip(model.parameters, slopes, strict=True):
        np.testing.assert_allclose(run.gradient_of(parameter), slope, rtol=1e-9, atol=1e-14)


def test_lists_tuples_and_dicts_train_to_the_same_bits():
    forms = [
        (([A, B], [Y, C]), LOSSES),
        (((A, B), (Y, C)), tuple(LOSSES)),
        (
            ({"b": B, "a": A}, {"kind": C, "value": Y}),
            dict(zip(["value", "kind"], LOSSES, strict=True)),
        ),
    ]
    results = []
    for (x, y), loss in forms:
        model = two_by_two("float32")
        model.compile("adam", loss, metrics={"kind": ["accuracy"], "value": "mae"})
        history = model.fit(x, y, epochs=2, batch_size=8, verbose=0, validation_data=(x, y))
        results.append((history.history, [w.tobytes() for w in model.get_weights()]))
        names = ["kind_accuracy", "kind_loss", "loss", "value_loss", "value_mae"]
        assert list(history.history) == sorted([*names, *(f"val_{name}" for name in names)])
        assert sorted(model.metrics_names) == names
    assert results[0] == results[1] == results[2]


def test_one_loss_or_metric_name_serves_all_outputs():
    a = Input((3,), name="a")
    model = lamina.Model(a, [Dense(1, name="p")(a), Dense(1, name="q")(a)], dtype="float64")
    model.compile("sgd", "mse", metrics="mae", loss_weights=2.0)
    got = model.evaluate(A, [Y, 2 * Y], return_dict=True)
    p, q = model.predict(A)
    expected = [np.mean((p - Y) ** 2), np.mean((q - 2 * Y) ** 2)]
    np.testing.assert_allclose(
        list(got.values()),
        [
            2 * sum(expected),
            expected[0],
            np.abs(p - Y).mean(),
            expected[1],
            np.abs(q - 2 * Y).mean(),
        ],
    )
    assert list(got) == ["loss", "p_loss", "p_mae", "q_loss", "q_mae"]


def test_an_output_without_a_loss_is_left_out():
    for loss, y in [
        (["mse", None], [Y, None]),
        ({"value": "mse", "kind": None}, {"value": Y}),
        (["mse", None], Y),
    ]:
        model = two_by_two()
        model.compile("sgd", loss)
        before = model.get_layer("kind").get_weights()
        history = model.fit([A, B], y, verbose=0)
        assert list(history.history) == ["loss"]
        np.testing.assert_array_equal(model.get_layer("kind").get_weights()[0], before[0])
        assert len(model.predict([A, B])) == 2


def test_metrics_in_python_see_their_own_output_and_weights():
    class Largest(Metric):
        def __init__(self, name):
            self.name = name

        def reset_state(self):
            self.seen, self.weights = [], []

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen.append((y_true.shape, y_pred.shape))
            self.weights.append(sample_weight)

        def result(self):
            return float(len(self.seen))

    one, two = Largest("one"), Largest("two")
    model = two_by_two()
    model.compile("sgd", LOSSES, metrics=[one, None], weighted_metrics=[None, [two]])
    weights = {"kind": W}
    got = model.evaluate([A, B], [Y, C], batch_size=20, sample_weight=weights, return_dict=True)
    assert got["value_one"] == got["kind_two"] == 2.0
    assert one.seen == [((20, 1), (20, 1)), ((10, 1), (10, 1))]
    assert two.seen == [((20,), (20, 4)), ((10,), (10, 4))]
    assert one.weights == [None, None]
    np.testing.assert_array_equal(np.concatenate(two.weights), W)
    mse, _, _, _, _, p = oracle(model.get_weights(), A, B, Y, C)
    np.testing.assert_allclose(got["value_loss"], mse)
    np.testing.assert_allclose(got["kind_loss"], np.mean(-W * np.log(p[np.arange(30), C])))


def test_batches_and_splits():
    model = two_by_two()
    model.compile("sgd", LOSSES, metrics={"kind": "accuracy"})
    first = model.train_on_batch([A, B], [Y, C], return_dict=True)
    assert list(first) == ["kind_accuracy", "kind_loss", "loss", "value_loss"]
    after = model.test_on_batch({"a": A, "b": B}, [Y, C])
    assert after[0] < first["loss"]
    assert len(model.predict_on_batch([A[:4], B[:4]])[1]) == 4
    history = model.fit([A, B], [Y, C], validation_split=0.2, verbose=0, epochs=2)
    held = history.validation_rows
    assert len(held) == 6
    expected = model.evaluate([A[held], B[held]], [Y[held], C[held]])
    np.testing.assert_allclose(history.history["val_loss"][-1], expected[0])
    np.testing.assert_allclose(history.history["val_kind_loss"][-1], expected[2])


def test_dict_outputs_name_losses_and_predictions():
    a = Input((3,))
    model = lamina.Model({"in": a}, {"up": Dense(1)(a), "down": Dense(2, "softmax")(a)})
    model.compile("sgd", {"up": "mse", "down": "sparse_categorical_crossentropy"},
                  loss_weights={"up": 0.5})  # fmt: skip
    history = model.fit({"in": A}, {"up": Y, "down": C % 2}, verbose=0)
    assert list(history.history) == ["down_loss", "loss", "up_loss"]
    got = model.predict({"in": A})
    assert list(got) == ["down", "up"]
    assert got["down"].shape == (30, 2)
    np.testing.assert_array_equal(model.predict(A)["up"], got["up"])
    assert list(model.predict(A, callbacks=[lamina.callbacks.Callback()])) == ["down", "up"]


def test_one_input_and_output_may_be_named():
    x = Input((3,), name="x")
    model = lamina.Model([x], [Dense(1, name="y")(Dropout(0.1)(x))], seed=1)
    model.compile("sgd", {"y": "mse"}, metrics={"y": ["mae"]})
    history = model.fit({"x": A}, {"y": Y}, verbose=0, validation_data=([A], [Y]))
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    twin = lamina.Model([x], model.outputs[0])
    np.testing.assert_array_equal(model.predict({"x": A}), twin.predict([A]))
    sequential = lamina.Sequential([Input((3,), name="x"), Dense(1, name="y")])
    assert sequential.predict({"x": A}).shape == (30, 1)


def test_results_do_not_depend_on_threads():
    weights = []
    a, b, y = (np.tile(v, (2000, 1)) for v in (A, B, Y))
    c, rows = np.tile(C, 2000), 30_000
    large = {"dense+tanh", "sparse_categorical_crossentropy_logits"}
    for count in (1, 2, 4):
        lamina.set_num_threads(count)
        model = two_by_two("float32")
        model.compile("adam", LOSSES)
        model.fit([a, b], [y, c], batch_size=rows, epochs=2, verbose=0)
        weights.append([w.tobytes() for w in model.get_weights()])
        assert_step_on_threads(model, [a, b], [y, c], rows, large)
    assert weights[0] == weights[1] == weights[2]


X2, Y2 = [A, B], [Y, C]
REFUSED = {
    "array for x": (A, Y2, {}, "x must be a list or dict of 2 arrays, for a, b; got ndarray of sh"),
    "too few": ([A], Y2, {}, "x must hold 2 arrays, for a, b; got 1"),
    "missing": ({"a": A}, Y2, {}, "x has nothing for input 'b'"),
    "unknown": ({"a": A, "bb": B}, Y2, {}, "x: unknown name 'bb'; did you mean 'b'"),
    "shape": ([A, A], Y2, {}, r"x\['b'\] has shape \(30, 3\); the model needs \(rows, 2\)"),
    "rows": ([A, B[:9]], Y2, {}, "number of rows; got 30 for 'a' and 9 for 'b'"),
    "nan": ([A, B * np.nan], Y2, {}, r"x\['b'\] must be finite; got nan at row 0, column 0"),
    "array for y": (X2, Y, {}, "y must be a list or dict of 2 arrays, for value, kind"),
    "y missing": (X2, {"value": Y}, {}, "y has nothing for output 'kind', which has a loss"),
    "y rows": (
        X2,
        [Y, C[:4]],
        {},
        r"x and y\['kind'\] must have the same number of rows; got 30 and 4",
    ),
    "y labels": (X2, [Y, C + 1], {}, r"y\['kind'\]: .*got 4"),
    "y nan": (X2, [Y * np.nan, C], {}, r"y\['value'\].* finite"),
    "weights": (X2, Y2, {"sample_weight": {"value": W, "kin": W}}, "unknown name 'kin'"),
    "weight": (X2, Y2, {"sample_weight": [W, W * np.nan]}, r"sample_weight\['kind'\] must be fin"),
    "class_weight": (X2, Y2, {"class_weight": {0: 1.0}}, "class_weight is for models with one out"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_data(case):
    x, y, options, text = REFUSED[case]
    model = two_by_two()
    model.compile("sgd", LOSSES)
    before = [w.tobytes() for w in model.get_weights()]
    with pytest.raises((ValueError, TypeError), match=text):
        model.fit(x, y, verbose=0, **options)
    assert [w.tobytes() for w in model.get_weights()] == before
    assert model.history is None


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"loss": ["mse"]}, "loss must have one entry for each output, value, kind; got 1"),
        ({"loss": {"valu": "mse"}}, "unknown output 'valu'; did you mean 'value'"),
        ({"loss": [None, None]}, "needs a loss"),
        ({"loss": LOSSES, "loss_weights": [1.0]}, "loss_weights must have one entry"),
        ({"loss": LOSSES, "loss_weights": [1.0, np.inf]}, "loss_weights must be in"),
        ({"loss": LOSSES, "metrics": ["mae"]}, "metrics of a model with several outputs must be"),
        ({"loss": LOSSES, "metrics": {"kin": "mae"}}, "unknown output 'kin'"),
        ({"loss": LOSSES, "metrics": [None, "mae"]}, "does not fit the loss"),
        ({"loss": ["mse", None], "metrics": [None, "mae"]}, "'kind' has metrics but no loss"),
        ({"loss": LOSSES, "metrics": {"value": ["mae", "mae"]}}, "need distinct names"),
        ({"loss": LOSSES, "metrics": lamina.metrics.get("mae")}, "must be a dict by output"),
    ],
)
def test_refused_compilations(options, text):
    with pytest.raises((ValueError, TypeError), match=text):
        two_by_two().compile("sgd", **options)
