"""Bad arguments of fit, evaluate and compile are refused before anything has changed."""

import copy

import numpy as np
import pytest

import lamina
from lamina.layers import Dense, Input

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
Y = np.arange(20) % 4
BAD_X = {
    "width": (X[:, :2], "the model needs"),
    "rank": (X[:, None, :], "the model needs"),
    "vector": (X[:, 0], "the model needs"),
    "one number": (3.0, "axis of rows"),
    "no rows": (X[:0], "at least one row"),
    "complex": (X.astype(complex), "must hold numbers"),
    "object": (np.where(X > 9, X, X.astype(object) * 1j), "must hold numbers"),
    "text": (X.astype(str), "must hold numbers"),
    "dates": (X.astype("datetime64[s]"), "must hold numbers"),
    "ragged": ([[1.0, 2.0], [1.0]], "not a rectangular array"),
    "none": (None, "x is None"),
    "lengths": (X[:7], "number of rows; got 7 and 20"),
    "nan": (np.where(np.arange(60).reshape(20, 3) == 34, np.nan, X), "nan at row 11, column 1"),
    "inf": (np.where(np.arange(60).reshape(20, 3) == 34, np.inf, X), "inf at row 11, column 1"),
    "overflow": (X.astype(float) * 1e300, "becomes infinite"),
    "huge": (np.lib.stride_tricks.as_strided(X, (2**20, 2**16), (0, 0)), "the model needs"),
}
BAD_Y = {
    "label above": (np.where(Y == 3, 4, Y), r"labels in \[0, 4\); got 4"),
    "label below": (Y - 1, r"got -1"),
    "fraction": (Y + 0.5, "integer labels"),
    "nan": (np.where(Y == 3, np.nan, Y), "nan"),
    "one-hot": (np.eye(4)[Y], "categorical_crossentropy"),
    "text": (Y.astype(str), "must hold numbers"),
    "none": (None, "y is None"),
    "one number": (1, "axis of rows"),
    "short": (Y[:-1], "number of rows; got 20 and 19"),
}
BAD_OPTIONS = {
    "batch_size=0": "fit: batch_size must be a positive integer; got 0",
    "batch_size=-3": "got -3",
    "batch_size=2.0": "batch_size must be a positive integer; got 2.0",
    "batch_size=True": "got True",
    "epochs=0": "epochs must be a positive integer",
    "epochs=None": "epochs must be a positive integer",
    "verbose=3": "verbose must be",
    "callbacks=5": "callbacks: needs Callback instances",
    "callbacks=[lamina.callbacks.EarlyStopping]": "callbacks: needs Callback instances",
    "validation_split=1.0": r"validation_split must be in \[0, 1\)",
    "validation_split=0.999": "rows on both sides",
    "validation_split=-0.1": "validation_split must be in",
    "validation_data=X": "must be a tuple",
    "validation_data=(X, Y[:3])": "number of rows",
    "validation_data=(X[:, :1], Y)": "the model needs",
    "shuffle='yes'": "shuffle must be True or False",
    "class_weight={4: 1.0}": r"labels must be in \[0, 4\); got 4",
    "class_weight={0: np.nan}": "class_weight",
    "class_weight={0.5: 1.0}": "label must be a whole number",
    "class_weight=[1, 2]": "class_weight must be",
    "class_weight='balance'": "class_weight must be",
    "sample_weight=Y[:3]": "sample_weight must have shape",
    "sample_weight=1e300 * (Y + 1)": "sample_weight must fit float32",
    "sample_weight=Y / 0.0": "sample_weight must be finite",
    "steps_per_epoch=0": "steps_per_epoch must be a positive integer",
    "validation_steps=0": "validation_steps must be a positive integer",
    "validation_freq=0": "validation_freq",
    "validation_batch_size=0": "validation_batch_size",
    "initial_epoch=-1": "initial_epoch",
    "stratify=Y[:2], validation_split=0.2": "one label per row",
    "stratify='maybe', validation_split=0.2": "stratify must be",
    "stratify=True, time_ordered=True, validation_split=0.2": "not both",
}


@pytest.fixture
def model():
    model = lamina.Sequential([Input((3,)), Dense(4, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, verbose=0)
    return model


def state(model):
    optimizer = model.optimizer
    return (
        [w.tobytes() for w in model.get_weights()],
        [s.tobytes() for s in optimizer.slots],
        optimizer.iterations, optimizer.learning_rate, model.history, model.train_state.epoch,
        model.train_state.draw, copy.deepcopy(model.history.history),
    )  # fmt: skip


def refuses(model, text, *args, calls=("fit", "evaluate", "train_on_batch"), **options):
    """Each call says ``text`` and changes nothing; the model trains afterwards."""
    before, data = state(model), (X.tobytes(), Y.tobytes())
    for name in calls:
        given = {"verbose": 0, **options} if name == "fit" else options
        with np.errstate(all="ignore"), pytest.raises((ValueError, TypeError), match=text):
            getattr(model, name)(*args, **given)
        assert state(model) == before
        assert (X.tobytes(), Y.tobytes()) == data
    model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("case", BAD_X)
def test_x(model, case):
    refuses(model, BAD_X[case][1], BAD_X[case][0], Y)


@pytest.mark.parametrize("case", BAD_Y)
def test_y(model, case):
    refuses(model, BAD_Y[case][1], X, BAD_Y[case][0])


@pytest.mark.parametrize("options", BAD_OPTIONS)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_options(model, options):
    given = eval(f"dict({options})", {"X": X, "Y": Y, "lamina": lamina, "np": np})
    refuses(model, BAD_OPTIONS[options], X, Y, calls=("fit",), **given)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_targets_of_a_regression(bad):
    model = lamina.Sequential([Input((3,)), Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    y = Y.astype(float)
    y[13] = bad
    refuses(model, "13", X, y)
    refuses(model, "must have shape", X, np.ones((20, 2)))


@pytest.mark.parametrize("size", [0, -1, 2.0, True])
def test_batch_sizes_of_evaluate(model, size):
    with pytest.raises((ValueError, TypeError), match="evaluate: batch_size must be a positive"):
        model.evaluate(X, Y, batch_size=size)


def test_an_unbuilt_model_stays_unbuilt():
    model = lamina.Sequential([Dense(4, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    for x, y in ((X, Y + 1), (X * np.nan, Y), (X, Y[:3])):
        with pytest.raises(ValueError, match=r"\w"):
            model.fit(x, y, verbose=0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["mae"])
    with pytest.raises(ValueError, match="does not fit the loss"):
        model.fit(X, Y, verbose=0)
    assert not model.built
    assert model.row_shape is None


@pytest.mark.parametrize("call", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_before_compile(call):
    model = lamina.Sequential([Input((3,)), Dense(4)])
    with pytest.raises(ValueError, match="call compile"):
        getattr(model, call)(X, Y)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"optimizer": "adm", "loss": "mse"}, "did you mean 'adam'"),
        ({"loss": "mean_squared_eror"}, "did you mean 'mean_squared_error'"),
        ({"loss": "mse", "metrics": ["acuracy"]}, "did you mean 'accuracy'"),
        ({"loss": "mse", "metrics": ["mae", "mae"]}, "need distinct names"),
        ({"loss": "mse", "metrics": {"a": "mae"}}, "must be a list"),
        ({"loss": "mse", "metrics": ["sparse_categorical_accuracy"]}, "does not fit the loss"),
        ({"loss": 3}, "needs a name"),
        ({"optimizer": 3, "loss": "mse"}, "needs a name"),
    ],
)
def test_compile(model, arguments, text):
    before, optimizer, loss = state(model), model.optimizer, model.loss
    with pytest.raises((ValueError, TypeError), match=text):
        model.compile(**arguments)
    assert state(model) == before
    assert model.optimizer is optimizer
    assert model.loss is loss


def test_column_names_of_a_table_are_told():
    class Table:
        columns = ("age", "height", "weight")

        def __array__(self, dtype=None, copy=None):
            values = X.astype("float64")
            values[4, 1] = np.nan
            return values

    model = lamina.Sequential([Input((3,)), Dense(1)])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match=r"row 4, column 1 \('height'\)"):
        model.fit(Table(), Y)
