"""The hooks that fit, evaluate and predict call, their order and arguments, against Keras."""

import numpy as np
import pytest

import golden
import lamina

keras = golden.Peer("keras")

X = np.linspace(-1, 1, 10, dtype=np.float32).reshape(-1, 1)
Y = (X > 0).astype(np.float32)
TOLD = ("epochs", "steps", "verbose")  # of the params


def spy(library, stops=None):
    """Return a callback and the list of its calls; it stops the training in a hook."""
    calls = []

    def hook(name):
        def called(self, *args, **kwargs):
            numbers = [a for a in args if isinstance(a, int)]
            logs = next((a for a in (*args, *kwargs.values()) if isinstance(a, dict)), None)
            calls.append([name, *numbers, None if logs is None else list(logs)])
            if name == stops:
                self.model.stop_training = self.model.stop_evaluating = True
                self.model.stop_predicting = True

        return called

    def set_params(self, params):
        self.params = params
        calls.append(["set_params", *[params[key] for key in TOLD]])

    def set_model(self, model):
        library.callbacks.Callback.set_model(self, model)
        calls.append(["set_model"])

    names = [
        *(f"{phase}_{end}" for phase in ("train", "test", "predict") for end in ("begin", "end")),
        *(f"{phase}_batch_{end}" for phase in ("train", "test", "predict")
          for end in ("begin", "end")),
        "epoch_begin", "epoch_end",
    ]  # fmt: skip
    methods = {f"on_{name}": hook(f"on_{name}") for name in names}
    cls = type("Spy", (library.callbacks.Callback,), {
        **methods, "set_params": set_params, "set_model": set_model,
    })  # fmt: skip
    return cls(), calls


def compiled(library):
    model = library.Sequential([library.Input((1,)), library.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["mse", "accuracy"])
    return model


def run(library, method, stops, options):
    """Return the calls of a spy, and the keys and the epochs of the history."""
    callback, calls = spy(library, stops)
    options = {**options, "batch_size": 4, "verbose": 0, "callbacks": [callback]}
    if options.pop("validated", False):
        options["validation_data"] = (X, Y)
    model = compiled(library)
    result = getattr(model, method)(X, *([] if method == "predict" else [Y]), **options)
    if method == "fit":
        assert model.history is result
        return [calls, list(result.history), list(result.epoch)]
    return [calls, list(np.shape(result))]


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("fit", {"epochs": 2}),
        ("fit", {"epochs": 4, "initial_epoch": 1, "validated": True, "validation_freq": 2}),
        ("fit", {"epochs": 3, "validated": True, "validation_freq": [1, 3]}),
        ("fit", {"validated": True, "validation_steps": 2}),
        ("fit", {"validated": True, "validation_batch_size": 5}),
        ("fit", {"steps_per_epoch": 2}),
        ("fit", {"epochs": 2, "initial_epoch": 3}),
        ("evaluate", {}),
        ("evaluate", {"steps": 2}),
        ("evaluate", {"return_dict": True}),
        ("predict", {}),
        ("predict", {"steps": 2}),
    ],
    ids=str,
)
def test_the_hooks_are_keras_s(method, options):
    wanted = golden.ask(lambda: run(keras, method, None, options), method, options)
    assert run(lamina, method, None, options) == wanted


@pytest.mark.parametrize(
    "hook",
    [
        "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
        "on_test_begin", "on_test_batch_end", "on_test_end", "on_epoch_end",
    ],
)  # fmt: skip
def test_a_fit_stops_where_keras_stops(hook):
    options = {"epochs": 3, "validated": True}
    wanted = golden.ask(lambda: run(keras, "fit", hook, options), hook, options)
    assert run(lamina, "fit", hook, options) == wanted


@pytest.mark.parametrize(
    ("method", "hook"),
    [
        ("evaluate", "on_test_batch_begin"),
        ("evaluate", "on_test_batch_end"),
        ("predict", "on_predict_batch_end"),
    ],
)
def test_evaluate_and_predict_stop_where_keras_stops(method, hook):
    wanted = golden.ask(lambda: run(keras, method, hook, {}), method, hook)
    assert run(lamina, method, hook, {}) == wanted


def two_outputs(library):
    x = library.Input((1,))
    outputs = [library.layers.Dense(1, "sigmoid", name=name)(x) for name in ("b", "a")]
    model = library.Model(x, outputs)
    model.compile("sgd", "mse", metrics=[["mae", "accuracy"], ["accuracy", "mse"]])
    y = [Y, Y]
    history = model.fit(X, y, verbose=0, validation_data=(X, y)).history
    return [list(history), list(model.evaluate(X, y, verbose=0, return_dict=True))]


def test_the_keys_of_several_outputs_stand_in_keras_s_order():
    assert two_outputs(lamina) == golden.ask(lambda: two_outputs(keras))


def outputs_told(library):
    told = []
    callback = library.callbacks.LambdaCallback(
        on_predict_batch_end=lambda batch, logs: told.append(np.shape(logs["outputs"]))
    )
    compiled(library).predict(X, verbose=0, batch_size=None, callbacks=[callback])
    return [list(shape) for shape in told]


def test_hooks_of_predict_see_the_outputs_of_a_batch():
    assert outputs_told(lamina) == golden.ask(lambda: outputs_told(keras))
    assert outputs_told(lamina) == [[10, 1]]


def batches_heard(library):
    """Return the number of batches reported to hooks if no batch size is given."""
    heard = []
    tell = library.callbacks.LambdaCallback(
        on_test_batch_end=lambda batch, logs: heard.append(batch),
        on_predict_batch_end=lambda batch, logs: heard.append(batch),
    )
    model, x = compiled(library), np.repeat(X, 5, axis=0)
    model.evaluate(x, np.repeat(Y, 5, axis=0), verbose=0, callbacks=[tell])
    model.predict(x, verbose=0, callbacks=[tell])
    return heard


def test_without_a_batch_size_hooks_hear_of_keras_s_batches():
    assert batches_heard(lamina) == golden.ask(lambda: batches_heard(keras)) == [0, 1, 0, 1]


def test_more_steps_than_there_are_batches_are_warned_of():
    model = compiled(lamina)
    with pytest.warns(UserWarning, match="steps_per_epoch is 9, but the data have only 3 batches"):
        history = model.fit(X, Y, batch_size=4, steps_per_epoch=9, verbose=0)
    assert history.params["steps"] == 3
    with pytest.warns(UserWarning, match="steps is 2, but the data have only 1 batches"):
        assert model.predict(X, steps=2).shape == (10, 1)
    for method, more in ((model.evaluate, [Y]), (model.predict, [])):
        with pytest.raises(ValueError, match="steps must be a positive integer; got 0"):
            method(X, *more, steps=0)


def test_steps_take_the_first_rows():
    model = compiled(lamina)
    np.testing.assert_array_equal(model.predict(X, 3, steps=2), model.predict(X[:6]))
    assert model.evaluate(X, Y, 3, steps=2) == model.evaluate(X[:6], Y[:6])
    logs = model.fit(
        X, Y, batch_size=3, verbose=0, validation_data=(X, Y), validation_steps=2
    ).history
    assert logs["val_loss"] == [model.evaluate(X[:6], Y[:6])[0]]
    rows = [row[: 1 + i % 3] for i, row in enumerate(np.ones((9, 3, 1), np.float32))]
    series = lamina.Sequential([lamina.Input((None, 1)), lamina.layers.SimpleRNN(1)])
    np.testing.assert_array_equal(series.predict(rows, 2, steps=2), series.predict(rows[:4]))


def test_a_callback_list_calls_all_hooks_of_a_loop_by_hand():
    seen = []
    tell = lamina.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs))
    old = lamina.callbacks.LambdaCallback(on_batch_end=lambda batch, logs: seen.append(batch))
    model = compiled(lamina)
    hooks = lamina.callbacks.CallbackList([[tell], old], add_history=True, model=model, epochs=2)
    assert tell.model is model
    assert old.params == {"epochs": 2}
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.on_train_batch_end(3)
    hooks.on_epoch_end(0, {"loss": 1.0})
    assert seen == [3, {"loss": 1.0}]
    assert hooks.callbacks[-1].history == {"loss": [1.0]}
    assert list(lamina.callbacks.CallbackList([hooks, None])) == hooks.callbacks
    seen.clear()
    model.fit(X, Y, verbose=0, callbacks=hooks)
    assert seen[0] == 0
    assert len(seen) == 2


def test_an_older_name_is_not_called_beside_the_newer_one():
    class Both(lamina.callbacks.Callback):
        calls = ()

        def on_train_batch_end(self, batch, logs=None):
            self.calls += ("new",)

        def on_batch_end(self, batch, logs=None):
            self.calls += ("old",)

    class Up(Both):
        def on_train_batch_end(self, batch, logs=None):
            lamina.callbacks.Callback.on_train_batch_end(self, batch, logs)

    for cls, called in ((Both, "new"), (Up, "old")):
        callback = cls()
        compiled(lamina).fit(X, Y, verbose=0, callbacks=callback)
        assert callback.calls == (called,)
