"""Kept answers are returned only for the inputs that they belong to."""

import numpy as np
import pytest

import golden

X = np.linspace(0.0, 1.0, 7, dtype=np.float32)


@pytest.fixture
def session(tmp_path, monkeypatch):
    """A separate session with an empty folder: ``session(mode)`` begins a test in that mode."""
    monkeypatch.setattr(golden, "FOLDER", tmp_path)

    def begin(mode):
        own = golden.Session()
        own.mode, own.file, own.test = mode, golden.File("test_some"), "test_it"
        monkeypatch.setattr(golden, "session", own)
        return own

    return begin


def keep(session, answer, *inputs, mode="rebuild"):
    own = session(mode)
    golden.ask(lambda: answer, *inputs)
    own.close()


def unasked():
    raise AssertionError("the peer was asked")


ANSWER = [X * 2, [np.arange(4), None, "text", 0.1], np.array(3.0), np.zeros((0, 2))]


def test_an_answer_comes_back(session):
    keep(session, ANSWER, X, {"units": 3})
    session("read")
    first, (second, none, text, number), third, empty = golden.ask(unasked, X, {"units": 3})
    for got, wanted in zip((first, second, third, empty), [*ANSWER[:1], ANSWER[1][0], *ANSWER[2:]],
                           strict=True):  # fmt: skip
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)
    assert (none, text, number) == (None, "text", 0.1)
    with pytest.raises(AssertionError, match="no answer is kept"):
        golden.ask(unasked, X)


@pytest.mark.parametrize(
    "inputs",
    [
        (X + np.float32(0.01), 3),
        (X[::-1].copy(), 3),
        (X.astype(float), 3),
        (X[:-1], 3),
        (X, 4),
        (X,),
        ([X], 3),
    ],
)
def test_other_inputs_get_none(session, inputs):
    keep(session, ANSWER, X, 3)
    session("read")
    with pytest.raises(AssertionError, match=r"given to other inputs; run python tools/refresh"):
        golden.ask(unasked, *inputs)


def test_inputs_that_differ_by_rounding_are_the_same(session):
    keep(session, ANSWER, X)
    session("read")
    assert len(golden.ask(unasked, np.nextafter(X, np.float32(2)))) == len(ANSWER)


@pytest.mark.parametrize(
    ("kept", "now", "moved"),
    [
        (X, X, False),
        (X, np.nextafter(X, np.float32(2)), False),
        (X, X * np.float32(1.001), True),
        (X, X.astype(float), True),
        (X, X[:, None], True),
        (X.astype(float), X.astype(float) * (1 + 1e-12), False),
        (X.astype(float), X.astype(float) * (1 + 1e-8), True),
        (np.arange(3), np.array([0, 1, 3]), True),
        (np.array([np.nan]), np.array([np.nan]), False),
        ([X, None], [X], True),
        (None, X, True),
        ("a", "b", True),
        (1.0, 1.0 + 1e-9, False),
        (1.0, 1.1, True),
        (1, 1.0, True),
    ],
)
def test_a_moved_answer_is_found_and_kept_anew(session, kept, now, moved):
    keep(session, kept, X)
    session("check")
    if moved:
        with pytest.raises(AssertionError, match="the peer's answer has moved"):
            golden.ask(lambda: now, X)
    else:
        golden.ask(lambda: now, X)
    keep(session, now, X, mode="refresh")
    session("read")
    np.testing.assert_equal(golden.ask(unasked, X), now if moved else kept)


def test_a_refresh_of_some_tests_keeps_the_others(session):
    keep(session, ANSWER, X)
    own = session("refresh")
    own.test = "test_other"
    golden.ask(lambda: [X, "other"], X)
    own.close()
    session("read")
    np.testing.assert_array_equal(golden.ask(unasked, X)[0], ANSWER[0])
    own = session("rebuild")
    own.test = "test_other"
    golden.ask(lambda: [X, "other"], X)
    own.close()
    session("read")
    with pytest.raises(AssertionError, match="no answer is kept"):
        golden.ask(unasked, X)


def test_a_peer_is_out_of_reach_outside_a_question(session):
    session("read")
    with pytest.raises(RuntimeError, match=r"keras.layers outside a question"):
        golden.Peer("keras").layers  # noqa: B018


def test_every_file_says_who_answered():
    files = [golden.File(path.stem) for path in sorted(golden.FOLDER.glob("*.npz"))]
    assert len(files) > 20
    for file in files:
        assert {"R", "jax", "keras", "sklearn", "statsmodels", "torch"} & file.versions.keys(), (
            file.module
        )
        module = golden.FOLDER.parent / (file.module.replace(".", "/") + ".py")
        assert module.is_file(), file.module
