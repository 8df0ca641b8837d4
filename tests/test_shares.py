"""Steps of small networks in shares: parts of a batch that threads compute in parallel."""

import numpy as np
import pytest

import lamina
from graphs import parameters
from harness import assert_same_bits
from lamina import _core, layers, ops, runtime
from thread_proof import same_on_threads, threads_help

RNG = np.random.default_rng(6)
ROWS = 300  # a batch of 256, which is cut in two, and one of 44, which is not
X = RNG.normal(size=(ROWS, 20)).astype("float32")
IDS = RNG.integers(0, 30, (ROWS, 3)).astype("int32")
Y = X[:, :1] * X[:, 1:2] + X[:, 2:3]
LABELS = (Y[:, 0] > 0).astype("int32")
# A batch of 512, which is cut in four for 128 units, and one of 300, whose two shares are larger.
MANY = RNG.normal(size=(812, 20)).astype("float32")
SUMS = MANY[:, :1] * MANY[:, 1:2] + MANY[:, 2:3]


def small(*more, units=64, seed=2):
    first, second = layers.Dense(units, "relu"), layers.Dense(units, "relu")
    return lamina.Sequential(
        [lamina.Input((20,)), first, *more, second, layers.Dense(1)], seed=seed
    )


def varied():
    """Build a small network of typical parts: categories, norms, dropout, penalties."""
    numbers, words = lamina.Input((20,)), lamina.Input((3,), dtype="int32")
    embedded = layers.Flatten()(layers.Embedding(30, 8)(words))
    x = layers.Concatenate()([numbers, embedded])
    x = layers.Dropout(0.3)(layers.Dense(96, "gelu")(x))
    x = layers.LayerNormalization()(layers.Dense(64, "tanh", kernel_regularizer="l2")(x))
    return lamina.Model([numbers, words], layers.Dense(2, "softmax")(x), seed=2)


def trained(model, x, y, loss, batch_size=256, **options):
    model.compile("adam", loss, metrics=options.pop("metrics", []))
    history = model.fit(x, y, batch_size, epochs=2, verbose=0, **options).history
    return (*model.get_weights(), *(np.array(history[name]) for name in sorted(history)))


def test_bits_do_not_depend_on_threads():
    weights = RNG.uniform(0.1, 2, len(MANY)).astype("float32")
    same_on_threads(
        lambda: trained(small(), X, Y, "mse", sample_weight=weights[:ROWS], metrics=["mae"]),
        lambda: trained(small(units=128), MANY, SUMS, "mse", 512, sample_weight=weights),
        lambda: trained(
            varied(), [X, IDS], LABELS, "sparse_categorical_crossentropy", metrics=["accuracy"]
        ),
    )


@pytest.mark.parametrize(("units", "x", "y", "batch"), [(64, X, Y, 256), (128, MANY, SUMS, 512)])
def test_a_step_is_that_of_the_formulas(units, x, y, batch):
    """Gradient descent by hand, in float64."""
    model, rate = small(units=units), 0.1
    model.compile(lamina.optimizers.SGD(rate), "mse")
    w1, b1, w2, b2, w3, b3 = (w.astype(float) for w in model.get_weights())
    runtime.set_num_threads(2)
    _, helped = threads_help(
        lambda: model.fit(x, y, batch_size=batch, epochs=1, shuffle=False, verbose=0)
    )
    assert helped, "the batch was not cut: the check is empty"
    for rows in (slice(batch), slice(batch, None)):
        inputs, wanted = x[rows].astype(float), y[rows].astype(float)
        h1 = np.maximum(inputs @ w1 + b1, 0)
        h2 = np.maximum(h1 @ w2 + b2, 0)
        d3 = 2 * (h2 @ w3 + b3 - wanted) / len(inputs)
        d2 = (d3 @ w3.T) * (h2 > 0)
        d1 = (d2 @ w2.T) * (h1 > 0)
        w3, b3 = w3 - rate * h2.T @ d3, b3 - rate * d3.sum(0)
        w2, b2 = w2 - rate * h1.T @ d2, b2 - rate * d2.sum(0)
        w1, b1 = w1 - rate * inputs.T @ d1, b1 - rate * d1.sum(0)
    for got, wanted in zip(model.get_weights(), (w1, b1, w2, b2, w3, b3), strict=True):
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(got, wanted, rtol=0, atol=256 * 2**-24 * scale)


def test_losses_and_metrics_are_those_of_the_whole_batch():
    def far(y_true, y_pred):
        return ops.abs(y_true - y_pred)

    model = small()
    model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=["mae", far])
    history = model.fit(X, Y, batch_size=256, epochs=1, verbose=0).history
    wanted = model.evaluate(X, Y, batch_size=256, verbose=0, return_dict=True)
    assert set(wanted) == set(history)
    for name, value in wanted.items():
        assert history[name][0] == pytest.approx(value, rel=1e-6), name


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")
@pytest.mark.parametrize(("units", "batch", "shares"), [(64, 256, 2), (128, 512, 4)])
def test_shares_draw_numbers_of_their_own(units, batch, shares):
    """Rows are equal: shares that drop the same units would have equal outputs, whose sum is 0."""

    def signed(y_true, y_pred):
        return y_true * y_pred

    model = small(layers.Dropout(0.5), units=units)
    model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=[signed])
    x = np.repeat(X[:1], batch, axis=0)
    for one in range(1, shares):  # the first share beside each of the others
        sign = np.repeat(np.eye(1, shares) - np.eye(1, shares, one), batch // shares)[:, None]
        history = model.fit(x, sign, batch_size=batch, epochs=1, shuffle=False, verbose=0).history
        assert abs(history["signed"][0]) > 1e-4


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")
@pytest.mark.parametrize("row", [3, 200])
def test_what_is_not_finite_in_one_share_changes_nothing(row):
    model = small()
    model.compile("adam", "mse")
    before, x = model.get_weights(), X[:256].copy()
    x[row] = np.finfo("float32").max  # finite, but the loss is not
    with pytest.raises(lamina.TrainingDiverged):
        model.fit(x, Y[:256], batch_size=256, epochs=1, verbose=0)
    assert_same_bits(model.get_weights(), before, "weights")
    model.fit(X, Y, batch_size=256, epochs=1, verbose=0)


@pytest.mark.parametrize("planned", [129, 255])
def test_rows_beyond_the_plan_are_refused(planned):
    """One more row: its halves would fit into the plans of halves."""
    graph = _core.Graph("float32")
    x, y = graph.input((20,)), graph.input((1,))
    _, weights = parameters(graph, RNG, first=(20, 96), second=(96, 96), last=(96, 1))
    for name in weights:
        x = graph.dense(x, weights[name], None, "tanh")
    graph.add_loss(graph.loss("mean_squared_error", x, y))
    graph.add_output(x)
    graph.build()
    execution = _core.Execution(graph, planned, True)
    execution.bind([X, Y])
    execution.set_update("sgd", [], momentum=0.0)
    with pytest.raises(ValueError, match=f"rows 0 to {planned + 1} are out of range"):
        execution.train(None, 0, planned + 1, 0.1, 1, 0)
    execution.train(None, 0, planned, 0.1, 1, 0)


def test_gradients_are_those_of_a_step():
    """Including dropout: gradient descent by hand gives the result of a step."""
    by_step, by_hand = small(layers.Dropout(0.5)), small(layers.Dropout(0.5))
    for model in (by_step, by_hand):
        model.compile(lamina.optimizers.SGD(0.125), "mse")
    gradients = by_hand.gradients(X[:256], Y[:256])
    by_step.train_on_batch(X[:256], Y[:256])
    for weight, gradient in zip(by_hand.trainable_weights, gradients, strict=True):
        weight.assign_sub(0.125 * gradient)
    for a, b in zip(by_hand.get_weights(), by_step.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2**-22)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")
@pytest.mark.parametrize("row", [3, 200])
def test_a_layer_that_diverges_by_its_random_numbers_is_named(row):
    """If dropout keeps the one large unit, its factor of two makes it infinite."""
    told = []
    for seed in range(8):
        model = small(layers.Dropout(0.5, name="drops"), seed=seed)
        model.compile("sgd", "mse")
        first, *rest = model.get_weights()
        first[:] = 0.01 * (np.arange(20) > 0)[:, None]
        first[0, 0] = 1.0
        model.set_weights([first, *rest])
        x = X[:256].copy()
        x[row, 0] = 3e38
        try:
            model.fit(x, Y[:256], batch_size=256, epochs=1, shuffle=False, verbose=0)
        except lamina.TrainingDiverged as error:
            told.append(str(error))
    assert told
    assert all("began in 'drops'" in message for message in told)


def test_many_fits_have_the_bits_of_one():
    def build():
        model = small(layers.Dropout(0.2))
        model.compile("adam", "mse")
        return model

    fits = lamina.fit_many(
        build, X, Y, seeds=[3, 4], epochs=2, batch_size=256, keep="all", verbose=0
    )
    alone = small(layers.Dropout(0.2), seed=3)
    alone.compile("adam", "mse")
    alone.fit(X, Y, epochs=2, batch_size=256, verbose=0)
    assert_same_bits(fits.weights[0], alone.get_weights(), "weights")
