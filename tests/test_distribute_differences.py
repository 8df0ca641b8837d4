"""Distributed training by processes that do not do the same: they end together, with a reason."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from distributed_failures import small
from distributed_runs import results
from lamina.distribute import DataParallel, digests
from lamina.distribute.processes import FAILED, Notice, Processes, ProcessFailedError


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
    same = "fit: all processes must use the same model and data in the same way; they"
    assert first["forgot"].startswith(f"ValueError: {same} differ in seed: process 0 has ")
    assert first["noise"].startswith(f"ValueError: {same} differ in seeds within the model: ")
    for name in ("forgot", "noise"):
        assert "lamina.set_random_seed draws the same weights in all, and" in first[name]
        assert "DataParallel.broadcast copies those of one to all" in first[name]
    layers = "ValueError: broadcast: the models of all processes must have the same layers; they"
    assert first["other layers"] == (
        f"{layers} differ in units of layer 1: process 0 has 1, process 1 has 2"
    )
    assert first["more layers"] == (
        f"{layers} differ in number of layers: process 0 has 1, process 1 has 2"
    )
    model = f"ValueError: evaluate: {same.removeprefix('fit: ')} differ in"
    assert first["nested layers"] == (
        f"{model} rate of layer 1.1: process 0 has 0.25, process 1 has 0.5"
    )
    assert first["own argument"] == (
        f"{model} layers of layer 1: process 0 has [1, 2], process 1 has [1, 3]"
    )
    assert first["own class"] == (
        f"{model} shapes of weights of layer 1: process 0 has [(3, 4), (4,)], process 1 has "
        "[(3, 5), (5,)]"
    )
    assert first["not built"].startswith(
        "ValueError: broadcast: root must be a process whose model is built; got 1, and the input "
    )


def test_processes_that_call_different_methods_are_told_so(told):
    first, second = told(2, "methods")
    assert first.pop("same") == second.pop("same") == ""
    rule = (
        "all processes must call the same method with the same arguments, and with the same "
        "settings of DataParallel; they differ in "
    )
    for name, difference in (
        ("learning rate", "learning_rate of the optimizer: process 0 has 0.1, process 1 has 0.2"),
        ("optimizer", "class of the optimizer: process 0 has SGD, process 1 has Adam"),
        ("losses", "losses: process 0 has ['mean_squared_error'], process 1 has ['mean_abs"),
        ("rows", "shapes of the data: process 0 has [(40, 3), (40, 1)], process 1 has [(39, 3)"),
    ):
        assert first[name] == second[name]
        assert f"model and data in the same way; they differ in {difference}" in first[name]
    route = (
        "ValueError: DataParallel: route 'pairs' needs powers of two as numbers of processes and "
        "of slices; got 2 processes and slices=6"
    )
    assert first["route"] == second["route"] == route
    for hook in ("on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_epoch_end"):
        assert first[f"call in {hook}"] == (
            "ValueError: fit: all processes must call the same methods of DataParallel, also in "
            "callbacks; process 1 calls evaluate, process 0 does not"
        )
        assert second[f"call in {hook}"] == (
            f"ValueError: evaluate: {rule}method: process 0 has none, process 1 has evaluate"
        )
    order = "DataParallel: all processes must call the same methods in the same order"
    assert first["call in on_test_begin"].startswith(f"RuntimeError: {order}")
    assert order in second["call in on_test_begin"]
    for name, difference in (
        ("evaluate", "method: process 0 has fit, process 1 has evaluate"),
        ("train_on_batch", "method: process 0 has fit, process 1 has train_on_batch"),
        ("broadcast", "method: process 0 has fit, process 1 has broadcast"),
        ("root", "root: process 0 has 0, process 1 has 1"),
        ("slices", "slices: process 0 has 8, process 1 has 9"),
        ("form of x", "x: process 0 has a source of batches, process 1 has arrays"),
        ("evaluated form", "x: process 0 has arrays, process 1 has a source of batches"),
        ("validation", "validation_data: process 0 has arrays, process 1 has a source of batches"),
        ("backups", "backups: process 0 has 0, process 1 has 1"),
        ("resume", "resume: process 0 has False, process 1 has True"),
    ):
        calls = {"root": "broadcast", "slices": "evaluate", "evaluated form": "evaluate"}
        own = ("fit", name)
        if name not in ("evaluate", "train_on_batch", "broadcast"):
            own = (calls.get(name, "fit"),) * 2
        for error, who in zip((first[name], second[name]), own, strict=True):
            assert error == f"ValueError: {who}: {rule}{difference}"


def test_steps_and_evaluations_of_models_that_differ_are_refused_in_all(told):
    first, second = told(2, "models")
    assert first == second
    same = "all processes must use the same model and data in the same way; they differ in"
    rows = "all processes must get the same batches; they differ in rows: process 0 has"
    for name, begin in (
        ("trained alone", f"ValueError: train_on_batch: {same} steps: process 0 has 2 after 2 "),
        ("evaluated", f"ValueError: evaluate: {same} weights: process 0 has "),
        ("compiled", f"ValueError: train_on_batch: {same} weights: process 0 has "),
        (
            "frozen",
            f"ValueError: train_on_batch: {same} trainable weights: process 0 has ++++, process "
            "1 has --++",
        ),
        ("rows", f"ValueError: train_on_batch: {same} rows: process 0 has 3, process 1 has 4"),
        ("evaluated rows", f"RuntimeError: evaluate: {rows} 20 in batches of 20, process 1 has 29"),
        ("source", f"RuntimeError: evaluate: {rows} no more, process 1 has 8 in batches of 8"),
        ("validation", f"RuntimeError: fit: {rows} no more, process 1 has 8 in batches of 8"),
        ("unequal rows", f"ValueError: fit: {same} data: process 0 has "),
        (
            "callback",
            "RuntimeError: fit: the processes differ, in trainable weights: process 0 has ++++, "
            "process 1 has --++: a callback that sets weights, the learning rate or trainable must",
        ),
    ):
        assert first[name].startswith(begin), name
    assert first["none"] == first["built"] == first["broadcast"] == ""


def test_a_process_that_fails_ends_the_nested_calls_of_others(told):
    first, *others = told(3, "nested")
    told_others = "ProcessFailedError: process 0 of 3 failed: ZeroDivisionError: on purpose"
    broken = "RuntimeError: fit: an exchange between the processes was aborted"
    for name, error in (("propagated", "OSError: other"), ("caught", told_others)):
        for told_by, expected in (
            (first, ["", "ZeroDivisionError: on purpose"]),
            *((other, [told_others, error]) for other in others),
        ):
            assert told_by[name][:2] == expected
            assert told_by[name][2].startswith(broken)


def test_models_are_compared_at_the_first_step_and_after_compile(monkeypatch):
    compared = []
    of_model = digests.of_model
    monkeypatch.setattr(digests, "of_model", lambda *a: compared.append(1) or of_model(*a))
    model, x, y = small()
    parallel = DataParallel(model, None)
    for steps in (1, 2):
        for _ in range(5):
            parallel.train_on_batch(x, y)
        assert len(compared) == steps
        model.compile("adam", "mse")
    parallel.evaluate(x, y, verbose=0)
    assert len(compared) == 3


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

    def Is_finalized(self):  # noqa: N802
        return True  # nothing is sent when the tests end

    def iprobe(self, source=ANY_SOURCE, tag=FAILED, status=None):
        return tag == FAILED and any(
            source in (sender, self.ANY_SOURCE) for sender, _ in self.inbox
        )

    def recv(self, source, tag, status):
        found = next(one for one in self.inbox if source in (one[0], self.ANY_SOURCE))
        self.inbox.remove(found)
        self.source, notice = found
        return notice

    def isend(self, notice, dest, tag):
        self.sent.setdefault(dest, []).append(notice)

    def Abort(self, code):  # noqa: N802
        raise AssertionError(f"all are ended; left in the inbox: {self.inbox}")


def test_a_process_that_was_told_of_a_failure_passes_on_where_it_began():
    def failed(rank, inbox):
        post = Post(rank, inbox)
        processes = Processes(post, post, patience=0.0)
        with pytest.raises(ProcessFailedError) as error, processes.together():
            processes.wait(lambda: False)
        assert str(error.value) == "process 2 of 3 failed: ValueError: boom"
        assert not post.inbox  # nothing is left for the next call
        return post.sent

    first = Notice(2, "ValueError: boom", False, 1)
    of_second = failed(1, [(2, first), (0, first)])
    assert of_second == {0: [first], 2: [first]}
    assert failed(0, [(1, *of_second[0]), (2, first)]) == {1: [first], 2: [first]}


@pytest.mark.parametrize("catches", [False, True])
def test_a_failure_outside_a_nested_call_ends_that_too(catches):
    """Process 0 fails while 1 and 2 are in a call that their callbacks have made."""
    inner = Notice(0, "ValueError: boom", False, 2)
    outer = inner._replace(depth=1)

    def waits(processes):
        with processes.together():
            processes.wait(lambda: False)

    def fits(processes):
        with processes.together():
            with suppress(ProcessFailedError if catches else ()):
                waits(processes)
            assert catches
            with suppress(ProcessFailedError):
                waits(processes)  # nor can another call begin
            processes.wait(lambda: False)

    post = Post(1, [(0, outer), (2, inner), (2, outer)])
    with pytest.raises(ProcessFailedError, match="process 0 of 3 failed"):
        fits(Processes(post, post, patience=0.0))
    inners = [inner] * (1 + catches)
    assert post.sent == {0: [*inners, outer], 2: [*inners, outer]}
    assert not post.inbox

    post = Post(0, [(2, inner), (1, inner), (1, outer), (2, outer)])
    processes = Processes(post, post, patience=0.0)
    with pytest.raises(ValueError, match="boom"), processes.together():
        raise ValueError("boom")
    assert post.sent == {1: [outer], 2: [outer]}
    assert not post.inbox
