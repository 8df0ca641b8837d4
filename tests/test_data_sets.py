"""lamina.data.Dataset: elements are made when needed, and transformations."""

import itertools
import threading

import numpy as np
import pytest

import lamina
from lamina.data import AUTOTUNE, Dataset
from lamina.layers import Dense, Input
from lamina.utils import split_dataset

RNG = np.random.default_rng(5)
X = RNG.normal(size=(23, 3)).astype("float32")
Y = X.sum(1)


def ints(data):
    return [int(v) for v in data]


def test_elements_have_numpy_at_any_depth():
    for x, y in Dataset.from_tensor_slices((X, {"y": Y})).batch(8).take(1):
        assert type(x.numpy()) is np.ndarray
        np.testing.assert_array_equal(x[0][1:].numpy(), X[0, 1:])
        x.set_shape([None, *X.shape[1:]])
        with pytest.raises(ValueError, match="set_shape: shape must fit"):
            x.set_shape([None, *X.shape[1:], 1])
        assert y["y"][2].numpy() == Y[2]
        assert sum(float(v.numpy()) for v in y["y"]) == pytest.approx(Y[:8].sum())
    (x, _), *_ = Dataset.from_tensor_slices((X, Y)).as_numpy_iterator()
    assert type(x) is np.ndarray


STEPS = {
    "batch": (lambda d: d.batch(4).map(np.sum), [6, 22, 17]),
    "drop_remainder": (lambda d: d.batch(4, drop_remainder=True).map(np.sum), [6, 22]),
    "unbatch": (lambda d: d.batch(3).unbatch(), list(range(10))),
    "mapped unbatch": (lambda d: d.batch(3).map(lambda v: -v).unbatch(), [-i for i in range(10)]),
    "map": (lambda d: d.map(lambda v: 2 * v, num_parallel_calls=3), [2 * i for i in range(10)]),
    "filter": (lambda d: d.filter(lambda v: v % 3 == 0), [0, 3, 6, 9]),
    "take": (lambda d: d.take(3), [0, 1, 2]),
    "take all": (lambda d: d.take(-1), list(range(10))),
    "skip": (lambda d: d.map(lambda v: v).skip(8), [8, 9]),
    "shard": (lambda d: d.shard(4, 1), [1, 5, 9]),
    "repeat": (lambda d: d.take(2).repeat(3), [0, 1] * 3),
    "endless": (lambda d: d.take(2).repeat().take(5), [0, 1, 0, 1, 0]),
    "prefetch": (lambda d: d.prefetch(AUTOTUNE), list(range(10))),
    "cache": (lambda d: d.cache(), list(range(10))),
    "concatenate": (lambda d: d.take(1).concatenate(d.skip(9)), [0, 9]),
    "enumerate": (lambda d: d.skip(7).enumerate(1).map(lambda i, v: 10 * i + v), [17, 28, 39]),
    "zip": (lambda d: Dataset.zip(d, d.skip(8)).map(lambda a, b: a * b), [0, 9]),
    "zip dict": (lambda d: Dataset.zip({"a": d, "b": d}).map(lambda e: e["a"] + e["b"]),
                 [2 * i for i in range(10)]),
    "flat_map": (lambda d: d.take(3).flat_map(lambda v: Dataset.range(int(v))), [0, 0, 1]),
    "interleave": (lambda d: d.take(5).interleave(
        lambda v: Dataset.from_tensors(v).repeat(6), cycle_length=2, block_length=4),
        # Examples from the documentation of tf.data.
        [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4]),
    "interleave all": (lambda d: d.take(4).interleave(Dataset.range), [0, 0, 0, 1, 1, 2]),
    "window": (lambda d: d.window(3).flat_map(lambda w: w.batch(3).map(np.sum)), [3, 12, 21, 9]),
    "shifted windows": (lambda d: d.window(3, 1, 2, True).flat_map(lambda w: w.map(lambda v: v)),
                        [i + j for i in range(6) for j in (0, 2, 4)]),
    "windows apart": (lambda d: d.window(2, shift=4).flat_map(lambda w: w), [0, 1, 4, 5, 8, 9]),
    "windows of pairs": (lambda d: Dataset.zip(d, d.skip(1)).window(2).flat_map(
        lambda a, b: Dataset.zip(a.batch(2), b.batch(2))).map(lambda a, b: a.sum() + b.sum()),
        [4, 12, 20, 28, 17]),
    "apply": (lambda d: d.apply(lambda e: e.take(1)).with_options(None), [0]),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_what_is_done_with_elements(name):
    step, expected = STEPS[name]
    for begin in (Dataset.range(10), Dataset.from_generator(lambda: iter(range(10)))):
        data = step(begin)
        for _ in range(2):
            assert ints(data) == expected
        known = data.cardinality().numpy()
        assert known in (-2, len(expected))
        if known >= 0:
            assert len(data) == len(expected)
        elif begin.cardinality() == 10:
            within = ("flat_map", "interleave", "interleave all")
            assert name in ("filter", "mapped unbatch", *within) or "window" in name


def test_shapes_and_types_are_known_ahead():
    rows = Dataset.from_tensor_slices((X, {"y": Y.astype("int64")}))
    assert rows.element_spec[0].shape == (3,)
    assert rows.batch(4).element_spec[0] == ((None, 3), np.dtype("float32"))
    assert rows.batch(4, drop_remainder=True).element_spec[1]["y"] == ((4,), np.dtype("int64"))
    with pytest.raises(TypeError, match="the length is infinite"):
        len(rows.repeat())
    with pytest.raises(ValueError, match=r"number of rows; got \[22, 23\]"):
        Dataset.from_tensor_slices((X, Y[1:]))
    padded = Dataset.from_generator(lambda: map(np.ones, (1, 3, 2))).padded_batch(2)
    assert [b.tolist() for b in padded] == [[[1, 0, 0], [1, 1, 1]], [[1, 1]]]


@pytest.mark.parametrize("generated", [False, True])
@pytest.mark.parametrize("buffer", [1, 4, 100])
def test_shuffling(generated, buffer):
    begin = Dataset.from_generator(lambda: iter(range(50))) if generated else Dataset.range(50)
    data = begin.shuffle(buffer, seed=3)
    first, second = ints(data), ints(data)
    assert sorted(first) == sorted(second) == list(range(50))
    assert (first == second) == (buffer == 1)
    assert all(v <= place + buffer for place, v in enumerate(first))  # only from the next ones
    assert ints(begin.shuffle(buffer, seed=3)) == first
    fixed = begin.shuffle(buffer, seed=3, reshuffle_each_iteration=False)
    assert ints(fixed) == ints(fixed)
    twice = ints(begin.shuffle(buffer, seed=3).repeat(2))
    assert (twice[:50] == twice[50:]) == (buffer == 1)


def test_every_place_of_a_shuffle_is_as_probable():
    places = np.zeros((6, 6))
    data = Dataset.from_generator(lambda: iter(range(6))).shuffle(6, seed=1)
    for _ in range(600):
        for place, value in enumerate(ints(data)):
            places[place, value] += 1
    assert abs(places - 100).max() < 50  # five standard deviations


def test_a_fit_that_is_taken_up_again_takes_what_it_would_have_taken():
    def trained(*epochs):
        model = lamina.Sequential([Input((3,)), Dense(1)], seed=1)
        model.compile("adam", "mse")
        for first, last in itertools.pairwise((0, *epochs)):
            data = Dataset.from_tensor_slices((X, Y)).shuffle(23, seed=2).batch(5).prefetch(1)
            model.fit(data, initial_epoch=first, epochs=last, verbose=0)
        return model.get_weights()

    for whole, parts in zip(trained(4), trained(1, 4), strict=True):
        np.testing.assert_array_equal(whole, parts)


def test_windows_are_counted_and_made_when_they_are_needed():
    data = Dataset.range(10)
    assert [len(data.window(*w)) for w in ((3,), (3, 1), (3, 1, 2, True), (4, 5, 1, True))] == [
        4, 10, 6, 2,
    ]  # fmt: skip
    assert len(Dataset.range(2).window(3, 1, 1, True)) == 0
    assert [ints(w) for w in data.repeat().window(2, 3).take(2)] == [[0, 1], [3, 4]]
    (rows,) = Dataset.from_tensor_slices({"a": X}).window(5).take(1)
    assert rows["a"].element_spec.shape == (3,)
    assert len(rows["a"]) == 5
    made = []
    lazy = Dataset.range(9).map(lambda v: made.append(int(v)) or v)
    first, *_ = lazy.interleave(lambda v: Dataset.range(int(v) + 1), 2).take(1)
    assert (int(first), made) == (0, [0])
    with pytest.raises(TypeError, match="interleave: map_func must return a Dataset; got int"):
        list(data.interleave(int))
    with pytest.raises(ValueError, match="window: size"):
        data.window(0)


def test_windows_train_a_model():
    series = np.sin(np.arange(60.0)).astype("float32")
    windows = Dataset.from_tensor_slices(series).window(6, shift=1, drop_remainder=True)
    rows = windows.flat_map(lambda w: w.batch(6)).map(lambda w: (w[:-1], w[-1:]))
    model = lamina.Sequential([Input((5,)), Dense(1)])
    model.compile("sgd", "mse")
    assert model.fit(rows.shuffle(20, seed=1).batch(11), epochs=2, verbose=0).params["steps"] == 5


def test_what_a_function_raises_comes_from_every_stage():
    def failing(v):
        if v == 5:
            raise KeyError("five")
        return v

    for data in (
        Dataset.range(9).map(failing),
        Dataset.range(9).map(failing, num_parallel_calls=2).batch(2),
        Dataset.range(9).map(failing).prefetch(3).cache(),
    ):
        with pytest.raises(KeyError, match="five"):
            list(data)


def test_readers_end_when_nobody_asks_on():
    before = threading.active_count()
    for _ in Dataset.range(100).map(lambda v: v, num_parallel_calls=4).prefetch(2).take(2):
        pass
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("batched", [False, True])
def test_split_dataset(batched):
    data = Dataset.range(10)
    left, right = split_dataset(data.batch(4).prefetch(1) if batched else data, left_size=0.7)
    if batched:
        assert [len(b) for b in left] == [4, 3]
        left, right = left.unbatch(), right.unbatch()
    assert (ints(left), ints(right)) == (list(range(7)), [7, 8, 9])
    left, right = split_dataset((X, Y), right_size=3, shuffle=True, seed=1)
    rows = [float(y) for _, y in left] + [float(y) for _, y in right]
    assert sorted(rows) == sorted(Y.tolist())
    assert rows != Y.tolist()
    generated = Dataset.from_generator(lambda: iter(range(6)))
    assert [ints(part) for part in split_dataset(generated, 2, 2)] == [[0, 1], [4, 5]]
    for sizes, rule in (
        ((None, None), "needs left"),
        ((0.8, 0.9), "at most"),
        ((10, None), "both"),
        ((15, None), "left_size must be at most the 10 rows; got 15"),
        ((None, 11), "right_size must be at most the 10 rows; got 11"),
    ):
        with pytest.raises(ValueError, match=rule):
            split_dataset(Dataset.range(10), *sizes)


def test_windows_in_batches_are_shuffled_anew():
    data = lamina.utils.timeseries_dataset_from_array(
        np.arange(40), np.arange(40) * 10, 4, sequence_stride=3, batch_size=5, shuffle=True, seed=2
    )
    assert len(data) == 3
    first, second = ([b[1].numpy().tolist() for b in data] for _ in range(2))
    assert first != second
    assert sorted(itertools.chain(*first)) == list(range(0, 370, 30))
    for x, y in data:
        np.testing.assert_array_equal(x[:, 0] * 10, y)
        np.testing.assert_array_equal(np.diff(x, axis=1), 1)
