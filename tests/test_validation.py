"""The rows that a fit holds out, the rule, and the epochs after which they are evaluated."""

import numpy as np
import pytest

import lamina
from lamina.callbacks import LambdaCallback
from lamina.layers import Dense, Input
from lamina.losses import BinaryCrossentropy
from lamina.models.data.split import held_out
from lamina.models.data.targets import labels

RNG = np.random.default_rng(12)
X, Y = RNG.normal(size=(50, 3)), RNG.normal(size=50)


def network():
    model = lamina.Sequential([Input((3,)), Dense(1)], dtype="float64", seed=2)
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("frequency", "wanted"), [(1, [0, 1, 2, 3, 4]), (2, [1, 3]), (3, [2]), ([1, 4], [0, 3])]
)
def test_epochs_that_are_validated(frequency, wanted):
    seen = []
    look = LambdaCallback(
        on_epoch_end=lambda epoch, logs: "val_loss" in logs and seen.append(epoch)
    )
    network().fit(X, Y, epochs=5, validation_data=(X, Y), validation_freq=frequency,
                  callbacks=look, verbose=0)  # fmt: skip
    assert seen == wanted


@pytest.mark.parametrize(
    ("rows", "fraction", "held"), [(100, 0.93, 93), (10, 0.25, 3), (10, 0.3, 3), (3, 0.01, 1)]
)
def test_how_many_rows_are_held_out(rows, fraction, held):
    """The share is rounded up, ignoring binary rounding errors as in 0.07 times 100."""
    for ordered in (False, True):
        assert len(held_out(rows, fraction, None, False, ordered, 1)[1]) == held


@pytest.mark.parametrize(
    ("sizes", "held", "wanted"),
    [
        ([9, 1], 2, [2, 0]),
        ([1, 9], 2, [0, 2]),
        ([6, 3, 1], 5, [3, 2, 0]),
        ([4, 4, 2], 5, [2, 2, 1]),
    ],
)
def test_the_largest_remainders_get_what_is_left(sizes, held, wanted):
    classes = np.repeat(np.arange(len(sizes)), sizes)
    _, rows = held_out(len(classes), held / len(classes), classes, "auto", False, 3)
    assert np.bincount(classes[rows], minlength=len(sizes)).tolist() == wanted


def test_a_split_is_stratified_repeatable_and_recorded():
    y = np.repeat([0, 1, 2], [30, 15, 5])
    model = lamina.Sequential([Input((3,)), Dense(3, "softmax")], seed=3)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X, y, validation_split=0.2, verbose=0)
    rows = history.validation_rows
    assert np.bincount(y[rows]).tolist() == [6, 3, 1]
    assert not np.array_equal(rows, np.arange(40, 50))
    np.testing.assert_array_equal(model.fit(X, y, validation_split=0.2, verbose=0).validation_rows,
                                  rows)  # fmt: skip
    one_hot = lamina.utils.to_categorical(y)
    model.compile("adam", "categorical_crossentropy")
    np.testing.assert_array_equal(
        model.fit(X, one_hot, validation_split=0.2, verbose=0).validation_rows, rows
    )
    tail = model.fit(X, one_hot, validation_split=0.2, time_ordered=True, verbose=0)
    assert tail.validation_rows.tolist() == list(range(40, 50))


def test_held_out_rows_do_not_train():
    model, reference = network(), network()
    y = Y.copy()
    rows = model.fit(X, Y, validation_split=0.3, verbose=0).validation_rows
    y[rows] = 1e3
    reference.fit(X, y, validation_split=0.3, verbose=0)
    for a, b in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_labels_of_ones_own_keep_their_shares():
    """A regression has no classes; from 40 and 10 rows a draw takes 8 and 2 only by chance."""
    groups = np.repeat([7, 3], [40, 10])
    for given in (groups, groups.astype(str).tolist()):
        for seed in range(4):
            model = lamina.Sequential([Input((3,)), Dense(1)], seed=seed)
            model.compile("sgd", "mse")
            rows = model.fit(X, Y, validation_split=0.2, stratify=given, verbose=0).validation_rows
            assert [np.sum(groups[rows] == 7), np.sum(groups[rows] == 3)] == [8, 2]


@pytest.mark.parametrize("seed", range(5))
def test_shares_of_the_classes(seed):
    classes = np.random.default_rng(seed).integers(0, 4, 97)
    train, held = held_out(97, 0.25, classes, "auto", False, seed)
    assert len(held) == 25
    assert sorted([*train, *held]) == list(range(97))
    exact = np.bincount(classes) * 25 / 97
    assert (abs(np.bincount(classes[held], minlength=4) - exact) < 1).all()


def test_numbers_between_0_and_1_are_no_classes():
    loss = BinaryCrossentropy()
    assert labels(loss, np.array([0.0, 1.0, 1.0])).tolist() == [0, 1, 1]
    assert labels(loss, np.array([0.0, 0.4, 1.0])) is None
    model = lamina.Sequential([Input((3,)), Dense(1, "sigmoid")])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="class_weight needs one class per row"):
        model.fit(X, np.full(50, 0.4), class_weight="balanced", verbose=0)


@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")  # an input is large on purpose
def test_a_step_that_diverged_is_not_counted():
    model = network()
    x = X.copy()
    x[33] = 1e200  # the loss of the third batch overflows
    with np.errstate(all="ignore"), pytest.raises(lamina.TrainingDiverged):
        model.fit(x, Y, batch_size=16, shuffle=False, verbose=0)
    assert model.optimizer.iterations == 2
