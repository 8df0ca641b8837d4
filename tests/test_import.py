"""What importing lamina costs and shows."""

import subprocess
import sys

import lamina

COST = """
import sys, time, resource, numpy
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
import lamina
took = time.perf_counter() - start
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
late = [m for m in ("tqdm", "matplotlib", "lamina.plot", "lamina.datasets") if m in sys.modules]
print(took, grown, ",".join(late))
"""


def test_import_is_cheap_and_lazy():
    runs = []
    for _ in range(5):
        out = subprocess.run([sys.executable, "-W", "error", "-c", COST], check=True,
                             capture_output=True, text=True).stdout  # fmt: skip
        took, grown, *late = out.split()
        assert not late
        runs.append((float(took), int(grown)))
    assert min(took for took, _ in runs) < 0.1
    assert min(grown for _, grown in runs) < 15_000  # KB


def test_everything_public_is_there():
    for name in lamina.__all__:
        assert getattr(lamina, name) is not None
    assert set(dir(lamina)) == set(lamina.__all__)
    assert not hasattr(lamina, "nothing")
