"""The IMDB reader: both files, Keras's arguments, and invalid files."""

import hashlib
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

import golden
from lamina.datasets import imdb
from lamina.utils import multi_hot, pad_sequences

SMALL = Path(__file__).parents[1] / "examples" / "data" / "imdb_small.npz"
shipped = pytest.mark.skipif(not SMALL.is_file(), reason="needs the sources' examples/data")


# --- the file that comes with the examples


@shipped
def test_the_small_file():
    (x_train, y_train), (x_test, y_test) = imdb.load_data(SMALL)
    assert (x_train.shape, x_test.shape) == ((5000,), (1000,))
    assert x_train.dtype == object
    assert all(type(review) is list and review[0] == 1 for review in x_train)
    assert x_train[0][:10] == [1, 14, 22, 16, 43, 2, 2, 2, 2, 65]
    assert y_train.dtype == np.int64
    assert np.bincount(y_train).tolist() == [2454, 2546]
    assert sum(map(len, x_train)) == 1219106
    assert max(max(review) for review in x_train) == 499
    assert len(x_test[0]) == 68
    assert y_test[:5].tolist() == [0, 1, 1, 0, 1]


@shipped
def test_the_small_file_as_a_folder_and_by_the_environment(monkeypatch):
    monkeypatch.setenv("LAMINA_DATA", str(SMALL.parent))
    (x_train, y_train), _ = imdb.load_data(num_words=100)
    (twin, _), _ = imdb.load_data(SMALL.parent, num_words=100)
    assert x_train.tolist() == twin.tolist()
    hot = multi_hot(x_train, 100)
    assert hot.shape == (5000, 100)
    assert set(hot[:, 1]) == {1.0}
    # A few words are informative about the label: least squares does better than chance.
    weights = np.linalg.lstsq(hot, 2.0 * y_train - 1, rcond=None)[0]
    assert np.mean((hot @ weights > 0) == y_train) > 0.65
    assert pad_sequences(x_train, maxlen=50).shape == (5000, 50)


@shipped
@pytest.mark.parametrize("options", [{"seed": 1}, {"start_char": None}, {"index_from": 0}])
def test_the_small_file_is_already_coded(options):
    with pytest.raises(ValueError, match=r"imdb: .*imdb_small\.npz is coded with seed 113"):
        imdb.load_data(SMALL, **options)


# --- words and lengths


def flat(reviews, labels, part):
    ends = np.cumsum([0, *map(len, reviews)])
    tokens = np.array([word for review in reviews for word in review], dtype=np.uint32)
    return {
        f"{part}_tokens": tokens,
        f"{part}_offsets": ends,
        f"{part}_labels": np.array(labels, dtype=np.uint8),
    }


REVIEWS = [[1, 14, 2, 9], [1, 30], [1, 14, 14, 25, 2, 4, 9], [1]]


@pytest.fixture
def arrays():
    return flat(REVIEWS, [1, 0, 0, 1], "train") | flat(REVIEWS[:2], [0, 1], "test")


@pytest.fixture
def save(tmp_path, monkeypatch):
    monkeypatch.delenv("LAMINA_DATA", raising=False)

    def save(arrays, name="imdb_small.npz"):
        np.savez_compressed(tmp_path / name, **arrays)
        return tmp_path / name

    return save


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, REVIEWS),
        ({"num_words": 25}, [[1, 14, 2, 9], [1, 2], [1, 14, 14, 2, 2, 4, 9], [1]]),
        ({"skip_top": 10}, [[2, 14, 2, 2], [2, 30], [2, 14, 14, 25, 2, 2, 2], [2]]),
        ({"skip_top": 9}, [[2, 14, 2, 9], [2, 30], [2, 14, 14, 25, 2, 2, 9], [2]]),
        ({"oov_char": 7}, [[1, 14, 7, 9], [1, 30], [1, 14, 14, 25, 7, 4, 9], [1]]),
        ({"oov_char": None}, [[1, 14, 9], [1, 30], [1, 14, 14, 25, 4, 9], [1]]),
        ({"oov_char": None, "num_words": 1}, [[], [], [], []]),
        ({"maxlen": 4}, [[1, 30], [1]]),
        ({"maxlen": 5, "num_words": 14, "oov_char": None}, [[1, 9], [1], [1]]),
    ],
)
def test_words_and_lengths(save, arrays, options, expected):
    (x, y), (x_test, _) = imdb.load_data(save(arrays), **options)
    assert x.tolist() == expected
    assert len(x_test) <= 2
    kept = [label for r, label in zip(REVIEWS, [1, 0, 0, 1], strict=True)
            if len(r) < options.get("maxlen", 99)]  # fmt: skip
    assert y.tolist() == kept


def test_reviews_of_equal_length_stay_lists(save):
    arrays = flat([[1, 5], [1, 6]], [0, 1], "train") | flat([[1, 7]], [1], "test")
    (x, _), (x_test, _) = imdb.load_data(save(arrays))
    assert x.shape == (2,)
    assert x_test.shape == (1,)
    assert x[1] == [1, 6]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"num_words": 0}, "num_words must be a positive integer; got 0"),
        ({"skip_top": -1}, "skip_top must be an integer >= 0; got -1"),
        ({"maxlen": 2.5}, "maxlen must be a positive integer; got 2.5"),
        ({"maxlen": 1}, "maxlen must leave reviews; got 1, and the shortest of the train part"),
        ({"maxlen": 2}, "maxlen must leave reviews; got 2, and the shortest of the test part"),
        ({"seed": -1}, "seed must be an integer >= 0"),
        ({"seed": 2**32}, r"seed must be below 2\*\*32"),
        ({"start_char": "<"}, "start_char must be an integer"),
        ({"oov_char": -2}, "oov_char must be an integer >= 0"),
        ({"index_from": None}, "index_from must be an integer"),
    ],
)
def test_refused_arguments(save, arrays, options, text):
    with pytest.raises((ValueError, TypeError), match=f"imdb: {text}"):
        imdb.load_data(save(arrays), **options)


def test_nothing_there(tmp_path, monkeypatch):
    monkeypatch.delenv("LAMINA_DATA", raising=False)
    for path in (None, tmp_path, tmp_path / "absent"):
        with pytest.raises(FileNotFoundError, match=r"imdb: no .* LAMINA_DATA"):
            imdb.load_data(path)


# --- invalid files


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"train_offsets": np.array([0, 6, 4, 13, 14])}, "must ascend; got 4 after 6 at 2"),
        ({"train_offsets": np.array([1, 4, 6, 13, 14])}, "must go from 0 to the 14 tokens; got 1"),
        ({"train_offsets": np.array([0, 4, 6, 13, 15])}, "to the 14 tokens; got 0 to 15"),
        ({"train_offsets": np.array([0, 4, 14])}, "one element more than the 4 labels; got 3"),
        ({"train_offsets": np.zeros(0, int)}, "one element more than the 4 labels; got 0"),
        ({"train_offsets": np.zeros((5, 1), int)}, r"integers on one axis; got int64 of shape"),
        ({"train_tokens": np.zeros(14)}, "train_tokens must be integers on one axis; got float64"),
        ({"train_tokens": np.full(14, -1)}, r"in \[0, 2\*\*31\); got -1 in review 0"),
        ({"test_tokens": np.arange(6) << 29}, r"test part must be .* got 2147483648 in review 1"),
        ({"test_tokens": np.full(6, 2**63, np.uint64)}, "must fit int64; got 9223372036854775808"),
        ({"test_labels": np.array([0, 2])}, "labels of the test part must be 0 or 1; got 2 at"),
        ({"test_labels": np.array([0.0, 1.0])}, "test_labels must be integers"),
        (flat([], [], "test"), "the test part must hold reviews; got none"),
        ({"train_tokens": np.array([[1], 2], dtype=object)}, "must be integers on one axis"),
        ({"train_labels": None}, "lacks train_labels"),
    ],
)  # fmt: skip
def test_wrong_small_files(save, arrays, change, text):
    arrays = {k: v for k, v in (arrays | change).items() if v is not None}
    path = save(arrays)
    with pytest.raises(ValueError, match=text) as error:
        imdb.load_data(path)
    assert str(error.value).startswith(f"imdb: {path}")


def test_damaged_small_files(save, arrays):
    path = save(arrays)
    whole = path.read_bytes()
    rng = np.random.default_rng(2)
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"imdb: .*damaged"):
            imdb.load_data(path)
    for _ in range(500):
        content = bytearray(whole)
        content[rng.integers(0, len(whole))] ^= 1 << rng.integers(0, 8)
        path.write_bytes(content)
        try:
            (x, _), _ = imdb.load_data(path)
        except ValueError as error:
            message = str(error)
        else:  # a bit that the archive does not use
            assert x.tolist() == REVIEWS
            continue
        assert message.startswith("imdb: ")


# --- Keras's file


def lists(reviews):
    result = np.empty(len(reviews), dtype=object)
    for i, review in enumerate(reviews):
        result[i] = review
    return result


@pytest.fixture
def keras_file(save):
    rng = np.random.default_rng(4)
    arrays = {}
    for part, rows in (("train", 60), ("test", 40)):
        reviews = [rng.integers(1, 300, size=rng.integers(1, 40)).tolist() for _ in range(rows)]
        arrays[f"x_{part}"] = lists(reviews)
        arrays[f"y_{part}"] = rng.integers(0, 2, rows)
    return save(arrays, "imdb.npz"), arrays


def test_keras_file(keras_file):
    path, arrays = keras_file
    (x, y), (x_test, _) = imdb.load_data(path.parent)
    assert sorted(x.tolist()) == sorted([1, *(w + 3 for w in r)] for r in arrays["x_train"])
    assert len(x_test) == 40
    where = [arrays["x_train"].tolist().index([w - 3 for w in r[1:]]) for r in x]
    np.testing.assert_array_equal(arrays["y_train"][where], y)
    assert where != sorted(where)
    (bare, _), _ = imdb.load_data(path, start_char=None, index_from=0)
    assert bare.tolist() == [arrays["x_train"][i] for i in where]


@pytest.mark.parametrize(
    "options",
    [
        {"num_words": 200},
        {"num_words": 100, "skip_top": 20, "maxlen": 20},
        {"num_words": 999, "oov_char": None, "start_char": None, "index_from": 0, "seed": 7},
        {"num_words": 50, "skip_top": 5, "oov_char": 9, "start_char": 4, "index_from": 10},
    ],
)
def test_keras_reads_the_same(keras_file, monkeypatch, options):
    path, arrays = keras_file

    def by_keras():
        reader = pytest.importorskip("keras.src.datasets.imdb")
        monkeypatch.setattr(reader, "get_file", lambda **_: str(path))
        return [[x.tolist(), y] for x, y in reader.load_data(**options)]

    asked = {name: array.tolist() for name, array in arrays.items()}
    answer = golden.ask(by_keras, hashlib.sha256(repr(asked).encode()).hexdigest(), options)
    for (x, y), (x_keras, y_keras) in zip(imdb.load_data(path, **options), answer, strict=True):
        assert x.tolist() == x_keras
        np.testing.assert_array_equal(y, y_keras)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_keras_file_of_any_protocol(keras_file, protocol):
    path, arrays = keras_file
    expected = imdb.load_data(path)[0][0].tolist()
    rewrite(path, arrays, {"x_train": pickle.dumps(arrays["x_train"], protocol)})
    assert imdb.load_data(path)[0][0].tolist() == expected


def rewrite(path, arrays, pickles):
    """Write an archive whose object arrays are given as pickles."""
    np.savez(path, **{k: v for k, v in arrays.items() if k not in pickles})
    with zipfile.ZipFile(path, "a") as archive:
        for key, content in pickles.items():
            shape = f"({len(arrays[key])},)"
            text = f"{{'descr': '|O', 'fortran_order': False, 'shape': {shape}, }}".encode()
            head = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
            archive.writestr(f"{key}.npy", head + content)


class Runs:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def test_a_malicious_archive_runs_nothing(keras_file, tmp_path):
    path, arrays = keras_file
    mark = tmp_path / "mark"
    arrays["x_test"][3] = Runs(mark)
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=rf"imdb\.npz: x_test: .*names {os.name}\.system"):
        imdb.load_data(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"x_train": np.zeros((2, 3), int)}, "x_train must be an array of lists; got int64"),
        ({"x_train": lists([[1], [2.5]])}, r"x_train\[1\] must be a list of integers"),
        ({"x_train": lists([[1], [True]])}, r"x_train\[1\] must be a list of integers"),
        ({"x_train": lists([[1], "text"])}, r"x_train\[1\] must be a list of integers"),
        ({"x_train": lists([[1], [2**70]])}, "x_train must hold word numbers in int64"),
        ({"x_train": lists([[1], [2**40]])}, r"in \[0, 2\*\*31\); got 1099511627776 in review 1"),
        ({"x_train": lists([[1], [-4]])}, "got -4 in review 1"),
        ({"x_train": lists([[1], [[1]]])}, r"x_train\[1\] must be a list of integers"),
        (
            {"y_train": np.array([0, 1, 1])},
            r"y_train must be 2 integers, one per review; got int64",
        ),
        ({"y_train": np.array([0, 3])}, "labels of the train part must be 0 or 1; got 3 at review"),
        ({"x_test": lists([]), "y_test": np.zeros(0, int)}, "must hold reviews; got none"),
        ({"y_test": None}, "needs the arrays x_train, y_train, x_test, y_test; lacks y_test"),
    ],
)
def test_wrong_keras_files(save, change, text):
    labels = np.array([0, 1])
    arrays = {"x_train": lists([[1], [2]]), "y_train": labels,
              "x_test": lists([[1], [2]]), "y_test": labels}  # fmt: skip
    path = save({k: v for k, v in (arrays | change).items() if v is not None}, "imdb.npz")
    with pytest.raises(ValueError, match=text) as error:
        imdb.load_data(path)
    assert str(error.value).startswith(f"imdb: {path}")


def test_reviews_may_be_arrays(save):
    reviews = lists([np.array([5, 6], np.int32), np.array([7])])
    arrays = {"x_train": reviews, "y_train": np.array([0, 1]),
              "x_test": lists([[8]]), "y_test": np.array([1])}  # fmt: skip
    (x, _), _ = imdb.load_data(save(arrays, "imdb.npz"))
    assert sorted(x.tolist()) == [[1, 8, 9], [1, 10]]


def test_a_list_repeated_in_a_pickle_takes_no_memory(save):
    review = list(range(1, 20_000))
    many = lists([review] * 5000)  # the same list: 60 kB in the file, 800 MB unfolded
    labels = np.zeros(5000, int)
    path = save({"x_train": many, "y_train": labels, "x_test": many, "y_test": labels}, "imdb.npz")
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match="x_train must hold at most 67108864 words"):
        imdb.load_data(path)
