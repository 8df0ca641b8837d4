"""``trace``, ``check_gradients``, ``gradients``: against formulas in NumPy."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops, regularizers

RNG = np.random.default_rng(0)


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


def lecture_network(hidden=3):
    model = lamina.Sequential(
        [lamina.Input((2,)), layers.Dense(hidden, activation="sigmoid"), layers.Dense(1)]
    )
    model.set_weights([RNG.normal(size=w.shape) for w in model.get_weights()])
    return model


# --- trace


def test_the_derivation_of_the_lecture():
    """R = (y - f(x))^2 / 2, one hidden layer: An Introduction to Statistical Learning, 10.7."""
    model = lecture_network()
    alpha, alpha_0, beta, beta_0 = (w.astype(float) for w in model.get_weights())
    x, y = np.array([0.5, -1.25]), 2.0
    z = sigmoid(alpha_0 + x @ alpha)
    residual = y - (beta_0 + z @ beta)
    traced = lamina.trace(model, x, y)
    hidden, output = traced.layers
    assert traced.loss == pytest.approx(residual.item() ** 2 / 2, rel=1e-12)
    np.testing.assert_allclose(hidden.outputs, z, rtol=1e-12)
    np.testing.assert_allclose(output.bias_gradient, -residual, rtol=1e-12)
    np.testing.assert_allclose(output.kernel_gradient, -residual * z[:, None], rtol=1e-12)
    np.testing.assert_allclose(hidden.slopes, z * (1 - z), rtol=1e-12)
    delta = -residual * beta[:, 0] * z * (1 - z)
    np.testing.assert_allclose(hidden.deltas, delta, rtol=1e-12)
    np.testing.assert_allclose(hidden.kernel_gradient, np.outer(x, delta), rtol=1e-12)
    assert traced.largest_difference < 1e-8


def test_a_gradient_of_zero_has_no_sign():
    traced = lamina.trace(lecture_network(), np.array([0.0, 1.0]), 5.0)
    assert np.signbit(traced.layers[0].kernel_gradient[0]).any()
    assert "-0" not in [cell for line in str(traced).splitlines() for cell in line.split()]


def deep_network(*, last="softmax", units=3):
    x = lamina.Input((4, 1))
    h = layers.Dense(5, activation="tanh")(layers.Flatten()(x))
    h = layers.LeakyReLU(0.1)(layers.Dense(4)(layers.Dropout(0.5)(h)))
    h = layers.Dense(3, activation=ops.sin, use_bias=False)(h)
    return lamina.Model(x, layers.Dense(units, activation=last)(h))


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (layers.Activation("relu"), "relu"),
        (layers.ReLU(name="kink"), "relu"),
        (layers.LeakyReLU(0.1), "leaky_relu"),
        (layers.Softmax(name="shares"), "softmax"),
    ],
)
def test_a_function_in_a_layer_of_its_own_is_called_as_the_function(layer, name):
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(3), layer, layers.Dense(1)])
    traced = lamina.trace(model, [0.5, -1.25], 2.0)
    assert traced.layers[0].function == name
    assert f"g = {name}\n" in str(traced)


@pytest.mark.parametrize(
    ("last", "loss", "units", "y"),
    [
        ("softmax", "categorical_crossentropy", 3, [0, 1, 0]),
        ("softmax", "sparse_categorical_crossentropy", 3, 2),
        ("sigmoid", "binary_crossentropy", 1, 1),
        (None, "mse", 2, [0.5, -1]),
    ],
)
def test_gradients_are_those_of_the_model_and_of_differences(last, loss, units, y):
    model = deep_network(last=last, units=units)
    model.compile(loss=loss)
    x = RNG.normal(size=(1, 4, 1))
    traced = lamina.trace(model, x, y)
    assert traced.largest_difference < 1e-7
    assert [each.name for each in traced.layers] == [
        each.name for each in model.layers if isinstance(each, layers.Dense)
    ]
    still = lamina.Sequential([each for each in model.layers if "dropout" not in each.name])
    still.compile(loss=loss)
    theirs = still.gradients(x, np.reshape(y, (1, -1)))
    ours = [g for each in traced.layers for g in (each.kernel_gradient, each.bias_gradient)]
    for mine, gradient in zip([g for g in ours if g is not None], theirs, strict=True):
        np.testing.assert_allclose(mine, gradient, rtol=1e-4, atol=1e-6)


def test_text_latex_and_html_show_every_number():
    traced = lamina.trace(lecture_network(hidden=2), [1.0, -1.0], 0.5)
    text, latex, page = str(traced), traced.to_latex(), traced.to_html()
    for each in traced.layers:
        for number in (*each.sums, *each.deltas, *each.kernel.flat, *each.kernel_gradient.flat):
            assert all(f"{number:.6g}" in written for written in (text, latex, page))
    assert "α(2,1)" in text
    assert r"\alpha_{2,1}" in latex
    assert "α<sub>2,1</sub>" in page
    assert r"\delta_m = g'(s_m) \sum_c \beta_{mc} \delta_c" in latex
    assert "and 3 more" in traced.to_text(most=3)
    assert traced._repr_html_() == page


@pytest.mark.parametrize(
    ("model", "x", "message"),
    [
        (lambda: lamina.Sequential([lamina.Input((4, 1)), layers.LSTM(2)]), np.zeros(4),
         r"trace: shows a sequence of Dense layers, each with its activation; layer "
         r"'lstm.*' is a LSTM"),
        (lecture_network, np.zeros((2, 2)),
         r"trace: x must be one row of 2 numbers; got shape \(2, 2\)"),
        (lambda: lamina.Sequential([lamina.Input((4,)), layers.Dropout(0.5)]), np.zeros(4),
         "trace: the model has no Dense layer to show"),
    ],
)  # fmt: skip
def test_what_trace_does_not_show(model, x, message):
    with pytest.raises(ValueError, match=message):
        lamina.trace(model(), x, 0.0)


def test_trace_needs_layers_in_a_row():
    x = lamina.Input((2,))
    model = lamina.Model(x, layers.add([layers.Dense(2)(x), layers.Dense(2)(x)]))
    with pytest.raises(ValueError, match="trace: the layers must form a sequence"):
        lamina.trace(model, [1, 2], [0, 0])


def test_trace_leaves_the_model_alone():
    model = lecture_network()
    before, compiled = model.get_weights(), model.loss
    lamina.trace(model, [0.1, 0.2], 1.0)
    for mine, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert model.loss is compiled


# --- gradients


def linear(**settings):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1, **settings)])
    model.compile(optimizer=lamina.optimizers.SGD(0.05), loss="mse")
    return model


def test_gradients_of_least_squares():
    model = linear(kernel_regularizer=regularizers.L2(0.1))
    x, y, weight = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 1)), RNG.random(8)
    w, b = model.get_weights()
    residual = x @ w + b - y
    loss, (dw, db) = model.value_and_gradients(x, y)
    assert loss == pytest.approx(np.mean(residual**2) + 0.1 * np.sum(w**2), rel=1e-5)
    np.testing.assert_allclose(dw, 2 * x.T @ residual / 8 + 0.2 * w, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(db, 2 * residual.mean(axis=0), rtol=1e-4, atol=1e-6)
    weighted = model.gradients(x, y, sample_weight=weight)[1]
    expected = 2 * (weight @ residual) / 8  # as Keras's: over the number of rows
    np.testing.assert_allclose(weighted, expected, rtol=1e-4, atol=1e-6)


def test_a_loop_by_hand_is_the_fit():
    x, y = RNG.normal(size=(32, 3)), RNG.normal(size=(32, 1))
    by_hand, fitted = linear(), linear()
    fitted.set_weights(by_hand.get_weights())
    fitted.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    for _ in range(3):
        for start in range(0, 32, 8):
            gradients = by_hand.gradients(x[start : start + 8], y[start : start + 8])
            for weight, gradient in zip(by_hand.trainable_weights, gradients, strict=True):
                weight.assign_sub(np.float32(0.05) * gradient)
    for mine, theirs in zip(by_hand.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-7)


def test_frozen_weights_have_no_gradients_and_unused_ones_zeros():
    class Own(lamina.Model):
        def __init__(self):
            super().__init__()
            self.used, self.other = layers.Dense(1), layers.Dense(2)
            self.frozen = layers.Dense(3, trainable=False)

        def call(self, x):
            self.other(x)
            return self.used(self.frozen(x))

    model = Own()
    model.compile(loss="mse")
    x, y = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 1))
    found = model.gradients(x, y)
    zero = [w.path for w, g in zip(model.trainable_weights, found, strict=True) if not g.any()]
    assert len(found) == 4
    assert zero == [w.path for w in model.other.weights]


def test_gradients_draw_noise_anew_and_leave_weights():
    model = lamina.Sequential([lamina.Input((50,)), layers.Dropout(0.5), layers.Dense(1)])
    model.compile(loss="mse")
    x, y, before = np.ones((2, 50)), np.zeros((2, 1)), model.get_weights()
    first, second = (model.gradients(x, y)[0] for _ in range(2))
    assert not np.array_equal(first == 0, second == 0)
    for mine, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


# --- check_gradients


def convolutional():
    model = lamina.Sequential([
        lamina.Input((8, 8, 1)), layers.Conv2D(3, 3, activation="relu"),
        layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.3),
        layers.Dense(2, activation="softmax"),
    ])  # fmt: skip
    model.compile(loss="sparse_categorical_crossentropy")
    return model, RNG.normal(size=(6, 8, 8, 1)), RNG.integers(0, 2, 6)


def recurrent():
    x = lamina.Input((5, 2))
    model = lamina.Model(x, layers.Dense(1)(layers.Bidirectional(layers.GRU(3))(x)))
    model.compile(loss="huber")
    return model, RNG.normal(size=(4, 5, 2)), RNG.normal(size=(4, 1))


@pytest.mark.parametrize("make", [convolutional, recurrent])
def test_check_of_models(make):
    model, x, y = make()
    before, draw = model.get_weights(), model.train_state.draw
    check = lamina.check_gradients(model, x, y, n_entries=4)
    assert check.passed, str(check)
    assert len(check.errors) == len(model.trainable_weights)
    assert "agree to 1e-05" in str(check)
    assert model.train_state.draw == draw
    for mine, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_wrong_gradient_is_found():
    wrong = layers.PythonLayer(lambda x: x**3, lambda dy, x: 2 * x**2 * dy)
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(2), wrong, layers.Dense(1)])
    model.compile(loss="mse")
    check = lamina.check_gradients(model, RNG.normal(size=(5, 3)), RNG.normal(size=(5, 1)))
    assert not check.passed
    behind, before = list(check.errors.values())[2:], list(check.errors.values())[:2]
    assert max(behind) < 0.01 < min(before)
    assert "do not agree" in str(check)


def test_numbers_that_are_not_finite():
    model = lecture_network()
    with pytest.raises(ValueError, match="trace: x must be finite; got nan at row 0, column 1"):
        lamina.trace(model, [[1.0, np.nan]], [1.0])
    with pytest.raises(ValueError, match="trace: x must be finite; got inf at position 0"):
        lamina.trace(model, [np.inf, 1.0], [1.0])
    with pytest.raises(ValueError, match="trace: y must be finite; got nan"):
        lamina.trace(model, [1.0, 1.0], [np.nan])


@pytest.mark.parametrize("wrong", [-1, np.nan])
def test_tolerances_are_at_least_0(wrong):
    model = lecture_network()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="check_gradients: tolerance must be finite and >= 0; got"):
        lamina.check_gradients(model, np.ones((2, 2)), np.ones(2), tolerance=wrong)
