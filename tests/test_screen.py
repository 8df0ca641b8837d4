"""Output without a screen, or to one that fails."""

import io
import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

import lamina
from lamina import _screen
from lamina.layers import Dense, Input

X = np.linspace(-1, 1, 12)


class Stream:
    """A minimal stream for print that fails on request."""

    def __init__(self, error=None, terminal=None):
        self.error, self.text = error, ""
        if terminal is not None:
            self.isatty = lambda: terminal

    def write(self, text):
        if self.error is not None:
            raise self.error
        self.text += text


class Ascii(io.StringIO):
    def write(self, text):
        text.encode("ascii")
        return super().write(text)


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def detached():
    stream = io.TextIOWrapper(io.BytesIO())
    stream.detach()
    return stream


STREAMS = {
    "none": lambda: None,
    "closed": closed,
    "detached": detached,
    "only write": Stream,
    "a terminal of its own": lambda: Stream(terminal=True),
    "nothing of a stream": object,
    "bytes": io.BytesIO,
    "broken pipe": lambda: Stream(BrokenPipeError()),
    "window gone": lambda: Stream(RuntimeError("deleted")),
    "full terminal": lambda: Stream(OSError(28, "No space left"), True),
}


def model_and_data():
    x = Input((1,))
    model = lamina.Model(x, Dense(1, name="größe")(x), name="modèle")
    gap = lamina.metrics.MeanAbsoluteError(name="fehler_ß")
    model.compile("sgd", "mse", metrics=[gap])
    return model


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
@pytest.mark.parametrize("kind", STREAMS)
def test_training_needs_no_screen(kind, verbose, monkeypatch):
    for module in ("training.loop", "evaluation.evaluate", "prediction.outputs"):
        monkeypatch.setattr(f"lamina.models.{module}.TICK", 0.0)
    monkeypatch.setattr(sys, "stdout", STREAMS[kind]())
    monkeypatch.setattr(sys, "stderr", STREAMS[kind]())
    model = model_and_data()
    stop = lamina.callbacks.EarlyStopping("loss", mode="max", patience=1, verbose=1)
    history = model.fit(X, X, epochs=4, batch_size=4, verbose=verbose, callbacks=stop)
    model.evaluate(X, X, batch_size=5, verbose=verbose)
    model.predict(X, batch_size=5, verbose=verbose)
    bar = lamina.utils.Progbar(2, interval=0.0)
    for i in (1, 2):
        bar.update(i, [("größe", 0.5)])
    model.summary()
    monkeypatch.undo()
    assert len(history.epoch) == 2


def test_a_stream_that_only_writes_gets_everything(monkeypatch):
    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    model = model_and_data()
    model.fit(X, X, epochs=2, verbose="auto")
    model.evaluate(X, X, verbose=1)
    model.evaluate(X, X)  # whose result is available
    model.predict(X, verbose=2)
    model.predict(X)
    model.summary()
    first, second, result, done, name, *_ = stream.text.splitlines()
    assert first.startswith("Epoch 1/2 - loss: ")
    assert second.startswith("Epoch 2/2 - loss: ")
    assert result.startswith("evaluate - loss: ")
    assert done.startswith("predict - ")
    assert name == 'Model: "modèle"'


def test_letters_that_the_screen_does_not_have(monkeypatch):
    for stream in (Ascii(), io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)):
        monkeypatch.setattr(sys, "stdout", stream)
        _screen.write("größe 1")
        monkeypatch.undo()
        stream.seek(0)
        assert stream.read() == "gr\\xf6\\xdfe 1\n"


def test_order_with_what_the_user_prints(tmp_path, monkeypatch):
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdout", file)
        print("one")
        _screen.write("two")
        print("three")
        monkeypatch.undo()
    assert (tmp_path / "out").read_text().split() == ["one", "two", "three"]


PROGRAM = """
import os, sys, numpy as np, lamina
from lamina.layers import Dense, Input
for stream in sys.argv[1:]:
    os.close(int(stream))
model = lamina.Sequential([Input((1,)), Dense(1)], name="net")
model.compile("sgd", "mse")
x = np.linspace(-1, 1, 12)
model.fit(x, x, epochs=3, verbose=1)
model.fit(x, x, epochs=3, verbose=2)
model.evaluate(x, x, verbose=1)
model.predict(x, verbose=1)
model.summary()
os._exit(9) if len(model.history.epoch) != 3 else None
"""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("closed", [[], ["1", "2"]])
def test_a_screen_that_is_full_or_closed_does_not_change_the_exit_code(closed):
    with open("/dev/full", "w", encoding="ascii") as full:
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM, *closed], stdout=full, stderr=full, check=False
        )
    assert run.returncode == 0


def read_to(reader, read, count):
    while sum(map(len, read)) < count:
        read.append(os.read(reader, 1 << 16))


def test_a_pipe_that_does_not_wait(monkeypatch):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with io.TextIOWrapper(io.BufferedWriter(io.FileIO(writer, "w")), "utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(_screen, "PATIENCE", 0.01)
        _screen.write("x" * (1 << 21))  # nothing reads it: the rest is dropped
        os.read(reader, 1 << 21)
        monkeypatch.setattr(_screen, "PATIENCE", 5.0)
        read = []
        thread = threading.Thread(target=lambda: read_to(reader, read, 1 << 20))
        thread.start()
        _screen.write("x" * ((1 << 20) - 1))
        monkeypatch.undo()
        thread.join(10)
    assert sum(map(len, read)) == 1 << 20
    os.close(reader)


def test_a_warning_needs_no_screen_but_obeys_filters(monkeypatch):
    with pytest.warns(UserWarning, match="look"):
        _screen.warn("look")
    with pytest.raises(UserWarning, match="look"):
        _screen.warn("look")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", lambda *a, **k: closed().write("x"))
        _screen.warn("look")


def test_a_reader_that_has_left_does_not_change_the_exit_code():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == 0


def lines_of_warnings(tmp_path):
    """Yield calls that warn, each on one line of this file."""
    model = lamina.Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    other = lamina.Sequential([Input((1,)), Dense(2)])
    path = tmp_path / "m.weights.lamina"
    other.save_weights(path)
    watch = lamina.callbacks.EarlyStopping("val_los", patience=1)
    yield "load_weights", lambda: model.load_weights(path, skip_mismatch=True)
    yield "monitored", lambda: model.fit(X, X, verbose=0, callbacks=[watch])
    named = lamina.Sequential([Input((1,)), lamina.layers.Lambda(lambda x: x, name="own")])
    yield "save", lambda: named.save(tmp_path / "m.lamina")
    yield "constructor", lambda: lamina.layers.STFTSpectrogram(frame_length=32, fft_length=48)
    first, last = model.trainable_weights
    yield "apply", lambda: model.optimizer.apply_gradients([(None, first), (np.zeros(1), last)])
    advised = lamina.Sequential([Input((1,)), Dense(1, "softmax")])
    advised.compile("sgd", "binary_crossentropy")
    yield "advice", lambda: advised.fit(X, X > 0, verbose=0)


def test_warnings_point_at_the_line_that_called(tmp_path):
    for name, call in lines_of_warnings(tmp_path):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert caught, name
        assert {w.filename for w in caught} == {__file__}, (name, caught[0])
        assert {w.lineno for w in caught} == {call.__code__.co_firstlineno}, name
