"""CIFAR readers: files written here as published, and files that are not what they claim."""

import io
import os
import pickle
import struct
import tarfile
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from lamina.datasets import cifar10, cifar100
from lamina.datasets.published_pickle import read_pickle

ROWS = 6
# The files of each data set: in training order, then the test file.
NAMES = {
    "cifar10": [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"],
    "cifar100": ["train", "test"],
}
FOLDERS = {
    ("cifar10", "binary"): "cifar-10-batches-bin",
    ("cifar10", "python"): "cifar-10-batches-py",
    ("cifar100", "binary"): "cifar-100-binary",
    ("cifar100", "python"): "cifar-100-python",
}


# --- the published formats


def py2_string(value):
    """A string as Python 2's cPickle writes it in protocol 2."""
    if len(value) < 256:
        return b"U" + bytes([len(value)]) + value
    return b"T" + struct.pack("<I", len(value)) + value


def py2_integer(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if 0 <= value < 65536:
        return b"M" + struct.pack("<H", value)
    return b"J" + struct.pack("<i", value)


def py2_list(items):
    return b"](" + b"".join(items) + b"e"


def py2_array(array, fortran=False):
    shape = b"".join(py2_integer(n) for n in array.shape)
    kind = array.dtype.str[1:].encode()
    raw = array.tobytes(order="F" if fortran else "C")
    return (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x10cnumpy\nndarray\nq\x11K\x00\x85U\x01b\x87R"
        b"(K\x01" + shape + bytes([0x84 + array.ndim]) + b"cnumpy\ndtype\nq\x12"
        + py2_string(kind) + b"K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        b"K\x00tb" + (b"\x88" if fortran else b"\x89") + py2_string(raw) + b"tb"
    )  # fmt: skip


def py2_dict(entries):
    content = b"".join(py2_string(k) + v for k, v in entries.items())
    return b"\x80\x02}q\x01(" + content + b"u."


def python_file(name, x, labels, fortran=False):
    """A batch of the Python version: a dict that Python 2 pickled."""
    flat = x.transpose(0, 3, 1, 2).reshape(len(x), 3072)
    entries = {b"batch_label": py2_string(b"batch " + name.encode())}
    for key, values in labels.items():
        entries[key.encode()] = py2_list([py2_integer(int(v)) for v in values])
    entries[b"data"] = py2_array(flat, fortran)
    files = [py2_string(b"picture_%d.png" % i) for i in range(len(x))]
    entries[b"filenames"] = py2_list(files)
    return py2_dict(entries)


def binary_file(x, labels):
    """The binary version: label bytes, then 1024 red, green and blue bytes, row by row."""
    order = [labels[k] for k in ("coarse_labels", "fine_labels", "labels") if k in labels]
    records = []
    for i in range(len(x)):
        planes = [x[i, :, :, c].tobytes() for c in range(3)]
        records.append(bytes(int(values[i]) for values in order) + b"".join(planes))
    return b"".join(records)


@pytest.fixture(scope="module")
def truth():
    """Pictures and labels of each file of each data set."""
    rng = np.random.default_rng(3)
    result = {}
    for who, names in NAMES.items():
        for name in names:
            x = rng.integers(0, 256, size=(ROWS, 32, 32, 3), dtype=np.uint8)
            if who == "cifar10":
                labels = {"labels": rng.integers(0, 10, ROWS)}
            else:
                labels = {
                    "fine_labels": rng.integers(0, 100, ROWS),
                    "coarse_labels": rng.integers(0, 20, ROWS),
                }
            result[who, name] = x, labels
    return result


def contents(truth, who, version):
    """Name and content of each file of a version."""
    for name in NAMES[who]:
        x, labels = truth[who, name]
        if version == "binary":
            yield f"{name}.bin", binary_file(x, labels)
        else:
            yield name, python_file(name, x, labels, fortran=name.endswith("2"))


def write_folder(truth, tmp_path, who, version):
    folder = tmp_path / FOLDERS[who, version]
    folder.mkdir()
    for name, content in contents(truth, who, version):
        (folder / name).write_bytes(content)
    (folder / "batches.meta").write_bytes(b"never read")
    return folder


def add(archive, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def write_archive(truth, tmp_path, who, version):
    path = tmp_path / f"{who.replace('r1', 'r-1')}-{version}.tar.gz"
    folder = FOLDERS[who, version]
    with tarfile.open(path, "w:gz") as archive:
        directory = tarfile.TarInfo(folder)
        directory.type = tarfile.DIRTYPE
        archive.addfile(directory)
        add(archive, f"{folder}/batches.meta", b"never read")
        # The published archives do not list their batches in order.
        for name, content in reversed(list(contents(truth, who, version))):
            add(archive, f"{folder}/{name}", content)
    return path


def load(who, path, mode="fine"):
    return cifar10.load_data(path) if who == "cifar10" else cifar100.load_data(path, mode)


def check(truth, who, split, mode="fine"):
    key = "labels" if who == "cifar10" else f"{mode}_labels"
    for names, (x, y) in zip((NAMES[who][:-1], NAMES[who][-1:]), split, strict=True):
        assert x.dtype == y.dtype == np.uint8
        assert x.flags.c_contiguous
        np.testing.assert_array_equal(x, np.concatenate([truth[who, n][0] for n in names]))
        np.testing.assert_array_equal(y, np.concatenate([truth[who, n][1][key] for n in names]))
        x[0], y[0] = 0, 0  # arrays of one's own


CASES = [("cifar10", "fine"), ("cifar100", "fine"), ("cifar100", "coarse")]


@pytest.mark.parametrize(("who", "mode"), CASES)
@pytest.mark.parametrize("version", ["binary", "python"])
def test_a_published_folder(truth, tmp_path, monkeypatch, who, mode, version):
    folder = write_folder(truth, tmp_path, who, version)
    check(truth, who, load(who, folder, mode), mode)
    check(truth, who, load(who, str(tmp_path), mode), mode)  # the folder it lies in
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    check(truth, who, load(who, None, mode), mode)


@pytest.mark.parametrize(("who", "mode"), CASES)
@pytest.mark.parametrize("version", ["binary", "python"])
def test_a_published_archive(truth, tmp_path, who, mode, version):
    path = write_archive(truth, tmp_path, who, version)
    check(truth, who, load(who, path, mode), mode)
    check(truth, who, load(who, tmp_path, mode), mode)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # nothing unpacked


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_pickle_of_this_python(truth, tmp_path, protocol):
    for name in NAMES["cifar10"]:
        x, labels = truth["cifar10", name]
        flat = np.ascontiguousarray(x.transpose(0, 3, 1, 2).reshape(ROWS, 3072))
        held = {"data": np.asfortranarray(flat) if name == "test_batch" else flat,
                "labels": labels["labels"].tolist()}  # fmt: skip
        if protocol == 5:  # an array in a bytearray, which none of the published files has
            with pytest.raises(ValueError, match="opcode"):
                read_pickle("cifar10", name, pickle.dumps(held, 5))
            return
        (tmp_path / name).write_bytes(pickle.dumps(held, protocol))
    check(truth, "cifar10", cifar10.load_data(tmp_path))


@pytest.mark.parametrize("axes", [1, 2])
def test_npz(truth, tmp_path, axes):
    arrays = {}
    for part, name in (("train", "train"), ("test", "test")):
        x, labels = truth["cifar100", name]
        arrays[f"x_{part}"] = np.asfortranarray(x) if axes == 2 else x
        y = labels["fine_labels"]
        arrays[f"y_{part}"] = y[:, None] if axes == 2 else y.astype(">i4")
        arrays[f"y_{part}_coarse"] = labels["coarse_labels"]
    np.savez_compressed(tmp_path / "cifar100.npz", **arrays)
    for mode in ("fine", "coarse"):
        check(truth, "cifar100", cifar100.load_data(tmp_path, mode), mode)
    del arrays["y_test_coarse"]
    np.savez(tmp_path / "cifar100.npz", **arrays)
    check(truth, "cifar100", cifar100.load_data(tmp_path / "cifar100.npz"))
    with pytest.raises(ValueError, match=r"cifar100\.npz: needs an array 'y_test_coarse'; holds"):
        cifar100.load_data(tmp_path, "coarse")


def test_class_names():
    assert (len(cifar10.CLASS_NAMES), len(cifar100.FINE_NAMES), len(cifar100.COARSE_NAMES)) == (
        10, 100, 20,
    )  # fmt: skip
    for names in (cifar10.CLASS_NAMES, cifar100.FINE_NAMES, cifar100.COARSE_NAMES):
        assert sorted(set(names)) == list(names)


# --- files that are not what they claim


def test_nothing_there(tmp_path, monkeypatch):
    monkeypatch.delenv("LAMINA_DATA", raising=False)
    for who in NAMES:
        for path in (None, tmp_path, tmp_path / "absent"):
            with pytest.raises(FileNotFoundError, match=rf"{who}: no .* Download cifar-") as error:
                load(who, path)
            assert "LAMINA_DATA" in str(error.value)


@pytest.mark.parametrize("version", ["binary", "python"])
@pytest.mark.parametrize("who", NAMES)
def test_a_missing_file(truth, tmp_path, who, version):
    folder = write_folder(truth, tmp_path, who, version)
    name = NAMES[who][-1] + (".bin" if version == "binary" else "")
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{who}: no file {name} beside"):
        load(who, folder)


@pytest.mark.parametrize(("size", "text"), [
    (0, "whole pictures of 3073 bytes; got 0 bytes"),
    (ROWS * 3073 - 1, f"whole pictures of 3073 bytes; got {ROWS * 3073 - 1} bytes"),
    (ROWS * 3073 - 3073, r"data_batch_1\.bin to data_batch_5\.bin .* got \[6, 6, 5, 6, 6\]"),
])  # fmt: skip
def test_truncated_binary_files(truth, tmp_path, size, text):
    folder = write_folder(truth, tmp_path, "cifar10", "binary")
    path = folder / "data_batch_3.bin"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match=text) as error:
        cifar10.load_data(folder)
    assert str(error.value).startswith("cifar10: ")
    assert "data_batch_" in str(error.value)


@pytest.mark.parametrize(("who", "mode", "byte", "text"), [
    ("cifar10", "fine", 0, r"labels must be in \[0, 10\); got 200 at picture 2"),
    ("cifar100", "fine", 1, r"labels must be in \[0, 100\); got 200 at picture 2"),
    ("cifar100", "coarse", 0, r"labels must be in \[0, 20\); got 200 at picture 2"),
])  # fmt: skip
def test_labels_out_of_range(truth, tmp_path, who, mode, byte, text):
    folder = write_folder(truth, tmp_path, who, "binary")
    path = folder / f"{NAMES[who][0]}.bin"
    content = bytearray(path.read_bytes())
    content[2 * (len(content) // ROWS) + byte] = 200
    path.write_bytes(content)
    with pytest.raises(ValueError, match=text) as error:
        load(who, folder, mode)
    assert str(path) in str(error.value)


def test_label_mode():
    with pytest.raises(ValueError, match="label_mode must be 'fine' or 'coarse'; got 'all'"):
        cifar100.load_data("anywhere", "all")


def batch(data=None, labels=None):
    data = np.zeros((2, 3072), np.uint8) if data is None else data
    return {b"data": data, b"labels": [0, 1] if labels is None else labels}


@pytest.mark.parametrize(("held", "text"), [
    ([1, 2], "must hold a dict; got list"),
    ({b"labels": [1]}, "needs an entry 'data'; holds labels"),
    ({b"data": np.zeros((1, 3072), np.uint8)}, "needs an entry 'labels'; holds data"),
    ({}, "needs an entry 'data'; holds none"),
    (batch(data=np.zeros((2, 3071), np.uint8)), r"uint8 of \(n, 3072\); got uint8 of shape"),
    (batch(data=np.zeros((2, 3072), np.int8)), r"uint8 of \(n, 3072\); got int8"),
    (batch(data=np.zeros(3072, np.uint8)), r"got uint8 of shape \(3072,\)"),
    (batch(data=np.zeros((), np.uint8)), "data must be uint8"),
    (batch(data=[0] * 3072), "got list"),
    (batch(labels=[0]), "labels must be 2 integers, one a picture"),
    (batch(labels=[0, -5]), r"labels must be in \[0, 10\); got -5 at picture 1"),
    (batch(labels=[0, 10]), "got 10 at picture 1"),
    (batch(labels=[0, 2**70]), "labels must be 2 integers"),
    (batch(labels=[0, 1.0]), "labels must be a list of integers"),
    (batch(labels=b"ab"), "labels must be a list of integers"),
    (batch(data=np.zeros((0, 3072), np.uint8), labels=[]), "must hold pictures; got none"),
])  # fmt: skip
def test_wrong_pickles(tmp_path, held, text):
    for name in NAMES["cifar10"]:
        (tmp_path / name).write_bytes(pickle.dumps(held, 3))
    with pytest.raises(ValueError, match=text) as error:
        cifar10.load_data(tmp_path)
    assert "data_batch_1" in str(error.value)


class Reduces:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def stack_global(module, name):
    return b"\x80\x04\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(name)]) + name


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_a_malicious_pickle_runs_nothing(truth, tmp_path, protocol):
    folder = write_folder(truth, tmp_path, "cifar10", "python")
    mark = tmp_path / "mark"
    held = batch()
    held[b"filenames"] = Reduces(os.system, f"touch {mark}")
    (folder / "data_batch_4").write_bytes(pickle.dumps(held, protocol))
    with pytest.raises(ValueError, match=rf"data_batch_4.*{os.name}\.system"):
        cifar10.load_data(folder)
    assert not mark.exists()


MARK = "mark"


@pytest.mark.parametrize(("content", "text"), [
    (b"cos\nsystem\n(S'touch mark'\ntR.", r"names os\.system"),
    (b"(S'touch mark'\nios\nsystem\n.", r"names os\.system"),
    (b"(cos\nsystem\nS'touch mark'\no.", r"names os\.system"),
    (stack_global(b"builtins", b"exec") + b"\x93.", r"names builtins\.exec"),
    (stack_global(b"numpy.core.multiarray", b"_reconstruct.__globals__") + b"\x93.",
     r"names numpy\.core\.multiarray\._reconstruct\.__globals__"),
    (b"cnumpy\nload\n(S'x'\ntR.", r"names numpy\.load"),
    (b"cnumpy.core.multiarray\nscalar\n.", r"names numpy\.core\.multiarray\.scalar"),
    (b"c__builtin__\ngetattr\n.", r"names __builtin__\.getattr"),
    (b"cnumpy\nndarray\n(I1000000000\ntR.", r"ndarray may not be called"),
    (b"cnumpy\nndarray\n}b.", "damaged or refused"),
    (b"cnumpy\nndarray\n(N}S'__init__'\nNstb.", "damaged or refused"),
    (b"c_codecs\nencode\n}b.", "damaged or refused"),
    (b"c_codecs\nencode\n(V00\nVhex\ntR.", "must be encoded in latin1"),
    (b"\x82\x01.", "opcode"),
    (b"Pname\n.", "opcode"),
    (b"\x80\x02Nr\xff\xff\xff\x7f.", "memo index 2147483647"),
    (b"\x80\x02Np99999999\n.", "memo index"),
    (b"\x80\x02T\xff\xff\xff\x7fabc.", "damaged or refused"),
    (b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00.", "opcode"),
    (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "damaged or refused"),
    (b"", "ends before its end mark"),
    (b".", "damaged or refused"),
    (b"\x80\x63N.", "damaged or refused"),
    (b"I" + b"9" * 5000 + b"\n.", "must hold a dict|damaged or refused"),
])  # fmt: skip
def test_refused_pickles(tmp_path, monkeypatch, content, text):
    monkeypatch.chdir(tmp_path)
    for name in NAMES["cifar10"]:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=text):
        cifar10.load_data(tmp_path)
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize(("old", "new", "text"), [
    (b"U\x02u1", b"U\x02V1", "plain numbers or lists"),
    (b"U\x02u1", b"U\x02O8", "array of lists"),
    (b"K\x01K\x02M\x00\x0c", b"K\x01K\x02M\x01\x0c", "needs 6146 bytes; got 6144"),
    (b"K\x01K\x02M\x00\x0c", b"K\x01J\xff\xff\xff\xffM\x00\x0c", "shape and a type"),
    (b"K\x01K\x02M\x00\x0c", b"K\x01J\xff\xff\xff\x7fM\x00\x0c", "needs .* bytes"),
    (b"U\x01|NNN", b"U\x01|NNK\x01", "type must be plain"),
    (b"U\x01|NNN", b"U\x01xNNN", "type must be plain"),
])  # fmt: skip
def test_arrays_that_do_not_fit(tmp_path, old, new, text):
    flat = np.zeros((2, 3072), np.uint8)
    good = py2_dict({b"labels": py2_list([b"K\x00", b"K\x01"]), b"data": py2_array(flat)})
    assert read_pickle("cifar10", "f", good)[b"data"].shape == (2, 3072)
    assert good.count(old) == 1
    with pytest.raises(ValueError, match=text):
        read_pickle("cifar10", "f", good.replace(old, new))


def test_damaged_pickles_do_no_harm(truth):
    whole = python_file("x", *truth["cifar10", "test_batch"])
    rng = np.random.default_rng(5)
    for _ in range(3000):
        content = bytearray(whole)
        for _ in range(rng.integers(1, 4)):  # mostly outside the pixels
            low, high = (0, 260) if rng.random() < 0.7 else (len(whole) - 120, len(whole))
            content[rng.integers(low, high)] = rng.integers(0, 256)
        with suppress(ValueError):  # and nothing else
            read_pickle("cifar10", "file", bytes(content))
    for length in [*range(300), *range(len(whole) - 200, len(whole))]:
        with pytest.raises(ValueError, match="cifar10: file: damaged"):
            read_pickle("cifar10", "file", whole[:length])


def test_a_pickle_cannot_change_the_reader():
    good = py2_dict({b"data": py2_array(np.arange(6, dtype=np.uint8).reshape(2, 3))})
    for target in (b"cnumpy\ndtype\n", b"cnumpy.core.multiarray\n_reconstruct\n"):
        for state in (b"}S'dtype'\nNsb.", b"(N}S'__init__'\nNstb.", b"(N}S'value'\nNstb."):
            with pytest.raises(ValueError, match="damaged or refused"):
                read_pickle("cifar10", "f", target + state)
    np.testing.assert_array_equal(
        read_pickle("cifar10", "f", good)[b"data"], np.arange(6).reshape(2, 3)
    )


# --- archives


def test_truncated_archives(truth, tmp_path):
    whole = write_archive(truth, tmp_path, "cifar100", "binary").read_bytes()
    path = tmp_path / "cut.tar.gz"
    for length in range(0, len(whole) - 200, len(whole) // 60):
        path.write_bytes(whole[:length])
        with pytest.raises((ValueError, FileNotFoundError), match=r"cifar100: .*cut\.tar\.gz"):
            cifar100.load_data(path)


@pytest.mark.parametrize("at", [5000, 12000, -6, -3])  # data, checksum, length
def test_damaged_archive(truth, tmp_path, at):
    path = write_archive(truth, tmp_path, "cifar100", "binary")
    content = bytearray(path.read_bytes())
    content[at] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cifar100: .*cifar-100-binary\.tar\.gz"):
        cifar100.load_data(path)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 nor this", bytes(2048)])
def test_no_archive(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=r"cifar10: .*file"):
        cifar10.load_data(path)


def test_an_archive_without_the_data(truth, tmp_path):
    path = tmp_path / "other.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        add(archive, "readme.txt", b"nothing")
        link = tarfile.TarInfo("cifar-100-binary/train.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(FileNotFoundError, match=r"no files of the data set in .*other\.tar\.gz"):
        cifar100.load_data(path)


def test_an_archive_that_claims_too_much(tmp_path):
    path = tmp_path / "bomb.tar"
    member = tarfile.TarInfo("cifar-100-binary/train.bin")
    member.size = 1 << 40
    path.write_bytes(member.tobuf() + bytes(10240))
    with pytest.raises(ValueError, match=f"at most {1 << 30} bytes; got {1 << 40}"):
        cifar100.load_data(path)


@pytest.mark.parametrize(("change", "text"), [
    ({"x_train": np.zeros((2, 3, 32, 32), np.uint8)}, r"x_train must be uint8 of shape"),
    ({"x_train": np.zeros((2, 32, 32, 3))}, "got float64 of shape"),
    ({"y_test": np.array([0, 10])}, r"y_test: labels must be in \[0, 10\); got 10 at picture 1"),
    ({"y_test": np.array([0.0, 1.0])}, "labels must be 2 integers"),
    ({"y_test": np.array([0, 1, 2])}, r"got int64 of shape \(3,\)"),
    ({"y_test": np.array(["a", "b"])}, r"y_test: must be a \.npy array of numbers"),
    ({"y_test": np.array([1, os.system], dtype=object)}, rf"names {os.name}\.system"),
    ({"y_test": np.zeros(2, dtype=[("a", "i4")])}, r"y_test: must be a \.npy array of numbers"),
])  # fmt: skip
def test_wrong_npz(tmp_path, change, text):
    x, y = np.zeros((2, 32, 32, 3), np.uint8), np.array([0, 1])
    path = tmp_path / "cifar10.npz"
    np.savez(path, **({"x_train": x, "y_train": y, "x_test": x, "y_test": y} | change))
    with pytest.raises(ValueError, match=text) as error:
        cifar10.load_data(tmp_path)
    assert str(path) in str(error.value)


def test_damaged_npz(tmp_path):
    x, y = np.zeros((2, 32, 32, 3), np.uint8), np.array([0, 1])
    path = tmp_path / "cifar10.npz"
    np.savez_compressed(path, x_train=x, y_train=y, x_test=x, y_test=y)
    whole = path.read_bytes()
    rng = np.random.default_rng(7)
    for i in range(1500):
        content = bytearray(whole)
        if i < 300:
            del content[rng.integers(0, len(whole)) :]
        else:
            content[rng.integers(0, len(whole))] = rng.integers(0, 256)
        path.write_bytes(content)
        try:
            split = cifar10.load_data(path)
        except ValueError as error:
            message = str(error)
        else:  # a byte that the archive does not use
            assert split[0][0].sum() == 0
            assert split[1][1].tolist() == [0, 1]
            continue
        assert message.startswith("cifar10: ")


@pytest.mark.parametrize(("shape", "text"), [
    (b"1099511627776", "needs 1099511627776 bytes; got 2"),
    (b"1", r"header's shape \(1,\) of uint8 needs 1 bytes; got 2"),
    (b"2, 32, 32, 3", "needs 6144 bytes; got 2"),
    (b"-1", r"a shape \(-1,\)"),
    (b"0, 4611686018427387904, 4", "needs 0 bytes; got 2"),
])  # fmt: skip
def test_an_npz_header_that_does_not_fit(tmp_path, shape, text):
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%s,), }" % shape
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"12"
    path = tmp_path / "cifar10.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for key in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(f"{key}.npy", npy)
    with pytest.raises(ValueError, match=rf"cifar10\.npz: x_train: .*{text}"):
        cifar10.load_data(path)
