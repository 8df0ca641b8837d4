"""Data sets: shapes, published figures, and invalid files."""

import gzip
import lzma
import os
import struct

import numpy as np
import pytest

from lamina.datasets import boston, fashion_mnist, hitters, mnist, nyse, read_idx


def least_squares(x_train, y_train, x_test):
    design = np.column_stack([np.ones(len(x_train)), x_train])
    coefficients = np.linalg.lstsq(design, y_train, rcond=None)[0]
    return np.column_stack([np.ones(len(x_test)), x_test]) @ coefficients


def r2(y, p):
    return 1 - np.sum((y - p) ** 2) / np.sum((y - y.mean()) ** 2)


def test_mnist():
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert x_train.shape == (5000, 28, 28)
    assert x_test.shape == (10000, 28, 28)
    assert x_train.dtype == y_train.dtype == x_test.dtype == y_test.dtype == np.uint8
    np.testing.assert_array_equal(y_train, np.tile(np.arange(10), 500))
    # The class counts of the MNIST test set.
    np.testing.assert_array_equal(
        np.bincount(y_test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )
    assert x_test.max() == 255
    x_train[0] = 0  # the caller's own writable copy


def test_boston():
    table = boston.load()
    assert table.x.shape == (506, 13)
    assert table.feature_names == (
        "crim", "zn", "indus", "chas", "nox", "rm", "age", "dis", "rad", "tax", "ptratio",
        "black", "lstat",
    )  # fmt: skip
    assert table.y.mean() == pytest.approx(22.532806, abs=1e-6)
    (x_train, y_train), (x_test, y_test) = boston.load_data()
    assert (len(x_train), len(x_test)) == (404, 102)
    np.testing.assert_allclose(y_train.sum() + y_test.sum(), table.y.sum())
    np.testing.assert_array_equal(x_test[0], table.x[0])  # row 1 is not in the training sample


def test_hitters_least_squares_gives_the_books_figures():
    (x_train, y_train), (x_test, y_test) = hitters.load_data()
    assert (x_train.shape, x_test.shape) == ((176, 19), (87, 19))
    p = least_squares(x_train, y_train, x_test)
    assert np.abs(y_test - p).mean() == pytest.approx(254.67, abs=0.005)
    assert r2(y_test, p) == pytest.approx(0.561, abs=0.0005)


def test_hitters_missing_salaries():
    assert np.isnan(hitters.load(drop_missing=False).y).sum() == 59
    table = hitters.load()
    assert table.x.shape == (263, 19)
    factors = [table.feature_names.index(n) for n in ("LeagueN", "DivisionW", "NewLeagueN")]
    assert set(np.unique(table.x[:, factors])) == {0.0, 1.0}
    assert not np.isnan(table.y).any()


def test_nyse_autoregression_gives_the_known_figure():
    (x_train, y_train), (x_test, y_test) = nyse.load_data()
    assert (x_train.shape, x_test.shape) == ((4276, 5, 3), (1770, 5, 3))
    p = least_squares(x_train.reshape(-1, 15), y_train, x_test.reshape(-1, 15))
    assert r2(y_test, p) == pytest.approx(0.413, abs=0.0005)


def test_nyse_windows_end_the_day_before():
    series = nyse.load()
    assert series.x.shape == (6051, 3)
    assert str(series.date[0]) == "1962-12-03"
    assert series.day_of_week[0] == "mon"
    (x, y), _ = nyse.load_data(lags=2, standardize=False)
    np.testing.assert_array_equal(x[0], series.x[:2])
    assert y[0] == series.x[2, 1]
    (x, _), _ = nyse.load_data(lags=1)
    assert abs(x[:, 0].mean(axis=0)).max() < 0.01


@pytest.mark.parametrize("lags", [0, -1, 5000])
def test_nyse_refuses_lags(lags):
    with pytest.raises(ValueError, match="lags"):
        nyse.load_data(lags=lags)


# --- IDX files


def idx(shape, data=None, kind=8, size=1):
    header = struct.pack(">BBBB", 0, 0, kind, len(shape)) + struct.pack(f">{len(shape)}I", *shape)
    return header + (bytes(int(np.prod(shape)) * size) if data is None else data)


@pytest.fixture
def write(tmp_path):
    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [(8, "u1"), (9, "i1"), (0x0B, "i2"), (0x0C, "i4"), (0x0D, "f4"), (0x0E, "f8")],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress], ids=["plain", "gzip", "xz"])
def test_idx_types(write, kind, dtype, pack):
    values = np.arange(6).reshape(2, 3).astype(">" + dtype)
    read = read_idx(write(pack(idx((2, 3), values.tobytes(), kind))))
    assert read.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(read, values)


def test_idx_of_no_rows(write):
    assert read_idx(write(idx((0, 28, 28)))).shape == (0, 28, 28)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress], ids=["plain", "gzip", "xz"])
@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "magic number"),
        (b"\0\0", "magic number"),
        (b"\x89PNG\r\n", "magic number"),
        (idx((3,), kind=7), "magic number"),
        (b"\0\0\x08\0", "magic number"),
        (b"\0\0\x08\x21" + bytes(33 * 4), "at most 32 axes; got 33"),
        (b"\0\0\x08\x03\0\0\0\x02", "ends inside its header"),
        (idx((2, 3), bytes(5)), "needs 6 bytes; got 5"),
        (idx((2, 3), bytes(7)), "needs 6 bytes; got more"),
        (idx((2, 3), bytes(7), kind=0x0E), "needs 48 bytes"),
        (idx((2**32 - 1,) * 4, b"\0"), "more than the file can hold"),
        (idx((2**31, 2**31, 4), b"\0"), "more than the file can hold"),
        (idx((2**16, 2**16, 2**16, 2**16), b""), "more than the file can hold"),
    ],
)
def test_damaged_idx(write, content, text, pack):
    with pytest.raises(ValueError, match=text):
        read_idx(write(pack(content)))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gzip", "xz"])
def test_every_truncation_of_a_packed_file_is_an_error(write, pack):
    whole = pack(idx((4, 5), bytes(range(20))))
    for length in range(len(whole)):
        with pytest.raises(ValueError, match="read_idx"):
            read_idx(write(whole[:length]))


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("xz", lzma.compress)])
def test_damaged_packed_file(write, name, pack):
    whole = bytearray(pack(idx((100,), os.urandom(100))))
    whole[-5] ^= 0xFF  # gzip: the checksum; xz: the size of the index
    with pytest.raises(ValueError, match=f"damaged {name}"):
        read_idx(write(bytes(whole)))


def test_xz_without_the_module(write, monkeypatch):
    monkeypatch.setattr("lamina.datasets.idx.lzma", None)
    with pytest.raises(ImportError, match="needs the standard module lzma"):
        read_idx(write(lzma.compress(idx((1,), b"a"))))


# --- Fashion-MNIST


@pytest.fixture
def fashion(tmp_path):
    rng = np.random.default_rng(1)
    for part, rows in (("train", 6), ("t10k", 2)):
        images = rng.integers(0, 256, size=(rows, 28, 28), dtype=np.uint8)
        labels = np.arange(rows, dtype=np.uint8)
        for name, array, pack in (
            ("images-idx3", images, gzip.compress),
            ("labels-idx1", labels, gzip.compress),
        ):
            content = pack(idx(array.shape, array.tobytes()))
            (tmp_path / f"{part}-{name}-ubyte.gz").write_bytes(content)
    return tmp_path


def test_fashion_mnist_from_a_folder(fashion, monkeypatch):
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data(fashion)
    assert (x_train.shape, x_test.shape) == ((6, 28, 28), (2, 28, 28))
    np.testing.assert_array_equal(y_train, np.arange(6))
    np.testing.assert_array_equal(y_test, np.arange(2))
    monkeypatch.setenv("LAMINA_DATA", str(fashion))
    np.testing.assert_array_equal(fashion_mnist.load_data()[0][0], x_train)


def test_fashion_mnist_plain_files_in_a_subfolder(fashion):
    folder = fashion / "data" / "fashion-mnist"
    folder.mkdir(parents=True)
    for path in fashion.glob("*.gz"):
        (folder / path.name[:-3]).write_bytes(gzip.decompress(path.read_bytes()))
    assert fashion_mnist.load_data(fashion / "data")[1][0].shape == (2, 28, 28)


def test_a_missing_fashion_mnist_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="apt install dataset-fashion-mnist") as error:
        fashion_mnist.load_data()
    assert "LAMINA_DATA" in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_fashion_mnist_parts_that_do_not_fit(fashion):
    labels = gzip.compress(idx((5,)))
    (fashion / "train-labels-idx1-ubyte.gz").write_bytes(labels)
    with pytest.raises(ValueError, match=r"got \(6, 28, 28\) and \(5,\)"):
        fashion_mnist.load_data(fashion)
