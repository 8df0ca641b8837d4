"""Losses written as functions of tensors: user-defined ones, and the library's by Keras's names."""

import copy

import numpy as np
import pytest

import golden
import lamina
from lamina import layers, losses, ops

theirs = golden.Peer("keras.losses")

PROBABILITIES = [
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "dice", "kl_divergence", "poisson", "tversky",
    "mean_squared_logarithmic_error",
]  # fmt: skip
OTHERS = [
    "categorical_hinge", "cosine_similarity", "hinge", "huber", "log_cosh", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "squared_hinge",
]  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def shares(rng, *shape):
    values = rng.uniform(0.05, 1.0, shape)
    return (values / values.sum(axis=-1, keepdims=True)).astype("float32")


@pytest.mark.parametrize("name", PROBABILITIES + OTHERS)
def test_functions_are_keras_s(rng, name):
    if name in PROBABILITIES:
        y, p = np.eye(4, dtype="float32")[rng.integers(0, 4, 6)], shares(rng, 6, 4)
    else:
        y, p = rng.normal(size=(2, 6, 4)).astype("float32") * 2
    expected = golden.ask(lambda: getattr(theirs, name)(y, p), y, p)
    np.testing.assert_allclose(getattr(losses, name)(y, p), expected, rtol=2e-5, atol=1e-6)


def test_functions_of_labels(rng):
    y, p = rng.integers(0, 4, 6), shares(rng, 6, 4)
    for question, answer in [
        (
            lambda: theirs.sparse_categorical_crossentropy(y, p),
            losses.sparse_categorical_crossentropy(y, p),
        ),
        (
            lambda: theirs.sparse_categorical_crossentropy(y, p, ignore_class=2),
            losses.sparse_categorical_crossentropy(y, p, ignore_class=2),
        ),
        (
            lambda: theirs.categorical_generalized_cross_entropy(y, p, 0.7),
            losses.categorical_generalized_cross_entropy(y, p, 0.7),
        ),
    ]:
        np.testing.assert_allclose(answer, golden.ask(question, y, p), rtol=2e-5)


CLASSES = {
    "MeanAbsolutePercentageError": {}, "MeanSquaredLogarithmicError": {}, "LogCosh": {},
    "KLDivergence": {}, "Poisson": {}, "CosineSimilarity": {"axis": 1}, "Hinge": {},
    "SquaredHinge": {}, "CategoricalHinge": {}, "Huber": {"delta": 0.3},
    "BinaryFocalCrossentropy": {"apply_class_balancing": True, "gamma": 1.5},
    "CategoricalFocalCrossentropy": {"label_smoothing": 0.1}, "Dice": {"axis": (1,)},
    "Tversky": {"alpha": 0.3, "axis": (1,)},
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_classes_and_reductions_are_keras_s(rng, name):
    y, p = np.eye(4, dtype="float32")[rng.integers(0, 4, 6)], shares(rng, 6, 4)
    weight = rng.uniform(0.5, 2.0, 6).astype("float32")
    for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight", None):
        settings = {**CLASSES[name], "reduction": reduction}

        def question(settings=settings):
            return np.asarray(getattr(theirs, name)(**settings)(y, p, sample_weight=weight))

        expected = golden.ask(question, y, p, weight)
        got = getattr(losses, name)(**settings)(y, p, weight)
        np.testing.assert_allclose(got, expected, rtol=3e-5, atol=1e-6)


# --- user-defined, in training


class Huber(losses.Loss):
    def call(self, y_true, y_pred):
        error = y_true - y_pred
        size = ops.absolute(error)
        return ops.mean(ops.where(size <= 1.0, 0.5 * ops.square(error), size - 0.5), axis=-1)


def huber(y_true, y_pred):
    return Huber().call(y_true, y_pred)


def network(loss, outputs=1, **compiled):
    lamina.set_random_seed(4)
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(5, "tanh"), layers.Dense(outputs)])
    model.compile("adam", loss, **compiled)
    return model


@pytest.mark.parametrize("own", [Huber(), huber, lambda y, p: 1.0 * losses.huber(y, p)])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_loss_of_ones_own_trains_as_the_kernel(rng, own, weighted):
    x, y = rng.normal(size=(70, 3)), rng.normal(size=(70, 2)) * 3
    weight = rng.uniform(size=70) if weighted else None
    runs = [
        network(loss, 2, metrics=["mae"]).fit(
            x, y, epochs=3, verbose=0, sample_weight=weight, validation_split=0.2
        )
        for loss in (own, "huber")
    ]
    for key, values in runs[1].history.items():
        np.testing.assert_allclose(runs[0].history[key], values, rtol=2e-6)


def test_a_loss_may_override_its_call_operator(rng):
    """It receives the weights, and predictions of all rows, regardless of the targets' shape."""

    class Pairs(losses.Loss):
        def __call__(self, labels, features, sample_weight=None):
            logits = ops.matmul(features, ops.transpose(features))
            same = ops.cast(ops.equal(labels, ops.transpose(labels)), "float32")
            values = ops.categorical_crossentropy(same / ops.sum(same, 1, keepdims=True), logits,
                                                  from_logits=True)  # fmt: skip
            return ops.mean(values if sample_weight is None else values * sample_weight)

    class Doubled(losses.MeanSquaredError):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return 2 * super().__call__(y_true, y_pred, sample_weight)

    x, labels, weight = rng.normal(size=(20, 3)), rng.integers(0, 3, (20, 1)), rng.uniform(size=20)
    model = network(Pairs(), 4)
    features = model.predict(x).astype("float64")
    logits, same = features @ features.T, labels == labels.T
    same = same / same.sum(1)[:, None]
    by_hand = (np.log(np.exp(logits).sum(1)) - (same * logits).sum(1)) * weight
    got = model.evaluate(x, labels, batch_size=20, sample_weight=weight, verbose=0)
    np.testing.assert_allclose(got, by_hand.mean(), rtol=1e-5)
    logs = [
        network(loss).fit(x, labels, verbose=0, sample_weight=weight).history["loss"]
        for loss in (Doubled(), "mse")
    ]
    np.testing.assert_allclose(logs[0], 2 * np.array(logs[1]), rtol=1e-6)


def test_what_is_recorded_is_one_pass():
    model = network(Huber())
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    kinds = model.objective(False, forms=(((1,), "float"),)).graph.operations()
    assert kinds[-1] == "expression"
    assert kinds.count("expression") == 1


def gradients(loss, x, y, weight=None):
    """Return the gradients of a linear model's kernel, and the same by finite differences."""
    model = lamina.Sequential(
        [lamina.Input(x.shape[1:]), layers.Dense(y.shape[-1], use_bias=False)], dtype="float64"
    )
    model.compile(lamina.optimizers.SGD(1.0), loss)
    kernel = model.layers[0].weights[0]
    kernel[...] = np.random.default_rng(0).normal(size=kernel.shape)
    start, found = kernel.copy(), np.empty_like(kernel)
    for place in np.ndindex(*kernel.shape):
        sides = []
        for step in (1e-6, -1e-6):
            kernel[...] = start
            kernel[place] += step
            sides.append(model.evaluate(x, y, sample_weight=weight, verbose=0))
        found[place] = (sides[0] - sides[1]) / 2e-6
    kernel[...] = start
    model.train_on_batch(x, y, sample_weight=weight)
    return start - kernel, found


@pytest.mark.parametrize(
    "loss",
    [
        lambda y, p: ops.mean(ops.exp(p - y) * ops.square(p), axis=-1),
        lambda y, p: ops.mean(ops.absolute(p * p - y)),  # one number
        lambda y, p: ops.square(p - y) * ops.sigmoid(y),  # one for each column
        lambda y, p: ops.max(ops.square(p - y), axis=-1) + losses.log_cosh(y, p),
        losses.KLDivergence(reduction="sum"),
        losses.Huber(reduction="mean_with_sample_weight"),
        lambda y, p: losses.MeanSquaredError()(y, p) + 0.1 * losses.mean_absolute_error(y, p),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_by_finite_differences(rng, loss, weighted):
    x, y = rng.normal(size=(7, 3)), rng.uniform(0.1, 1.0, size=(7, 2))
    got, expected = gradients(loss, x, y, rng.uniform(0.5, 2.0, 7) if weighted else None)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-8)


def test_targets_keep_their_shape_and_integers(rng):
    """A row's target may have another shape than its prediction."""
    seen = []

    class Censored(losses.Loss):
        def call(self, y_true, y_pred):
            seen.append((y_true.shape, y_true.dtype, y_pred.shape))
            error = y_true[:, 0:1] - y_pred
            return ops.square(error) * y_true[:, 1:2]

    x, y = rng.normal(size=(9, 3)), np.c_[rng.normal(size=9), rng.integers(0, 2, 9)]
    model = network(Censored())
    value = model.evaluate(x, y, verbose=0)
    expected = np.mean((y[:, :1] - model.predict(x)) ** 2 * y[:, 1:])
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    assert seen[0] == ((None, 2), "float32", (None, 1))

    labels = rng.integers(0, 4, 9)
    runs = [
        network(loss, 4, metrics=["sparse_categorical_accuracy"]).fit(
            x, labels, epochs=2, verbose=0, class_weight={0: 2.0}
        )
        for loss in (
            lambda y, p: losses.sparse_categorical_crossentropy(y, p, from_logits=True),
            losses.SparseCategoricalCrossentropy(from_logits=True),
        )
    ]
    for key, values in runs[1].history.items():
        np.testing.assert_allclose(runs[0].history[key], values, rtol=1e-5)


def per_row(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=(1, 2))


def test_masks_and_weights_of_positions(rng):
    tokens = np.array([[1, 2, 0, 0], [3, 1, 2, 0], [2, 2, 1, 3]])
    y, weight = rng.normal(size=(3, 4, 2)), rng.uniform(size=(3, 4))

    def model(loss):
        lamina.set_random_seed(1)
        x = lamina.Input((4,), dtype="int32")
        made = lamina.Model(x, layers.Dense(2)(layers.Embedding(4, 3, mask_zero=True)(x)))
        made.compile("sgd", loss)
        return made

    for given in (None, weight, weight[:, 0]):
        values = [
            model(loss).evaluate(tokens, y, sample_weight=given, verbose=0)
            for loss in ("huber", Huber(), lambda y, p: losses.huber(y, p)[..., None])
        ]
        np.testing.assert_allclose(values[1:], values[0], rtol=1e-6)
    summed = model(losses.Huber(reduction="sum"))
    values = losses.huber(y, summed.predict(tokens)) * weight * (tokens != 0)
    got = summed.evaluate(tokens, y, sample_weight=weight, verbose=0)
    np.testing.assert_allclose(got, values.sum(), rtol=1e-5)
    with pytest.raises(ValueError, match=r"per_row: call returned values of shape \(rows,\); the"):
        model(
            losses.LossFunctionWrapper(lambda y, p: ops.mean(p, axis=(1, 2)), name="per_row")
        ).fit(tokens, y, verbose=0)


def test_weights_of_one_number(rng):
    y, p, weight = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)), rng.uniform(size=6)
    number = losses.LossFunctionWrapper(lambda y, p: ops.mean(ops.square(y - p)))
    np.testing.assert_allclose(number(y, p, weight), np.mean((y - p) ** 2) * weight.mean())
    model = lamina.Sequential([lamina.Input((2,)), layers.Activation("linear")], dtype="float64")
    model.compile("sgd", number)
    got = model.evaluate(p, y, sample_weight=weight, verbose=0)
    np.testing.assert_allclose(got, number(y, p, weight))


def test_a_number_for_a_batch_is_evaluated_as_in_keras(rng):
    """It depends on the rows of a batch: 32 in evaluate, those of fit in validation."""

    def spread(y_true, y_pred):
        return ops.sqrt(ops.mean(ops.square(y_pred - y_true)))

    x, y = rng.normal(size=(80, 3)), rng.normal(size=(80, 1))
    model = network(spread)

    def by(rows):
        parts = [slice(i, min(i + rows, 80)) for i in range(0, 80, rows)]
        roots = [np.sqrt(np.mean((model.predict(x[p]) - y[p]) ** 2)) for p in parts]
        return np.average(roots, weights=[len(x[p]) for p in parts])

    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), by(32), rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(x, y, batch_size=80, verbose=0), by(80), rtol=1e-5)
    logs = model.fit(x, y, batch_size=10, validation_data=(x, y), verbose=0).history
    np.testing.assert_allclose(logs["val_loss"], by(10), rtol=1e-5)


def test_class_weights_of_one_hot_targets(rng):
    x, labels = rng.normal(size=(9, 3)), rng.integers(0, 3, 9)
    model = network("kl_divergence", 3)
    values = losses.kl_divergence(np.eye(3)[labels], model.predict(x))
    model.fit(x, np.eye(3)[labels], class_weight={1: 3.0}, verbose=0)
    found = model.history.history["loss"][0]
    np.testing.assert_allclose(found, np.mean(values * np.where(labels == 1, 3, 1)), rtol=1e-5)


def test_a_missing_last_axis(rng):
    y, p = rng.normal(size=(2, 6, 1))
    for targets, predictions in [(y[:, 0], p), (y, p[:, 0])]:
        np.testing.assert_array_equal(losses.huber(targets, predictions), losses.huber(y, p))
    model = network(huber)
    x = rng.normal(size=(6, 3))
    values = [model.evaluate(x, targets, verbose=0) for targets in (y, y[:, 0])]
    assert values[0] == values[1]


def test_several_outputs_and_loss_weights(rng):
    x = lamina.Input((3,))
    h = layers.Dense(2, name="a")(x), layers.Dense(1, name="b")(x)
    model = lamina.Model(x, list(h))
    model.compile("sgd", {"a": Huber(), "b": "mse"}, loss_weights={"a": 0.5, "b": 2.0})
    data = rng.normal(size=(8, 3)), [rng.normal(size=(8, 2)), rng.normal(size=(8, 1))]
    logs = model.evaluate(*data, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["loss"], 0.5 * logs["a_loss"] + 2 * logs["b_loss"], rtol=1e-6)


def test_copies_names_and_configurations():
    class Scaled(losses.Loss):
        def __init__(self, factor=2.0, **options):
            super().__init__(**options)
            self.factor = factor

        def call(self, y_true, y_pred):
            return self.factor * ops.square(y_true - y_pred)

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    loss = Scaled(3.0, name="mine")
    again = copy.deepcopy(loss)
    assert (again.name, again.factor, again([[0.0]], [[2.0]])) == ("mine", 3.0, 12.0)
    assert Scaled().name == "scaled"
    assert losses.get(huber).name == "huber"
    assert losses.get(lambda y, p: p).name == "loss"
    assert type(losses.get(losses.mean_squared_error)) is losses.MeanSquaredError
    assert type(losses.get("kld")) is losses.KLDivergence
    for made in (losses.Dice(axis=(1,)), losses.BinaryFocalCrossentropy(gamma=1.0)):
        assert losses.get(losses.serialize(made)).get_config() == made.get_config()
    x = lamina.Input((3,))
    assert losses.kl_divergence(x, x).shape == (None,)


# --- bad input


def if_on_a_tensor(y_true, y_pred):
    if ops.mean(y_pred) > 0:
        return y_pred
    return y_true


@pytest.mark.parametrize(
    ("loss", "error", "text"),
    [
        (lambda y, p: None, TypeError, "loss: call must return a tensor; got None"),
        (lambda y, p: ops.mean(p, axis=0), ValueError, r"loss: call must return one value for each "
         r"row, .*got <Tensor of shape \(1,\)"),
        (if_on_a_tensor, TypeError, r"if_on_a_tensor: .*cannot be used in `if` or.*"
         r"in .*, line \d+: if ops"),
        (lambda y, p: ops.reshape(y, (-1, 5)) - p, ValueError, r"loss: reshape: .*line \d+"),
        (losses.MeanSquaredError(reduction="none"), ValueError, "reduction 'none' leaves one"),
        (type("Empty", (losses.Loss,), {})(), TypeError, "Empty: a subclass of Loss must define"),
    ],
)  # fmt: skip
def test_bad_losses(loss, error, text):
    model = network(loss)
    before = model.get_weights()
    with pytest.raises(error, match=text):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    for was, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: losses.LossFunctionWrapper(3), TypeError, "fn must be callable; got 3"),
        (lambda: losses.Loss(reduction="all"), ValueError, "Loss: reduction must be one of"),
        (lambda: losses.LogCosh()([[1.0]], [[1.0], [2.0]]), ValueError, "1 and 2"),
        (lambda: losses.LogCosh()([[1.0, 2.0]], [[1.0]]), ValueError, r"\(rows, 1\)"),
        (lambda: Huber()([[1.0]], [[1.0], [2.0]]), ValueError, "1 and 2"),
        (lambda: Huber()([[1.0]], [[1.0]], [1.0, 2.0]), ValueError, "sample_weight .* of 1 rows"),
        (lambda: losses.get(3), TypeError, "got 3"),
        (lambda: losses.BinaryFocalCrossentropy(gamma=-1), ValueError, "gamma"),
    ],
)
def test_bad_calls(call, error, text):
    with pytest.raises(error, match=text):
        call()
