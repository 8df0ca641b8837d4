"""The jobs on whose test data lamina and Keras are compared: one entry each.

A job is data, like a workload: `layers` are the tuples of `workloads`, and the optimizer is named
and has the default settings of both libraries (which are the same).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "data"


@dataclass(frozen=True)
class Job:
    """A network, its training, its data, and lamina's targets on the test rows."""

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[tuple[str | int | float, ...], ...]
    optimizer: str
    loss: str
    batch: int
    epochs: int
    data: str  # an entry of DATA
    target: float | None = None  # of the median, in the unit of `score`
    target_time: float | None = None  # lamina's seconds over Keras's, at most

    @property
    def regression(self) -> bool:
        return self.loss == "mean_squared_error"

    @property
    def unit(self) -> str:
        return "R2" if self.regression else "%"

    @property
    def margin(self) -> float:
        """Return the margin by which the median may be below Keras's: 0.3 points."""
        return 0.003 if self.regression else 0.3

    def settings(self) -> str:
        """Return all settings on which a result depends; others' results are not reused."""
        kept = {key: value for key, value in asdict(self).items() if "target" not in key}
        return repr(sorted(kept.items()))

    def score(self, y: Array, output: Array) -> float:
        """Return the percentage of rows classified correctly; for a regression, R squared."""
        if self.regression:
            wrong = np.square(y - output.reshape(-1).astype(np.float64)).sum()
            return float(1.0 - wrong / np.square(y - y.mean()).sum())
        classes = output.argmax(axis=1) if output.shape[1] > 1 else output[:, 0] > 0.5
        return float(100.0 * np.mean(classes == y))


Split = tuple[tuple[Array, Array], tuple[Array, Array]]


def _images(split: Split) -> dict[str, Array]:
    """Return the bytes unchanged: `floats` scales them in the process that uses them."""
    (x, y), (x_test, y_test) = split
    return {"x": x[..., None], "y": y, "x_test": x_test[..., None], "y_test": y_test}


def _mnist(_folder: str | None) -> dict[str, Array]:
    from lamina.datasets import mnist

    return _images(mnist.load_data())


def _fashion(folder: str | None) -> dict[str, Array]:
    from lamina.datasets import fashion_mnist

    return _images(fashion_mnist.load_data(folder))


def _nyse(_folder: str | None) -> dict[str, Array]:
    from lamina.datasets import nyse

    (x, y), (x_test, y_test) = nyse.load_data(lags=5)
    return {"x": x, "y": y, "x_test": x_test, "y_test": y_test}


def _imdb(_folder: str | None) -> dict[str, Array]:
    from lamina.datasets import imdb
    from lamina.utils import pad_sequences

    (x, y), (x_test, y_test) = imdb.load_data(EXAMPLES)
    padded = [pad_sequences(reviews, maxlen=200) for reviews in (x, x_test)]
    return {"x": padded[0], "y": y, "x_test": padded[1], "y_test": y_test}


DATA: dict[str, Callable[[str | None], dict[str, Array]]] = {
    "mnist": _mnist,
    "fashion_mnist": _fashion,
    "nyse": _nyse,
    "imdb": _imdb,
}


def floats(arrays: dict[str, Array], job: Job) -> dict[str, Array]:
    """Convert arrays to the form on which both libraries train: ink in [0, 1], float32, int32."""
    result = {}
    for name, array in arrays.items():
        if name.startswith("y"):
            result[name] = array.astype(np.float32 if job.regression else np.int32)
        elif array.dtype == np.uint8:
            scaled = array.astype(np.float32) / np.float32(255)
            result[name] = scaled.reshape(len(array), *job.input_shape)
        else:
            result[name] = array.astype(np.int32 if array.dtype.kind in "iu" else np.float32)
    return result


def linear_r2(arrays: dict[str, Array]) -> float:
    """Return the test R squared of least squares on all lags: the linear autoregression."""

    def design(x: Array) -> Array:
        return np.column_stack([np.ones(len(x)), x.reshape(len(x), -1)])

    coefficients = np.linalg.lstsq(design(arrays["x"]), arrays["y"], rcond=None)[0]
    y = arrays["y_test"]
    wrong = np.square(y - design(arrays["x_test"]) @ coefficients).sum()
    return float(1.0 - wrong / np.square(y - y.mean()).sum())


_CNN: tuple[tuple[str | int | float, ...], ...] = (
    ("conv2d", 32, 3, "valid", "relu"),
    ("max_pool2d", 2),
    ("conv2d", 64, 3, "valid", "relu"),
    ("max_pool2d", 2),
    ("flatten",),
    ("dropout", 0.3),
    ("dense", 128, "relu"),
    ("dense", 10, "softmax"),
)
_CLASSES = "sparse_categorical_crossentropy"

JOBS = {
    job.name: job
    for job in (
        # The book's MNIST network (section 10.9.2) on the digits that come with lamina.
        Job(
            name="mnist-mlp",
            input_shape=(784,),
            layers=(
                ("dense", 256, "relu"),
                ("dropout", 0.4),
                ("dense", 128, "relu"),
                ("dropout", 0.3),
                ("dense", 10, "softmax"),
            ),
            optimizer="adam",
            loss=_CLASSES,
            batch=128,
            epochs=20,
            data="mnist",
        ),
        Job(
            name="mnist-cnn",
            input_shape=(28, 28, 1),
            layers=_CNN,
            optimizer="adam",
            loss=_CLASSES,
            batch=128,
            epochs=12,
            data="mnist",
            target=97.1,
        ),
        Job(
            name="fashion-cnn",
            input_shape=(28, 28, 1),
            layers=_CNN,
            optimizer="adam",
            loss=_CLASSES,
            batch=128,
            epochs=5,
            data="fashion_mnist",
            target=89.4,
            target_time=0.25,
        ),
        # The book's NYSE network (section 10.9.6), with both dropouts.
        Job(
            name="nyse-rnn",
            input_shape=(5, 3),
            layers=(("simple_rnn", 12, "tanh", 0.1, 0.1), ("dense", 1, "linear")),
            optimizer="rmsprop",
            loss="mean_squared_error",
            batch=64,
            epochs=75,
            data="nyse",
            target=0.405,
        ),
        # The book's IMDB network (section 10.9.5) on 500 words and 200 a review; with Adam, because
        # RMSprop's scores differ by six points and more from seed to seed.
        Job(
            name="imdb-lstm",
            input_shape=(200,),
            layers=(("masked_embedding", 500, 32), ("lstm", 32), ("dense", 1, "sigmoid")),
            optimizer="adam",
            loss="binary_crossentropy",
            batch=64,
            epochs=10,
            data="imdb",
        ),
    )
}
