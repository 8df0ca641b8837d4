"""Losses equal Keras's: over settings, reductions, weights and masks, alone and in a model."""

import json
import subprocess
import sys

import numpy as np
import pytest

import golden
import lamina
from lamina import layers, losses, ops

theirs = golden.Peer("keras.losses")
keras = golden.Peer("keras")
ROWS = 9
RNG = np.random.default_rng(31)
CHANCES = RNG.uniform(0.05, 0.95, (ROWS, 4)).astype("float32")
SHARES = (CHANCES / CHANCES.sum(axis=1, keepdims=True)).astype("float32")
LABELS = RNG.integers(0, 4, ROWS)
ONE_HOT = np.eye(4, dtype="float32")[LABELS]
OUTCOMES = RNG.integers(0, 2, (ROWS, 4)).astype("float32")
REAL, SIGNED = RNG.normal(size=(2, ROWS, 4)).astype("float32")
UNIT = (SIGNED / np.linalg.norm(SIGNED, axis=1, keepdims=True)).astype("float32")
POSITIVE, COUNTS = np.exp(SIGNED), RNG.poisson(2.0, (ROWS, 4)).astype("float32")
WEIGHT = RNG.uniform(0.5, 2.0, ROWS).astype("float32")
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)
CASES = [
    ("MeanSquaredError", REAL, SIGNED, {}), ("MeanAbsoluteError", REAL, SIGNED, {}),
    ("MeanAbsolutePercentageError", REAL, SIGNED, {}),
    ("MeanSquaredLogarithmicError", COUNTS, POSITIVE, {}), ("LogCosh", REAL, SIGNED, {}),
    ("Huber", REAL, SIGNED, {"delta": 0.4}), ("Poisson", COUNTS, POSITIVE, {}),
    ("CosineSimilarity", REAL, SIGNED, {}), ("Hinge", OUTCOMES, SIGNED, {}),
    ("SquaredHinge", OUTCOMES, SIGNED, {}), ("CategoricalHinge", ONE_HOT, SIGNED, {}),
    ("KLDivergence", SHARES[::-1].copy(), SHARES, {}),
    ("BinaryCrossentropy", OUTCOMES, CHANCES, {"label_smoothing": 0.2}),
    ("BinaryCrossentropy", OUTCOMES, SIGNED, {"from_logits": True}),
    ("CategoricalCrossentropy", ONE_HOT, SHARES, {"label_smoothing": 0.2}),
    ("CategoricalCrossentropy", ONE_HOT, SIGNED, {"from_logits": True}),
    ("SparseCategoricalCrossentropy", LABELS, SHARES, {}),
    ("SparseCategoricalCrossentropy", LABELS, SIGNED, {"from_logits": True, "ignore_class": 2}),
    ("BinaryFocalCrossentropy", OUTCOMES, CHANCES, {"apply_class_balancing": True, "gamma": 1.0}),
    ("CategoricalFocalCrossentropy", ONE_HOT, SHARES, {"alpha": 0.5}),
    ("CategoricalFocalCrossentropy", ONE_HOT, SHARES, {"alpha": [0.5, 0.25, 1.0, 2.0]}),
    ("CategoricalFocalCrossentropy", ONE_HOT, SIGNED,
     {"alpha": [0.5, 0.25, 1.0, 2.0], "from_logits": True, "label_smoothing": 0.2}),
    ("CategoricalGeneralizedCrossEntropy", LABELS, SHARES, {"q": 0.3}),
    ("Dice", OUTCOMES, CHANCES, {"axis": (1,)}),
    ("Tversky", OUTCOMES, CHANCES, {"alpha": 0.3, "axis": (1,)}),
    ("Circle", LABELS % 2, UNIT, {"gamma": 4.0, "margin": 0.3}),
    ("Circle", LABELS, UNIT, {"gamma": 4.0, "remove_diagonal": False}),
]  # fmt: skip


def ident(case):
    return "-".join([case[0], *(f"{k}={v}" for k, v in case[3].items())])


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_values_are_keras_s_for_all_reductions_and_weights(case):
    name, y, p, settings = case
    for weight in (None, WEIGHT):
        for reduction in REDUCTIONS:

            def question(reduction=reduction, weight=weight):
                loss = getattr(theirs, name)(reduction=reduction, **settings)
                return np.asarray(loss(y, p, sample_weight=weight), "float64")

            asked = [y, p, 0 if weight is None else weight, name, repr(settings), str(reduction)]
            got = getattr(losses, name)(reduction=reduction, **settings)(y, p, weight)
            np.testing.assert_allclose(got, golden.ask(question, *asked), rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("of_values", "of_weight"),
    [((3,), (3, 1)), ((3,), ()), ((3, 1), (3,)), ((3, 4), (3, 4)), ((3, 4), (3, 1)),
     ((3, 4), (1, 4)), ((3, 4), (3, 4, 1)), ((3, 4, 1), (3, 4)), ((3, 4, 2), (3, 1, 2))],
)  # fmt: skip
def test_weights_of_positions_are_keras_s_for_all_reductions(of_values, of_weight):
    rng = np.random.default_rng(8)
    labels, p = rng.integers(0, 3, of_values), rng.uniform(0.1, 1.0, (*of_values, 3))
    p = (p / p.sum(axis=-1, keepdims=True)).astype("float32")
    weight = rng.uniform(0.5, 2.0, of_weight).astype("float32")
    cases = [("MeanSquaredError", np.eye(3, dtype="float32")[labels])]
    if of_values[-1] > 1:  # otherwise an axis of the labels is removed
        cases.append(("SparseCategoricalCrossentropy", labels))
    for name, y in cases:
        for reduction in REDUCTIONS:

            def question(name=name, y=y, reduction=reduction):
                return np.asarray(getattr(theirs, name)(reduction=reduction)(y, p, weight))

            expected = golden.ask(question, name, y, p, weight, str(reduction))
            got = np.asarray(getattr(losses, name)(reduction=reduction)(y, p, weight))
            assert got.shape == expected.shape
            np.testing.assert_allclose(got, expected, rtol=3e-5)


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_classes_may_be_along_any_axis(axis, from_logits):
    rng = np.random.default_rng(2)
    p = rng.uniform(0.1, 1.0, (3, 2, 4)).astype("float32")
    y = np.moveaxis(np.eye(p.shape[axis])[rng.integers(0, p.shape[axis], (3, 6 - p.shape[axis]))],
                    -1, axis).reshape(p.shape).astype("float32")  # fmt: skip
    for name, true in [("CategoricalCrossentropy", y), ("BinaryCrossentropy", y),
                       ("SparseCategoricalCrossentropy", y.argmax(axis))]:  # fmt: skip
        known = "CategoricalCrossentropy" if name[0] == "S" else name  # Keras takes -1 alone there

        def question(known=known):
            settings = {"from_logits": from_logits, "axis": axis, "reduction": "none"}
            return np.asarray(getattr(theirs, known)(**settings)(y, p))

        expected = golden.ask(question, known, y, p, axis, from_logits)
        loss = getattr(losses, name)(from_logits=from_logits, axis=axis)
        np.testing.assert_allclose(loss(true, p), expected.mean(), rtol=2e-5)
        model = lamina.Sequential([lamina.Input((2, 4)), layers.Identity()])
        model.compile(lamina.optimizers.SGD(0.0), loss)
        np.testing.assert_allclose(model.evaluate(p, true, verbose=0), expected.mean(), rtol=2e-5)


@pytest.mark.parametrize("ending", ["keras", "lamina"])
def test_factors_of_classes_are_settings_like_others(tmp_path, ending):
    loss = losses.CategoricalFocalCrossentropy(np.array([0.5, 0.25, 1.0, 2.0], "float32"))
    assert loss.get_config()["alpha"] == [0.5, 0.25, 1.0, 2.0]
    model = lamina.Sequential([lamina.Input((4,)), layers.Dense(4, "softmax")])
    model.compile("sgd", loss)
    model.fit(REAL, ONE_HOT, verbose=0)
    model.save(tmp_path / f"model.{ending}")
    loaded = lamina.models.load_model(tmp_path / f"model.{ending}")
    assert loaded.loss.alpha == loss.alpha
    assert loaded.evaluate(REAL, ONE_HOT, verbose=0) == model.evaluate(REAL, ONE_HOT, verbose=0)
    along = losses.CategoricalFocalCrossentropy(loss.alpha, axis=1)
    stacked = [np.stack([v, v[::-1]], -1) for v in (ONE_HOT, SHARES)]
    assert along(*stacked) == pytest.approx(loss(ONE_HOT, SHARES), rel=1e-5)
    with pytest.raises(ValueError, match=r"one for each of 4 classes; got shape \(2,\)"):
        losses.CategoricalFocalCrossentropy([1, 2])(ONE_HOT, SHARES)
    with pytest.raises(TypeError, match=r"alpha\[1\] must be a number; got 'a'"):
        losses.CategoricalFocalCrossentropy([1, "a"])


# --- in a model: one number for one data set


def masked(loss, end=None):
    model = lamina.Sequential(
        [lamina.Input((4, 2)), layers.Masking(), layers.Dense(3, end)], dtype="float64", seed=2
    )
    model.compile(lamina.optimizers.SGD(0.0), loss)
    return model


def masked_data():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(11, 4, 2))
    x[0] = x[3, 1:] = x[7, 2:] = 0.0
    return x, (x != 0).any(-1), rng.normal(size=(11, 4, 3)), rng.uniform(-0.5, 2.0, 11)


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight", "sum_over_batch_size"])
@pytest.mark.parametrize("kernel", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_an_epoch_s_loss_is_that_of_all_rows_as_one_batch(reduction, kernel, weighted):
    x, kept, y, weight = masked_data()
    name = "MeanSquaredError" if kernel else "LogCosh"
    model = masked(getattr(losses, name)(reduction=reduction))
    p = model.predict(x)
    values = np.square(y - p).mean(-1) if kernel else np.log(np.cosh(y - p)).mean(-1)
    by = kept * (weight[:, None] if weighted else 1.0)
    total = (by * values).sum()
    expected = total / {"sum": 1.0, "mean_with_sample_weight": by.sum()}.get(reduction, kept.sum())
    given = {"sample_weight": weight if weighted else None, "verbose": 0}
    for batch in (1, 4, 11):
        np.testing.assert_allclose(model.evaluate(x, y, batch, **given), expected, rtol=1e-10)
        history = model.fit(x, y, batch, **given).history
        np.testing.assert_allclose(history["loss"], [expected], rtol=1e-10)


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight"])
def test_a_step_follows_the_gradient_of_the_reduced_loss(reduction):
    x, kept, y, weight = masked_data()
    model = masked(losses.MeanSquaredError(reduction=reduction))
    bias = model.get_weights()[1]
    by = kept * weight[:, None]
    scale = by if reduction == "sum" else by / by.sum()
    slope = (scale[..., None] * 2 * (model.predict(x) - y) / 3 * kept[..., None]).sum((0, 1))
    model.optimizer.learning_rate = 0.1
    model.train_on_batch(x, y, sample_weight=weight)
    np.testing.assert_allclose(model.get_weights()[1], bias - 0.1 * slope, rtol=1e-9)


def test_ignored_labels_count_nowhere():
    x, kept, _, weight = masked_data()
    labels = np.random.default_rng(1).integers(-1, 3, (11, 4))
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    model = masked(loss, "softmax")
    p = model.predict(x)
    each = -np.log(np.take_along_axis(p, np.maximum(labels, 0)[..., None], -1)[..., 0])
    counted = kept & (labels >= 0)
    expected = (counted * weight[:, None] * each).sum() / counted.sum()
    for batch in (2, 11):
        got = model.evaluate(x, labels, batch, sample_weight=weight, verbose=0)
        np.testing.assert_allclose(got, expected, rtol=1e-10)
    alone = (each * (labels >= 0)).sum() / (labels >= 0).sum()
    np.testing.assert_allclose(loss(labels, p), alone, rtol=1e-10)
    with pytest.raises(ValueError, match=r"integer labels in \[0, 3\); got 3"):
        loss(np.full((11, 4), 3), p)
    model.compile("sgd", [[loss, loss]])
    got = model.evaluate(x, labels, 2, sample_weight=weight, verbose=0)
    np.testing.assert_allclose(got, 2 * expected, rtol=1e-10)
    with pytest.raises(ValueError, match=r"must have the same ignore_class; got \[-1, None\]"):
        model.compile("sgd", [[loss, losses.SparseCategoricalCrossentropy()]])


# --- sequences of labels


LOGITS = RNG.normal(size=(4, 7, 5)).astype("float32") * 3
SPELT = np.array([[1, 2, 2, 0], [3, 0, 0, 0], [4, 4, 4, 0], [1, 2, 3, 4]])


def spelt_by(path, blank=0):
    short = [k for i, k in enumerate(path) if i == 0 or path[i - 1] != k]
    return tuple(k for k in short if k != blank)


def test_ctc_is_the_sum_over_all_paths():
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(4, 3))
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    for labels in [(), (1,), (1, 2), (1, 1), (2, 1, 2)]:
        paths = [p for p in np.ndindex(3, 3, 3, 3) if spelt_by(p) == labels]
        total = sum(np.exp(log_p[range(4), p].sum()) for p in paths)
        padded = np.array([[*labels, *[0] * (3 - len(labels))]])
        got = ops.ctc_loss(padded, logits[None], [len(labels)], [4])
        np.testing.assert_allclose(got, [-np.log(total)], rtol=1e-12)
    assert ops.ctc_loss([[1, 1, 1]], logits[None], [3], [4]) == [np.inf]


def test_ctc_is_keras_s():
    counts, steps = np.array([3, 1, 3, 4]), np.array([7, 4, 6, 7])
    expected = golden.ask(
        lambda: np.asarray(keras.ops.ctc_loss(SPELT, LOGITS, counts, steps)), SPELT, LOGITS, steps
    )
    np.testing.assert_allclose(ops.ctc_loss(SPELT, LOGITS, counts, steps), expected, rtol=2e-5)
    expected = golden.ask(lambda: np.asarray(theirs.ctc(SPELT, LOGITS)), SPELT, LOGITS)
    np.testing.assert_allclose(losses.ctc(SPELT, LOGITS), expected, rtol=2e-5)
    np.testing.assert_allclose(losses.CTC()(SPELT, LOGITS), expected.mean(), rtol=2e-5)


def test_ctc_of_extreme_logits_is_exact():
    logits = np.zeros((1, 3, 2))
    logits[0, :, 1] = -1e4
    np.testing.assert_allclose(ops.ctc_loss([[1]], logits, [1], [3]), [1e4 - np.log(3)], rtol=1e-9)


def test_the_gradient_of_ctc_is_that_of_finite_differences():
    rng = np.random.default_rng(4)
    model = lamina.Sequential([lamina.Input((6, 2)), layers.Dense(4)], dtype="float64", seed=1)
    model.compile(lamina.optimizers.SGD(1.0), "ctc")
    x, y = rng.normal(size=(5, 6, 2)), np.array([[1, 2, 3], [2, 2, 0], [3, 0, 0], [0] * 3, [1] * 3])
    kernel, bias = model.get_weights()
    model.train_on_batch(x, y)
    slope = bias - model.get_weights()[1]
    for k in range(4):
        near = []
        for step in (1e-5, -1e-5):
            moved = bias.copy()
            moved[k] += step
            model.set_weights([kernel, moved])
            near.append(model.evaluate(x, y, verbose=0))
        np.testing.assert_allclose(slope[k], (near[0] - near[1]) / 2e-5, rtol=1e-6, atol=1e-9)


def test_ctc_says_which_row_has_too_many_labels():
    model = lamina.Sequential([lamina.Input((4, 2)), layers.Dense(3)])
    model.compile("sgd", "ctc")
    with pytest.raises(ValueError, match=r"row 1 of y has 3 labels, which need 5 steps .* have 4"):
        model.fit(np.zeros((2, 4, 2)), [[1, 2, 1], [1, 1, 1]], verbose=0)
    with pytest.raises(ValueError, match=r"integer labels in \[0, 3\); got 3 in row 0"):
        model.fit(np.zeros((1, 4, 2)), [[3]], verbose=0)


@pytest.mark.parametrize("steps", [[7, 7, 7, 7], [3, 0, 6, 1]])
def test_decoding_is_keras_s(steps):
    for merge in (True, False):

        def greedy(merge=merge):
            found = keras.ops.ctc_decode(LOGITS, np.array(steps), merge_repeated=merge)
            return [np.asarray(part) for part in found]

        labels, scores = golden.ask(greedy, LOGITS, steps, merge)
        got = ops.ctc_decode(LOGITS, steps, merge_repeated=merge)
        np.testing.assert_array_equal(got[0], labels)
        np.testing.assert_allclose(got[1], scores, rtol=1e-5)


def beams_of(chances, width):
    """Return the likeliest prefix and its log-probability, by a search that discards none."""
    beams = {(): (0.0, -np.inf)}
    for logs in np.log(chances):
        made = {}
        for prefix, (blank, label) in beams.items():
            total = np.logaddexp(blank, label)
            for k, log in enumerate(logs.tolist()):
                where = prefix if k == 0 else (*prefix, k)
                b, n = made.get(where, (-np.inf, -np.inf))
                if k == 0:
                    b = np.logaddexp(b, total + log)
                else:
                    again = prefix[-1:] == (k,)
                    n = np.logaddexp(n, (blank if again else total) + log)
                made[where] = (b, n)
                if k and prefix[-1:] == (k,):
                    b, n = made.get(prefix, (-np.inf, -np.inf))
                    made[prefix] = (b, np.logaddexp(n, label + log))
        best = sorted(made.items(), key=lambda item: -np.logaddexp(*item[1]))
        beams = dict(best[:width])
    prefix, scores = next(iter(beams.items()))
    return list(prefix), np.logaddexp(*scores)


def test_a_long_search_is_that_of_all_beginnings():
    logits = np.random.default_rng(4).normal(size=(1, 300, 6)) * 1.5
    chances = np.exp(logits[0]) / np.exp(logits[0]).sum(-1, keepdims=True)
    expected, score = beams_of(chances, 40)
    labels, scores = ops.ctc_decode(logits, [300], "beam_search", 40, mask_index=0)
    assert [k for k in np.ravel(labels).tolist() if k >= 0] == expected
    np.testing.assert_allclose(np.ravel(scores), [score], rtol=1e-9)


SEARCH = """
import resource
import numpy as np
from lamina import ops

x = np.random.default_rng(0).normal(size=(1, 4, 40_000)).astype("float32")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ops.ctc_decode(x, [4], "beam_search", 100, mask_index=0)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts in KB")
def test_a_search_keeps_no_candidates_that_it_drops():
    command = [sys.executable, "-c", SEARCH]
    grown = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert grown < 40  # MB; a table of beams and classes has 32 for each number in it


def test_a_wide_beam_finds_the_likeliest_labels():
    rng = np.random.default_rng(6)
    logits = rng.normal(size=(3, 5, 3)) * 2
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    labels, scores = ops.ctc_decode(logits, [5, 5, 3], "beam_search", 200, 3, mask_index=1)
    for row, steps in enumerate([5, 5, 3]):
        chances = {}
        for path in np.ndindex(*[3] * steps):
            spelt = spelt_by(path, blank=1)
            one = np.exp(log_p[row, range(steps), path].sum())
            chances[spelt] = chances.get(spelt, 0.0) + one
        best = sorted(chances, key=chances.get, reverse=True)[:3]
        for place, spelt in enumerate(best):
            assert tuple(labels[place, row]) == (*spelt, *[-1] * (5 - len(spelt)))
            np.testing.assert_allclose(scores[row, place], np.log(chances[spelt]), rtol=1e-10)
    narrow, _ = ops.ctc_decode(logits, [5, 5, 5], "beam_search", 1)
    assert narrow.shape == (1, 3, 5)


# --- arguments of compile


def two(names=("y", "z"), wrap=list):
    x = lamina.Input((3,))
    outputs = {n: layers.Dense(1, name=n)(x) for n in names}
    return lamina.Model(x, outputs if wrap is dict else list(outputs.values()), seed=1)


X, Y = RNG.normal(size=(10, 3)), RNG.normal(size=(10, 1))


def test_losses_of_outputs_may_be_lists():
    model = two()
    p, q = model.predict(X)
    mse, mae = (lambda v: np.mean((v - Y) ** 2)), (lambda v: np.mean(np.abs(v - Y)))
    for loss, expected in [
        ({"y": ["mse"], "z": ["mae"]}, [mse(p), mae(q)]), ([["mse"], ["mae"]], [mse(p), mae(q)]),
        ({"y": ["mse", "mae"], "z": "mse"}, [mse(p) + mae(p), mse(q)]),
        ([["mse", "log_cosh"], "mse"], [mse(p) + losses.LogCosh()(Y, p), mse(q)]),
    ]:  # fmt: skip
        model.compile(lamina.optimizers.SGD(0.0), loss)
        got = model.evaluate(X, [Y, Y], verbose=0)
        np.testing.assert_allclose(got, [sum(expected), *expected], rtol=1e-5)
        model.fit(X, [Y, Y], verbose=0)


def test_no_output_is_left_untrained_silently():
    for loss in ({"y": "mse"}, {"y": ["mse"]}):
        model = two()
        model.compile("sgd", loss)
        for call in (model.fit, model.evaluate, model.train_on_batch):
            with pytest.raises(ValueError, match="loss has nothing for output 'z'; give compile "):
                call(X, [Y, Y])
        assert len(model.predict(X)) == 2
    two().compile("sgd", {"y": "mse", "z": None})
    model = two(wrap=dict)
    model.compile("sgd", {"y": ["mse"]})  # as in Keras, where the outputs are a dict
    assert len(model.fit(X, {"y": Y}, verbose=0).history) == 1
    with pytest.raises(ValueError, match="same targets and reduction; got mean_squared_error and"):
        two().compile("sgd", [["mse", "sparse_categorical_crossentropy"], "mse"])


@pytest.mark.parametrize("ending", ["keras", "lamina", "h5"])
def test_an_output_left_out_is_refused_by_loaded_models_too(tmp_path, ending):
    model = two()
    model.compile("sgd", {"y": "mse"})
    model.save(tmp_path / f"model.{ending}")
    loaded = lamina.models.load_model(tmp_path / f"model.{ending}")
    for each in (model, loaded, lamina.models.clone_model(model)):
        if each.optimizer is None:
            each.compile_from_config(loaded.get_compile_config())
        with pytest.raises(ValueError, match="loss has nothing for output 'z'; give compile "):
            each.fit(X, [Y, Y])


def halved(y, p):
    return lamina.ops.mean(lamina.ops.square(y - p) / 2, axis=-1)


def test_a_compile_config_is_plain_and_makes_new_objects():
    model = two()
    schedule = lamina.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5)
    model.compile(
        lamina.optimizers.SGD(schedule, momentum=0.5),
        [losses.Huber(0.5), [halved, "mse"]],
        [[lamina.metrics.MeanAbsoluteError(name="a")], ["mse"]],
        loss_weights=[1.0, 2.0],
    )
    model.fit(X, [Y, Y], verbose=0)
    config = json.loads(json.dumps(model.get_compile_config()))
    assert config["optimizer"]["config"]["learning_rate"]["class_name"] == "ExponentialDecay"
    assert config["loss"][0] == {"class_name": "Huber", "config": model.loss[0].get_config()}
    assert config["loss"][1][1] == "mse"
    assert config["loss_weights"] == [1.0, 2.0]
    with pytest.raises(ValueError, match="the Python function 'halved', and files only contain"):
        two().compile_from_config(config)
    other = two()
    with lamina.saving.custom_object_scope({"halved": halved}):
        other.compile_from_config(config)
    assert other.get_compile_config() == config
    assert (other.optimizer.iterations, other.optimizer.momentum) == (0, 0.5)
    names = ["loss", "y_loss", "z_loss", "y_a", "z_mse"]
    assert other.metrics_names == names == model.metrics_names
    for each in (other, model):  # an optimizer trains a single model
        each.fit(X, [Y, Y], verbose=0)
    assert not {id(m) for m in other.metrics} & {id(m) for m in model.metrics}
    assert two().get_compile_config() == {}


def test_what_is_assigned_lasts_as_long_as_it_says():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(1)])
    model.optimizer = "adam"
    assert model.optimizer == "adam"
    model.compile(loss="mse")
    assert type(model.optimizer) is lamina.optimizers.RMSprop  # the default, as in Keras
    model.loss, before = "mae", model.optimizer
    for refused in ("nonsense", 3):
        with pytest.raises((ValueError, TypeError), match="optimizer"):
            model.optimizer = refused
        assert (model.loss, model.optimizer) == ("mae", before)
    config = model.get_compile_config()
    with pytest.raises(ValueError, match="mse"):
        model.compile("sgd", "msee")
    with pytest.raises(ValueError, match="binary_accuracy"):
        model.compile("sgd", "mae", metrics=["binary_accurac"])
    assert (model.loss, model.optimizer) == ("mae", before)
    assert model.get_compile_config() == config
    model.optimizer = "sgd"
    assert type(model.optimizer) is lamina.optimizers.SGD
    assert model.loss == "mae"
    model.compile("sgd", "mse")
    assert type(model.loss) is losses.MeanSquaredError


def test_what_a_misspelt_loss_might_be():
    with pytest.raises(ValueError, match="did you mean 'mse'") as error:
        two().compile("sgd", "msee")
    assert "Wrapper" not in str(error.value)


def test_accuracy_goes_by_shapes_as_in_keras():
    y = RNG.integers(0, 2, (12, 3)).astype("float32")
    x = RNG.normal(size=(12, 3)).astype("float32")
    for loss, columns in [
        (losses.BinaryCrossentropy(from_logits=True), 1), ("binary_crossentropy", 3),
    ]:  # fmt: skip
        model = lamina.Sequential(
            [lamina.Input((3,)), layers.Dense(columns, "sigmoid" if columns > 1 else None)], seed=1
        )
        model.compile("sgd", loss, metrics=["accuracy"])
        true, p = y[:, :columns], model.predict(x)
        right = (p.argmax(1) == true.argmax(1)) if columns > 1 else (p > 0.5) == true
        got = model.evaluate(x, true, verbose=0)[1]
        np.testing.assert_allclose(got, right.mean())
        with pytest.warns(lamina.TrainingAdvice, match="as in Keras"):
            model.fit(x, true, verbose=0)


def test_losses_and_metrics_of_one_s_own_are_read_by_name():
    class Cubed(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean((y_pred - y_true) ** 3, axis=-1)

    class Largest(lamina.metrics.Mean):
        pass

    for room, cls in ((losses, Cubed), (lamina.metrics, Largest)):
        config = room.serialize(cls(name="own"))
        assert type(room.deserialize(config, {cls.__name__: cls})) is cls
        assert room.deserialize(cls.__name__, custom_objects={cls.__name__: cls}).name
        with pytest.raises(ValueError, match="unknown"):
            room.deserialize(config)
