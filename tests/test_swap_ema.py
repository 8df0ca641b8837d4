"""Averaged weights while a model is evaluated, against Keras."""

import contextlib

import numpy as np
import pytest

import golden
import lamina
from lamina import callbacks
from lamina.models import load_model

keras = golden.Peer("keras")

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(-1, 1)
Y = 2 * X
START = [np.full((1, 1), 0.5, np.float32), np.zeros(1, np.float32)]


def compiled(library, **options):
    model = library.Sequential([library.Input((1,)), library.layers.Dense(1)])
    options = {"use_ema": True, "ema_momentum": 0.8, **options}
    model.compile(library.optimizers.SGD(0.1, **options), "mse")
    model.set_weights(START)
    return model


def trained(library, swap_on_epoch, stops):
    """Return losses, the weights that callbacks see at each epoch's end, and the final ones."""
    model, seen = compiled(library), []

    def look(epoch, logs):
        seen.append(float(np.asarray(model.get_weights()[0])[0, 0]))
        model.stop_training = stops

    history = model.fit(
        X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y),
        callbacks=[
            library.callbacks.SwapEMAWeights(swap_on_epoch),
            library.callbacks.LambdaCallback(on_epoch_end=look),
        ],
    ).history  # fmt: skip
    return [history["loss"], history["val_loss"], seen, model.get_weights()]


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_a_fit_is_keras_s(swap_on_epoch):
    wanted = golden.ask(lambda: trained(keras, swap_on_epoch, False), swap_on_epoch)
    ours = trained(lamina, swap_on_epoch, False)
    for mine, theirs in zip(ours, wanted, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_a_fit_that_is_stopped_ends_with_the_averages():
    _, losses, seen, last = trained(lamina, True, True)
    assert len(losses) == 1
    assert last[0][0, 0] == pytest.approx(seen[0])


def test_evaluate_and_predict_measure_the_averages_and_leave_the_weights():
    model = compiled(lamina)
    swap = callbacks.SwapEMAWeights()
    model.evaluate(X, Y, callbacks=swap)  # no step: nothing to swap
    np.testing.assert_array_equal(model.get_weights()[0], START[0])
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    before = model.get_weights()
    average = [np.array(a) for a in model.optimizer._model_variables_moving_average]
    found = model.predict(X, callbacks=[swap])
    np.testing.assert_allclose(found, X @ average[0] + average[1], rtol=1e-6)
    assert model.evaluate(X, Y, callbacks=[swap]) == pytest.approx(np.mean((found - Y) ** 2))
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)

    def fail(batch, logs):
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        broken = callbacks.LambdaCallback(on_predict_batch_begin=fail)
        model.predict(X, callbacks=[swap, broken])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_a_model_saved_with_its_averages_in_place_trains_on_to_the_same_bits(tmp_path):
    def fit(model, **options):
        swap = callbacks.SwapEMAWeights(swap_on_epoch=True)
        keep = callbacks.ModelCheckpoint(tmp_path / "{epoch}.lamina")
        options = {"epochs": 4, "callbacks": [swap, keep], **options}
        model.fit(X, Y, batch_size=4, verbose=0, **options)
        return model.get_weights()

    lamina.set_random_seed(3)
    whole = fit(compiled(lamina))
    again = load_model(tmp_path / "2.lamina")
    averages = [np.array(w) for w in again.get_weights()]
    for ours, theirs in zip(fit(again, resume=True), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert averages[0] != whole[0]


def test_an_optimizer_without_averages_is_refused():
    model = compiled(lamina, use_ema=False)
    with pytest.raises(ValueError, match="SwapEMAWeights: needs an optimizer with use_ema=True"):
        model.evaluate(X, Y, callbacks=callbacks.SwapEMAWeights())
