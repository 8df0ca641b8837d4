"""Distributed training by processes that do not do the same: they end together, with a reason."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from distributed_runs import results
from lamina.distribute.processes import Notice, Processes, ProcessFailedError


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


def test_after_a_broadcast_all_continue_as_the_root_would_alone(told):
    first, second = told(2, "broadcasts")
    assert first == second
    for name, (parallel, alone) in first["digests"].items():
        assert parallel == alone, name
    assert len(first["digests"]) == 4
    same = "fit: all processes must train the same model on the same data in the same way; they"
    assert first["forgot"].startswith(f"ValueError: {same} differ in seed: process 0 has ")
    assert first["noise"].startswith(f"ValueError: {same} differ in seeds within the model: ")
    for name in ("forgot", "noise"):
        assert "lamina.set_random_seed draws the same weights in all, and" in first[name]
        assert "DataParallel.broadcast copies those of one to all" in first[name]
    assert first["other layers"].startswith(
        "ValueError: broadcast: the models of all processes must have the same layers; they differ "
        "in layers: process 0 has "
    )
    assert first["not built"].startswith(
        "ValueError: broadcast: root must be a process whose model is built; got 1, and the input "
    )


class Post:
    """Stands for MPI and a communicator: the notices that one process receives and sends."""

    ANY_SOURCE, Request = -1, SimpleNamespace(waitall=lambda sent: None)

    def __init__(self, rank: int, inbox: list[tuple[int, Any]]) -> None:
        self.rank, self.inbox, self.sent = rank, inbox, {}

    Dup = Status = lambda self: self

    def Get_rank(self):  # noqa: N802
        return self.rank

    def Get_size(self):  # noqa: N802
        return 3

    def Get_source(self):  # noqa: N802
        return self.source

    def iprobe(self, source, tag):
        return any(source in (sender, self.ANY_SOURCE) for sender, _ in self.inbox)

    def recv(self, source, tag, status):
        found = next(one for one in self.inbox if source in (one[0], self.ANY_SOURCE))
        self.inbox.remove(found)
        self.source, notice = found
        return notice

    def isend(self, notice, dest, tag):
        self.sent[dest] = notice


def test_a_process_that_was_told_of_a_failure_passes_on_where_it_began():
    def failed(rank, inbox):
        post = Post(rank, inbox)
        processes = Processes(post, post, patience=0.0)
        with pytest.raises(ProcessFailedError) as error, processes.together():
            processes.wait(lambda: False)
        assert str(error.value) == "process 2 of 3 failed: ValueError: boom"
        assert not post.inbox  # nothing is left for the next call
        return post.sent

    first = Notice(2, "ValueError: boom", False)
    of_second = failed(1, [(2, first), (0, first)])
    assert of_second == {0: first, 2: first}
    assert failed(0, [(1, of_second[0]), (2, first)]) == {1: first, 2: first}
