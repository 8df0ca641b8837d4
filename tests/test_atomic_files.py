"""A saved file is either the complete old one or the complete new one, even after a crash."""

import errno
import os
import random
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.models import load_model
from lamina.saving import atomic
from lamina.saving.atomic import write_whole

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forks

KILLS = 300 if "FILES_FULL" in os.environ else 12
OLD, NEW = b"old" * 400_000, b"new, and longer" * 100_000


@pytest.fixture(params=["nameless", "named"])
def way(request, monkeypatch):
    """With an unnamed temporary file, where the system has them, and with a named one."""
    if request.param == "named":
        monkeypatch.setattr(atomic._New, "_nameless", staticmethod(lambda folder: -1))
    return request.param


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "m.lamina"
    found.write_bytes(OLD)
    return found


def content(path):
    assert os.listdir(path.parent) == [path.name]
    return path.read_bytes()


def test_a_file_is_replaced_or_made(path, way, tmp_path):
    write_whole(str(path), [NEW[:10], memoryview(NEW)[10:]])
    assert content(path) == NEW
    os.unlink(path)
    write_whole(str(path), [np.arange(3)])
    assert content(path) == np.arange(3).tobytes()


def test_links_and_permissions_stay(tmp_path, way):
    real = tmp_path / "real"
    real.mkdir()
    (real / "m.lamina").write_bytes(OLD)
    os.chmod(real / "m.lamina", 0o640)
    os.symlink(real / "m.lamina", tmp_path / "link.lamina")
    write_whole(str(tmp_path / "link.lamina"), [NEW])
    assert (tmp_path / "link.lamina").is_symlink()
    assert content(real / "m.lamina") == NEW
    assert stat.S_IMODE(os.stat(real / "m.lamina").st_mode) == 0o640
    before = os.umask(0o027)
    try:
        write_whole(str(real / "n.lamina"), [NEW])
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(real / "n.lamina").st_mode) == 0o640


def test_what_cannot_be_written_is_said(tmp_path, way):
    with pytest.raises(FileNotFoundError):
        write_whole(str(tmp_path / "none" / "m.lamina"), [NEW])
    with pytest.raises(IsADirectoryError):
        write_whole(str(tmp_path), [NEW])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a regular file"):
        write_whole(str(tmp_path / "pipe"), [NEW])
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod", "replace"])
def test_a_full_disk_leaves_the_old_file(path, way, call, monkeypatch):
    if call == "replace" and way == "nameless":
        monkeypatch.setattr(atomic._core.runtime, "put_in_place", lambda *_: errno.ENOSPC)
    given = getattr(os, call)
    left = [1]

    def failing(*args, **kwargs):
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        if call == "write":
            return given(args[0], args[1][:1000])
        return given(*args, **kwargs)

    if call != "write":
        left[0] = 0
    monkeypatch.setattr(os, call, failing)
    with pytest.raises(OSError, match="No space left on device") as raised:
        write_whole(str(path), [NEW])
    assert raised.value.filename == str(path)
    monkeypatch.undo()
    assert content(path) == OLD


def in_child(work):
    """Run a function in a child process; returns how that ended."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            code = work() or 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def test_a_limit_of_size_leaves_the_old_file(path, way):
    def work():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            write_whole(str(path), [NEW])
        except OSError as error:
            return 0 if error.errno == errno.EFBIG else 1
        return 2

    assert in_child(work) == 0
    assert content(path) == OLD


def test_what_a_killed_process_left_goes_with_the_next_save(path, way):
    left = path.parent / ".m.lamina.saving"
    left.write_bytes(b"a part")
    write_whole(str(path), [NEW])
    assert content(path) == NEW
    # A file that is being written is waited for.
    with open(left, "wb") as other:
        atomic._lock(other.fileno())
        waiting = threading.Thread(target=write_whole, args=(str(path), [OLD]))
        waiting.start()
        time.sleep(0.05)
        assert left.exists()
    waiting.join()
    assert content(path) == OLD


def models():
    made = []
    for seed in (1, 2):
        model = lamina.Sequential([layers.Input((30,)), layers.Dense(500), layers.Dense(9)],
                                  seed=seed)  # fmt: skip
        model.compile("adam", "mse")
        made.append(model)
    return made


def left_beside(path):
    """Return the files left beside a file, after up to 0.2 seconds for their removal."""
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        if os.listdir(path.parent) == [path.name]:
            return set()
    return set(os.listdir(path.parent)) - {path.name}


def test_killed_while_saving(tmp_path, way):
    """SIGKILL at random moments during consecutive saves."""
    path, pair = tmp_path / "m.lamina", models()
    known = []
    for model in pair:
        model.save(path)
        known.append(path.read_bytes())
    rng, seen, between = random.Random(4), set(), 0
    begun = time.perf_counter()
    pair[0].save(path)
    one = time.perf_counter() - begun
    for _ in range(KILLS):
        child = os.fork()
        if child == 0:
            try:
                while True:
                    for model in pair:
                        model.save(path)
            finally:
                os._exit(1)
        time.sleep(rng.uniform(0, 8 * one))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = path.read_bytes()
        assert found in known
        seen.add(known.index(found))
        rest = left_beside(path)
        if rest:
            assert rest == {".m.lamina.saving"}
            between += 1
    assert seen == {0, 1} or KILLS < 100
    assert way == "named" or between == 0
    pair[1].save(path)
    assert os.listdir(tmp_path) == ["m.lamina"]
    load_model(path)
    print(f"{KILLS} kills, {way}: {between} left a name beside the file, until the next save")


ORDER = """
import os, sys, lamina
model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)])
model.save(sys.argv[1])
os.write(2, b"BEGIN\\n")
model.save(sys.argv[1])
os.write(2, b"END\\n")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs strace")
def test_the_file_is_on_the_disk_before_it_has_the_name(tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    path = tmp_path / "m.lamina"
    calls = "open,openat,write,fsync,fdatasync,linkat,rename,renameat,renameat2"
    run = subprocess.run(
        ["strace", "-f", "-e", f"trace={calls}", sys.executable, "-c", ORDER, path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode != 0:
        pytest.skip(f"strace cannot trace here: {run.stderr[-200:]}")
    lines = run.stderr.splitlines()
    begin = max(i for i, line in enumerate(lines) if '"BEGIN' in line)
    end = min(i for i, line in enumerate(lines) if '"END' in line)
    found = [re.search(r"(\w+)\(", line) for line in lines[begin + 1 : end]]
    names = [match.group(1) for match in found if match]
    writes = [i for i, name in enumerate(names) if name == "write"]
    renames = [i for i, name in enumerate(names) if name.startswith("rename")]
    syncs = [i for i, name in enumerate(names) if name == "fsync"]
    assert len(renames) == 1
    assert max(writes) < syncs[0] < renames[0] < syncs[-1]
    assert len(syncs) == 2
