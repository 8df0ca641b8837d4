"""Models in files: they load with the same bits, and continue training to the same bits."""

import copy
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import layers, ops, optimizers
from lamina.models import clone_model, load_model, model_from_json
from lamina.optimizers import schedules
from lamina.saving import plain

RNG = np.random.default_rng(7)
X = RNG.normal(size=(48, 6)).astype("float32")
Y = RNG.integers(0, 3, 48)
LOGITS = lamina.losses.SparseCategoricalCrossentropy(from_logits=True)


class Scaled(layers.Layer):
    """Has a weight, an argument under another name, and an inner layer."""

    def __init__(self, factor, initial="ones", **base):
        super().__init__(**base)
        self.times, self.initial = factor, initial
        self.inner = layers.Dense(4, "tanh")

    def build(self, input_shape):
        self.slope = self.add_weight("slope", (4,), self.initial)
        self.seen = self.add_weight("seen", (), "zeros", dtype="int32")

    def call(self, x, training=None):
        if training:
            self.seen.assign_add(1)
        return self.inner(x) * self.slope * self.times


class Sevenths(lamina.initializers.Initializer):
    def values(self, shape, dtype, rng):
        return np.full(shape, 1 / 7, dtype)


class Net(lamina.Model):
    """A class with call whose constructor has no name argument."""

    def __init__(self, units, rate=0.25):
        super().__init__()
        self.first, self.last = layers.Dense(units, "relu"), layers.Dense(3)
        self.drop = layers.Dropout(rate)

    def call(self, x, training=None):
        return self.last(self.drop(self.first(x), training=training))


def twice(x):
    return 2 * x


def scaled_error(y_true, y_pred):
    return ops.square(ops.cast(y_true, "float32")[:, None] - y_pred)


OWN = {"Scaled": Scaled, "Sevenths": Sevenths, "Net": Net, "twice": twice,
       "scaled_error": scaled_error}  # fmt: skip


def sequential():
    norm, first = layers.Normalization(), lamina.initializers.Constant(np.arange(8.0))
    norm.adapt(X * 3)
    model = lamina.Sequential(
        [
            layers.Input((6,), name="rows"), norm,
            layers.Dense(8, "leaky_relu", kernel_regularizer=lamina.regularizers.L1L2(0.01, 0.02),
                         kernel_constraint="max_norm", bias_initializer=first),
            layers.Dropout(0.3), layers.BatchNormalization(), layers.Dense(3, "softmax"),
        ], name="chain", seed=5,
    )  # fmt: skip
    rate = schedules.ExponentialDecay(0.01, 3, 0.9)
    top = lamina.metrics.SparseTopKCategoricalAccuracy(2)
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizers.Adam(rate, amsgrad=True), loss, metrics=["accuracy", top])
    return model


def graph():
    x = layers.Input((6,))
    encoder = lamina.Sequential([layers.Input((6,)), layers.Dense(5, "gelu")], name="encoder")
    h = layers.Concatenate()([encoder(x), x[:, 1:3] * 2 + 1, ops.exp(-x)])
    shared = layers.Dense(4, "tanh", name="shared")
    out = {"class": layers.Dense(3, name="c")(shared(layers.GaussianNoise(0.1)(h))),
           "value": layers.Dense(1, name="v")(shared(h))}  # fmt: skip
    model = lamina.Model({"x": x}, out, name="graph")
    root = lamina.metrics.RootMeanSquaredError(name="root")
    model.compile(optimizers.SGD(0.05, momentum=0.9, nesterov=True),
                  {"class": LOGITS, "value": "mae"}, loss_weights={"class": 0.5, "value": 2.0},
                  metrics={"value": [root]})  # fmt: skip
    model.get_layer("shared").trainable = False
    return model


def sequences():
    cell = layers.RNN(layers.GRUCell(4), return_sequences=True)
    return compiled(
        lamina.Sequential(
            [
                layers.Input((6,)), layers.Reshape((3, 2)), layers.Masking(0.5), cell,
                layers.Bidirectional(layers.LSTM(3, dropout=0.2)),
                layers.RepeatVector(2), layers.TimeDistributed(layers.Dense(2, twice)),
                layers.Flatten(), layers.Dense(3),
            ]
        )
    )  # fmt: skip


def own_layers():
    return compiled(
        lamina.Sequential([layers.Input((6,)), Scaled(3.0, Sevenths()), layers.Dense(3)])
    )


def own_model():
    return compiled(Net(5, rate=0.4))


def compiled(model):
    model.compile("rmsprop", LOGITS, weighted_metrics=["acc"])
    return model


KINDS = {f.__name__: f for f in (sequential, graph, sequences, own_layers, own_model)}


def fit(model, epochs=2):
    given = {"x": X} if model.name == "graph" else X
    wanted = {"class": Y, "value": Y[:, None] * 1.0} if model.name == "graph" else Y
    return model.fit(given, wanted, batch_size=20, epochs=epochs, verbose=0).history


def same_weights(a, b):
    pairs = list(zip(a.get_weights(), b.get_weights(), strict=True))
    return all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in pairs)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "m.lamina")


@pytest.mark.filterwarnings("ignore:save. files only contain the names of Python functions")
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_comes_back_and_trains_on_to_the_same_bits(kind, path):
    model = KINDS[kind]()
    fit(model)
    model.save(path)
    again = load_model(path, OWN)
    assert type(again) is type(model)
    assert same_weights(again, model)
    assert again.seed == model.seed
    assert again.optimizer.iterations == 6
    assert again.metrics_names == model.metrics_names
    assert fit(again) == fit(model)
    assert same_weights(again, model)
    assert os.listdir(os.path.dirname(path)) == ["m.lamina"]
    load_model(path, OWN, compile=False)
    assert again.to_json() == model.to_json()


@pytest.mark.filterwarnings("ignore:save. files only contain the names of Python functions")
def test_what_loading_needs_is_said(path):
    for kind, words in (
        (
            "own_model",
            r"class 'Net', and files only contain the names of classes: .*custom_objects",
        ),
        ("own_layers", "unknown layer 'Scaled'"),
        ("sequences", r"dense\S* holds the Python function 'twice'.*custom_objects=\{'twice'"),
    ):
        KINDS[kind]().save(path)
        with pytest.raises(ValueError, match=words):
            load_model(path)
    with lamina.saving.CustomObjectScope(OWN):
        assert load_model(path).count_params() > 0


def test_functions_without_a_name_go_by_their_layer(path):
    model = lamina.Sequential([layers.Input((6,)), layers.Lambda(lambda x: x * 2, name="double")])
    with pytest.warns(UserWarning, match=r"custom_objects=\{'double': \.\.\.\}"):
        model.save(path)
    with pytest.raises(ValueError, match="double holds the Python function 'double'"):
        load_model(path)
    np.testing.assert_array_equal(load_model(path, {"double": twice}).predict(X), X * 2)


def test_registered_classes_need_no_mention(path):
    @lamina.saving.register_serializable("mine", name="other")
    class Plus(layers.Layer):
        def call(self, x):
            return x + 1

    try:
        lamina.Sequential([layers.Input((6,)), Plus()]).save(path)
        np.testing.assert_array_equal(load_model(path).predict(X), X + 1)
    finally:
        for name in ("other", "mine>other"):
            del lamina.saving.get_custom_objects()[name]


def test_the_learning_rate_and_frozen_weights_are_those_of_the_moment(path):
    model = own_model()
    fit(model)
    model.optimizer.learning_rate = 0.123
    model.first.trainable = False
    model.save(path)
    again = load_model(path, OWN)
    assert again.optimizer.learning_rate == 0.123
    assert [p.trainable for p in again.parameters] == [False, False, True, True]
    model.save(path, include_optimizer=False)
    assert load_model(path, OWN).optimizer.iterations == 0


def test_states_of_stateful_layers_go_on(path):
    model = lamina.Sequential(
        [layers.Input((3, 2), batch_size=4), layers.LSTM(3, stateful=True, return_sequences=True),
         layers.GRU(2, stateful=True)]
    )  # fmt: skip
    x = RNG.normal(size=(4, 3, 2)).astype("float32")
    model.predict(x)
    model.save(path)
    again = load_model(path)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_the_file_is_one_of_safetensors(path):
    from safetensors.numpy import load_file

    model = sequential()
    model.save(path)
    arrays = load_file(path)
    np.testing.assert_array_equal(arrays["weights/dense/kernel"], model.layers[1].get_weights()[0])
    first = Path(path).read_bytes()
    model.save(path)
    assert Path(path).read_bytes() == first


def test_training_state_is_arrays(path):
    from safetensors.numpy import load_file

    model = sequential()
    fit(model)
    model.save(path)
    arrays = load_file(path)
    state = {name.removeprefix("training/state/"): array for name, array in arrays.items()}
    assert state["step"] == model.optimizer.iterations
    assert (state["epoch"], state["draw"]) == (model.train_state.epoch, model.train_state.draw)
    (loss,) = (array for name, array in state.items() if name.endswith("history/loss"))
    assert loss.tolist() == model.history.history["loss"]


def test_long_lists_of_numbers_are_arrays_of_a_file():
    given = {
        "floats": [0.1, float("inf"), -0.0], "integers": [1, -(2**63)], "long": [0.5] * 1_000_000,
        "large": [2**63], "mixed": [1, 0.5], "flags": [True, False], "none": [], "texts": ["a"],
    }  # fmt: skip
    tensors = {}
    told = plain.Writer("test", "room", tensors, lists=True).plain(given, "lists")
    assert sorted(tensors) == [f"room/lists/{name}" for name in ("floats", "integers", "long")]
    assert len(json.dumps(told)) < 1000
    again = plain.restored(told, tensors)
    assert again == given
    assert [type(v) for v in again["integers"]] == [int, int]


def test_files_of_format_1_load():
    """A file written when the format was new, which must load even if the format changes."""
    model = load_model(Path(__file__).parent / "files" / "format_1.lamina")
    x = np.arange(32.0).reshape(8, 4) / 8
    predicted = [[3.161242723464966, 5.164635181427002], [2.40641713142395, 3.9064974784851074]]
    np.testing.assert_allclose(model.predict(x[:2]), predicted, rtol=1e-5)
    history = model.fit(x, x[:, :2], epochs=1, verbose=0, batch_size=4).history
    np.testing.assert_allclose(history["loss"], 4.764810325262633, rtol=1e-5)
    assert history["learning_rate"] == [0.008812335261248791]
    assert model.optimizer.iterations == 6


# --- weights


def weights_path(path):
    return path.replace("m.lamina", "m.weights.lamina")


def test_weights_find_their_place_by_path_then_by_order(path):
    a, b = sequential(), sequential()
    fit(a)
    a.save_weights(weights_path(path))
    b.load_weights(weights_path(path))
    assert same_weights(a, b)
    assert np.array_equal(a.layers[0].mean, b.layers[0].mean)
    renamed = [
        type(layer).from_config({**layer.get_config(), "name": f"other_{i}"})
        for i, layer in enumerate(a.layers)
    ]
    other = lamina.Sequential([layers.Input((6,)), *renamed])
    other.load_weights(weights_path(path))
    assert same_weights(a, other)
    a.save(path)
    fit(b)
    b.load_weights(path)  # from a whole model's file
    assert same_weights(a, b)


def dense(*units):
    made = [layers.Dense(n, name=f"d{i}") for i, n in enumerate(units)]
    return lamina.Sequential([layers.Input((6,)), *made])


def test_weights_that_do_not_fit_are_named_and_none_is_changed(path):
    path = weights_path(path)
    dense(4, 3).save_weights(path)
    for model, words in (
        (dense(5, 3), r"d0/kernel: has shape \(6, 5\); d0/kernel in the file has \(6, 4\)"),
        (dense(4), r"has 2 weights, and the file 4: the file lacks none, and also has d1/kernel"),
        (dense(4, 3, 2), "the file lacks d2/kernel, d2/bias"),
    ):
        before = model.get_weights()
        with pytest.raises(ValueError, match=words):
            model.load_weights(path)
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    model, source = dense(4, 5), dense(4, 3)
    source.load_weights(path)
    last = model.get_weights()[2:]
    with pytest.warns(UserWarning, match="weights were not loaded: d1/kernel"):
        model.load_weights(path, skip_mismatch=True)
    assert np.array_equal(model.get_weights()[0], source.get_weights()[0])
    assert all(np.array_equal(a, b) for a, b in zip(last, model.get_weights()[2:], strict=True))
    model = dense(4, 3, 2)
    model.load_weights(path, by_name=True)
    assert np.array_equal(model.get_weights()[2], source.get_weights()[2])


def test_names_say_the_format(path, tmp_path):
    model = dense(2)
    for call in (lambda: model.save(tmp_path / "m.txt"), lambda: model.save_weights("m")):
        with pytest.raises(ValueError, match=r"name must end in .*\.lamina"):
            call()
    for name, words in (
        ("m.onnx", "model.export writes ONNX"),
        ("m.safetensors", "model.save_weights writes weights there, a .lamina file has"),
        ("m.pt", "lamina.models.save_torch"),
    ):
        with pytest.raises(ValueError, match=f"got '{name}'; {words}"):
            model.save(name)
    with pytest.raises(TypeError, match="needs the path of a file; got 3"):
        model.save(3)
    for name, words in (
        ("m.onnx", "is, by its name, an ONNX file; lamina.onnx.load reads"),
        ("m.pt", "is, by its name, a PyTorch file; lamina.models.load_torch reads"),
    ):
        (tmp_path / name).write_bytes(bytes(99))
        with pytest.raises(ValueError, match=words):
            lamina.models.load_model(tmp_path / name)
    model.save(path)
    with pytest.raises(FileExistsError, match="overwrite is False"):
        model.save(path, overwrite=False)
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.lamina")
    model.save_weights(weights_path(path))
    with pytest.raises(ValueError, match="holds 'weights'; needs model"):
        load_model(weights_path(path))


# --- without files


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["copy", "deepcopy", "pickle", "joblib"])
def test_copies_are_models_of_their_own(kind, how, tmp_path):
    model = KINDS[kind]()
    fit(model, 1)
    if how == "joblib":
        joblib = pytest.importorskip("joblib")
        joblib.dump(model, tmp_path / "m.joblib")
        again = joblib.load(tmp_path / "m.joblib")
    else:
        ways = {"copy": copy.copy, "deepcopy": copy.deepcopy,
                "pickle": lambda m: pickle.loads(pickle.dumps(m))}  # fmt: skip
        again = ways[how](model)
    before = model.get_weights()
    ours = fit(again)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert fit(model) == ours
    assert same_weights(again, model)


@pytest.mark.parametrize("kind", KINDS)
def test_clones_have_weights_of_their_own(kind):
    model = KINDS[kind]()
    fit(model, 1)
    again = clone_model(model)
    given = {"x": X} if kind == "graph" else X
    again.predict(given)
    assert [w.shape for w in again.get_weights()] == [w.shape for w in model.get_weights()]
    assert not same_weights(again, model)
    assert again.optimizer is None


def test_a_clone_of_other_layers():
    model = graph()

    def wider(layer):
        config = layer.get_config()
        if layer.name == "shared":
            config["units"] = 9
        return lamina.Sequential.from_config(config) if layer.name == "encoder" else type(
            layer).from_config(config)  # fmt: skip

    again = clone_model(model, clone_function=wider)
    assert again.get_layer("shared").units == 9
    assert again.predict({"x": X})["class"].shape == (48, 3)
    chain = clone_model(dense(4, 3), clone_function=lambda la: layers.Dense(la.units + 1))
    assert chain.output_shape == (None, 4)
    with pytest.raises(TypeError, match="must return a layer; for 'd0' it returned None"):
        clone_model(dense(4), clone_function=lambda layer: None)


@pytest.mark.parametrize("kind", ["sequential", "graph", "own_layers", "own_model"])
def test_json(kind):
    model = KINDS[kind]()
    fit(model, 1)
    text = model.to_json(indent=1)
    again = model_from_json(text, OWN)
    assert again.to_json() == json.dumps(json.loads(text))
    again.set_weights(model.get_weights())
    given = {"x": X} if kind == "graph" else X
    a, b = (m.predict(given) for m in (model, again))
    assert all(np.array_equal(v, b[k]) for k, v in a.items()) if kind == "graph" else (a == b).all()


def test_objects_of_every_room():
    saving = lamina.saving
    for thing in (
        lamina.regularizers.L1(0.2), lamina.initializers.Constant([1.0, 2.0]), layers.ELU(0.3),
        lamina.constraints.MaxNorm(1.5), lamina.losses.Huber(0.7), lamina.metrics.R2Score(),
        optimizers.Adam(0.2), schedules.CosineDecay(0.1, 10), dense(2),
        lamina.activations.LeakyReLU(0.1),
    ):  # fmt: skip
        told = saving.serialize_keras_object(thing)
        again = saving.deserialize_keras_object(json.loads(json.dumps(told)))
        assert type(again) is type(thing)
        assert saving.serialize_keras_object(again) == told
    plain = {"a": (1, [2.5, None]), "b": np.arange(3, dtype="int32"), "f": ops.exp, "n": np.inf}
    again = saving.deserialize_keras_object(
        json.loads(json.dumps(saving.serialize_keras_object(plain)))
    )
    assert again["a"] == plain["a"]
    assert again["f"] is ops.exp
    assert again["n"] == np.inf
    assert again["b"].dtype == "int32"
    with pytest.raises(TypeError, match="of set, which cannot be saved"):
        saving.serialize_keras_object({"a": {1, 2}})
    with pytest.raises(ValueError, match=r"unknown class 'Dence'.*did you mean 'Dense'"):
        saving.deserialize_keras_object({"class_name": "Dence", "config": {}})


def test_a_file_that_is_not_there_is_named(tmp_path):
    dense(2).save(tmp_path / "model.lamina")
    for name, words in (
        ("modl.lamina", r"no file 'modl\.lamina' in .*; did you mean 'model\.lamina'\?"),
        ("none/m.keras", r"no file .*m\.keras, nor a folder .*none"),
    ):
        with pytest.raises(FileNotFoundError, match=f"load_model: there is {words}"):
            load_model(tmp_path / name)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("room", "kind"),
    [("layers", "layer"), ("losses", "loss"), ("metrics", "metric"), ("optimizers", "optimizer"),
     ("initializers", "initializer"), ("activations", "activation")],
)  # fmt: skip
def test_a_class_that_nobody_knows_is_to_be_given(room, kind):
    get = lamina.layers.deserialize if room == "layers" else getattr(lamina, room).get
    words = rf"unknown {kind} 'Mine'.*custom_objects=\{{'Mine': .*register_serializable"
    with pytest.raises(ValueError, match=words):
        get({"class_name": "Mine", "config": {}})


def test_functions_that_cannot_be_pickled_name_their_layer():
    def model(function):
        return lamina.Sequential([lamina.Input((2,)), layers.Lambda(function, name="doubled")])

    local = model(lambda x: x * 2)
    with pytest.raises(pickle.PicklingError, match=r"doubled: its function, .*lambda>.*def.*doubl"):
        pickle.dumps(local)
    assert copy.deepcopy(local).predict([[1, 2]], verbose=0).tolist() == [[2, 4]]
    back = pickle.loads(pickle.dumps(model(lamina.ops.square)))
    assert back.predict([[1, 2]], verbose=0).tolist() == [[1, 4]]
