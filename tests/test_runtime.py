"""The public functions for threads and instruction sets."""

import os
import subprocess
import sys

import pytest

from lamina import runtime


def test_threads_are_set_read_and_explained(threads):
    threads(3)
    assert runtime.get_num_threads() == 3
    assert runtime.explain_threads().startswith("threads in use: 3\n")
    for bad in (0, -1, 1.5, True, None):
        with pytest.raises((ValueError, TypeError), match="n must be a positive integer"):
            runtime.set_num_threads(bad)
    assert runtime.get_num_threads() == 3


def test_isas_are_used_by_name(isa):
    assert runtime.isa() == isa
    with pytest.raises(ValueError, match="use_isa: unknown instruction set 'v9'"):
        runtime.use_isa("v9")
    assert runtime.isa() == isa


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("LAMINA_NUM_THREADS=abc", "must be an integer from 1 to 4096; got 'abc', which is ignor"),
        ("LAMINA_NUM_THREADS=0", "got '0'"),
        ("LAMINA_NUM_THREADS=2x", "got '2x'"),
        ("OMP_NUM_THREADS=-1", "got '-1'"),
        ("LAMINA_ISA=v9", "must be an instruction set that this build and CPU have, "),
        ("LAMINA_WINOGRAD=off", "must be 0 or 1; got 'off', which counts as 1"),
        ("LAMINA_THREADS=1", "did you mean LAMINA_NUM_THREADS?"),
        ("LAMINA_NUM_THREADS=1", None),
        ("OMP_NUM_THREADS=1,2", None),
    ],
)
def test_variables_that_mean_nothing_are_told_of(setting, text):
    name, value = setting.split("=")
    script = "import lamina; print(lamina.get_num_threads())"
    free = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", script], env={**free, name: value}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    if text is None:
        assert done.stderr == ""
        assert done.stdout == "1\n"
    else:
        assert name in done.stderr
        assert text in done.stderr
