"""A fit interrupted between the last batch of an epoch and the next epoch ends that epoch once."""

import numpy as np
import pytest

from lamina import callbacks
from lamina.models import load_model
from resumed_fits import EPOCHS, Spread, X, Y, digest, fit, network


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
