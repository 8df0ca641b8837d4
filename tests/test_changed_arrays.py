"""Arrays that change after they were checked: none of their labels or tokens is read unchecked."""

import numpy as np
import pytest

import lamina
from lamina import _core
from lamina.callbacks import LambdaCallback
from lamina.layers import Dense, Embedding, Flatten, Input

RNG = np.random.default_rng(1)
FAR = 2_000_000_000


def reader():
    model = lamina.Sequential(
        [Input((5,), dtype="int32"), Embedding(7, 3, mask_zero=True), Flatten(), Dense(1)], seed=1
    )
    model.compile("adam", "mse")
    x = RNG.integers(0, 7, (12, 5)).astype("int32")
    return model, x, RNG.normal(size=(12, 1)).astype("float32")


@pytest.mark.parametrize("bad", [FAR, -1])
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_fit_refuses_what_a_callback_wrote(shuffle, bad):
    model, x, y = reader()

    def write(batch, logs):
        if batch == 1:
            x[10, 3] = bad

    model.fit(x, y, batch_size=4, verbose=0)
    steps, random_step = model.optimizer.iterations, model.train_state.draw
    with pytest.raises(ValueError, match=rf": token ids must lie in \[0, 7\); got {bad} in row 10"):
        model.fit(
            x, y, batch_size=4, epochs=9, shuffle=shuffle, verbose=0,
            callbacks=[LambdaCallback(on_train_batch_begin=write)],
        )  # fmt: skip
    done = model.optimizer.iterations - steps
    assert 0 < done <= 5
    assert model.train_state.draw - random_step == done
    x[10] = 0
    model.fit(x, y, batch_size=4, verbose=0)


def test_evaluation_and_prediction_refuse_it_too():
    model, x, y = reader()

    def write(*_):
        x[9, 0] = FAR

    for name, call in (
        ("test", lambda hooks: model.evaluate(x, y, batch_size=4, callbacks=[hooks])),
        ("predict", lambda hooks: model.predict(x, batch_size=4, callbacks=[hooks])),
    ):
        hooks = LambdaCallback(**{f"on_{name}_batch_begin": write})
        with pytest.raises(ValueError, match=f"got {FAR} in row"):
            call(hooks)
        x[9, 0] = 1
    held = x.copy(), y
    hooks = LambdaCallback(on_test_batch_begin=lambda *_: held[0].__setitem__((1, 2), FAR))
    with pytest.raises(ValueError, match=f"got {FAR} in row 1"):
        model.fit(x, y, batch_size=4, verbose=0, validation_data=held, callbacks=[hooks])


def test_labels_that_change_are_refused_before_the_step():
    graph = _core.Graph("float32")
    kernel = _core.Parameter("kernel", (3, 4), "float32", True)
    _core.allocate([kernel])
    logits = graph.dense(graph.input((3,), "x"), graph.parameter(kernel))
    y = graph.input((), "y", "int32")
    graph.add_loss(graph.loss("sparse_categorical_crossentropy", logits, y, from_logits=True))
    graph.add_metric("sparse_categorical_accuracy", logits, y)
    graph.build()
    run = _core.Execution(graph, 6, training=True)
    labels = np.zeros(6, np.int32)
    run.bind([np.ones((6, 3), np.float32), labels])
    run.set_update("sgd", [])
    run.train(None, 0, 6, 0.1, 1, 0)
    before = kernel.array.copy()
    labels[5] = 4
    for order, row in ((None, 5), (np.array([5, 4, 3, 2, 1, 0]), 5)):
        with pytest.raises(ValueError, match=rf"'y': labels .* \[0, 4\); got 4 in row {row}"):
            run.train(order, 0, 6, 0.1, 2, 0)
        with pytest.raises(ValueError, match="got 4 in row 5"):
            run.test(order, 0, 6)
    np.testing.assert_array_equal(kernel.array, before)


def test_the_rows_of_a_validation_split_are_the_fits_own():
    model, x, y = reader()

    def write(*_):
        model.history.validation_rows[:] = FAR

    history = model.fit(x, y, epochs=3, validation_split=0.25, verbose=0,
                        callbacks=[LambdaCallback(on_epoch_begin=write)])  # fmt: skip
    assert len(history.history["val_loss"]) == 3


def test_a_bound_execution_checks_each_batch():
    graph = _core.Graph("float32")
    table = _core.Parameter("table", (5, 2), "float32", True)
    _core.allocate([table])
    ids = graph.input((3,), "ids", "int32")
    graph.add_output(graph.embedding(ids, graph.parameter(table)))
    graph.build()
    run = _core.Execution(graph, 4)
    tokens = np.zeros((4, 3), np.int32)
    order = np.arange(4)
    run.bind([tokens])
    run.test(None, 0, 4)
    tokens[2, 1] = FAR
    for rows, row in ((None, 2), (order, 2), (order[::-1].copy(), 2)):
        with pytest.raises(ValueError, match=f"input 'ids': .* got {FAR} in row {row}"):
            run.test(rows, 0, 4)
    run.test(None, 0, 2)
    tokens[2, 1] = 0
    order[1] = FAR
    with pytest.raises(ValueError, match="order: row"):
        run.test(order, 0, 4)


def test_numbers_that_turn_nan_stop_the_fit():
    model = lamina.Sequential([Input((3,)), Dense(1)], seed=1)
    model.compile("adam", "mse")
    x, y = np.ones((12, 3), np.float32), np.ones((12, 1), np.float32)

    def write(batch, logs):
        x[7] = np.nan

    with pytest.raises(lamina.TrainingDiverged):
        model.fit(x, y, batch_size=4, verbose=0, shuffle=False,
                  callbacks=[LambdaCallback(on_train_batch_begin=write)])  # fmt: skip
    assert all(np.isfinite(w).all() for w in model.weights)
