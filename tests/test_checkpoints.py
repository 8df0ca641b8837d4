"""Saving models during training: the best, every one, and fits resumed in another process."""

import contextlib
import os

import numpy as np
import pytest

import golden
import lamina
from lamina import callbacks, layers
from lamina.models import load_model

keras = golden.Peer("keras")

X = np.random.default_rng(5).normal(size=(60, 3)).astype("float32")
Y = X @ np.array([1.0, -2.0, 0.5], "float32")


def network(optimizer="adam", metrics=()):
    model = lamina.Sequential(
        [layers.Input((3,)), layers.Dense(6, "relu"), layers.Dropout(0.2), layers.Dense(1)], seed=3
    )
    model.compile(optimizer, "mse", metrics=list(metrics))
    return model


# --- ModelCheckpoint


OPTIONS = [
    {},
    {"save_best_only": True},
    {"save_best_only": True, "mode": "max"},
    {"save_best_only": True, "initial_value_threshold": 2.7},
    {"save_freq": 5},
    {"save_freq": 5, "save_best_only": True, "monitor": "loss"},
    {"save_weights_only": True, "save_best_only": True},
]


def saved(library, options, values):
    """Return the names of the files saved in two fits over made-up values, and the best."""
    pytest.importorskip("h5py")
    model = library.Sequential([library.Input((1,)), library.layers.Dense(1)])
    model.compile("sgd", "mse")
    names = []
    model.save = model.save_weights = lambda path, overwrite: names.append(os.path.basename(path))
    ending = ".weights.h5" if options.get("save_weights_only") else ".h5"
    field = "{batch}-{loss:.1f}" if "save_freq" in options else "{val_loss:.2f}"
    keep = library.callbacks.ModelCheckpoint(f"{{epoch:02d}}-{field}{ending}", **options)
    keep.set_params({"epochs": len(values)})
    keep.set_model(model)
    for _ in range(2):
        keep.on_train_begin({})
        for epoch, value in enumerate(values):
            keep.on_epoch_begin(epoch, {})
            for batch in range(3):
                keep.on_train_batch_end(batch, {"loss": value + batch})
            keep.on_epoch_end(epoch, {"loss": value, "val_loss": value})
        keep.on_train_end({})
    return [names, None if keep.best is None else float(keep.best)]


@pytest.mark.filterwarnings("ignore:.*written as a file of lamina")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_what_is_saved_is_what_keras_saves(options):
    options = {"mode": "min", **options}
    values = np.round(np.random.default_rng(8).normal(size=8).cumsum() / 3 + 3, 2).tolist()
    wanted = golden.ask(lambda: saved(keras, options, values), options, values)
    assert saved(lamina, options, values) == wanted


def test_the_best_model_is_in_the_file(tmp_path, capsys):
    path = tmp_path / "deep" / "best.lamina"
    keep = callbacks.ModelCheckpoint(path, save_best_only=True, verbose=1)
    model = network(lamina.optimizers.SGD(0.4))
    history = model.fit(X, Y, epochs=8, verbose=0, validation_data=(X, Y), callbacks=keep).history
    best = min(history["val_loss"])
    assert keep.best == best != history["val_loss"][-1]
    assert load_model(path).evaluate(X, Y) == pytest.approx(best, rel=1e-6)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Epoch 1: val_loss improved from None to {history['val_loss'][0]:.5f}, " \
        f"saving model to {path}"  # fmt: skip
    assert lines[-1].startswith("Epoch 8: val_loss did not improve from ")


@pytest.mark.parametrize(
    ("metric", "monitor", "better"), [("accuracy", "val_accuracy", max), ("mae", "val_mae", min)]
)
def test_every_metric_says_which_model_is_the_best(metric, monitor, better, tmp_path):
    model = lamina.Sequential([layers.Input((3,)), layers.Dense(1, "sigmoid")], seed=1)
    model.compile(lamina.optimizers.SGD(5.0), "binary_crossentropy", metrics=[metric])
    keep = callbacks.ModelCheckpoint(
        tmp_path / "{epoch}.weights.lamina", monitor, save_best_only=True, save_weights_only=True
    )
    y = Y > 0
    history = model.fit(X, y, epochs=6, verbose=0, validation_data=(X, y), callbacks=keep).history
    assert keep.best == better(history[monitor])
    first = 1 + history[monitor].index(keep.best)
    model.load_weights(tmp_path / f"{first}.weights.lamina")
    assert model.evaluate(X, y, return_dict=True)[metric] == pytest.approx(keep.best)


def test_a_model_saved_within_an_epoch_goes_on_from_there(tmp_path):
    whole, other = network(), network()
    whole.fit(X, Y, batch_size=8, epochs=4, verbose=0)
    keep = callbacks.ModelCheckpoint(tmp_path / "m.lamina", save_freq=11)
    other.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=keep)
    again = load_model(tmp_path / "m.lamina")
    assert again.optimizer.iterations == 11
    again.fit(X, Y, batch_size=8, epochs=4, verbose=0, resume=True)
    for ours, theirs in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_checkpoint_refusals(tmp_path):
    with pytest.raises(ValueError, match=r"ModelCheckpoint: .*best\.txt"):
        callbacks.ModelCheckpoint("best.txt")
    for wrong in (0, -1, "batch", 1.5):
        with pytest.raises((ValueError, TypeError), match="ModelCheckpoint: save_freq"):
            callbacks.ModelCheckpoint("best.lamina", save_freq=wrong)
    keep = callbacks.ModelCheckpoint(tmp_path / "{val_loss}.lamina")
    with pytest.raises(KeyError, match="has a field 'val_loss'; there are epoch, loss"):
        network().fit(X, Y, verbose=0, callbacks=keep)
    (tmp_path / "file").touch()
    model = network()
    for path, error, rule in [
        ("{epoch}-{val_mae}.lamina", KeyError, "'val_mae'; there are epoch, loss"),
        ("{batch}.lamina", KeyError, "'batch'; there are epoch, loss"),
        ("{}.lamina", ValueError, r"fields such as \{epoch:02d\}"),
        ("{epoch:02z}.lamina", ValueError, r"got '.*\{epoch:02z\}\.lamina': Unknown format code"),
        ("file/{epoch}.lamina", OSError, "ModelCheckpoint: the folder cannot be made"),
        ("file/deep/{epoch}.lamina", OSError, "ModelCheckpoint: the folder cannot be made"),
    ]:
        with pytest.raises(error, match=rule):
            model.fit(X, Y, verbose=0, callbacks=callbacks.ModelCheckpoint(tmp_path / path))
    with pytest.raises(OSError, match="BackupAndRestore: the folder cannot be made"):
        model.fit(X, Y, verbose=0, callbacks=callbacks.BackupAndRestore(tmp_path / "file"))
    assert model.optimizer.iterations == 0  # all before the first batch
    (tmp_path / "file").unlink()
    keep = callbacks.ModelCheckpoint(tmp_path / "{epoch}.lamina", save_best_only=True)
    with pytest.warns(UserWarning, match="no validation_data.*every model is saved"):
        network().fit(X, Y, epochs=2, verbose=0, callbacks=keep)
    assert sorted(os.listdir(tmp_path)) == ["1.lamina", "2.lamina"]


class Adds(callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["gap"] = 0.5


class Doubles(lamina.Sequential):
    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {"gap": lamina.ops.mean(y_pred) * 0.0 + 0.5}


def test_fields_may_be_what_callbacks_and_steps_of_users_add(tmp_path):
    model = network()
    lists = [[Adds()], [callbacks.LambdaCallback(on_epoch_end=Adds().on_epoch_end)]]
    for place, added in enumerate(lists):
        keep = callbacks.ModelCheckpoint(tmp_path / str(place) / "{epoch}-{gap}.lamina")
        model.fit(X, Y, verbose=0, callbacks=[*added, keep])
    model = Doubles([lamina.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    keep = callbacks.ModelCheckpoint(tmp_path / "2" / "{epoch}-{gap}.weights.lamina",
                                     save_weights_only=True)  # fmt: skip
    model.fit(X, Y, verbose=0, callbacks=keep)
    names = [os.listdir(tmp_path / str(place)) for place in range(3)]
    assert names == [["1-0.5.lamina"], ["1-0.5.lamina"], ["1-0.5.weights.lamina"]]


# --- BackupAndRestore


class Stop(callbacks.Callback):
    """Simulates the end of the process after a number of steps."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def train(folder, *more, **options):
    model = network()
    stop = callbacks.EarlyStopping(patience=2, min_delta=0.01)
    backup = callbacks.BackupAndRestore(folder, **options)
    history = None
    with contextlib.suppress(KeyboardInterrupt):
        history = model.fit(
            X, Y, batch_size=8, epochs=7, validation_split=0.2, verbose=0,
            callbacks=[backup, stop, *more],
        )  # fmt: skip
    return model, history


@pytest.mark.parametrize("freq", ["epoch", 1, 4])
def test_a_backup_leads_to_the_same_bits(freq, tmp_path):
    whole, history = train(tmp_path / "none")
    wanted = [w.tobytes() for w in whole.get_weights()]
    for cut in (1, 7, 16, 23):
        folder = tmp_path / f"{cut}"
        train(folder, Stop(cut), save_freq=freq, double_checkpoint=True)
        model, rest = train(folder, save_freq=freq)
        assert [w.tobytes() for w in model.get_weights()] == wanted
        assert rest.history == history.history
        assert not folder.exists()


def test_a_backup_that_cannot_be_read(tmp_path):
    whole, _ = train(tmp_path / "none")
    first = []
    begun = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: first.append(epoch))
    train(tmp_path, Stop(20), double_checkpoint=True, delete_checkpoint=False)
    latest = tmp_path / "latest.lamina"
    latest.write_bytes(latest.read_bytes()[:-9])
    with pytest.warns(UserWarning, match="the backup before the last is used"):
        model, history = train(tmp_path, begun, delete_checkpoint=False)
    assert first[0] == 2
    assert history.epoch[0] == 0
    np.testing.assert_array_equal(model.get_weights()[0], whole.get_weights()[0])
    (tmp_path / "previous.lamina").unlink()
    latest.write_bytes(latest.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"latest\.lamina"):
        train(tmp_path)
    other = lamina.Sequential([layers.Input((3,)), layers.Dense(1)])
    other.compile("sgd", "mse")
    train(tmp_path / "o", Stop(20))
    before = other.get_weights()
    with pytest.raises(ValueError, match="dense"):
        other.fit(X, Y, verbose=0, callbacks=callbacks.BackupAndRestore(tmp_path / "o"))
    np.testing.assert_array_equal(other.get_weights()[0], before[0])
    with pytest.raises(ValueError, match="save_freq"):
        callbacks.BackupAndRestore(tmp_path, save_freq=0)
