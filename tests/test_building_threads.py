"""Threads that build, record, change and copy the same layers and models at once."""

import copy
import pickle
import sys
import threading

import numpy as np
import pytest

import lamina
from lamina.layers import LSTM, Dense, Dropout, Input, TimeDistributed


@pytest.fixture(autouse=True)
def _switch_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*calls):
    """Run the calls in threads that start together; return what they raised."""
    errors, barrier = [], threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        try:
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize(
    "make", [lambda: Dense(5), lambda: LSTM(3), lambda: TimeDistributed(Dense(2))]
)
def test_an_unbuilt_layer_called_from_four_threads_has_its_weights_once(make):
    x = np.ones((2, 4, 3), "float32")
    for _ in range(25):
        layer = make()
        outputs = []
        assert not at_once(*[lambda la=layer, out=outputs: out.append(la(x))] * 4)
        names = [p.name for p in layer.parameters]
        assert len(set(names)) == len(names) == len(layer.get_weights())
        assert len(names) in (2, 3)
        for y in outputs:
            np.testing.assert_array_equal(y, layer(x))


def test_models_that_share_a_layer_within_others_leave_its_name_and_place():
    x = np.ones((2, 3, 4), "float32")
    for _ in range(15):
        shared, drop = Dense(2, name="shared"), Dropout(0.5)
        cell = lamina.Sequential([Input((2,)), Dense(2, "tanh"), drop])
        models = [
            lamina.Sequential(
                [Input((3, 4)), TimeDistributed(shared, name=name), TimeDistributed(cell)]
            )
            for name in ("left", "right")
        ]
        seen = []
        errors = at_once(
            *(lambda model=model: model.predict(x) for model in models),
            lambda la=shared, seen=seen: seen.extend(la.name for _ in range(300)),
        )
        assert not errors
        assert set(seen) == {"shared"}
        assert (shared.name, shared.turn, drop.turn) == ("shared", 0, 0)
        assert [p.name for p in shared.parameters] in (
            ["left/shared/kernel", "left/shared/bias"],
            ["right/shared/kernel", "right/shared/bias"],
        )


X = np.ones((4, 3))


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.predict(X),
        lambda model: model.summary(print_fn=lambda text: None),
        lambda model: copy.deepcopy(model).predict(X),
        pickle.dumps,
        lambda model: model.set_weights(model.get_weights()),
        lambda model: model.get_config(),
        lambda model: (model.count_params(), model.output_shape, model.get_weights()),
    ],
)
def test_a_model_changes_beside_everything_else(use):
    model = lamina.Sequential([Input((3,)), Dense(3)])

    def change():
        for _ in range(60):
            model.add(Dense(2))
            model.pop()

    def used():
        for _ in range(25):
            use(model)

    for error in at_once(change, used):
        assert isinstance(error, (RuntimeError, ValueError)), repr(error)
        assert str(error)


def test_a_fit_refuses_to_be_changed_or_compiled_meanwhile():
    model = lamina.Sequential([Input((3,)), Dense(3)])
    model.compile("sgd", "mse")

    def tried(*calls):
        for _ in range(20):
            for call in calls:
                try:
                    call()
                except (RuntimeError, ValueError) as error:
                    assert str(error)  # noqa: PT017

    assert not at_once(
        lambda: tried(lambda: model.add(Dense(3)), model.pop, lambda: model.compile("sgd", "mse")),
        lambda: tried(lambda: model.fit(X, X, epochs=3, verbose=0)),
    )
