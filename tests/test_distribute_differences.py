"""Distributed training by processes that do not do the same: they end together, with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from distributed_runs import results


@pytest.fixture
def told(tmp_path) -> Any:
    """Return what each of several processes tells about cases of the program."""

    def run(processes: int, what: str) -> list[dict[str, Any]]:
        return results("distributed_differences", processes, tmp_path / what, what)

    return run


def test_all_stop_where_a_hook_of_one_stops(told):
    first, second = told(2, "stops")
    assert first == second
    assert float(first.pop("heard")) > 0.0
    assert first == {
        "on_train_begin": "1 epochs, 1 steps",
        "on_epoch_begin": "1 epochs, 1 steps",
        "on_train_batch_end": "1 epochs, 1 steps",
        "on_test_end": "1 epochs, 5 steps",
        "on_epoch_end": "1 epochs, 5 steps",
        "evaluate, on_test_begin": True,
        "evaluate, on_test_batch_end": True,
    }
