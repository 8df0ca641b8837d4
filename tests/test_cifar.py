"""CIFAR readers: files in the published formats, and invalid files."""

import os
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from cifar_files import NAMES, ROWS, add, check, load, pictures, write_archive, write_folder
from lamina.datasets import cifar10, cifar100
from lamina.datasets.published_pickle import read_pickle


@pytest.fixture(scope="module")
def truth():
    return pictures()


CASES = [("cifar10", "fine"), ("cifar100", "fine"), ("cifar100", "coarse")]


@pytest.mark.parametrize(("who", "mode"), CASES)
@pytest.mark.parametrize("version", ["binary", "python"])
def test_a_published_folder(truth, tmp_path, monkeypatch, who, mode, version):
    folder = write_folder(truth, tmp_path, who, version)
    check(truth, who, load(who, folder, mode), mode)
    check(truth, who, load(who, str(tmp_path), mode), mode)  # the folder that contains it
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    check(truth, who, load(who, None, mode), mode)


@pytest.mark.parametrize(("who", "mode"), CASES)
@pytest.mark.parametrize("version", ["binary", "python"])
def test_a_published_archive(truth, tmp_path, who, mode, version):
    path = write_archive(truth, tmp_path, who, version)
    check(truth, who, load(who, path, mode), mode)
    check(truth, who, load(who, tmp_path, mode), mode)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # nothing is unpacked


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_pickle_of_this_python(truth, tmp_path, protocol):
    for name in NAMES["cifar10"]:
        x, labels = truth["cifar10", name]
        flat = np.ascontiguousarray(x.transpose(0, 3, 1, 2).reshape(ROWS, 3072))
        held = {"data": np.asfortranarray(flat) if name == "test_batch" else flat,
                "labels": labels["labels"].tolist()}  # fmt: skip
        if protocol == 5:  # an array in a bytearray, which the published files do not contain
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


# --- invalid files


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
            assert split[1][1].tolist() == [[0], [1]]
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
