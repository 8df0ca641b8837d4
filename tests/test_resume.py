"""An interrupted fit, resumed here or in another process, gets the bits of an uninterrupted one."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import callbacks, layers, optimizers
from lamina.models import load_model
from lamina.optimizers import schedules

CUTS = int(os.environ.get("RESUME_CUTS", "12"))
ROWS, BATCH, EPOCHS = 90, 16, 8
RNG = np.random.default_rng(11)
X = RNG.normal(size=(ROWS, 6)).astype("float32")
Y = RNG.integers(0, 3, ROWS)
STEPS = EPOCHS * -(-72 // BATCH)  # of 90 rows, 18 are held out


class Spread(lamina.metrics.Metric):
    """A metric that accumulates in variables and in an attribute."""

    def __init__(self, **options):
        super().__init__(**options)
        self.rows, self.total = self.add_variable(name="rows"), 0.0

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total += float(np.ptp(y_pred))
        self.rows.assign_add(len(y_pred))

    def reset_state(self):
        super().reset_state()
        self.total = 0.0

    def result(self):
        return self.total / float(self.rows)


class Slower(callbacks.Callback):
    """A callback with state that the steps depend on."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.seen += 1

    def on_train_batch_end(self, batch, logs=None):
        if batch % 3 == 0:
            self.model.layers[-1].trainable = self.seen % 2 == 1

    def get_state(self):
        return {"seen": self.seen}

    def set_state(self, state):
        self.seen = state["seen"]


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


class Break(callbacks.Callback):
    """Stops a fit as Ctrl-C does, in one epoch and one hook, halfway through the hook's work."""

    HOOKS = ("on_test_begin", "on_test_batch_end", "on_test_end", "on_epoch_end")

    def __init__(self, hook, epoch):
        super().__init__()
        self.hook, self.at, self.now, self.ends = hook, epoch, 0, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_test_begin(self, logs=None):
        self._reach("on_test_begin")

    def on_test_batch_end(self, batch, logs=None):
        self._reach("on_test_batch_end")

    def on_test_end(self, logs=None):
        self._reach("on_test_end")

    def on_epoch_end(self, epoch, logs=None):
        self.ends += 1
        logs["ends"] = self.ends
        self._reach("on_epoch_end")
        self.model.layers[-1].trainable = self.ends % 2 == 1

    def _reach(self, hook):
        if (hook, self.now) == (self.hook, self.at):
            raise KeyboardInterrupt

    def get_state(self):
        return {"ends": self.ends}

    def set_state(self, state):
        self.ends = state["ends"]


def changed():
    """Return layers that change rows as images of two pixels, of three channels."""
    return [
        layers.Reshape((1, 2, 3)), layers.RandomFlip("horizontal"), layers.RandomRotation(0.1),
        layers.RandomErasing(0.5, value_range=(-3, 3)), layers.MixUp(0.4, seed=3),
        layers.RandomContrast(0.5, value_range=(-3, 3), seed=5), layers.Flatten(),
    ]  # fmt: skip


def network(kind="schedule"):
    front = changed() if kind == "augmented" else []
    model = lamina.Sequential(
        [layers.Input((6,)), *front, layers.Dense(9, "relu", kernel_regularizer="l2"),
         layers.Dropout(0.3),
         layers.BatchNormalization(), layers.GaussianNoise(0.1), layers.Dense(3)],
        seed=4, name=kind,
    )  # fmt: skip
    rule = {
        "schedule": lambda: optimizers.Adam(schedules.CosineDecay(0.02, 30), amsgrad=True,
                                            clipnorm=1.0),
        "plateau": lambda: optimizers.AdamW(0.05, weight_decay=0.01),
        "augmented": lambda: optimizers.Adam(0.01),
        "averages": lambda: optimizers.SGD(0.05, momentum=0.9, use_ema=True, ema_momentum=0.9,
                                           ema_overwrite_frequency=7,
                                           gradient_accumulation_steps=3),
    }[kind]()  # fmt: skip
    if kind == "plateau":
        rule.exclude_from_weight_decay(var_names=["bias"])
    loss = lamina.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(rule, loss, metrics=["accuracy", Spread(name="spread")])
    return model


def fit(model, *more, epochs=EPOCHS, first=(), **options):
    given = [Slower(), callbacks.EarlyStopping("val_loss", 0.02, patience=2)]
    if model.name == "plateau":
        given.append(callbacks.ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=0.05))
    return model.fit(X, Y, batch_size=BATCH, epochs=epochs, validation_split=0.2, verbose=0,
                     callbacks=[*first, *given, *more], **options)  # fmt: skip


def digest(model):
    state = model.train_state.get(model.weights_by_path())
    made = hashlib.sha256()
    for array in model.get_weights():
        made.update(array.tobytes())
    for path, slots in sorted(state["slots"].items()):
        for name, array in sorted(slots.items()):
            made.update(f"{path} {name}".encode() + array.tobytes())
    made.update(json.dumps([state[k] for k in ("epoch", "draw", "step")]).encode())
    return made.hexdigest()


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


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("hook", Break.HOOKS)
def test_an_epoch_interrupted_after_its_batches_is_ended_once(tmp_path, hook, place):
    def run(model, epoch, **options):
        stop = [Break(hook, epoch)]
        if place == "first":
            return fit(model, first=stop, **options)
        return fit(model, *stop, **options)

    whole = network("plateau")
    history = run(whole, None)
    assert len(history.epoch) < EPOCHS  # EarlyStopping ends the fit
    for epoch in history.epoch:
        model = network("plateau")
        with pytest.raises(KeyboardInterrupt):
            run(model, epoch)
        if epoch % 2:
            model.save(tmp_path / "m.lamina")
            model = load_model(tmp_path / "m.lamina", {"Spread": Spread})
        went_on = run(model, None, resume=True)
        assert (went_on.history, went_on.epoch) == (history.history, history.epoch)
        assert digest(model) == digest(whole)


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_fit_that_goes_on_from_a_checkpoint_is_as_if_it_had_never_stopped(tmp_path, place):
    keep = callbacks.ModelCheckpoint(tmp_path / "{epoch}.lamina")
    first, last = ([keep], []) if place == "first" else ([], [keep])
    whole = network("plateau")
    history = fit(whole, *last, first=first)
    assert len(history.epoch) < EPOCHS  # EarlyStopping ends the fit
    for epoch in history.epoch:
        again = load_model(tmp_path / f"{epoch + 1}.lamina", {"Spread": Spread})
        went_on = fit(again, *last, first=first, resume=True)
        assert (went_on.history, went_on.epoch) == (history.history, history.epoch)
        assert digest(again) == digest(whole)


def test_a_model_saved_in_the_epoch_that_a_callback_ends_can_be_trained_further(tmp_path):
    def run(model, **options):
        given = [callbacks.LambdaCallback(on_epoch_end=stop), keep]
        return model.fit(X, Y, verbose=0, callbacks=given, **options).epoch

    def stop(epoch, logs):
        keep.model.stop_training = epoch == 1

    keep, path = callbacks.ModelCheckpoint(tmp_path / "{epoch}.lamina"), tmp_path / "2.lamina"
    model = network()
    assert run(model, epochs=4) == [0, 1]
    again = load_model(path, {"Spread": Spread})
    assert again.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]  # a new fit
    again = load_model(path, {"Spread": Spread})
    assert run(again, epochs=4, resume=True) == [0, 1]
    assert digest(again) == digest(model)
    for each in (again, model):
        assert run(each, epochs=4, resume=True) == [0, 1, 2, 3]
    assert digest(again) == digest(model)


def interrupt(*_):
    raise KeyboardInterrupt


def test_an_epoch_whose_recording_was_interrupted_is_recorded_once(monkeypatch):
    record = callbacks.History.on_epoch_end

    def record_and_break(self, epoch, logs=None):
        record(self, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    history, model = fit(network("plateau")), network("plateau")
    monkeypatch.setattr(callbacks.History, "on_epoch_end", record_and_break)
    with pytest.raises(KeyboardInterrupt):
        fit(model)
    monkeypatch.undo()
    went_on = fit(model, resume=True)
    assert (went_on.history, went_on.epoch) == (history.history, history.epoch)


def test_an_interrupt_while_a_state_is_taken_keeps_the_work_of_the_callback_before():
    class Asked(callbacks.Callback):
        left = 2

        def on_epoch_end(self, epoch, logs=None):
            """Have a hook, before which the state is taken."""

        def get_state(self):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
            return {}

    asked, model = Asked(), network()
    with pytest.raises(KeyboardInterrupt):
        fit(model, first=[Break("", None), asked], epochs=4)
    history = fit(model, first=[Break("", None), asked], epochs=4, resume=True).history
    assert history["ends"] == [1, 2, 3, 4]


def test_averages_are_in_place_again_for_a_callback_that_was_interrupted():
    def run(model, seen, **options):
        swap = callbacks.SwapEMAWeights(swap_on_epoch=True)
        fit(model, callbacks.LambdaCallback(on_epoch_end=seen), first=[swap], epochs=2, **options)

    found, wanted = [], []
    model, whole = network("averages"), network("averages")
    run(whole, lambda epoch, logs: wanted.append(whole.get_weights()[0]))
    with pytest.raises(KeyboardInterrupt):
        run(model, interrupt)
    run(model, lambda epoch, logs: found.append(model.get_weights()[0]), resume=True)
    np.testing.assert_array_equal(found, wanted)
    assert digest(model) == digest(whole)


def test_an_interrupt_after_the_best_weights_are_restored_does_not_change_the_next_fit():
    model, whole = network("plateau"), network("plateau")
    fit(whole)
    with pytest.raises(KeyboardInterrupt):
        fit(model, callbacks.LambdaCallback(on_train_end=interrupt))
    for each in (model, whole):
        fit(each, resume=True)
    assert digest(model) == digest(whole)


def test_backups_do_not_repeat_the_epoch_that_they_follow(tmp_path):
    def run(name, stop):
        model, passes = network("plateau"), iter(range(9))
        given = [
            callbacks.CSVLogger(tmp_path / f"{name}.csv", append=True),
            callbacks.BackupAndRestore(tmp_path / name),
            callbacks.ReduceLROnPlateau("val_loss", 0.5, patience=1, min_delta=0.05),
            callbacks.LambdaCallback(on_test_end=lambda _: next(passes) == stop and interrupt()),
        ]
        history = model.fit(X, Y, epochs=5, validation_split=0.2, verbose=0, callbacks=given)
        return digest(model), history.history, history.epoch

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run("cut", 1)
    assert run("cut", None) == run("whole", None)
    assert (tmp_path / "cut.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_a_backup_of_the_last_epoch_ends_the_fit(tmp_path):
    def run(model, *more):
        backup = callbacks.BackupAndRestore(tmp_path / "backup")
        return fit(model, backup, first=more)

    whole, model = network("plateau"), network("plateau")
    history = fit(whole)
    with pytest.raises(KeyboardInterrupt):  # before the backup is deleted
        run(model, callbacks.LambdaCallback(on_train_end=interrupt))
    again = network("plateau")
    went_on = run(again)
    assert (went_on.history, went_on.epoch) == (history.history, history.epoch)
    assert digest(again) == digest(whole)
    assert not (tmp_path / "backup").exists()


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
