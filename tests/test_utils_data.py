"""one_hot, multi_hot, pad_sequences, timeseries_windows: against NumPy, and Keras if installed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import golden
from lamina.utils import (
    multi_hot,
    one_hot,
    pad_sequences,
    timeseries_dataset_from_array,
    timeseries_windows,
)

# --- one_hot


@pytest.mark.parametrize("kind", [list, np.array, lambda v: np.array(v, ">i2")])
def test_one_hot_rows_of_the_identity(kind):
    np.testing.assert_array_equal(one_hot(kind([2, 0, 1]), 4), np.eye(4)[[2, 0, 1]])


@pytest.mark.parametrize("shape", [(), (3,), (3, 1), (2, 3), (2, 0), (0, 5), (2, 3, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_hot_of_any_shape(shape, dtype):
    x = np.random.default_rng(0).integers(0, 5, size=shape)
    hot = one_hot(x, 5, dtype=dtype)
    assert (hot.dtype, hot.shape) == (dtype, (*shape, 5))
    np.testing.assert_array_equal(hot, np.eye(5)[x])


@pytest.mark.parametrize("axis", [-3, -2, -1, 0, 1, 2])
def test_one_hot_axis(axis):
    x = np.random.default_rng(0).integers(0, 5, size=(2, 3))
    hot = one_hot(x, 5, axis=axis)
    np.testing.assert_array_equal(np.moveaxis(hot, axis, -1), np.eye(5)[x])
    assert hot.flags.c_contiguous


@pytest.mark.parametrize(
    ("x", "classes", "options", "text"),
    [
        ([0, 5], 5, {}, r"one_hot: x must be in \[0, 5\); got 5 at 1"),
        ([[0, 1], [-1, 1]], 5, {}, r"got -1 at \(1, 0\)"),
        (np.array([2**63], np.uint64), 5, {}, "got 9223372036854775808 at 0"),
        ([0.0, 1.0], 5, {}, "must hold integers; got dtype float64"),
        ([True], 5, {}, "must hold integers; got dtype bool"),
        (["a"], 5, {}, "must hold numbers"),
        ([[1], [1, 2]], 5, {}, "not a rectangular array"),
        (None, 5, {}, "x is None"),
        ([0], 0, {}, "num_classes must be a positive integer; got 0"),
        ([0], 2.0, {}, "num_classes must be a positive integer; got 2.0"),
        ([0], 2, {"axis": 2}, r"axis must be in \[-2, 2\); got 2"),
        ([0], 2, {"axis": -3}, "axis must be an integer >= -2; got -3"),
        ([0], 2, {"dtype": "int8"}, "dtype must be 'float32' or 'float64'"),
        ([0], 2**62, {}, "more than memory"),
    ],
)
def test_one_hot_refusals(x, classes, options, text):
    with pytest.raises((ValueError, TypeError), match=text):
        one_hot(x, classes, **options)


# --- multi_hot


def documents_by_vocabulary(documents, words):
    result = np.zeros((len(documents), words))
    for i, document in enumerate(documents):
        for word in document:
            result[i, word] = 1
    return result


@settings(deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(0, 6)), min_size=1))
def test_multi_hot(documents):
    expected = documents_by_vocabulary(documents, 7)
    ragged = np.empty(len(documents), dtype=object)
    ragged[:] = documents
    for given_as in (documents, [np.array(d, dtype=np.uint8) for d in documents], ragged):
        np.testing.assert_array_equal(multi_hot(given_as, 7), expected)


def test_multi_hot_of_arrays():
    x = np.random.default_rng(0).integers(0, 9, size=(4, 3))
    np.testing.assert_array_equal(multi_hot(x, 9, "float64"), documents_by_vocabulary(x, 9))
    np.testing.assert_array_equal(multi_hot(x.tolist(), 9), documents_by_vocabulary(x, 9))
    np.testing.assert_array_equal(multi_hot(x[0], 9), documents_by_vocabulary(x[:1], 9)[0])
    np.testing.assert_array_equal(multi_hot([0, 4], 5), [1, 0, 0, 0, 1])
    assert multi_hot(x.reshape(2, 2, 3), 9).shape == (2, 2, 9)
    assert multi_hot(x, 9).dtype == np.float32
    assert multi_hot([], 9).shape == (0, 9)
    assert multi_hot([[], []], 9).sum() == 0
    assert multi_hot(np.zeros((0, 3), int), 9).shape == (0, 9)
    assert multi_hot(np.zeros((2, 0), int), 9).shape == (2, 9)


@pytest.mark.parametrize(
    ("sequences", "classes", "text"),
    [
        ([[0], [1, 7, 2]], 7, r"multi_hot: sequences\[1\] must be in \[0, 7\); got 7 at 1"),
        ([[0], [-2]], 7, r"sequences\[1\] .* got -2 at 0"),
        ([[0], [0.5]], 7, r"sequences\[1\] must hold integers"),
        ([[0], 1], 7, r"sequences\[1\] must have one axis"),
        ([[0], [[1, 2]]], 7, r"sequences\[1\] must have one axis; got shape \(1, 2\)"),
        ("abc", 7, "must be a list of integer sequences; got str"),
        (7, 7, "must be a list of integer sequences; got int"),
        (np.array(3), 7, "at least one axis"),
        (np.array([[0.5]]), 7, "must hold integers"),
        ([[0]], 0, "num_classes must be a positive integer"),
        ([[0]], 2**62, "more than memory"),
    ],
)
def test_multi_hot_refusals(sequences, classes, text):
    with pytest.raises((ValueError, TypeError), match=text):
        multi_hot(sequences, classes)


# --- pad_sequences


def padded(sequences, maxlen, padding, truncating, value):
    """The rows by hand: lists truncated and padded."""
    length = max(map(len, sequences)) if maxlen is None else maxlen
    rows = []
    for sequence in sequences:
        row = list(sequence)
        if len(row) > length:
            row = row[len(row) - length :] if truncating == "pre" else row[:length]
        fill = [value] * (length - len(row))
        rows.append(fill + row if padding == "pre" else row + fill)
    return rows


SEQUENCES = st.lists(st.lists(st.integers(-9, 9), max_size=8), min_size=1, max_size=5)
SIDES = st.sampled_from(["pre", "post"])


@settings(deadline=None, derandomize=True)
@given(SEQUENCES, st.one_of(st.none(), st.integers(1, 10)), SIDES, SIDES, st.integers(-3, 3))
def test_pad_sequences(sequences, maxlen, padding, truncating, value):
    result = pad_sequences(sequences, maxlen, "int16", padding, truncating, value)
    assert result.dtype == np.int16
    assert result.tolist() == padded(sequences, maxlen, padding, truncating, value)


@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("maxlen", [None, 1, 3, 10])
def test_pad_sequences_is_kerass(maxlen, padding, truncating):
    sequences = [[], [4], [7, 1, 9, 2, 5], [3, 3, 8], list(range(1, 13))]
    options = {"maxlen": maxlen, "padding": padding, "truncating": truncating, "value": -1}
    ours = pad_sequences(sequences, **options)
    utils = golden.Peer("keras.utils")
    theirs = golden.ask(lambda: utils.pad_sequences(sequences, **options), sequences, options)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_pad_sequences_of_rows():
    sequences = [np.ones((2, 3)), np.zeros((0, 3)), 2 * np.ones((1, 3)), []]
    result = pad_sequences(sequences, dtype="float32", value=7)
    assert result.shape == (4, 2, 3)
    np.testing.assert_array_equal(result[0], np.ones((2, 3)))
    np.testing.assert_array_equal(result[1], np.full((2, 3), 7))
    np.testing.assert_array_equal(result[2], [[7] * 3, [2] * 3])


def test_pad_sequences_of_strings():
    words = [["alpha", "b"], ["c"]]
    result = pad_sequences(words, dtype=object, value="")
    assert result.tolist() == [["alpha", "b"], ["", "c"]]
    assert pad_sequences(words, dtype="U5", padding="post").tolist() == [["alpha", "b"], ["c", ""]]


def test_pad_sequences_without_words():
    assert pad_sequences([], maxlen=3).shape == (0, 3)
    assert pad_sequences([[], []]).shape == (2, 0)
    assert pad_sequences([[], []], maxlen=2).tolist() == [[0, 0], [0, 0]]
    ragged = np.empty(2, dtype=object)
    ragged[:] = [[1, 2], [3]]
    assert pad_sequences(ragged).tolist() == [[1, 2], [0, 3]]


@pytest.mark.parametrize(
    ("sequences", "options", "text"),
    [
        ([], {}, "no sequences given; maxlen is needed"),
        ([[1]], {"maxlen": 0}, "maxlen must be a positive integer; got 0"),
        ([[1]], {"padding": "left"}, "padding must be 'pre' or 'post'; got 'left'"),
        ([[1]], {"truncating": None}, "truncating must be 'pre' or 'post'; got None"),
        (5, {}, "must be a list of sequences; got int"),
        ("text", {}, "must be a list of sequences; got str"),
        ([[1], 2], {}, r"sequences\[1\] must be a sequence; got 2"),
        ([[1], "ab"], {}, r"sequences\[1\] must be a sequence; got 'ab'"),
        ([[1], np.array(2)], {}, r"sequences\[1\] must be a sequence"),
        ([[1], [[1], [2, 3]]], {}, r"sequences\[1\] is not a rectangular array"),
        ([[1], [[1, 2]]], {}, r"equal axes after the first; got shape \(1, 2\) at 1"),
        ([[1], [0.5]], {}, r"sequences\[1\] must hold values that int32 holds exactly; got 0.5"),
        ([[1, 2**31]], {}, "got 2147483648 at 1"),
        ([np.array([2**31])], {}, "got 2147483648 at 0"),
        ([[-1]], {"dtype": "uint8"}, "got -1 at 0"),
        ([[-1]], {"dtype": "uint64"}, "got -1 at 0"),
        ([np.array([2**64 - 1], np.uint64)], {"dtype": "int64"}, "got 18446744073709551615"),
        ([[np.nan]], {}, "got nan at 0"),
        ([[1e300]], {"dtype": "float32"}, r"got 1e\+300"),
        ([[2**24 + 1]], {"dtype": "float32"}, "got 16777217"),
        ([[1]], {"value": 0.5}, "value must hold values that int32 holds exactly; got 0.5"),
        ([[1]], {"value": "x"}, "value must be of the kind of dtype int32; got 'x'"),
        ([["a"]], {}, "holds <U1, which int32 cannot; dtype=object"),
        ([["long"]], {"dtype": "U2"}, "<U2 holds exactly; got long"),
        ([["a"]], {"dtype": str}, "how long its strings are"),
        ([[1j]], {}, "must hold numbers or strings; got complex128"),
        ([[1]], {"dtype": "c16"}, "dtype must hold numbers"),
        ([[1]], {"dtype": "nonsense"}, "dtype must be a NumPy dtype; got 'nonsense'"),
        ([[1]], {"maxlen": 2**62}, "more than memory"),
    ],
)
def test_pad_sequences_refusals(sequences, options, text):
    with pytest.raises((ValueError, TypeError), match=text):
        pad_sequences(sequences, **options)


# --- timeseries_windows


def windows_by_hand(data, targets, length, stride, rate, start, end):
    start = start or 0
    end = len(data) if end is None else end
    x, y = [], []
    at = start
    while at + (length - 1) * rate < end and (targets is None or at < len(targets)):
        x.append([data[at + j * rate] for j in range(length)])
        y.append(None if targets is None else targets[at])
        at += stride
    return np.array(x), None if targets is None else np.array(y)


@settings(deadline=None, derandomize=True)
@given(st.data())
def test_windows(draw):
    steps = draw.draw(st.integers(1, 40))
    length, rate, stride = (draw.draw(st.integers(1, 6)) for _ in range(3))
    start = draw.draw(st.one_of(st.none(), st.integers(0, steps - 1)))
    end = draw.draw(st.one_of(st.none(), st.integers((start or 0) + 1, steps)))
    data = np.random.default_rng(1).normal(size=(steps, 2))
    targets = draw.draw(st.one_of(st.none(), st.integers(1, 50).map(np.arange)))
    options = (length, stride, rate)
    x, y = windows_by_hand(data, targets, *options, start, end)
    given_as = {"start_index": start, "end_index": end}
    if len(x) == 0:
        with pytest.raises(ValueError, match=r"spans|no window has a target"):
            timeseries_windows(data, targets, *options, **given_as)
        return
    result = timeseries_windows(data, targets, *options, **given_as)
    if targets is None:
        np.testing.assert_array_equal(result, x)
    else:
        np.testing.assert_array_equal(result[0], x)
        np.testing.assert_array_equal(result[1], y)


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("rate", [1, 2])
@pytest.mark.parametrize(("start", "end"), [(None, None), (4, None), (None, 30), (5, 31)])
@pytest.mark.parametrize("with_targets", [False, True])
def test_windows_are_kerass(stride, rate, start, end, with_targets):
    data = np.random.default_rng(1).normal(size=(40, 2))
    targets = np.arange(40) if with_targets else None
    options = {
        "sequence_length": 5, "sequence_stride": stride, "sampling_rate": rate,
        "start_index": start, "end_index": end,
    }  # fmt: skip
    ours = timeseries_windows(data, targets, **options)

    def windows():
        pytest.importorskip("grain")
        utils = golden.Peer("keras.utils")
        given = {"batch_size": None, "format": "grain", **options}
        found = list(utils.timeseries_dataset_from_array(data, targets, **given))
        if not with_targets:
            return [np.array(found)]
        return [np.array(part) for part in zip(*found, strict=True)]

    theirs = golden.ask(windows, data, targets, options)
    for a, b in zip(ours if with_targets else [ours], theirs, strict=True):
        np.testing.assert_array_equal(a, b)
    batches = list(timeseries_dataset_from_array(data, targets, batch_size=6, **options))
    if not with_targets:
        batches = [(batch,) for batch in batches]
    for a, b in zip(map(np.concatenate, zip(*batches, strict=True)), theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_windows_are_read_only_views():
    data, targets = np.arange(20.0), np.arange(20)
    x, y = timeseries_windows(data, targets, 4, sequence_stride=2, sampling_rate=3)
    assert np.shares_memory(x, data)
    assert np.shares_memory(y, targets)
    assert not x.flags.writeable
    assert not y.flags.writeable
    assert targets.flags.writeable
    assert not timeseries_windows(data, None, 4).flags.writeable


def test_shuffled_windows():
    data = np.arange(200)
    x, y = timeseries_windows(data, data, 3, shuffle=True, seed=5)
    np.testing.assert_array_equal(x[:, 0], y)
    np.testing.assert_array_equal(np.sort(y), np.arange(198))
    assert (y != np.arange(198)).any()
    again = timeseries_windows(data, None, 3, shuffle=True, seed=5)
    np.testing.assert_array_equal(x, again)
    assert (timeseries_windows(data, None, 3, shuffle=True, seed=6) != again).any()
    assert not np.shares_memory(x, data)
    assert x.flags.writeable


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((np.arange(5), None, 6), {}, "spans 6 steps .* more than the 5 steps given"),
        ((np.arange(5), None, 3), {"sampling_rate": 3}, "spans 7 steps"),
        ((np.arange(9), None, 4), {"start_index": 6}, "more than the 3 steps"),
        (([], None, 1), {}, "more than the 0 steps"),
        ((np.arange(5), [], 1), {}, "no window has a target: the first starts at step 0; got 0"),
        ((np.arange(9), np.arange(3), 1), {"start_index": 3}, "starts at step 3; got 3 targets"),
        ((np.arange(5), None, 0), {}, "sequence_length must be a positive integer; got 0"),
        ((np.arange(5), None, 2), {"sequence_stride": 0}, "sequence_stride must be a positive"),
        ((np.arange(5), None, 2), {"sampling_rate": -1}, "sampling_rate must be a positive"),
        ((np.arange(5), None, 2), {"start_index": -1}, "start_index must be an integer >= 0"),
        ((np.arange(5), None, 2), {"start_index": 5}, "start_index must be below the 5 steps"),
        ((np.arange(5), None, 2), {"end_index": 6}, "end_index must be at most the 5 steps"),
        ((np.arange(5), None, 2), {"end_index": 0}, "end_index must be a positive integer"),
        ((np.arange(5), None, 1), {"start_index": 3, "end_index": 3}, "above start_index 3"),
        ((np.arange(5), None, 2), {"shuffle": 1}, "shuffle must be True or False"),
        ((np.arange(5), None, 2), {"shuffle": True, "seed": -1}, "seed must be"),
        ((3, None, 1), {}, "at least one axis"),
        ((["a"], None, 1), {}, "must hold numbers"),
        (([1.0], ["a"], 1), {}, "targets must hold numbers"),
    ],
)
def test_windows_refusals(arguments, options, text):
    with pytest.raises((ValueError, TypeError), match=text):
        timeseries_windows(*arguments, **options)


def test_windows_take_no_memory():
    # A virtual series of 2**36 steps: nothing may copy it.
    data = np.lib.stride_tricks.as_strided(np.zeros(1), shape=(2**36,), strides=(0,))
    x = timeseries_windows(data, None, 1000, sequence_stride=7, sampling_rate=5)
    assert x.shape == ((2**36 - 4996) // 7 + 1, 1000)
