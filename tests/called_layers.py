"""Layers called on several tensors against Keras's: outputs, and gradients of one training step.

A case is (class, options, shapes of the inputs, arguments of the call).  Options that are functions
are given ``lamina.layers`` or ``keras.layers``; shapes are those of the arguments in order, a list
of shapes is a list of inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import golden
from keras_peer import assert_near, jax, keras
from lamina import _core, layers
from lamina._tensors import Arguments, Recording, Tensor
from lamina._tensors.arguments import flat
from lamina.layers.base import called

ROWS = 3


def made(kit: Any, name: str, options: dict[str, Any]) -> Any:
    """Return the layer of one of the two libraries."""
    given = {k: v(kit) if callable(v) else v for k, v in options.items()}
    return getattr(kit, name)(**given)


def described(options: dict[str, Any]) -> list[Any]:
    """Return a description of options that may hold functions, which belong to the test."""
    return [(k, None if callable(v) else v) for k, v in options.items()]


def drawn(shape: Any, rng: np.random.Generator, dtype: str) -> Any:
    """Return normal numbers for a shape of rows, or for each of a list."""
    if isinstance(shape, list):
        return [drawn(each, rng, dtype) for each in shape]
    return rng.normal(size=(ROWS, *shape)).astype(dtype)


def step(layer: Any, args: list[Any], call: dict[str, Any], targets: Any = None) -> list[Any]:
    """Return outputs, gradients of weights and of inputs of the sum of mean squared errors."""
    arguments = Arguments(args, call, lambda v: isinstance(v, np.ndarray))
    arrays = arguments.forget_tensors()
    graph = _core.Graph(layer.dtype)
    kinds = {"f": "float", "b": "bool", "i": "int32"}
    with Recording(graph, training=bool(call.get("training"))) as recording:
        tensors = [
            Tensor(recording, graph.input(a.shape[1:], f"x{i}", kinds[a.dtype.kind]))
            for i, a in enumerate(arrays)
        ]
        outputs = flat(called.on_tensors(layer, *arguments.filled(tensors)))
    for i, y in enumerate(outputs):
        graph.add_output(y.value)
        target = graph.input(tuple(y.value.shape), f"target{i}")
        graph.add_loss(graph.loss("mean_squared_error", y.value, target))
    graph.build()
    if targets is None:
        targets = [np.zeros((ROWS, *y.value.shape), layer.dtype) for y in outputs]
    run = _core.Execution(graph, ROWS, True, 1, True)
    run.bind([*arrays, *targets])
    loss = run.gradients(None, 0, ROWS, 3)
    learned = [p for p in layer.parameters if p.trainable]
    return [
        [np.array(run.output(i)) for i in range(len(outputs))],
        [np.array(run.gradient_of(p)) for p in learned],
        [np.array(run.input_gradient(i)) for i, _ in enumerate(flat(args))],
        loss,
    ]


def theirs_step(
    name: str, options: dict[str, Any], weights: Any, args: Any, call: Any, targets: Any
) -> list[Any]:
    """Return what ``step`` does, by automatic differentiation; and the output in inference."""
    layer = made(keras.layers, name, options)
    layer(*args, **call)
    layer.set_weights(weights)
    given = {k: v for k, v in call.items() if k != "training"}
    inference = jax.tree_util.tree_leaves(layer(*args, **given))
    fixed = [v.value for v in layer.non_trainable_variables]

    def loss(learned: Any, inputs: Any) -> Any:
        y, _ = layer.stateless_call(learned, fixed, *inputs, **call)
        y = jax.tree_util.tree_leaves(y)
        return sum(((a - t) ** 2).mean() for a, t in zip(y, targets, strict=True)), y

    learned = [v.value for v in layer.trainable_variables]
    both = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)
    (_, outputs), (of_weights, of_inputs) = both(learned, args)
    return [outputs, of_weights, jax.tree_util.tree_leaves(of_inputs), inference]


def assert_same_as_keras(
    name: str, options: dict[str, Any], shapes: list[Any], call: dict[str, Any]
) -> None:
    """Compare outputs in inference, and outputs and all gradients of a training step."""
    rng = np.random.default_rng(5)
    args = drawn(shapes, rng, "float32")
    mine = made(layers, name, options)
    mine(*args, **call)
    weights = [rng.normal(size=w.shape).astype("float32") for w in mine.get_weights()]
    mine.set_weights(weights)
    targets = [rng.normal(size=y.shape).astype("float32") for y in step(mine, args, call)[0]]
    inference = {k: v for k, v in call.items() if k != "training"}
    got = [*step(mine, args, call, targets)[:3], flat(mine(*args, **inference))]
    wanted = golden.ask(
        lambda: theirs_step(name, options, weights, args, call, targets),
        name, described(options), weights, args, *call.items(), targets,
    )  # fmt: skip
    kinds = ("output", "gradient of weight", "gradient of input", "inference")
    for kind, ours, others in zip(kinds, got, wanted, strict=True):
        assert len(ours) == len(others), kind
        # Some gradients are 0 apart from rounding, such as that of a key's bias.
        largest = max([1e-3, *(float(np.abs(b).max(initial=0.0)) for b in others)])
        for i, (a, b) in enumerate(zip(ours, others, strict=True)):
            assert a.shape == b.shape, f"{kind} {i}: shape {a.shape}, Keras's {b.shape}"
            error = np.abs(a.astype("float64") - b).max(initial=0.0)
            assert error <= 1e-5 * largest, f"{kind} {i}: relative error {error / largest:.2e}"


def assert_gradients(name: str, options: dict[str, Any], shapes: list[Any], **call: Any) -> None:
    """Compare the gradients of weights and inputs with finite differences, in float64."""
    rng = np.random.default_rng(6)
    args = drawn(shapes, rng, "float64")
    layer = made(layers, name, {**options, "dtype": "float64"})
    layer(*args, **call)
    for w in layer.weights:
        w[...] = rng.normal(size=w.shape)
    arrays = flat(args)
    targets = [rng.normal(size=y.shape) for y in step(layer, args, call)[0]]
    _, of_weights, of_inputs, _ = step(layer, args, call, targets)
    learned = [np.asarray(p.array) for p in layer.parameters if p.trainable]
    pairs = zip([*learned, *arrays], [*of_weights, *of_inputs], strict=True)
    for place, (array, gradient) in enumerate(pairs):
        for i in rng.choice(array.size, min(3, array.size), replace=False):
            at, losses = np.unravel_index(i, array.shape), []
            before = array[at]
            for shift in (1e-6, -1e-6):
                array[at] = before + shift
                losses.append(step(layer, args, call, targets)[3])
            array[at] = before
            wanted = (losses[0] - losses[1]) / 2e-6
            assert abs(gradient[at] - wanted) < 1e-6 * max(1.0, abs(wanted)), (place, at)


def assert_same_settings(name: str, options: dict[str, Any], shapes: list[Any]) -> None:
    """Compare first values and two steps of training, with a penalty for every weight.

    ``options`` has the settings: functions of ``lamina`` or ``keras`` itself.
    """
    import lamina

    rng = np.random.default_rng(8)
    args = drawn(shapes, rng, "float32")
    listed = isinstance(shapes[0], list)
    given = args[0] if listed else args

    def model(kit: Any) -> Any:
        inputs = [kit.Input(shape) for shape in (shapes[0] if listed else shapes)]
        layer = getattr(kit.layers, name)(**{
            k: v(kit) if callable(v) else v for k, v in options.items()
        })  # fmt: skip
        result = kit.Model(inputs, layer(inputs) if listed else layer(*inputs))
        result.compile(kit.optimizers.Adam(0.1), "mean_squared_error")
        return result

    def trained(kit: Any) -> list[Any]:
        made = model(kit)
        first = made.get_weights()
        shape = np.shape(made(given))
        y = np.random.default_rng(9).normal(size=shape).astype("float32")
        losses = [np.float64(made.train_on_batch(given, y)).reshape(-1)[0] for _ in range(2)]
        return [first, losses, made.get_weights()]

    wanted = golden.ask(lambda: trained(keras), name, described(options), args)
    got = trained(lamina)
    for kind, ours, others in zip(("first", "loss", "last"), got, wanted, strict=True):
        for i, (a, b) in enumerate(zip(ours, others, strict=True)):
            assert_near(np.asarray(a), b, f"{kind} {i}", 1e-3 if kind == "last" else 1e-5)


def mixed(keras):
    """Weights of its own and in layers, lists and dicts, some that never train."""

    class Mixed(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = keras.layers.Dense(3)
            self.fixed = self.add_weight(
                shape=(3,), initializer="zeros", trainable=False, name="fixed"
            )
            self.blocks = [keras.layers.Dense(3), keras.layers.Dense(3)]
            self.table = {"a": keras.layers.Dense(3), "b": [keras.layers.Dense(3)]}

        def build(self, input_shape):
            self.free = self.add_weight(shape=(3,), initializer="ones", name="free")
            self.late = keras.layers.BatchNormalization()

        def call(self, x):
            x = self.inner(x)
            for block in self.blocks:
                x = block(x)
            x = self.table["b"][0](self.table["a"](x))
            return self.late(x * self.free + self.fixed)

    return Mixed()
