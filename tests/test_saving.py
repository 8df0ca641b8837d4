"""Models in files: they load with the same bits, and continue training to the same bits."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.models import load_model
from lamina.saving import plain
from saved_models import KINDS, OWN, RNG, X, dense, fit, own_model, same_weights, sequential, twice


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
    with pytest.raises(FileExistsError, match=r"m\.lamina already exists; pass overwrite=True"):
        model.save(path, overwrite=False)
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.lamina")
    model.save_weights(weights_path(path))
    with pytest.raises(ValueError, match="holds 'weights'; needs model"):
        load_model(weights_path(path))


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
