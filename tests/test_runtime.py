"""The public face of threads and instruction sets."""

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
