"""A model referenced by a user's function is freed when nothing else refers to it."""

import gc
import weakref

import numpy as np
import pytest

import lamina
from lamina.layers import Dense, Input, PythonLayer, TimeDistributed

X = np.ones((4, 3), "float32")


def through_a_loss():
    model = lamina.Sequential([Input((3,)), Dense(3)])
    loss = lamina.losses.PythonLoss(
        lambda y, p: np.square(y - p).mean(-1) + 0 * model.count_params(),
        lambda y, p: 2 * (p - y) / p.shape[-1] + 0 * model.count_params(),
    )
    model.compile("adam", loss)
    return model


def through_a_layer():
    def forward(x):
        return x + 0 * model.count_params()

    def backward(dy, x):
        return dy + 0 * model.count_params()

    model = lamina.Sequential([Input((3,)), Dense(3), PythonLayer(forward, backward)])
    model.compile("adam", "mse")
    return model


def through_a_layer_within():
    def forward(x):
        return x + 0 * model.count_params()

    inner = lamina.Sequential([Dense(3), PythonLayer(forward, lambda dy, x: dy)])
    x = Input((1, 3))
    model = lamina.Model(x, lamina.layers.Flatten()(TimeDistributed(inner)(x)))
    model.compile("adam", "mse")
    return model


def through_a_metric_and_a_callback():
    model = lamina.Sequential([Input((3,)), Dense(3)])

    def error(y, p):
        return np.abs(y - p).mean(-1) + 0 * model.count_params()

    model.compile("adam", "mse", metrics=[error])
    model.mine = lamina.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: model.seed)
    return model


@pytest.mark.parametrize(
    "make",
    [through_a_loss, through_a_layer, through_a_layer_within, through_a_metric_and_a_callback],
)
def test_a_model_within_its_own_functions_is_collected(make):
    models = []
    for _ in range(3):
        model = make()
        x = X.reshape(4, *model.input_shape[1:])
        callbacks = [model.mine] if hasattr(model, "mine") else []
        model.fit(x, X, verbose=0, callbacks=callbacks)
        model.evaluate(x, X)
        model.predict(x)
        with pytest.raises(ValueError, match=r"\w"):
            model.fit(x, X[:1], verbose=0)
        models.append(weakref.ref(model))
    del model, callbacks
    gc.collect()
    assert [ref() for ref in models] == [None] * 3


def test_a_prediction_ends_with_the_layers_it_began_with():
    def forward(x):
        if len(model.layers) == 2:
            model.pop()
            gc.collect()
        return x + 1

    for dtype in ("float32", "float64"):
        model = lamina.Sequential([Input((3,)), Dense(3, kernel_initializer="zeros")])
        model.build()
        model.add(PythonLayer(forward, None))
        assert (model.predict(X.astype(dtype), batch_size=1) == 1).all()
        assert (model.predict(X) == 0).all()
