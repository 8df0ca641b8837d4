"""Every public name of Keras exists, or the error says what to use (tools/keras_names.py)."""

import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import callbacks, initializers, layers, losses, metrics, optimizers, regularizers
from lamina._keras import arguments, objects, rooms
from lamina._public import Absent

KERAS = json.loads((Path(__file__).parent / "keras_names.json").read_text())


def room(path):
    """Return lamina's module, or None if it, or one above it, raises its own error."""
    module = lamina
    for part in filter(None, path.split(".")):
        module = getattr(module, part, None)
        if module is None:
            return None
    return module


PRESENT = [path for path in KERAS["rooms"] if room(path) is not None]


def test_most_rooms_are_walked():
    assert {"", "layers", "optimizers.schedules", "datasets.imdb", "random"} <= set(PRESENT)


@pytest.mark.parametrize("path", PRESENT)
def test_names_of_modules(path):
    module = room(path)
    for name in KERAS["rooms"][path].split():
        if hasattr(module, name):
            continue
        with pytest.raises(AttributeError) as error:
            getattr(module, name)
        text = str(error.value)
        assert text.startswith(f"{module.__name__} has no {name!r}; "), text
        assert "lists what it has" not in text, text
        assert "did you mean" not in text, text


@pytest.mark.parametrize(
    ("statement", "error", "words"),
    [
        ("from lamina.layers import CuDNNLSTM", ImportError, "use LSTM or GRU"),
        ("from lamina.regularizers import Dropout", ImportError, "use lamina.layers.Dropout"),
        ("from lamina.layers import Dens", ImportError, "did you mean 'Dense'?"),
        ("from lamina.layers import max_pooling2d", ImportError, "use MaxPooling2D"),
        ("from lamina import device", ImportError, "there is one backend"),
        ("import lamina.device", ModuleNotFoundError, "and no session"),
        ("from lamina.config import set_floatx", ImportError, "dtype is each model's"),
        ("from lamina.applications.vgg16 import VGG16", ModuleNotFoundError, "no pretrained"),
        ("from lamina.preprocessing.text import x", ModuleNotFoundError, "layer TextVectorization"),
        ("from lamina.preprocessing.image import ImageDataGenerator", ImportError, "RandomFlip"),
        ("from lamina.layers import Merge", ImportError, "use Add, Multiply, Concatenate"),
        ("lamina.backend.mean", AttributeError, "use lamina.ops.mean"),
        ("lamina.backend.permute_dimensions", AttributeError, "use lamina.ops.transpose"),
        ("lamina.ops.reduce_mean", AttributeError, "use lamina.ops.mean"),
        ("lamina.ops.gather", AttributeError, "use lamina.ops.take"),
        ("lamina.ops.range", AttributeError, "use lamina.ops.arange"),
        ("import lamina.nothing", ModuleNotFoundError, "No module named"),
        ("lamina.backend.set_floatx('float16')", AttributeError, "dtype is each model's"),
        ("lamina.Dense", AttributeError, "use lamina.layers.Dense"),
        ("lamina.optimizer", AttributeError, "did you mean 'optimizers'?"),
        ("lamina.datasets.mnist.load_dta", AttributeError, "did you mean 'load_data'?"),
        ("lamina.export", AttributeError, "model.export('model.onnx')"),
        ("lamina.utils.bounding_boxes", AttributeError, "RandomFlip(bounding_box_format="),
        ("lamina.Sequential().fit_generator", AttributeError, "fit, which takes generators"),
        ("lamina.Sequential().predict_generator", AttributeError, "predict, which takes gen"),
        ("lamina.Sequential().evaluate_generator", AttributeError, "evaluate, which takes gen"),
        ("lamina.layers.InputSpec", AttributeError, "in build(input_shape)"),
        ("lamina.nothing", AttributeError, "dir(lamina) lists what it has"),
    ],
)
def test_imports_and_misspelt_names(statement, error, words):
    with pytest.raises(error) as raised:
        exec(statement, {"lamina": lamina})
    assert words in str(raised.value)


def test_python_adds_no_second_suggestion():
    run = subprocess.run([sys.executable, "-c", "import lamina; lamina.layers.Dens"],
                         capture_output=True, text=True, check=False)  # fmt: skip
    assert run.stderr.splitlines()[-1].endswith("has no 'Dens'; did you mean 'Dense'?")


def test_asking_is_no_error():
    assert not hasattr(layers, "CuDNNLSTM")
    assert not hasattr(lamina, "distribution")
    assert getattr(lamina.Sequential(), "quantize", None) is None
    assert importlib.util.find_spec("lamina.nothing") is None
    with pytest.raises(AttributeError, match=r"^module 'lamina.layers' has no attribute '_x'$"):
        layers._x  # noqa: B018


def test_other_names_of_the_same():
    assert layers.MaxPool2D is layers.MaxPooling2D
    assert layers.GlobalAvgPool1D is layers.GlobalAveragePooling1D
    assert regularizers.l2 is regularizers.L2
    assert initializers.he_normal is initializers.HeNormal
    assert initializers.orthogonal is initializers.Orthogonal
    assert losses.deserialize({"class_name": "Huber", "config": {"delta": 2.0}}).delta == 2.0
    assert lamina.Layer is layers.Layer


# --- objects


def compiled(model):
    model.compile("adam", "mse")
    return model


def chain():
    return compiled(lamina.Sequential([lamina.Input((2,)), layers.Dense(1), layers.Dense(1)]))


OBJECTS = {
    "Model": lambda: compiled(lamina.Model(x := lamina.Input((2,)), layers.Dense(1)(x))),
    "Sequential": chain,
    "layers.Layer": lambda: layers.Dense(2),
    "optimizers.Optimizer": optimizers.Adam,
    "optimizers.schedules.LearningRateSchedule": (
        lambda: optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    ),
    "losses.Loss": losses.Huber,
    "metrics.Metric": metrics.MeanAbsoluteError,
    "callbacks.Callback": callbacks.EarlyStopping,
    "callbacks.History": callbacks.History,
    "initializers.Initializer": initializers.HeNormal,
    "regularizers.Regularizer": regularizers.L2,
    "layers.SymbolicTensor": lambda: lamina.Input((3,)),
}


def test_every_class_has_an_object():
    assert OBJECTS.keys() == KERAS["attributes"].keys()


@pytest.mark.parametrize("path", OBJECTS)
def test_attributes(path):
    thing = OBJECTS[path]()
    if path == "layers.Layer":
        thing(lamina.Input((2,)))  # input and output are known
    for name in KERAS["attributes"][path].split():
        if hasattr(thing, name):
            continue
        with pytest.raises(AttributeError) as error:
            getattr(thing, name)
        text = str(error.value)
        assert text.startswith(f"{type(thing).__name__} has no attribute {name!r}; "), text
        assert "did you mean" not in text, text


def test_misspelt_attributes_and_those_that_raise():
    with pytest.raises(AttributeError, match=r"has no attribute 'fitt'$"):
        chain().fitt  # noqa: B018
    with pytest.raises(AttributeError, match="it was not called on an Input yet"):
        layers.Dense(3).output  # noqa: B018


METHODS = {
    "sum": "use ops.sum", "mean": "use ops.mean", "squeeze": "use ops.squeeze",
    "unsqueeze": "use ops.expand_dims", "float": r"use ops.cast\(x, 'float32'\)",
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_arrays_that_tensors_have_as_functions(name):
    class Own(layers.Layer):
        def build(self, shape):
            self.weight = self.add_weight((2,))

        def call(self, x):
            for tensor in (x, self.weight):
                assert not hasattr(tensor, name)
                assert not hasattr(tensor, "no_such_name")
                with pytest.raises(AttributeError, match=rf"has no attribute '{name}'; {words}$"):
                    getattr(tensor, name)
            return x

    words = METHODS[name]
    lamina.Sequential([Own()]).predict(np.ones((3, 2)))
    with pytest.raises(AttributeError, match=rf"^SymbolicTensor has no .*'; {words}$"):
        getattr(lamina.Input((2,)), name)


def test_the_line_that_asks_a_tensor_for_a_method_is_told():
    class Own(layers.Layer):
        def call(self, x):
            return x if x.sum() > 0 else -x

    said = r"^mine: Tensor has no attribute 'sum'; use ops.sum; in .*, line \d+: return x if x.sum"
    with pytest.raises(AttributeError, match=said):
        lamina.Sequential([Own(name="mine")]).predict(np.ones((3, 2)))


def test_attributes_of_classes():
    with pytest.raises(AttributeError, match=r"^Model has no attribute 'quantize'; models are"):
        lamina.Model.quantize  # noqa: B018
    assert not hasattr(layers.Dense, "from_confg")


def test_the_learning_rate_by_its_older_name():
    adam = optimizers.Adam(0.1)
    adam.lr = 0.5
    assert adam.learning_rate == adam.lr == 0.5


@pytest.mark.parametrize("name", ["SGD", "AdamW", "LBFGS"])
def test_the_decay_of_keras_2_is_ignored_with_a_warning(name):
    with pytest.warns(
        UserWarning, match=f"^{name}: decay is ignored; give learning_rate a"
    ) as said:
        optimizer = getattr(optimizers, name)(0.1, decay=0.1)
    assert said[0].filename == __file__
    assert optimizer.learning_rate == 0.1
    getattr(optimizers, name)(decay=None)


def test_trainable_weights():
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(3), layers.BatchNormalization()])
    assert [w.shape for w in model.trainable_weights] == [(2, 3), (3,), (3,), (3,)]
    assert [w.shape for w in model.non_trainable_weights] == [(3,), (3,)]
    dense, norm = model.layers
    dense.trainable = False
    assert [w.shape for w in model.trainable_weights] == [(3,), (3,)]
    assert dense.trainable_weights == []
    assert len(norm.trainable_weights) == len(norm.non_trainable_weights) == 2
    norm.trainable_weights[0][...] = 7.0
    np.testing.assert_array_equal(norm.get_weights()[0], [7.0] * 3)
    assert layers.Dense(2).trainable_weights == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("score", "use evaluate"), ("get_params", "use get_config"), ("set_params", "from_config"),
        ("partial_fit", "use train_on_batch"), ("predict_proba", "use predict"),
        ("decision_function", "use predict"), ("transform", "use predict"),
        ("coef_", "use get_weights"), ("loss_curve_", "use history.history"),
        ("classes_", "numpy.unique"), ("state_dict", "use get_weights"), ("eval", "call the model"),
    ],
)  # fmt: skip
def test_names_of_scikit_learn_and_torch(name, words):
    model = chain()
    with pytest.raises(AttributeError, match=f"^Sequential has no attribute '{name}'; .*{words}"):
        getattr(model, name)
    assert not hasattr(model, name)
    assert name not in dir(model)


# --- keyword arguments

X, Y = np.ones((4, 2), "float32"), np.ones(4, "float32")
CALLS = {
    "compile": lambda m, **k: m.compile("adam", "mse", **k),
    "fit": lambda m, **k: m.fit(X, Y, verbose=0, **k),
    "evaluate": lambda m, **k: m.evaluate(X, Y, **k),
    "predict": lambda m, **k: m.predict(X, **k),
    "train_on_batch": lambda m, **k: m.train_on_batch(X, Y, **k),
    "test_on_batch": lambda m, **k: m.test_on_batch(X, Y, **k),
    "summary": lambda m, **k: m.summary(print_fn=lambda text: None, **k),
}


@pytest.mark.parametrize("name", CALLS)
def test_arguments_of_methods(name):
    known = inspect.signature(getattr(lamina.Model, name)).parameters
    model = chain()
    for argument in set(KERAS["methods"][name].split()) - known.keys():
        with pytest.raises(TypeError, match=rf"^{name}: unknown argument '{argument}'; ") as error:
            CALLS[name](model, **{argument: 3})
        assert "did you mean" not in str(error.value)
        assert "known:" not in str(error.value)
        CALLS[name](model, **{argument: None})  # asks for nothing
    with pytest.raises(TypeError, match=rf"^{name}: unknown argument 'zzzz'; known: "):
        CALLS[name](model, zzzz=1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: CALLS["fit"](chain(), epohcs=3), r"fit: .*'epohcs'; did you mean 'epochs'\?"),
        (lambda: optimizers.Adam(lr=0.1), "Adam: unknown argument 'lr'; use learning_rate"),
        (lambda: optimizers.SGD(momentun=0.9), r"SGD: .*'momentun'; did you mean 'momentum'\?"),
        (lambda: callbacks.EarlyStopping(patince=1), r"did you mean 'patience'\?"),
        (lambda: regularizers.L2(l=1), "L2: unknown argument 'l'; known: l2"),
        (lambda: initializers.HeNormal(sed=1), r"HeNormal: .*did you mean 'seed'\?"),
        (lambda: lamina.Input((3,), sparse=True), "Input: .*'sparse'; inputs are dense arrays"),
        (lambda: lamina.Sequential([], nam="x"), r"Sequential: .*did you mean 'name'\?"),
        (lambda: lamina.Model(x := lamina.Input((1,)), x, nam="x"), r"did you mean 'name'\?"),
        (lambda: layers.Dense(3, activaton="relu"), r"Dense: .*did you mean 'activation'\?"),
    ],
)  # fmt: skip
def test_misspelt_arguments(call, words):
    with pytest.raises(TypeError, match=words):
        call()


REQUIRED = {"units": 3, "filters": 3, "kernel_size": 3, "input_dim": 3, "output_dim": 3,
            "num_tokens": 3, "shape": (3,), "layer": layers.LSTM(2)}  # fmt: skip


def test_training_of_a_call():
    dense, x = layers.Dense(3), lamina.Input((2,))
    assert dense(X, training=False).shape == (4, 3)
    assert layers.LSTM(2)(X[None], training=False).shape == (1, 2)
    model = chain()
    np.testing.assert_array_equal(model(X, training=False), model.predict(X))
    assert dense(x, training=None).shape == (None, 3)
    assert dense(x, training=False).shape == (None, 3)
    for call in (lambda: dense(X, training=True), lambda: model(X, training=True)):
        np.testing.assert_array_equal(call(), call())  # training changes nothing here
    with pytest.raises(TypeError, match=r"dense: unknown argument 'msk'; did you mean 'mask'\?"):
        dense(X, msk=None)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: losses.get("contrastive"), "unknown loss 'contrastive'; there is none"),
        (lambda: metrics.get("brier"), "unknown metric 'brier'; use brier_score"),
        (
            lambda: metrics.get("smape"),
            "unknown metric 'smape'; there is none; give compile",
        ),
        (
            lambda: metrics.get("recal"),
            r"unknown metric 'recal'; did you mean 'recall'.*\? All are .* dir\(lamina.metrics\)$",
        ),
        (
            lambda: metrics.get("zzzz"),
            r"unknown metric 'zzzz'; all are listed by dir\(lamina.metrics\)$",
        ),
        (lambda: metrics.get("rmsle"), "MeanMetricWrapper does, or compute it from predict"),
        (lambda: losses.get("kl"), "'kl'; use kl_divergence"),
        (lambda: losses.get("smape"), "'smape'; there is none; give compile a function of two"),
        (
            lambda: losses.get("cross_entropy"),
            "binary_crossentropy for sigmoids, categorical_cross"
            "entropy for one-hot targets, or sparse_categorical_crossentropy for targets that are",
        ),
        (lambda: losses.get("CrossEntropyLoss"), "'CrossEntropyLoss'; use binary_crossentropy for"),
        (lambda: losses.get("rmse"), "'rmse'; use mse, which has its minimum at the same place"),
        (lambda: optimizers.get("sgdd"), r"unknown optimizer 'sgdd'; did you mean 'sgd'\?"),
        (lambda: chain().get_layer("attention"), r"unknown layer 'attention'; known: dense"),
    ],
)
def test_names_given_as_strings(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def own_parameters(cls):
    bases = (base for base in cls.__mro__ if base is not object and "__init__" in vars(base))
    return {name for base in bases for name in inspect.signature(vars(base)["__init__"]).parameters}


# By class: arguments that are accepted although no signature names them.
TAKEN = {
    "Embedding": "weights",
    "GRU": "use_cudnn",
    "InputLayer": "batch_shape",
    "LSTM": "use_cudnn",
    "Layer": "autocast",
}


@pytest.mark.parametrize("path", [p for p in KERAS["constructors"] if isinstance(room(p), type)])
def test_arguments_of_constructors(path):
    cls = room(path)
    if path in ("callbacks.LambdaCallback", "losses.Loss"):  # any hook; nothing
        return
    required = {name: REQUIRED[name] for name in REQUIRED.keys() & own_parameters(cls)}
    for argument in KERAS["constructors"][path].split():
        if argument in own_parameters(cls) or argument == TAKEN.get(cls.__name__):
            continue
        with pytest.raises(TypeError, match=rf"^{cls.__name__}: .*'{argument}'; ") as error:
            cls(**{**required, argument: 3})
        assert "did you mean" not in str(error.value)
        assert "known:" not in str(error.value)


def test_what_compile_ignores():
    model = chain()
    options = {"jit_compile": True, "run_eagerly": True, "steps_per_execution": 8}
    model.compile("sgd", "mse", **options, auto_scale_loss=False)
    for name in options:
        with pytest.raises((TypeError, ValueError), match=f"compile: {name} must be"):
            model.compile("adam", "mae", **{name: "sometimes"})
    assert model.loss.name == "mean_squared_error"


def test_summary_shows_what_trains():
    model = chain()
    model.layers[0].trainable = False
    lines = []
    model.summary(show_trainable=True, print_fn=lambda text: lines.extend(text.splitlines()))
    assert lines[1].endswith("Trainable")
    assert [line.split()[-1] for line in lines[3:5]] == ["no", "yes"]


# --- the tables


def test_operations_by_their_names_in_tensorflow_are_here():
    for names in {**rooms.OPS, **rooms.BACKEND}:
        for path in re.findall(r"lamina\.((?:ops|random)\.[\w.]+\w)", names):
            where, _, name = path.rpartition(".")
            assert hasattr(room(where), name), path


def test_tables_answer_for_what_is_not_here():
    for path, table in rooms.TABLES.items():
        for names in table.values():
            assert [n for n in names.split() if hasattr(room(path), n)] == [], path
    bases = {cls.__name__: cls for thing in OBJECTS.values() for cls in type(thing()).__mro__}
    for name, table in objects.TABLES.items():
        for names in table.values():
            for each in names.split():
                assert isinstance(inspect.getattr_static(bases[name], each), Absent), each
    assert arguments.TABLES.keys() >= {*CALLS, "Layer", "Optimizer"} - {"summary"}
    for tables in (rooms.TABLES, objects.TABLES, arguments.TABLES):
        for path, table in tables.items():
            names = [n for each in table.values() for n in each.split()]
            assert len(names) == len(set(names)), path


def test_an_optimizer_says_of_jit_compile_what_compile_does():
    with pytest.raises(TypeError, match="'jit_compile'; leave it out: every step runs in compiled"):
        lamina.optimizers.Adam(jit_compile=True)
