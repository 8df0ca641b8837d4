"""CIFAR's pickles: the reader never runs code, regardless of their contents."""

import os
import pickle
from contextlib import suppress

import numpy as np
import pytest

from cifar_files import NAMES, pictures, py2_array, py2_dict, py2_list, python_file, write_folder
from lamina.datasets import cifar10
from lamina.datasets.published_pickle import read_pickle


@pytest.fixture(scope="module")
def truth():
    return pictures()


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
    (batch(labels=[0]), "labels must be 2 integers, one per picture"),
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
