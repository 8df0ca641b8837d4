"""Weights of PyTorch's models: each layer computes the same, and converts back unchanged."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import lamina
from lamina import layers
from lamina.layers import Input
from lamina.models import load_torch, save_torch, to_torch
from pytorch_cases import CASES, attention_of, modules, sequential


def drawn(name: str) -> tuple[Any, Any]:
    """Return a case's PyTorch module, with random weights and statistics, and lamina's model."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    theirs = modules()[name]().eval()
    with torch.no_grad():
        for tensor in theirs.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + 0.1 if tensor.ndim < 2 else tensor * 1.5)
    return theirs, CASES[name][0]()


def both(name: str, theirs: Any, ours: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the results of both for the same data."""
    import torch

    rng = np.random.default_rng(5)
    whole = name == "embedding"
    shapes = [(3, *shape) for shape in ours.input_row_shapes]
    data = [
        rng.integers(0, 9, s) if whole else rng.normal(size=s).astype(np.float32) for s in shapes
    ]
    _, channels_in, channels_out = CASES[name]
    given = [torch.tensor(np.moveaxis(x, -1, 1) if channels_in else x) for x in data]
    with torch.no_grad():
        out = theirs(*given).numpy()
    return ours.predict(data[0] if len(data) == 1 else data, verbose=0), (
        np.moveaxis(out, 1, -1) if channels_out else out
    )


@pytest.mark.parametrize("name", CASES)
def test_each_layer_computes_as_in_pytorch_and_goes_back(name: str, tmp_path: Path) -> None:
    theirs, ours = drawn(name)
    assert load_torch(ours, theirs) == ([], [])
    assert_allclose(*both(name, theirs, ours), rtol=1e-5, atol=1e-5)

    import torch

    torch.manual_seed(4)
    again = modules()[name]().eval()
    path = tmp_path / "net.safetensors"
    save_torch(ours, path, like=again)
    from safetensors.torch import load_file

    held = load_file(path)
    assert held.keys() == again.state_dict().keys()
    again.load_state_dict(held)
    assert_allclose(*both(name, again, ours), rtol=1e-5, atol=1e-5)
    assert all(torch.equal(held[key], tensor) for key, tensor in to_torch(ours, again).items())


@pytest.mark.parametrize("name", CASES)
def test_a_state_dict_alone_says_as_much(name: str) -> None:
    theirs, ours = drawn(name)
    load_torch(ours, {key: tensor.numpy() for key, tensor in theirs.state_dict().items()})
    assert_allclose(*both(name, theirs, ours), rtol=1e-5, atol=1e-5)


def test_the_names_that_are_written_are_read_again() -> None:
    pytest.importorskip("torch")
    for name, (make, *_) in CASES.items():
        lamina.backend.clear_session()
        one, other = make(), make()
        load_torch(other, to_torch(one, names={}), strict=True)
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            assert_allclose(a, b, rtol=1e-6, err_msg=name)


# --- matching weights


def dense(units: int = 3, count: int = 2, **options: Any) -> lamina.Sequential:
    return sequential(Input((3,)), *[layers.Dense(units, **options) for _ in range(count)])


def tensors(*names: str, shape: tuple[int, int] = (3, 3)) -> dict[str, np.ndarray]:
    """Return linear layers, each filled with its own number."""
    state: dict[str, np.ndarray] = {}
    for number, name in enumerate(names, 1):
        state[f"{name}.weight"] = np.full(shape, float(number))
        state[f"{name}.bias"] = np.full(shape[0], float(number))
    return state


def firsts(model: Any) -> list[float]:
    """Return the first number of each kernel."""
    return [float(w.flat[0]) for w in model.get_weights() if w.ndim > 1]


def test_layers_take_modules_by_names_then_by_the_same_names_then_in_order() -> None:
    model = sequential(
        Input((3,)), layers.Dense(3, name="first"), layers.Dense(3, name="b"), layers.Dense(3)
    )
    load_torch(model, tensors("a", "b", "c"))
    assert firsts(model) == [1, 2, 3]
    loaded = load_torch(model, tensors("b", "a", "c"))  # one is called as in PyTorch
    assert loaded.paired == {"first": "a", "b": "b", "dense": "c"}
    assert firsts(model) == [2, 1, 3]
    load_torch(model, tensors("b", "a", "c"), names={"first": "c", "b": "a"})
    assert firsts(model) == [3, 2, 1]


def test_a_name_of_a_model_stands_for_all_within() -> None:
    x = Input((3,))
    parts = [
        lamina.Sequential([Input((3,)), layers.Dense(3), layers.Dense(3)], name=name)
        for name in ("left", "right")
    ]
    model = lamina.Model(x, [part(x) for part in parts])
    state = tensors("net.b.0", "net.b.2", "net.a.0", "net.a.2")
    load_torch(model, state, names={"left": "net.a", "right": "net.b"})
    assert [firsts(part) for part in parts] == [[3, 4], [1, 2]]
    load_torch(model, state, names={"left": ["net.b.2", "net.a.2"]})
    assert [firsts(part) for part in parts] == [[2, 4], [1, 3]]


def test_levels_of_one_module_are_given_to_layers_in_order() -> None:
    model = sequential(
        Input((5, 3)),
        layers.LSTM(3, return_sequences=True, name="low"),
        layers.LSTM(3, name="high"),
    )
    names = {"low": "rnn", "high": "rnn"}
    theirs = to_arrays(model, names=names)
    assert sorted(key for key in theirs if "weight" in key) == [
        f"rnn.weight_{kind}_l{level}" for kind in ("hh", "ih") for level in (0, 1)
    ]
    theirs["rnn.bias_hh_l1"] += 2
    load_torch(model, theirs, names)
    assert_allclose(model.get_weights()[5] - theirs["rnn.bias_ih_l1"], 2)


def to_arrays(model: Any, **options: Any) -> dict[str, np.ndarray]:
    """Return the result of ``to_torch``, without PyTorch."""
    import tempfile

    from safetensors.numpy import load_file

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.safetensors")
        save_torch(model, path, **options)
        return load_file(path)


def test_modules_are_told_apart_by_their_shapes_where_the_order_does_not() -> None:
    # As in networks whose branches are created after the path that they are added to.
    model = sequential(Input((3,)), layers.Dense(4), layers.Dense(3), layers.Dense(4))
    state = {**tensors("a", shape=(3, 4)), **tensors("b", "c", shape=(4, 3))}
    load_torch(model, state)
    assert [w.shape for w in model.get_weights()[::2]] == [(3, 4), (4, 3), (3, 4)]


def test_what_wrappers_and_checkpoints_put_around_is_taken_off() -> None:
    model = dense()
    state = {f"module.{key}": value for key, value in tensors("a", "b").items()}
    load_torch(model, {"epoch": 3, "state_dict": state}, names={model.layers[0].name: "b"})
    assert firsts(model) == [2, 1]


def test_linear_layers_of_attention_are_told_by_their_letters_or_by_names() -> None:
    def numbered(*names: str) -> dict[str, np.ndarray]:
        return tensors(*names, shape=(8, 8))

    def order(state: Any, names: Any = None) -> list[float]:
        model = attention_of(8, 8)
        load_torch(model, state, names)
        return firsts(model)[::2]

    for state in (
        numbered("a.q", "a.k", "a.v", "a.o"),
        numbered("a.to_q", "a.to_k", "a.to_v", "a.to_out.0"),
        numbered("layer.self.query", "layer.self.key", "layer.self.value", "layer.output.dense"),
    ):
        assert order(state) == [1, 2, 3, 4]
    assert order(numbered("a.o", "a.v", "a.k", "a.q")) == [4, 3, 2, 1]
    four = numbered("one", "two", "three", "four")
    with pytest.raises(ValueError, match="multi_head_attention_4 finds no tensors of its kind"):
        order(four)
    names = {"multi_head_attention_5": ["four", "one", "three", "two"]}
    assert order(four, names) == [4, 1, 3, 2]


def test_statistics_that_were_learned_stay() -> None:
    norm = layers.Normalization()
    norm.adapt(np.arange(12.0).reshape(4, 3))
    model = sequential(Input((3,)), norm, layers.Dense(3))
    before = norm.get_weights()
    load_torch(model, tensors("a"))
    assert all(np.array_equal(a, b) for a, b in zip(norm.get_weights(), before, strict=True))
    assert firsts(model) == [1]


def test_weights_of_layers_of_ones_own_go_by_their_names() -> None:
    class Scaled(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.factor = self.add_weight(name="factor", shape=(input_shape[-1],))

        def call(self, x: Any) -> Any:
            return x * self.factor

    model = sequential(Input((3,)), Scaled(name="scaled"), layers.Dense(3))
    load_torch(model, {"scaled.factor": np.arange(3.0), **tensors("a")})
    assert_allclose(model.get_weights()[0], [0, 1, 2])


def test_a_call_that_flattens_images_is_warned_of() -> None:
    class Net(lamina.Model):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.flat, self.out = layers.Conv2D(2, 2), layers.Flatten(), layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.out(self.flat(self.conv(x)))

    model = Net()
    model(np.ones((1, 3, 3, 1)))
    state = to_arrays(sequential(Input((3, 3, 1)), layers.Conv2D(2, 2), layers.Flatten(),
                                 layers.Dense(3)))  # fmt: skip
    with pytest.warns(UserWarning, match=r"load_torch: 'net' has its own call, .* channels first"):
        load_torch(model, state)


# --- weights that do not match


def test_all_that_does_not_fit_is_said_at_once_and_nothing_is_changed() -> None:
    model = sequential(
        Input((3,)),
        layers.Dense(3, name="a"),
        layers.Dense(4, name="b"),
        layers.Dense(3, use_bias=False, name="c"),
        layers.LayerNormalization(name="d"),
    )
    before = model.get_weights()
    state = {**tensors("a", "b"), **tensors("c", shape=(3, 4)), "e.running_mean": np.zeros(3)}
    with pytest.raises(ValueError, match="load_torch") as error:
        load_torch(model, state)
    for words in (
        "b needs shape (4, 3) of b.weight, which has (3, 3)",
        "b needs shape (4,) of b.bias, which has (3,)",
        "c has no place for c.bias",
        "d finds no tensors of its kind",
        "e.running_mean belongs to no layer",
    ):
        assert words in str(error.value)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


def test_not_strict_leaves_layers_and_tensors_but_takes_no_other_shape() -> None:
    model = sequential(Input((3,)), layers.Dense(3, name="a"), layers.LayerNormalization(name="d"))
    state = {**tensors("a"), "e.running_mean": np.zeros(3)}
    found = load_torch(model, state, strict=False)
    assert found.missing_keys == ["d"]
    assert found.unexpected_keys == ["e.running_mean"]
    assert firsts(model) == [1]
    with pytest.raises(ValueError, match=r"a needs shape \(3, 3\) of a.weight"):
        load_torch(model, tensors("a", shape=(2, 3)), strict=False)
    assert firsts(model) == [1]


def test_a_module_says_settings_that_its_tensors_do_not() -> None:
    nn = pytest.importorskip("torch").nn
    model = sequential(Input((6, 6, 3)), layers.Conv2D(4, 3), layers.BatchNormalization())
    theirs = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4))
    with pytest.raises(ValueError, match=r"strides=\(1, 1\), and 0 stride=\(2, 2\).*eps=1e-05"):
        load_torch(model, theirs)
    load_torch(model, theirs.state_dict())
    heads = nn.MultiheadAttention(8, 4)
    with pytest.raises(ValueError, match="num_heads=2, and the module num_heads=4"):
        load_torch(attention_of(8, 8), heads)


@pytest.mark.parametrize(
    ("source", "options", "kind", "words"),
    [
        (3, {}, TypeError, "needs a state dict, a torch.nn.Module, or the path .*; got int"),
        ({"a.weight": "no"}, {}, TypeError, "maps names to tensors; got others: 'a.weight'"),
        ({}, {"names": [1]}, TypeError, "names must map the model's layers to modules; got list"),
        (
            {},
            {"names": {"x": "a"}},
            ValueError,
            "no layer with weights named 'x'; its layers are a",
        ),
        ({}, {"names": {"a": 3}}, TypeError, "names must map strings to strings"),
        (
            tensors("b"),
            {"names": {"a": "c"}},
            ValueError,
            "the source has no module or tensor named 'c'",
        ),
        ({"a.weight": np.full((3, 3), 1e300), "a.bias": np.ones(3)}, {}, ValueError, "a/kernel"),
    ],
)
def test_what_is_no_source_is_refused(source: Any, options: Any, kind: Any, words: str) -> None:
    model = sequential(Input((3,)), layers.Dense(3, name="a"))
    before = model.get_weights()
    with pytest.raises(kind, match=words):
        load_torch(model, source, **options)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


def test_a_gru_that_resets_before_its_product_is_none_of_pytorchs() -> None:
    model = sequential(Input((5, 4)), layers.GRU(3, reset_after=False, name="gru"))
    state = {
        "gru.weight_ih_l0": np.zeros((9, 4)), "gru.weight_hh_l0": np.zeros((9, 3)),
        "gru.bias_ih_l0": np.zeros(9), "gru.bias_hh_l0": np.zeros(9),
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"gru: must have reset_after=True"):
        load_torch(model, state)


# --- files


def test_files_of_pytorch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    model = sequential(Input((3,)), layers.Dense(3, name="a"))
    for kind in (torch.float32, torch.float16, torch.bfloat16):
        state = {key: torch.tensor(value, dtype=kind) for key, value in tensors("a").items()}
        save_file(state, tmp_path / "a.safetensors")
        torch.save({"model": state, "epoch": 1}, tmp_path / "a.pt")
        for name in ("a.safetensors", "a.pt"):
            model.set_weights([np.zeros((3, 3)), np.zeros(3)])
            load_torch(model, tmp_path / name)
            assert firsts(model) == [1]
    save_torch(model, tmp_path / "b.pt")
    held = torch.load(tmp_path / "b.pt", weights_only=True)
    assert list(held) == ["a.weight", "a.bias"]
    torch.save(torch.nn.Linear(3, 3), tmp_path / "c.pt")
    with pytest.raises(ValueError, match=r"c.pt must hold tensors alone"):
        load_torch(model, tmp_path / "c.pt")


def test_files_of_safetensors_keep_no_order(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    model = dense(count=11)
    path = tmp_path / "net.safetensors"
    save_file(tensors(*[f"net.{number}" for number in range(11)]), path)
    load_torch(model, path)
    assert firsts(model) == list(range(1, 12))
    save_file(tensors("a.q", "a.k", "a.v", "a.o", shape=(8, 8)), path)
    attention = attention_of(8, 8)
    load_torch(attention, path)
    assert firsts(attention)[::2] == [1, 2, 3, 4]
    model = dense()
    save_file(tensors("stem", "head"), path)
    with pytest.raises(ValueError, match=r"may take the tensors of any of head, stem.*no order"):
        load_torch(model, path)
    load_torch(model, path, names={model.layers[0].name: "stem"})
    assert firsts(model) == [1, 2]


def test_files_that_are_none(tmp_path: Path) -> None:
    model = sequential(Input((3,)), layers.Dense(3, name="a"))
    save_torch(model, tmp_path / "a.safetensors")
    whole = (tmp_path / "a.safetensors").read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "b.safetensors").write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is not a safetensors file"):
            load_torch(model, tmp_path / "b.safetensors")
    with pytest.raises(FileNotFoundError):
        load_torch(model, tmp_path / "c.safetensors")
    torch = pytest.importorskip("torch")
    (tmp_path / "b.pt").write_bytes(b"garbage" * 20)
    with pytest.raises(ValueError, match=r"load_torch: .*b\.pt must hold .* or not whole$"):
        load_torch(model, tmp_path / "b.pt")
    torch.save({"fc.weight": Path("x")}, tmp_path / "b.pt")
    with pytest.raises(ValueError, match=r"it holds pathlib.*Path, an object .* is not run$"):
        load_torch(model, tmp_path / "b.pt")
    with pytest.raises(ValueError, match=r"must end in \.safetensors or \.pt or \.pth"):
        save_torch(model, tmp_path / "a.bin")
    with pytest.raises(FileExistsError):
        save_torch(model, tmp_path / "a.safetensors", overwrite=False)
    with pytest.raises(ValueError, match=r"a\.safetensors.*lamina\.models\.load_torch"):
        model.load_weights(tmp_path / "a.safetensors")
