"""Data sets by Keras's names: its files in its cache, its order and splits."""

import json

import numpy as np
import pytest

from lamina.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return the folder where Keras keeps files; ``LAMINA_DATA`` is empty."""
    monkeypatch.delenv("LAMINA_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def digits(rows, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (rows, 28, 28), np.uint8)
    return x, rng.integers(0, 10, rows, np.uint8)


def test_all_of_mnist_where_its_file_is_at_hand(cache, monkeypatch, capfd):
    monkeypatch.setattr(mnist, "_said", False)
    for _ in range(2):
        (x, _), (test, _) = mnist.load_data()
        assert (len(x), len(test)) == (5000, 10000)
    assert capfd.readouterr().err.count("5,000 of the 60,000 training digits") == 1
    (x, y), (xe, ye) = digits(70), digits(20, 1)
    np.savez(cache / "mnist.npz", x_train=x, y_train=y, x_test=xe, y_test=ye)
    for path in (None, "mnist.npz", cache, cache / "mnist.npz"):
        (a, b), (ae, be) = mnist.load_data() if path is None else mnist.load_data(path)
        for got, expected in ((a, x), (b, y), (ae, xe), (be, ye)):
            np.testing.assert_array_equal(got, expected)
    np.savez(cache / "mnist.npz", x_train=x, y_train=y[1:], x_test=xe, y_test=ye)
    with pytest.raises(ValueError, match=r"of \(n, 28, 28\) and \(n,\); got uint8 of \(70"):
        mnist.load_data()
    assert capfd.readouterr().err == ""


def write_idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(head + array.tobytes())


def test_idx_files_of_mnist_and_fashion_mnist(cache, tmp_path, monkeypatch):
    for name, module in (("mnist", mnist), ("fashion-mnist", fashion_mnist)):
        (x, y), (xe, ye) = digits(7), digits(3, 1)
        for place in (cache / name, tmp_path / "own" / name):
            place.mkdir(parents=True)
            for part, images, labels in (("train", x, y), ("t10k", xe, ye)):
                write_idx(place / f"{part}-images-idx3-ubyte", images)
                write_idx(place / f"{part}-labels-idx1-ubyte", labels)
            np.testing.assert_array_equal(module.load_data()[0][0], x)
            x, y = x[1:], y[1:]
            monkeypatch.setenv("LAMINA_DATA", str(tmp_path / "own"))  # which has precedence
        monkeypatch.delenv("LAMINA_DATA")


def test_cifar_in_kerass_cache(cache):
    x, y = np.zeros((2, 32, 32, 3), np.uint8), np.array([[3], [9]], np.uint8)
    np.savez(cache / "cifar10.npz", x_train=x, y_train=y, x_test=x, y_test=y[:, 0])
    (_, labels), (_, others) = cifar10.load_data()
    assert labels.tolist() == others.tolist() == [[3], [9]]


def test_boston_in_kerass_order():
    (x, y), (_, ye) = boston_housing.load_data()
    assert (len(y), len(ye)) == (404, 102)
    # The first row that Keras's documentation and many courses print.
    np.testing.assert_allclose(x[0, [0, 2, 5, 12]], [1.23247, 8.14, 6.142, 18.72])
    assert y[0] == 15.2
    assert len(boston_housing.load_data(test_split=0.5)[1][1]) == 253


def test_california(cache):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1000, 8)).astype("float32"), rng.normal(size=1000).astype("float32")
    np.savez(cache / "california_housing.npz", x=x, y=y)
    for version, rows in (("large", 1000), ("small", 600)):
        (a, b), (ae, be) = california_housing.load_data(version, seed=4)
        order = np.arange(rows)
        np.random.RandomState(4).shuffle(order)
        np.testing.assert_array_equal(np.concatenate([a, ae]), x[order])
        np.testing.assert_array_equal(np.concatenate([b, be]), y[order])
        assert len(b) == 0.8 * rows
    with pytest.raises(ValueError, match="version must be"):
        california_housing.load_data("huge")


def newswires():
    rng = np.random.default_rng(2)
    texts = np.empty(50, object)
    for i in range(50):
        texts[i] = rng.integers(1, 200, rng.integers(2, 30)).tolist()
    return texts, rng.integers(0, 46, 50)


@pytest.mark.parametrize(
    "options",
    [
        {"num_words": 100},
        {"num_words": 150, "skip_top": 20, "oov_char": None, "index_from": 5},
        {"num_words": 300, "maxlen": 20, "start_char": None, "seed": 9, "test_split": 0.4},
    ],
)
def test_reuters_is_kerass(cache, options):
    texts, labels = newswires()
    np.savez(cache / "reuters.npz", x=texts, y=labels)
    ours = reuters.load_data(**options)
    theirs = by_hand(texts, labels, **options)
    for (x, y), (a, b) in zip(ours, theirs, strict=True):
        assert x.tolist() == a
        assert y.tolist() == b


def by_hand(texts, labels, num_words, skip_top=0, maxlen=None, test_split=0.2, seed=113,
            start_char=1, oov_char=2, index_from=3):  # fmt: skip
    """Follow Keras's documentation of ``load_data``, text by text."""
    order = np.arange(len(texts))
    np.random.RandomState(seed).shuffle(order)
    made = []
    for i in order:
        words = [word + index_from for word in texts[i]]
        words = words if start_char is None else [start_char, *words]
        if maxlen is not None and len(words) >= maxlen:
            continue
        kept = [w if skip_top <= w < num_words else oov_char for w in words]
        made.append(([w for w in kept if w is not None], int(labels[i])))
    cut = int(len(made) * (1 - test_split))
    return [([t for t, _ in part], [y for _, y in part]) for part in (made[:cut], made[cut:])]


def test_reuters_topics_and_word_indices(cache):
    assert len(reuters.get_label_names()) == 46
    for module, name in ((imdb, "imdb"), (reuters, "reuters")):
        path = cache / f"{name}_word_index.json"
        path.write_text(json.dumps({"the": 1, "ärger": 2}))
        assert module.get_word_index() == module.get_word_index(path) == {"the": 1, "ärger": 2}
        path.write_text('{"the": "one"}')
        with pytest.raises(ValueError, match="must hold words and their numbers"):
            module.get_word_index()
        path.write_text("[" * 100000)
        with pytest.raises(ValueError, match="must be JSON"):
            module.get_word_index()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (reuters.load_data, "reuters.npz"),
        (reuters.get_word_index, "reuters_word_index.json"),
        (imdb.load_data, "imdb.npz"),
        (imdb.get_word_index, "imdb_word_index.json"),
        (california_housing.load_data, "california_housing.npz"),
    ],
)
def test_a_missing_file_is_named_with_where_to_get_it(cache, call, name):
    with pytest.raises(FileNotFoundError) as caught:
        call()
    text = str(caught.value)
    assert f"Download https://storage.googleapis.com/tensorflow/tf-keras-datasets/{name}" in text
    assert str(cache) in text
