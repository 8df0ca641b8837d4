"""A program's numpy.seterr, and warnings as errors, have no effect."""

import threading

import numpy as np
import pytest

import lamina
from lamina import initializers, losses, metrics, optimizers, regularizers
from lamina.layers import Dense, Input, Normalization, PythonLayer

TINY = np.resize([1e-310, 1e-45, 1e-200, -1e-300, 1e-40, 1e-38, 0.0, 1.0], (24, 3))


@pytest.fixture(autouse=True)
def raising():
    with np.errstate(all="raise"):
        yield


class Own(optimizers.Adam):
    """A rule that runs in NumPy."""

    def update_step(self, *arguments):
        super().update_step(*arguments)


def fitted(optimizer="adam", y=TINY[:, :1], **options):
    model = lamina.Sequential([Input((3,)), Dense(4, "tanh", kernel_regularizer="l1_l2"), Dense(1)],
                              seed=1)  # fmt: skip
    model.compile(optimizer, "mse", metrics=["rmse", "r2", lambda y, p: np.abs(y - p)[:, 0]])
    model.fit(TINY, y, epochs=2, sample_weight=np.resize([1e-320, 1.0], 24), verbose=0,
              validation_split=0.25)  # fmt: skip
    return model


OPTIMIZERS = [
    "adam", Own(1e-30), Own(amsgrad=True, clipnorm=1e-30, weight_decay=1e-30),
    type("S", (optimizers.SGD,), {"update_step": optimizers.SGD.update_step})(1e-30, 0.9),
    type("R", (optimizers.RMSprop,), {"update_step": optimizers.RMSprop.update_step})(
        momentum=0.9, global_clipnorm=1e-20),
    optimizers.Adam(optimizers.schedules.ExponentialDecay(1e-3, 1, 1e-30)),
]  # fmt: skip


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
def test_fit_evaluate_and_predict(optimizer):
    model = fitted(optimizer)
    model.evaluate(TINY, TINY[:, :1])
    model.train_on_batch(TINY, TINY[:, :1])
    assert np.isfinite(model.predict(TINY)).all()
    model.set_weights([np.full(w.shape, 1e-320) for w in model.get_weights()])
    assert not any(w.any() for w in model.get_weights())


def test_the_bits_are_the_same_and_the_setting_stays():
    weights = [w.tolist() for w in fitted(Own()).get_weights()]
    with np.errstate(all="ignore"):
        assert [w.tolist() for w in fitted(Own()).get_weights()] == weights
    with pytest.raises(FloatingPointError):
        np.float32(1e-30) * np.float32(1e-30)


def test_in_threads_too():
    caught = []

    def run():
        np.seterr(all="raise")
        try:
            fitted(Own())
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert caught == []


def test_what_users_write_raises_as_they_wish():
    square = PythonLayer(lambda x: x.astype("float64") * 1e-320, lambda dy, x: dy)
    with pytest.raises(FloatingPointError, match="underflow encountered in multiply"):
        square([[1e-4]])
    double = PythonLayer(lambda x: np.full(x.shape, 1e-200), lambda dy, x: dy)
    assert double([[1.0]]).tolist() == [[0.0]]  # the settings do not affect the cast


@pytest.mark.parametrize(
    "call",
    [
        lambda: losses.Huber(1e-30)(TINY, TINY * 0, np.full(24, 1e-320)),
        lambda: losses.BinaryCrossentropy()(np.abs(TINY), np.abs(TINY)),
        lambda: metrics.RootMeanSquaredError()(TINY, TINY * 0, np.full(24, 1e-320)),
        lambda: metrics.R2Score()(TINY, TINY * 0, np.full(24, 1e-320)),
        lambda: metrics.MeanMetricWrapper(lambda y, p: y[:, 0])(TINY, TINY, np.full(24, 1e-320)),
        lambda: initializers.Constant(1e-320)((3,)),
        lambda: initializers.Identity(1e-320)((3, 3)),
        lambda: initializers.Orthogonal(1e-320)((3, 3)),
        lambda: initializers.RandomNormal(0.0, 1e-320)((3, 3)),
        lambda: initializers.RandomUniform(-1e-320, 1e-320)((3, 3)),
        lambda: initializers.VarianceScaling(1e-320)((3, 3)),
        lambda: regularizers.L1L2(1e-300, 1e-300)(TINY),
        lambda: lamina.activations.sigmoid(-1e4 * np.ones(3)),
        lambda: Dense(2)(TINY),
    ],
)
def test_single_objects(call):
    assert np.isfinite(call()).all()


def test_normalization():
    for invert in (False, True):
        layer = Normalization(invert=invert)
        layer.adapt(TINY)
        assert np.isfinite(layer(np.ones((2, 3)))).all()
        layer.set_weights(layer.get_weights())
    with pytest.raises(ValueError, match=r"finite variance in float64; column 1 ranges from -1"):
        layer.adapt([[0.0, 1e300, 1.0], [1.0, -1e300, 2.0]])
