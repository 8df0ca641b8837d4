"""Training rows and untrained models are detected."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import lamina
from lamina import layers, nnet
from lamina._fingerprint import KEPT, Fingerprint
from lamina.inference import PredictionIntervals

RNG = np.random.default_rng(5)
X = RNG.normal(size=(400, 3))
Y = X.sum(axis=1) + RNG.normal(size=400)


def model(activation=None, loss="mse"):
    made = lamina.Sequential([lamina.Input((3,)), layers.Dense(1, activation)], seed=1)
    made.compile("adam", loss)
    return made


def fitted(rows=slice(0, 200), **fit):
    made = model()
    made.fit(X[rows], Y[rows], verbose=0, **fit)
    return made


def told(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("rows", "text"),
    [(np.arange(200), "trained on these rows"),
     (RNG.permutation(200), "trained on these rows"),
     (RNG.permutation(200)[:120], "trained on (these|about \\d+ % of these) rows"),
     (np.arange(400), "trained on about 50 % of these rows")],
    ids=["same", "shuffled", "some", "among others"],
)  # fmt: skip
def test_training_rows_are_noticed(rows, text):
    for made in (trained := fitted(), copy.deepcopy(trained), pickle.loads(pickle.dumps(trained))):
        with pytest.warns(UserWarning, match=f"calibrate: the model was {text}, .*method='cv\\+'"):
            made.calibrate(X[rows], Y[rows])
    with pytest.warns(UserWarning, match=text):
        PredictionIntervals(trained).calibrate(X[rows].tolist(), Y[rows][:, None])


def test_other_rows_are_not():
    assert told(lambda: fitted().calibrate(X[200:], Y[200:])) == []
    held_out = fitted(slice(0, 400), validation_split=0.5)
    kept = held_out.history.validation_rows
    assert told(lambda: held_out.calibrate(X[kept], Y[kept])) == []
    trained = np.setdiff1d(np.arange(400), kept)
    assert len(told(lambda: held_out.calibrate(X[trained], Y[trained]))) == 1
    # Methods that train copies accept training rows.
    assert told(lambda: fitted().calibrate(X[:200], Y[:200], "cv+", cv=2)) == []


def test_rows_that_are_alike_by_chance_are_not():
    """A designed experiment, done twice: the same inputs in the same order, other targets."""
    x, made = np.tile(np.eye(3), (40, 1)), model()
    first, second = RNG.integers(0, 4, (2, 120)).astype(float)
    made.fit(x, first, verbose=0)
    assert told(lambda: made.calibrate(x, second)) == []
    assert len(told(lambda: made.calibrate(x, first))) == 1
    assert Fingerprint([np.zeros((50, 2))]).share_of([np.zeros((50, 2))]) == 0.0


@pytest.mark.parametrize("trained", [10, 40, 1000, 5000])
@pytest.mark.parametrize("levels", [5, 16])
def test_a_few_whole_numbers_are_alike_by_chance(levels, trained):
    for seed in range(25):
        rng = np.random.default_rng(seed)
        rows = rng.integers(0, levels, (trained + 30, 3)).astype(float)
        assert Fingerprint([rows[:trained]]).share_of([rows[trained:]]) == 0.0


@pytest.mark.parametrize("trained", [40, 1000, 5000])
def test_unlike_rows_that_come_again_among_others_are_noticed(trained):
    rows = np.random.default_rng(0).normal(size=(trained + 30, 3))
    again = np.concatenate([rows[: 2 * trained // 3], rows[trained:]])[::-1]
    assert Fingerprint([rows[:trained]]).share_of([again]) > 0.15


def test_few_and_sorted_rows_may_be_equal_in_their_places():
    sorted_rows = np.repeat(np.eye(2), 50, axis=0)
    for rows in (np.eye(4), np.ones((1, 2)), sorted_rows):
        assert Fingerprint([rows]).share_of([rows]) == 0.0
    assert Fingerprint([X[:8]]).share_of([X[:8]]) == 1.0


def test_sets_of_training_rows():
    made = model("sigmoid", "binary_crossentropy")
    made.fit(X, Y > 0, verbose=0)
    with pytest.warns(UserWarning, match="sets are too small; method 'aps' .*out of fit$"):
        made.calibrate(X, Y > 0)


def test_several_inputs_and_outputs():
    x = lamina.Input((3,), name="a"), lamina.Input((2,), name="b")
    both = layers.Concatenate()(x)
    ends = [layers.Dense(1, name="p")(both), layers.Dense(2, name="q")(both)]
    made = lamina.Model(list(x), dict(zip("pq", ends, strict=True)))
    made.compile("adam", "mse")
    given = {"a": X, "b": X[:, :2]}, {"p": Y, "q": X[:, 1:]}
    made.fit(*given, verbose=0)
    with pytest.warns(UserWarning, match="trained on these rows"):
        made.calibrate(*given)


def test_rows_of_fits_of_nnet():
    fit = nnet.nnet(X[:200], Y[:200], size=2, linout=True, trace=False, random_state=0)
    intervals = PredictionIntervals(fit)
    with pytest.warns(UserWarning, match="trained on these rows"):
        intervals.calibrate(X[:200], Y[:200])
    assert told(lambda: intervals.calibrate(X[200:], Y[200:])) == []
    # The same inputs once more, as in a designed experiment, with other targets.
    assert told(lambda: intervals.calibrate(X[:200], Y[200:])) == []


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_of_fits_of_classes(classes):
    y, other = np.array(["a", "b", "c"])[RNG.integers(0, classes, (2, 60))]
    intervals = PredictionIntervals(nnet.nnet(X[:60], y, size=1, trace=False, random_state=0))
    with pytest.warns(UserWarning, match="trained on these rows"):
        intervals.calibrate(X[:60], y)
    assert told(lambda: intervals.calibrate(X[:60], other)) == []


def test_rows_of_averages():
    for bag in (False, True):
        fit = nnet.avNNet(X[:60], Y[:60], size=1, linout=True, trace=False, bag=bag)
        intervals = PredictionIntervals(fit)
        assert len(told(lambda each=intervals: each.calibrate(X[:60], Y[:60]))) == (not bag)


def test_a_fingerprint_is_of_few_rows_and_knows_types():
    known = Fingerprint([X.astype(np.float32), Y])
    assert len(known._digests) == KEPT
    assert known.share_of([X, Y[:, None]]) == 1.0
    assert known.share_of([X + 1e-3, Y]) == known.share_of([X[:, :2], Y]) == 0.0
    assert Fingerprint([X], np.arange(0)).share_of([X]) == 0.0
    wide = RNG.normal(size=(70, 10_000))
    assert Fingerprint([wide]).share_of([wide[::-1]]) == 1.0


def test_sources_of_batches_have_no_fingerprint():
    made = model()
    made.fit(((X[i : i + 50], Y[i : i + 50]) for i in (0, 50)), verbose=0)
    assert made.history.fingerprint is None
    assert told(lambda: made.calibrate(X[:100], Y[:100])) == []


def test_models_that_were_not_trained():
    text = "sequential.* has not been trained: its weights are the initial ones"
    with pytest.warns(UserWarning, match=f"calibrate: {text}"):
        model().calibrate(X, Y)
    given = model()
    given.set_weights([np.ones((3, 1)), np.zeros(1)])
    assert told(lambda: given.calibrate(X, Y)) == []
    assert [each.as_drawn for each in (model(), given, fitted(), copy.deepcopy(given))] == [
        True, False, False, False,
    ]  # fmt: skip


def test_baselines_of_models_that_were_not_trained():
    pytest.importorskip("sklearn")
    text = "compare_baselines: sequential.* has not been trained: its weights are the initial ones"
    with pytest.warns(UserWarning, match=text):
        model().compare_baselines(X, Y, (X, Y), baselines="linear")
    bare = lamina.Sequential([layers.Dense(1)])
    with pytest.raises(lamina.NotCompiledError, match=r"compare_baselines: .*call compile and fit"):
        bare.compare_baselines(X, Y, (X, Y))
    bare.compile("adam", "mse")
    with pytest.raises(ValueError, match=r"compare_baselines: .* has no weights yet; call fit"):
        bare.compare_baselines(X, Y, (X, Y))
    with pytest.raises(TypeError, match="compare_baselines: model must be a lamina model; got str"):
        lamina.baselines.compare("a model", X, Y)
