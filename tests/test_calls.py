"""Errors of calls with wrong arguments name the function, the argument and the likely name."""

import importlib
import inspect

import numpy as np
import pytest

import lamina
from lamina import datasets, layers, losses, optimizers, plot, random, utils

X, Y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
ROOMS = (
    "", "baselines", "callbacks", "initializers", "layers", "losses", "metrics",
    "model_selection", "nnet", "optimizers", "optimizers.schedules", "plot", "random",
    "regularizers", "runtime", "utils",
    "datasets.boston", "datasets.cifar10", "datasets.cifar100", "datasets.fashion_mnist",
    "datasets.hitters", "datasets.imdb", "datasets.mnist", "datasets.nyse",
)  # fmt: skip
# Created only by the package, or accepting hooks as keywords, with their own message.
OTHERS = {"AvNNet", "Baseline", "Comparison", "ComplexityPath", "CrossValidation", "Search",
          "SymbolicTensor", "LambdaCallback", "ModelFrame", "Multinom", "NNet",
          "NotCompiledError", "TrainingAdvice",
          "TrainingDiverged", "Node", "CallbackList"}  # fmt: skip


def chain():
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def callables(path):
    room = importlib.import_module(f"lamina.{path}".rstrip("."))
    names = getattr(room, "__all__", None) or ["load", "load_data"]
    for name in sorted(set(names) - OTHERS):
        thing = getattr(room, name, None)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield thing


@pytest.mark.parametrize("path", ROOMS)
def test_every_public_function_and_constructor_answers_an_unknown_name(path):
    walked = list(callables(path))
    assert walked
    for thing in walked:
        with pytest.raises(TypeError, match=r"\S: unknown argument 'zzzz'; known: "):
            thing(zzzz=1)


def graph():
    x = lamina.Input((2,))
    model = lamina.Model(x, layers.Dense(1, name="out")(x))
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("make", [chain, graph])
def test_every_method_of_a_model_answers_an_unknown_name(make):
    model = make()
    methods = [n for n in dir(model) if n[0] != "_" and inspect.ismethod(getattr(model, n))]
    assert {"fit", "predict", "predict_on_batch", "set_weights", "get_layer"} <= set(methods)
    for name in [*methods, "__call__"]:
        who = model.name if name == "__call__" else name
        with pytest.raises(TypeError, match=rf"^{who}: unknown argument 'zzzz'; known: "):
            getattr(model, name)(zzzz=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Dense(output_dim=3), "Dense: unknown argument 'output_dim'; use units"),
        (lambda: layers.Dropout(p=0.3), "Dropout: unknown argument 'p'; use rate"),
        (lambda: layers.Conv2D(nb_filter=3), "Conv2D: unknown argument 'nb_filter'; use filters"),
        (lambda: chain().fit(X=X, Y=Y), "fit: unknown argument 'X'; did you mean 'x'?"),
        (lambda: chain().predict(X=X), "predict: unknown argument 'X'; did you mean 'x'?"),
        (lambda: chain()(X=X), "sequential: unknown argument 'X'; did you mean 'x'?"),
        (lambda: layers.Dense(3)(X=X), "dense: unknown argument 'X'; did you mean 'x'?"),
        (lambda: chain().predict(X, batch=3), "predict: unknown argument 'batch'; use batch_size"),
        (lambda: layers.MaxPooling2D(pool=2),
         "MaxPooling2D: unknown argument 'pool'; did you mean 'pool_size'?"),
        (lambda: lamina.Model(input=1, output=2),
         "Model: unknown argument 'input'; use inputs= and outputs="),
        (lambda: utils.to_categorical([1], nb_classes=2),
         "to_categorical: unknown argument 'nb_classes'; use num_classes"),
        (lambda: losses.Huber()(y_tru=Y, y_pred=Y),
         "Huber: unknown argument 'y_tru'; did you mean 'y_true'?"),
        (lambda: datasets.boston.load_data(test_split=0.2),
         "boston.load_data: unknown argument 'test_split'; leave it out: the data come with the "
         "package, in a fixed split"),
        (lambda: chain().evaluate(X, Y, workers=1),
         "evaluate: unknown argument 'workers'; "
         "they are arguments of a PyDataset: make it with them"),
        (lambda: chain().test_on_batch(X, Y, workers=1),
         "test_on_batch: unknown argument 'workers'; "
         "they are arguments of a PyDataset: make it with them"),
        (lambda: chain().test_on_batch(X), "test_on_batch: y is None; needs an array"),
        (lambda: chain().predict(), "predict: x is None; needs an array"),
        (lambda: chain().fit(), "fit: needs x; got no argument"),
        (lambda: layers.Conv2D(3), "Conv2D: needs kernel_size; got filters"),
        (lambda: layers.Dense(3, units=3),
         "Dense: units must be given once; got it by position and by name"),
        (lambda: optimizers.SGD(0.1, 0.9, False, None),
         "SGD: takes learning_rate, momentum, nesterov by position; got 4 arguments"),
        (lambda: random.Stream(sed=1), "Stream: unknown argument 'sed'; did you mean 'seed'?"),
    ],
)  # fmt: skip
def test_what_is_meant(call, message):
    with pytest.raises(TypeError) as error:
        call()
    assert str(error.value) == message


def test_errors_from_within_pass_unchanged():
    """A TypeError inside a user's function is not an error of the call."""

    class Odd(layers.Layer):
        def build(self, input_shape):
            len(3)

    with pytest.raises(TypeError, match=r"^object of type 'int' has no len\(\)$"):
        lamina.Sequential([lamina.Input((2,)), Odd()])


@pytest.mark.parametrize("value", [5, [1], b"x"])
def test_paths(value, tmp_path):
    for who, call in {
        "cifar10: path": datasets.cifar10.load_data,
        "cifar100: path": datasets.cifar100.load_data,
        "fashion_mnist: path": datasets.fashion_mnist.load_data,
        "imdb: path": datasets.imdb.load_data,
        "read_idx: path": datasets.read_idx,
        "plot_model: to_file": lambda path: utils.plot_model(chain(), path),
        "learning_curves: path": lambda path: plot.learning_curves({"loss": [1.0]}, path),
    }.items():
        with pytest.raises(TypeError) as error:
            call(value)
        assert str(error.value) == f"{who} must be a string or a path; got {value!r}"


def test_switches_of_data_sets():
    for who, call in {
        "hitters.load: drop_missing": datasets.hitters.load,
        "nyse.load_data: standardize": lambda value: datasets.nyse.load_data(5, value),
    }.items():
        with pytest.raises(TypeError, match=f"^{who} must be True or False; got 'no'$"):
            call("no")
