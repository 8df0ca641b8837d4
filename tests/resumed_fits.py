"""Fits whose steps depend on states of all kinds, and digests of what they leave."""

import hashlib
import json

import numpy as np

import lamina
from lamina import callbacks, layers, optimizers
from lamina.optimizers import schedules

ROWS, BATCH, EPOCHS = 90, 16, 8
RNG = np.random.default_rng(11)
X = RNG.normal(size=(ROWS, 6)).astype("float32")
Y = RNG.integers(0, 3, ROWS)


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
