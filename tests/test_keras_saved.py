"""Files for Keras: Keras's results with models saved by lamina."""

import builtins
import hashlib
import json
import runpy
import zipfile
from pathlib import Path

import numpy as np
import pytest

import golden
import interchanged
import lamina
from keras_archives import inner_file
from lamina import layers
from lamina.models import load_model

h5py = pytest.importorskip("h5py")
keras = golden.Peer("keras")

X = np.random.default_rng(1).normal(size=(8, 4)).astype("float32")


def told(folder):
    """Return a description of a file: contents and places of arrays, but no numbers."""
    with zipfile.ZipFile(folder / "m.keras") as archive:
        config = json.loads(archive.read("config.json"))
        weights = archive.read("model.weights.h5")
    (folder / "inner.h5").write_bytes(weights)
    places = []
    for name in ("inner.h5", "m.weights.h5", "m.h5"):
        with h5py.File(folder / name) as file:
            file.visititems(lambda path, held: places.append([path, getattr(held, "shape", 0)]))
    text = json.dumps([config, places], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def of_keras(name, folder, x):
    """Return Keras's predictions with the three files, and after further training."""
    model = keras.models.load_model(folder / "m.keras")
    predicted = model.predict(x, verbose=0)
    old = keras.models.load_model(folder / "m.h5").predict(x, verbose=0)
    other = interchanged.MODELS[name](golden.Peer("keras"))
    other.load_weights(folder / "m.weights.h5")
    found = [predicted, old, other.predict(x, verbose=0)]
    answers = [[np.asarray(v) for v in interchanged.leaves(each)] for each in found]
    if name not in interchanged.RANDOM:
        interchanged.trained(model, x, predicted)
        later = interchanged.leaves(model.predict(x, verbose=0))
        answers.append([np.asarray(v) for v in later])
    return answers


@pytest.mark.parametrize("name", interchanged.MODELS)
def test_models_predict_and_train_on_in_keras(name, tmp_path):
    lamina.backend.clear_session()
    lamina.set_random_seed(3)
    model = interchanged.MODELS[name](lamina)
    interchanged.drawn(model)
    x = interchanged.inputs_of(name, model)
    interchanged.compiled(name, lamina, model)
    interchanged.trained(model, x, model.predict(x, verbose=0))
    for ending in (".keras", ".h5"):
        model.save(tmp_path / f"m{ending}")
    model.save_weights(tmp_path / "m.weights.h5")
    predicted = model.predict(x, verbose=0)
    answers = golden.ask(
        lambda: of_keras(name, tmp_path, x), told(tmp_path), model.get_weights(),
        interchanged.leaves(x),
    )  # fmt: skip
    mine = interchanged.leaves(predicted)
    for theirs in answers[:3]:
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    if len(answers) > 3:
        interchanged.trained(model, x, predicted)
        for a, b in zip(interchanged.leaves(model.predict(x, verbose=0)), answers[3], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def small(**compiling):
    model = lamina.Sequential([lamina.Input((4,)), layers.Dense(3, "relu"), layers.Dense(2)])
    if compiling:
        model.compile(**compiling)
    return model


def assert_same(some, others):
    for a, b in zip(some, others, strict=True):
        assert np.array_equal(a, b)


def test_training_goes_on_here_to_the_same_bits(tmp_path):
    model = small(optimizer="adam", loss="mse", metrics=["mae"])
    y = X[:, :2]
    model.fit(X, y, shuffle=False, verbose=0)
    model.save(tmp_path / "m.keras")
    back = load_model(tmp_path / "m.keras")
    for each in (model, back):
        each.fit(X, y, shuffle=False, verbose=0)
    assert_same(model.get_weights(), back.get_weights())
    model.save(tmp_path / "m.keras", include_optimizer=False)
    assert load_model(tmp_path / "m.keras").optimizer.iterations == 0


def test_saving_before_a_fit_changes_no_bit_of_it(tmp_path):
    ends = []
    for saved in (False, True):
        lamina.set_random_seed(2)
        model = small(optimizer="adagrad", loss="mse")
        if saved:
            model.save(tmp_path / "m.keras")
        model.fit(X, X[:, :2], verbose=0)
        ends.append(model.get_weights())
    assert_same(*ends)


@lamina.saving.register_serializable("tests")
class ScaledTwice(layers.Layer):
    def __init__(self, units, **base):
        super().__init__(**base)
        self.units, self.inner = units, [layers.Dense(units), [layers.Dense(units)]]

    def build(self, shape):
        self.count = self.add_weight("count", (2,), trainable=False)
        self.scale = self.add_weight("scale", (self.units,), "ones")

    def call(self, x):
        return self.inner[1][0](self.inner[0](x)) * self.scale


class Own(lamina.Model):
    def __init__(self, width=3, **base):
        super().__init__(**base)
        self.width, self.first, self.last = width, ScaledTwice(width), layers.LSTM(2)

    def call(self, x):
        return self.last(self.first(x))

    def get_config(self):
        return {"width": self.width, "name": self.name}


def test_classes_of_ones_own(tmp_path):
    model = Own(name="mine")
    x = X.reshape(4, 2, 4)
    predicted = model.predict(x, verbose=0)
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"custom_objects=\{'Own': .*register_serializable"):
        load_model(tmp_path / "m.keras")
    back = load_model(tmp_path / "m.keras", custom_objects={"Own": Own})
    assert np.array_equal(back.predict(x, verbose=0), predicted)
    with h5py.File(inner_file(tmp_path)) as file:
        held = []
        file.visititems(lambda path, each: held.append(path) if hasattr(each, "shape") else None)
    assert held == [
        "first/inner/container/dense/vars/0", "first/inner/container/dense/vars/1",
        "first/inner/dense/vars/0", "first/inner/dense/vars/1",
        "first/vars/0", "first/vars/1",
        "last/cell/vars/0", "last/cell/vars/1", "last/cell/vars/2",
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"m\.h5.*Own.*m\.keras"):
        model.save(tmp_path / "m.h5")


class Bare(layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {"factor": self.factor}


class BareModel(lamina.Model):
    def __init__(self, units):
        super().__init__()
        self.units, self.hidden = units, layers.Dense(units)

    def call(self, x):
        return self.hidden(x)

    def get_config(self):
        return {"units": self.units}


@pytest.mark.parametrize("ending", ["keras", "lamina"])
def test_a_class_is_given_what_its_own_configuration_says(tmp_path, ending):
    inputs = lamina.Input((4,))
    graph = lamina.Model(inputs, layers.Dense(2)(Bare(0.5)(Bare(3.0)(inputs))))
    row = lamina.Sequential([lamina.Input((4,)), Bare(0.5), layers.Dense(2)])
    for model in (graph, row, BareModel(3)):
        model.predict(X, verbose=0)
        model.save(tmp_path / f"m.{ending}")
        back = load_model(
            tmp_path / f"m.{ending}", custom_objects={"Bare": Bare, "BareModel": BareModel}
        )
        assert np.array_equal(back.predict(X, verbose=0), model.predict(X, verbose=0))


def twice():
    same = layers.Dense(4)
    return lamina.Sequential([lamina.Input((4,)), same, same])


def with_rates():
    model = small(optimizer="adam", loss="mse")
    model.optimizer.scale_learning_rate(0.1, [model.layers[0].weights[0]])
    return model


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: small(optimizer="rprop", loss="mse"), "compile: Keras has no Rprop"),
        (lambda: small(optimizer="sgd", loss="gaussian_nll"), "compile: .*gaussian_nll"),
        (lambda: lamina.Sequential([lamina.Input((4,)), layers.FillMissing()]),
         "fill_missing: Keras has no FillMissing"),
        (lambda: lamina.Sequential([lamina.Input((4,)), layers.Dense(
            2, kernel_regularizer=lamina.regularizers.L1(0.1, proximal=True))]),
         "dense.*: proximal=True of L1 has no counterpart"),
        (lambda: lamina.Sequential([lamina.Input((4,)), layers.Lambda(lambda x: x, name="inline")]),
         "inline: function is a function without a name.*def"),
        (twice, "sequential: holds dense.* twice"),
        (with_rates, "Adam: 'dense.*/kernel' has its own learning rate"),
    ],
)  # fmt: skip
def test_what_keras_cannot_hold_is_refused_and_nothing_written(make, words, tmp_path):
    lamina.backend.clear_session()
    model = make()
    with pytest.raises(ValueError, match=f"save: {words}.*a file of lamina, 'm.lamina', can store"):
        model.save(tmp_path / "m.keras")
    assert list(tmp_path.iterdir()) == []


def test_h5py_is_named_where_it_is_missing(monkeypatch, tmp_path):
    imported = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "h5py":
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for name in ("m.keras", "m.h5"):
        with pytest.raises(ImportError, match=r'pip install "lamina\[keras\]".*m\.lamina'):
            small().save(tmp_path / name)
    with pytest.raises(ImportError, match=r'pip install "lamina\[keras\]"'):
        lamina.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_for_keras(tmp_path):
    model = small(optimizer="adam", loss="mse")
    keep = lamina.callbacks.ModelCheckpoint(tmp_path / "z{epoch}.keras")
    light = lamina.callbacks.ModelCheckpoint(
        tmp_path / "z{epoch}.weights.h5", save_weights_only=True
    )
    model.fit(X, X[:, :2], epochs=2, verbose=0, callbacks=[keep, light])
    names = ["z1.keras", "z1.weights.h5", "z2.keras", "z2.weights.h5"]
    assert sorted(p.name for p in tmp_path.iterdir()) == names
    back = load_model(tmp_path / "z2.keras")
    assert np.array_equal(back.predict(X, verbose=0), model.predict(X, verbose=0))
    with pytest.raises(ValueError, match=r"must end in .*\.weights\.h5.*; got 'm\.keras'"):
        model.save_weights("m.keras")


def test_accuracy_goes_by_its_name(tmp_path):
    model = small(optimizer="adam", loss="mse", metrics=["accuracy"], weighted_metrics=["acc"])
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        told = json.loads(archive.read("config.json"))["compile_config"]
    assert (told["metrics"], told["weighted_metrics"]) == (["accuracy"], ["acc"])


def test_what_a_call_is_told_survives(tmp_path):
    x = lamina.Input((4,))
    base = lamina.Sequential([lamina.Input((4,)), layers.BatchNormalization()], name="base")
    y = layers.Dropout(0.5, name="fixed")(base(x, training=False), training=False)
    y = layers.Dropout(0.5, name="varied")(layers.BatchNormalization()(y), training=True)
    rows = lamina.Input((3, 4))
    seen = lamina.Input((3,), dtype="bool")
    z = layers.GRU(2)(rows, mask=seen)
    model = lamina.Model([x, rows, seen], [layers.Dropout(0.5, name="usual")(y), z])
    data = [X[:2], X.reshape(-1, 2, 4)[:2].repeat(2, 1)[:, :3], np.eye(3)[:2] == 1]
    for ending in ("keras", "h5"):
        model.save(tmp_path / f"m.{ending}")
        back = load_model(tmp_path / f"m.{ending}")
        entries = {each["name"]: each for each in back.get_config()["layers"]}
        names = ("base", "fixed", "varied", "usual")
        told = [entries[name]["inbound_nodes"][0].get("training") for name in names]
        assert told == [False, False, True, None]
        theirs, ours = back.predict(data, verbose=0)[1], model.predict(data, verbose=0)[1]
        np.testing.assert_array_equal(theirs, ours)
        data[2] = ~data[2]
        assert not np.array_equal(back.predict(data, verbose=0)[1], ours)
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        nodes = {
            each["name"]: each["inbound_nodes"]
            for each in json.loads(archive.read("config.json"))["config"]["layers"]
        }
    assert nodes["varied"][0]["kwargs"] == {"training": True}
    assert nodes["usual"][0]["kwargs"] == {}


OPTIMIZERS = {
    "SGD": {"momentum": 0.9, "nesterov": True}, "RMSprop": {}, "Adam": {"amsgrad": True},
    "AdamW": {"use_ema": True, "ema_momentum": 0.5}, "Adamax": {"gradient_accumulation_steps": 3},
    "Adagrad": {}, "Adadelta": {}, "Ftrl": {}, "Lion": {}, "Lamb": {}, "Adafactor": {}, "Muon": {},
    "ScheduleFreeAdamW": {},
}  # fmt: skip


def fit_once(model):
    model.fit(X, X[:, :2], epochs=3, batch_size=4, shuffle=False, verbose=0)
    return model.predict(X, verbose=0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_in_keras(name, tmp_path):
    lamina.set_random_seed(1)
    model = small()
    optimizer = getattr(lamina.optimizers, name)(learning_rate=0.05, **OPTIMIZERS[name])
    model.compile(optimizer, "mse")
    fit_once(model)
    path = tmp_path / "m.keras"
    model.save(path)
    with h5py.File(inner_file(tmp_path)) as file:
        kept = [
            np.array(file["optimizer/vars"][str(i)]) for i in range(len(file["optimizer/vars"]))
        ]
    back = fit_once(load_model(path))
    answer = golden.ask(
        lambda: fit_once(keras.models.load_model(path)), model.get_weights(), kept[0].item(),
        [k.astype("float64") for k in kept[1:]], optimizer.get_config()["learning_rate"],
    )  # fmt: skip
    ours = fit_once(model)
    assert np.array_equal(back, ours)
    np.testing.assert_allclose(ours, answer, rtol=1e-4, atol=2e-5)


LAYERS = {
    "Discretization": {"bin_boundaries": [0.0, 1.0], "output_mode": "one_hot"},
    "ActivityRegularization": {"l1": 0.1},
    "ReLU": {"max_value": 1.0, "threshold": 0.1},
    "Reshape": {"target_shape": (2, 2)},
    "SpatialDropout1D": {"rate": 0.2},
    "STFTSpectrogram": {"frame_length": 4, "frame_step": 2, "fft_length": 4},
    "AdaptiveMaxPooling1D": {"output_size": 3},
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_whose_settings_keras_tells_otherwise(name, tmp_path):
    lamina.backend.clear_session()
    flat = name in ("Discretization", "ActivityRegularization", "ReLU", "Reshape")
    x = X if flat else np.arange(36.0, dtype="float32").reshape(2, 6, 3) % 7
    layer = getattr(layers, name)(**LAYERS[name])
    model = lamina.Sequential([lamina.Input(x.shape[1:]), layer])
    path = tmp_path / "m.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        config = json.dumps(json.loads(archive.read("config.json")), sort_keys=True)
    answer = golden.ask(lambda: keras.models.load_model(path).predict(x, verbose=0), config, x)
    ours = model.predict(x, verbose=0)
    np.testing.assert_allclose(ours, answer, rtol=1e-5, atol=1e-5)
    assert np.array_equal(load_model(path).predict(x, verbose=0), ours)


def test_the_list_of_classes_is_that_of_keras():
    """Run tools/keras_classes.py where this fails."""
    tool = Path(__file__).parents[1] / "tools" / "keras_classes.py"
    kept = Path(lamina.__file__).parent / "saving" / "keras_classes.json"
    told = json.loads(kept.read_text())
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def now():
        listed = runpy.run_path(str(tool))["listed"]()
        return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()

    assert golden.ask(now, told["version"]) == digest
