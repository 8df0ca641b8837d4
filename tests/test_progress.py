"""Progress of a fit: in files, on terminals of any width, in notebooks."""

import contextlib
import io
import os
import re
import struct
import sys

import numpy as np
import pytest

import lamina
from lamina.callbacks import EpochLines, LambdaCallback, Progress
from lamina.callbacks.epoch_text import finished, running
from lamina.callbacks.of_run import shower_of
from lamina.layers import Dense, Input

X = np.linspace(-1, 1, 12)


def classifier(metrics=("accuracy",)):
    model = lamina.Sequential([Input((1,)), Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=list(metrics))
    return model


class Screen:
    """A pseudo terminal and its contents."""

    def __init__(self, columns):
        fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
        self.columns = columns or 80
        try:
            self.reader, writer = os.openpty()
        except OSError as error:
            pytest.skip(f"the system gives no pseudo-terminal: {error}")
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream = io.TextIOWrapper(io.BufferedWriter(io.FileIO(writer, "w")), "utf-8")

    @contextlib.contextmanager
    def shown(self, monkeypatch):
        """Yield a list that holds, after the block, the lines on the screen."""
        lines = []
        monkeypatch.setattr(sys, "stdout", self.stream)
        yield lines
        monkeypatch.undo()
        os.set_blocking(self.reader, False)
        raw = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                raw += os.read(self.reader, 1 << 16)
        self.stream.close()
        os.close(self.reader)
        self.drawn = raw.decode()
        lines.extend(self.lines())

    def lines(self):
        rows, column = [[]], 0
        for c in self.drawn:
            if c == "\r":
                column = 0
            elif c == "\n":
                rows.append([])
            else:
                if column == self.columns:
                    rows.append([])
                    column = 0
                rows[-1][column : column + 1] = c
                column += 1
        return ["".join(row).rstrip() for row in rows]


KEYS = ("loss", "accuracy", "val_loss", "val_accuracy")


@pytest.mark.parametrize("columns", [200, 80, 40, 24, 0])
def test_every_epoch_stays_on_a_terminal_with_all_its_numbers(columns, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("lamina.models.training.loop.TICK", 0.0)
    screen = Screen(columns)
    with screen.shown(monkeypatch) as lines:
        history = classifier().fit(
            X, X > 0, epochs=3, batch_size=3, verbose="auto", validation_split=0.25
        )
    assert screen.drawn.count("\r") > 12  # it was redrawn
    epochs = re.split(r"(?=Epoch \d)", "\n".join(lines))[1:]
    for epoch, text in enumerate(epochs):
        assert text.startswith(f"Epoch {epoch + 1}/3")
        for key in KEYS:
            number = f"{history.history[key][epoch]:.4g}"
            assert re.search(rf"(?<!\w){key}: {re.escape(number)}(?!\d)", text.replace("\n", " "))
    assert len(epochs) == 3
    assert ("batches/s" in epochs[0]) == (columns not in (80, 0))
    assert "" not in lines[:-1]
    assert len(lines) == 4 or columns in (40, 24)
    # No line is longer than the screen is wide.
    parts = screen.drawn.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert max(map(len, parts)) <= screen.columns


@pytest.mark.parametrize("width", [42, 40, 36, 34, 30])
def test_epochs_look_alike_whatever_their_digits(width):
    lines = [
        finished("Epoch 1/2", {"loss": loss, "mae": 0.5}, ["9.99 s"], width)
        for loss in (0.1234, 0.5)
    ]
    assert len({re.sub(r"[\d.]+", "n", line) for line in lines}) == 1


def test_fast_epochs_are_not_lost(monkeypatch):
    screen = Screen(60)
    with screen.shown(monkeypatch) as lines:
        classifier([]).fit(X, X > 0, epochs=40, verbose=1)
    assert [line.split(" - ")[0] for line in lines[:-1]] == [f"Epoch {i}/40" for i in range(1, 41)]


def test_columns_tells_the_width(monkeypatch):
    screen = Screen(200)
    monkeypatch.setenv("COLUMNS", "30")
    with screen.shown(monkeypatch) as lines:
        classifier().fit(X, X > 0, verbose=1)
    assert all(len(line) <= 30 for line in lines)
    assert len(lines) > 2


def test_what_callbacks_print_has_a_line_of_its_own(monkeypatch):
    monkeypatch.setattr("lamina.models.training.loop.TICK", 0.0)
    screen = Screen(80)
    speak = LambdaCallback(on_epoch_end=lambda epoch, logs: print("mine", flush=True))
    with screen.shown(monkeypatch) as lines:
        classifier().fit(X, X > 0, epochs=2, verbose=1, callbacks=speak)
    assert [line.split(" - ")[0] for line in lines] == [
        "mine",
        "Epoch 1/2",
        "mine",
        "Epoch 2/2",
        "",
    ]


def test_a_fit_that_fails_leaves_its_bar_on_a_line(monkeypatch):
    def fail(batch, logs):
        raise OSError("no")

    monkeypatch.setattr("lamina.models.training.loop.TICK", 0.0)
    screen = Screen(80)
    late = LambdaCallback(on_train_end=lambda logs: None)
    late.on_tick = fail
    model = classifier()
    with screen.shown(monkeypatch) as lines:
        with contextlib.suppress(OSError):
            model.fit(X, X > 0, batch_size=4, verbose=1, callbacks=[Progress(), late])
        print("after", flush=True)
    assert re.fullmatch(r"Epoch 1/1 - loss: .* 1/3 - .*batches/s", lines[0])
    assert lines[1:] == ["after", ""]


@pytest.mark.parametrize("verbose", [1, 2])
def test_a_file_has_a_line_an_epoch(verbose, capsys, monkeypatch):
    monkeypatch.setattr("lamina.models.training.loop.TICK", 0.0)
    classifier().fit(X, X > 0, epochs=2, verbose=verbose, validation_split=0.25)
    shown = capsys.readouterr()
    assert shown.err == ""
    first, second = shown.out.splitlines()
    number = r"[\d.e-]+"
    rate = r" - [\d,.]+ batches/s" if verbose == 1 else ""
    pattern = " - ".join(["Epoch 1/2", *(f"{key}: {number}" for key in KEYS), rf"[\d.]+ m?s{rate}"])
    assert re.fullmatch(pattern, first)
    assert second.startswith("Epoch 2/2 - loss: ")


@pytest.mark.parametrize(
    ("verbose", "kind"),
    [(0, type(None)), (1, Progress), (2, EpochLines), (True, Progress), (np.int64(2), EpochLines)],
)
def test_verbose_chooses(verbose, kind):
    assert type(shower_of("fit", verbose)) is kind


@pytest.mark.parametrize("verbose", ["loud", 3, 1.0, None])
def test_verbose_is_checked(verbose):
    model = classifier()
    with pytest.raises(ValueError, match="fit: verbose must be 'auto', 0, 1 or 2"):
        model.fit(X, X > 0, verbose=verbose)
    with pytest.raises(ValueError, match="evaluate: verbose must be"):
        model.evaluate(X, X > 0, verbose=verbose)


def test_callbacks_may_log_what_is_no_number(capsys):
    def add(epoch, logs):
        logs.update(note="good", nothing=None, pair=np.array([1, 2]), **{"two\nlines": 1.0})

    callback = LambdaCallback(on_epoch_end=add)
    history = classifier([]).fit(X, X > 0, verbose=2, callbacks=callback)
    out = capsys.readouterr().out
    assert "- note: good - nothing: None - pair: [1 2] - two\\nlines: 1 - " in out
    assert "note=good" in repr(history)


def test_wide_letters_take_two_columns():
    logs = {"損失": 0.1234, "精度": 0.4321}
    line = "Epoch 1/9 - 損失: 0.1234 - 精度: 0.4321"  # 35 letters
    assert finished("Epoch 1/9", logs, [], 39) == line
    assert finished("Epoch 1/9", logs, [], 38) == line.replace(" - ", " ")
    assert running("Epoch 1/9", logs, 1, 2, "1 batches/s", 40) == line
    assert running("Epoch 1/9", logs, 1, 2, "1 batches/s", 39) == "Epoch 1/9 - 損失: 0.1234 - 1/2"


def of_passes(monkeypatch, **options):
    """Return the text drawn during an evaluation and a prediction, and the text that remains."""
    for module in ("evaluation.evaluate", "prediction.outputs"):
        monkeypatch.setattr(f"lamina.models.{module}.TICK", 0.0)
    model, x = classifier(), np.linspace(-1, 1, 3000)
    screen = Screen(100)
    with screen.shown(monkeypatch) as lines:
        model.evaluate(x, x > 0, **options)
        model.predict(x, **options)
    return screen.drawn, lines


def test_an_evaluation_and_a_prediction_have_bars_on_a_terminal(monkeypatch):
    drawn, lines = of_passes(monkeypatch, verbose=1)
    assert re.search(r"evaluate - loss: [\d.]+ - accuracy: [\d.]+ \[=+ *\] \d/\d - ", drawn)
    assert re.search(r"predict \[=+ *\] [12]/3 - ", drawn)
    number = r"[\d.e-]+"
    assert re.fullmatch(rf"evaluate - loss: {number} - accuracy: {number} - {number} m?s", lines[0])
    assert re.fullmatch(rf"predict - {number} m?s", lines[1])
    assert lines[2:] == [""]


def test_bars_of_results_that_are_at_hand_go_away(monkeypatch):
    drawn, lines = of_passes(monkeypatch)
    assert "predict [=" in drawn
    assert lines == [""]
    assert of_passes(monkeypatch, verbose=0) == ("", [""])
    drawn, lines = of_passes(monkeypatch, verbose=2)
    assert "[=" not in drawn
    assert [line.split(" - ")[0] for line in lines] == ["evaluate", "predict", ""]


def test_a_file_has_a_line_of_a_pass_that_is_asked_for(capsys):
    model = classifier()
    for verbose in (1, 2):
        model.evaluate(X, X > 0, verbose=verbose)
        model.predict(X, verbose=verbose)
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(" - ")[0] for line in lines] == ["evaluate", "predict"]
    model.evaluate(X, X > 0)
    model.predict(X)
    assert capsys.readouterr().out == ""


def test_a_prediction_within_a_fit_leaves_its_bar(monkeypatch):
    for module in ("training.loop", "evaluation.evaluate", "prediction.outputs"):
        monkeypatch.setattr(f"lamina.models.{module}.TICK", 0.0)
    model = classifier()
    inner = LambdaCallback(on_train_batch_end=lambda batch, logs: model.predict(X, batch_size=5))
    screen = Screen(100)
    with screen.shown(monkeypatch) as lines:
        model.fit(X, X > 0, epochs=2, batch_size=4, verbose=1, callbacks=inner)
    assert [line.split(" - ")[0] for line in lines] == ["Epoch 1/2", "Epoch 2/2", ""]


def test_a_progbar_logger_goes_by_verbose_and_is_the_only_one(capsys):
    for verbose, count in ((0, 0), (1, 2), (2, 2)):
        logger = lamina.callbacks.ProgbarLogger()
        classifier().fit(X, X > 0, epochs=2, verbose=verbose, callbacks=[logger])
        assert capsys.readouterr().out.count("Epoch ") == count
        classifier().evaluate(X, X > 0, verbose=verbose, callbacks=[logger])
        assert capsys.readouterr().out.count("evaluate - ") == (count > 0)


NOTEBOOK = """
import time, numpy as np, lamina
from lamina.layers import Dense, Input
x = np.linspace(-1, 1, 12)
model = lamina.Sequential([Input((1,)), Dense(1, "sigmoid")])
model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
wait = lamina.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.06))
_ = model.fit(x, x > 0, epochs=2, batch_size=3, callbacks=wait, validation_split=0.2)
_ = model.fit(x, x > 0, epochs=50)
slow = lamina.callbacks.LambdaCallback(on_test_batch_end=lambda batch, logs: time.sleep(0.06))
_ = model.evaluate(x, x > 0, batch_size=3, callbacks=slow, verbose=1)
_ = model.evaluate(x, x > 0, batch_size=3, callbacks=slow)
_ = model.predict(x)
"""


def test_a_notebook_has_every_epoch_on_standard_output(notebook):
    (outputs,) = notebook(NOTEBOOK)
    text = {
        name: "".join(o.text for o in outputs if o.output_type == "stream" and o.name == name)
        for name in ("stdout", "stderr")
    }
    assert text["stderr"] == ""
    lines = [line.split("\r")[-1] for line in text["stdout"].rstrip("\n").split("\n")]
    assert lines.pop() == ""  # where the last bar was
    assert [line.split(" - ")[0] for line in lines] == [
        *(f"Epoch {i}/2" for i in (1, 2)), *(f"Epoch {i}/50" for i in range(1, 51)), "evaluate",
    ]  # fmt: skip
    assert "val_accuracy: " in lines[0]
    bar = r"\d/\d - [\d.]+ batches/s"
    assert any(re.search(bar, str(output)) for output in outputs)
