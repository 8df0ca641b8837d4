"""Import of lamina: memory, modules and names."""

import importlib.util
import inspect
import subprocess
import sys

import pytest

import lamina

# Modules whose names need a package.
NEEDED = {"model_selection": "sklearn", "sklearn": "sklearn", "wrappers": "sklearn"}

# A child's ru_maxrss starts at its parent's peak, and would not grow.
COST = """
import sys, numpy

def peak():
    with open("/proc/self/status") as status:
        return int(status.read().split("VmHWM:")[1].split()[0])

before = peak()
import lamina
grown = peak() - before
names = ("tqdm", "matplotlib", "lamina.plot", "lamina.datasets", "lamina.ops")
late = [m for m in names if m in sys.modules]
print(grown, ",".join(late))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_import_is_small_and_lazy():
    """bench/footprint.py measures the time."""
    grown = []
    for _ in range(3):
        out = subprocess.run([sys.executable, "-W", "error", "-c", COST], check=True,
                             capture_output=True, text=True).stdout  # fmt: skip
        size, *late = out.split()
        assert not late
        grown.append(int(size))
    assert min(grown) < 15_000  # KB


def test_everything_public_is_there():
    for name in lamina.__all__:
        assert getattr(lamina, name) is not None
    assert set(dir(lamina)) == set(lamina.__all__)
    rooms = {name: getattr(lamina, name) for name in lamina.__all__}
    rooms = {n: room for n, room in rooms.items() if inspect.ismodule(room)}
    assert {"layers", "models", "losses", "datasets", "kernels", "profiling"} <= rooms.keys()
    for name, room in rooms.items():
        assert set(dir(room)) == set(room.__all__), name
        if name in NEEDED and importlib.util.find_spec(NEEDED[name]) is None:
            with pytest.raises(ImportError, match=rf"lamina\[{NEEDED[name]}\]"):
                getattr(room, room.__all__[0])
            continue
        assert all(getattr(room, public) is not None for public in room.__all__)
    assert not hasattr(lamina, "nothing")
