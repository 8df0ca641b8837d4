"""An interrupted fit, resumed here or in another process, gets the bits of an uninterrupted one."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import callbacks, layers
from lamina.models import load_model
from resumed_fits import BATCH, EPOCHS, Spread, X, Y, digest, fit, network

CUTS = int(os.environ.get("RESUME_CUTS", "12"))
STEPS = EPOCHS * -(-72 // BATCH)  # of 90 rows, 18 are held out


class Cut(callbacks.Callback):
    """Stops a fit after a number of steps, in the way given by the kind."""

    def __init__(self, steps, kind, path):
        super().__init__()
        self.left, self.kind, self.path = steps, kind, str(path)

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            if self.kind == "save":
                self.model.save(self.path)
            if self.kind == "stop":
                self.model.stop_training = True
            else:
                raise KeyboardInterrupt


def cut(steps, kind, path, training):
    """Run a fit up to a step, and write the model."""
    model = network(training)
    with contextlib.suppress(KeyboardInterrupt):
        fit(model, Cut(steps, kind, path))
    if kind != "save":
        model.save(path)


def go_on(path):
    model = load_model(path, {"Spread": Spread})
    history = fit(model, resume=True)
    return digest(model), history.history


GO_ON = """
import json, sys
sys.path.insert(0, sys.argv[1])
import lamina, test_resume
lamina.set_num_threads(int(sys.argv[2]))
print(json.dumps([test_resume.go_on(path) for path in sys.argv[3:]]))
"""


def test_a_fit_goes_on_in_another_process_with_other_threads(tmp_path):
    kinds = ("schedule", "plateau", "averages", "augmented")
    wholes = [network(kind) for kind in kinds]
    histories = [fit(whole).history for whole in wholes]
    rng = np.random.default_rng(CUTS)
    files = []
    for number in range(CUTS):
        files.append(str(tmp_path / f"{number}.lamina"))
        kind = ("save", "interrupt", "stop")[number // 4 % 3]
        # After a stop EarlyStopping restores the best weights, which the file can undo.
        steps = len(histories[number % 4]["loss"]) * STEPS // EPOCHS
        cut(int(rng.integers(1, steps - 1)), kind, files[-1], kinds[number % 4])
    threads = 1 if lamina.get_num_threads() > 1 else 2
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", GO_ON, str(Path(__file__).parent), str(threads),
         *files], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    for number, (made, logs) in enumerate(json.loads(run.stdout)):
        assert made == digest(wholes[number % 4]), files[number]
        assert logs == histories[number % 4], files[number]


@pytest.mark.parametrize("kind", ["schedule", "plateau", "averages", "augmented"])
def test_a_fit_goes_on_between_epochs_too(tmp_path, kind):
    whole = network(kind)
    fit(whole)
    model = network(kind)
    fit(model, epochs=3)  # at its end EarlyStopping restores the best weights
    assert model.train_state.position.epoch == 3
    model.save(tmp_path / "m.lamina")
    again = load_model(tmp_path / "m.lamina", {"Spread": Spread})
    fit(again, resume=True, initial_epoch=3)
    assert digest(again) == digest(whole)


def test_what_resume_refuses_and_forgives():
    model = network("plateau")
    first = fit(model, resume=True)  # there was no fit: this is the first
    assert first.epoch[0] == 0
    done = len(first.epoch)
    with pytest.raises(
        ValueError, match=f"the last fit stopped, epoch {done}; got initial_epoch 1"
    ):
        fit(model, resume=True, initial_epoch=1)
    with pytest.raises(TypeError, match="resume must be True or False"):
        fit(model, resume=3)
    assert fit(model, resume=True, epochs=done).epoch == first.epoch  # all epochs are done
    model.train_on_batch(X, Y)
    assert model.train_state.position is None


@pytest.mark.parametrize("shuffle", [True, False])
def test_resume_needs_the_same_batches_within_an_epoch(tmp_path, shuffle):
    def small(**options):
        model = lamina.Sequential([layers.Input((6,)), layers.Dense(1)], seed=4)
        model.compile("sgd", "mse")
        given = {"batch_size": 20, "epochs": 3, "verbose": 0, "shuffle": shuffle, **options}
        model.fit(X, Y, **given)
        model.save(tmp_path / "m.lamina")
        return load_model(tmp_path / "m.lamina"), given

    model, given = small(callbacks=[Cut(7, "stop", "")])
    given["callbacks"] = None
    assert model.train_state.position.batch == 2
    before = [model.get_weights(), model.train_state.get(model.weights_by_path())]
    for change, told in [
        ({"batch_size": 10}, "batch_size was 20 then and is 10 now"),
        ({"validation_split": 0.2}, "number of training rows was 90 then and is 72 now"),
        ({"shuffle": not shuffle}, f"shuffle was {shuffle} then and is {not shuffle} now"),
    ]:
        with pytest.raises(ValueError, match=told):
            model.fit(X, Y, resume=True, **{**given, **change})
    after = [model.get_weights(), model.train_state.get(model.weights_by_path())]
    np.testing.assert_equal(after, before)
    model.train_state.position.course = {}  # of a file written before this was kept
    assert model.fit(X, Y, resume=True, **{**given, "batch_size": 10}).epoch[-1] == 2

    model, given = small(epochs=2)
    given["epochs"] = 3
    with pytest.warns(UserWarning, match="batch_size was 20 then and is 45 now; the weights"):
        assert model.fit(X, Y, resume=True, **{**given, "batch_size": 45}).epoch[-1] == 2
