"""Small versions of the CIFAR data sets, written in the published formats."""

import io
import struct
import tarfile

import numpy as np

from lamina.datasets import cifar10, cifar100

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


def pictures():
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
        labels = np.concatenate([truth[who, n][1][key] for n in names])
        np.testing.assert_array_equal(y, labels[:, None])
        x[0], y[0] = 0, 0  # the arrays are the caller's
