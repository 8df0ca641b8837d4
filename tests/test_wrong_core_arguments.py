"""Every argument of every method of lamina._core, with wrong values.

The wrong values follow from the signature in the method's documentation.
"""

import math
import re

import numpy as np
import pytest

from lamina import _core

F = np.float32


class Net:
    """A graph with a value of each kind, and related objects."""

    def __init__(self):
        self.graph = graph = _core.Graph("float32")
        self.weights = {}
        self.x = graph.input((3,), "x")
        self.image = graph.input((6, 5, 3), "image")
        self.steps = graph.input((4, 3), "steps")
        self.ids = graph.input((4,), "ids", "int32")
        self.mask = graph.input((4,), "mask", "bool")
        self.parameters = [_core.Parameter(f"p{i}", (3,), "float32") for i in range(4)]
        _core.allocate(self.parameters)
        self.p = [graph.parameter(p) for p in self.parameters]

    def weight(self, *shape):
        made = _core.Parameter("w", shape, "float32")
        _core.allocate([made])
        return self.graph.parameter(made)


def windows(n):
    kernel = n.weight(2, 3, 3, 4)
    return [n.image, kernel, None, (1, 1), (1, 1), (0, 0, 0, 0), 1, "linear", 0.0, "name"]


def transposed(n):
    kernel = n.weight(2, 3, 4, 3)
    return [n.image, kernel, None, (1, 1), (1, 1), (0, 0, 0, 0), (7, 7), "linear", 0.0, 1, "name"]


def recurrent(n):
    start = n.graph.input((5,), "start")
    return ["simple_rnn", n.steps, n.weight(3, 5), n.weight(5, 5), n.weight(5), [start], n.mask,
            "tanh", 0.0, "sigmoid", 0.0, True, True, False, 0.0, 0.0, 0, 0, False,
            "name"]  # fmt: skip


GRAPH = {
    "activation": lambda n: [n.x, "relu", 0.0, "name"],
    "add": lambda n: [[n.x, n.x], "name"],
    "add_loss": lambda n: [n.graph.loss("mean_squared_error", n.x, n.x), None, 1.0, None, "sum"],
    "add_metric": lambda n: ["mean_squared_error", n.x, n.x, None, 0.0],
    "add_output": lambda n: [n.x],
    "add_penalty": lambda n: [n.p[0], 0.1, 0.1, True],
    "all_rows": lambda n: [n.x, 4, "name"],
    "assign": lambda n: [n.p[0], n.p[1], n.p[0], "name"],
    "average": lambda n: [[n.x, n.x], "name"],
    "batch_norm": lambda n: [n.x, n.p[0], n.p[1], n.p[2], n.p[3], None, 0.9, 1e-3, False, "name"],
    "block": lambda n: [8],
    "bounded_relu": lambda n: [n.x, 6.0, 0.0, 0.0, "name"],
    "build": lambda _: [False],
    "by_rows": lambda n: [n.weight(4, 3), "name"],
    "carry": lambda n: [n.state, n.x, "name"],
    "concatenate": lambda n: [[n.x, n.x], 0, "name"],
    "constant": lambda _: [np.ones(3, F)],
    "conv2d": windows,
    "conv2d_transpose": transposed,
    "crop": lambda n: [n.steps, [(1, 0), (0, 0)], "name"],
    "dense": lambda n: [n.x, n.weight(3, 4), n.weight(4), "relu", 0.0, "name"],
    "dot": lambda n: [n.steps, n.graph.input((3, 5), "b"), False, False, "name"],
    "dropout": lambda n: [n.x, 0.5, 0, False, "name"],
    "dtype_of": lambda n: [n.x],
    "each_row": lambda n: [n.p[0], "name"],
    "embedding": lambda n: [n.ids, n.weight(9, 2), "name"],
    "expression": lambda n: [[("add", 0, 1), ("exp", 2)], [n.x, n.p[0]], "float", "name"],
    "enter": lambda _: ["name"],
    "flip": lambda n: [n.steps, 0, "name"],
    "fold": lambda n: [n.steps, "name"],
    "input": lambda _: [(3,), "name", "float"],
    "join_masks": lambda n: [[n.mask, n.mask], [(4,), (4,)], None, "name"],
    "layer_norm": lambda n: [n.x, 1, n.p[0], n.p[1], 1e-3, "name"],
    "leave": lambda n: [n.graph.enter("name")][1:],
    "log_softmax": lambda n: [n.x, "name"],
    "add_sums": lambda n: [n.x, None, None, 3],
    "ctc": lambda n: [
        n.graph.input((5, 4), "logits"),
        n.graph.input((2,), "labels", "int32"),
        n.graph.input((), "count", "int32"),
        n.graph.input((), "steps", "int32"),
        0,
        "name",
    ],
    "ctc_beams": lambda n: [
        n.graph.input((5, 4), "logits"),
        n.graph.input((), "steps", "int32"),
        8,
        2,
        0,
        "name",
    ],
    "loss": lambda n: ["mean_squared_error", n.x, n.x, 0.0, False, "name"],
    "masked_mean": lambda n: [n.steps, n.mask, "name"],
    "masked_weight": lambda n: [n.mask, None, "name"],
    "matmul": lambda n: [n.steps, n.graph.input((3, 5), "b"), False, False, "name"],
    "maximum": lambda n: [[n.x, n.x], "name"],
    "minimum": lambda n: [[n.x, n.x], "name"],
    "multiply": lambda n: [[n.x, n.x], "name"],
    "noise": lambda n: [n.x, "gaussian", 0.5, 0, False, "name"],
    "normalize": lambda n: [n.x, n.p[0], n.p[1], "name"],
    "of_own_rows": lambda n: [n.graph.own_rows(n.p[0]), "name"],
    "operations": lambda _: [],
    "own_rows": lambda n: [n.p[0], "name"],
    "pad": lambda n: [n.steps, [(1, 0), (0, 0)], 0.0, "name"],
    "parameter": lambda n: [n.parameters[0], False],
    "origin": lambda n: [n.x],
    "permute": lambda n: [n.steps, [1, 0], "name"],
    "pool2d": lambda n: ["max", n.image, (2, 2), (1, 1), (0, 0, 0, 0), "name"],
    "logistic_network": lambda n: [n.steps, n.weight(7), 1, 1, False, 15.0, "name"],
    "prelu": lambda n: [n.x, n.p[0], "name"],
    "python": lambda n: [[n.x], (3,), abs, None, "name"],
    "random": lambda _: ["uniform", (3,), 0, 0.0, 1.0, False, "name"],
    **{
        name: lambda n: [n.ids, n.ids, "name"]
        for name in (
            "bitwise_and",
            "bitwise_left_shift",
            "bitwise_or",
            "bitwise_right_shift",
            "bitwise_xor",
            "gcd",
            "lcm",
        )
    },
    "fourier": lambda n: [n.steps, None, False, "name"],
    "recurrent": recurrent,
    "repeat": lambda n: [n.x, [2], "name"],
    "require_rows": lambda _: [4],
    "reshape": lambda n: [n.steps, (12,), "name"],
    "resize": lambda n: [n.steps, 0, 8, "name"],
    "scale": lambda n: [n.x, 2.0, "name"],
    "segment_max": lambda n: [n.graph.input((4,), "values"), n.ids, 3, "name"],
    "segment_sum": lambda n: [n.graph.input((4,), "values"), n.ids, 3, "name"],
    "slice": lambda n: [n.steps, [1, 0], [2, 3], [-1, 1], "name"],
    "softmax": lambda n: [n.x, "name"],
    "spatial_dropout": lambda n: [n.steps, 0.5, 0, False, False, "name"],
    "state": lambda n: [_core.State((3,), "float32"), "name"],
    "train_only": lambda n: [[n.parameters[0]]],
    "stand_in": lambda n: [n.parameters[0], n.p[1]],
    "stop_gradient": lambda n: [n.x, "name"],
    "subtract": lambda n: [n.x, n.x, "name"],
    "take": lambda n: [n.p[0], n.ids, 0, "name"],
    "take_along_axis": lambda n: [n.graph.input((4,), "values"), n.ids, 0, "name"],
    "token_mask": lambda n: [n.ids, "name"],
    "top_k": lambda n: [n.x, 2, "name"],
    "unfold": lambda n: [n.graph.fold(n.steps), 4, "name"],
    "unit_rows": lambda n: [n.steps, "name"],
    "value_mask": lambda n: [n.steps, 0.0, "name"],
    "warp": lambda n: [n.image, *[n.graph.input((2, 2), "p")] * 2, "nearest", "wrap", 0.0, "name"],
    "whole": lambda n: [n.x],
    "where": lambda n: [n.mask, n.steps, None, 0.0, "name"],
    **{
        name: lambda n: [n.steps, 1, False, "name"]
        for name in ("argsort", "cumprod", "cumsum", "sort")
    },
    **{
        name: lambda n: [n.steps, [1], False, "name"]
        for name in ("argmax", "argmin", "max", "mean", "min", "prod", "sum")
    },
}


class Truthful:
    def __bool__(self):
        return True


NAN, INFINITE = float("nan"), float("inf")
WRONG = [None, object(), Truthful(), {}, {1: 2}, lambda: 1, type, ..., "abc", b"a", [], [None],
         [[1]], 1.5, NAN, INFINITE, -1, 2**70, True, 1j, np.zeros(3), np.zeros((2, 2), object),
         [object()], [True], [2**70], [-5], np.array("a")]  # fmt: skip


def is_wrong(value, kind):
    """Return whether an argument of this annotation cannot be this value."""
    if value is None:
        return "None" not in kind and kind != "object"
    number = isinstance(value, (int, float))
    if "Tensor" in kind or "Parameter" in kind or "State" in kind or "Graph" in kind:
        return not ("Sequence" in kind and isinstance(value, list) and not value)
    if kind == "str":
        return not isinstance(value, (str, bytes))
    if kind == "bool":
        return not isinstance(value, bool)
    if "SupportsFloat" in kind and "Sequence" not in kind:
        return not number
    if "SupportsIndex" in kind and "Sequence" not in kind and "Annotated" not in kind:
        return not number or isinstance(value, float) or value == 2**70
    return not isinstance(value, (list, np.ndarray)) and "Any" not in kind and "object" not in kind


def signature(method):
    first = re.split(r" -> ", method.__doc__.split("\n")[0])[0]
    inside = first[first.index("(") + 1 : first.rindex(")")]
    parts = re.split(r", (?=\*{0,2}\w+(?:: |$))", inside)
    return [p.split(": ", 1)[1].split(" = ")[0] for p in parts if ": " in p and p[:4] != "self"]


@pytest.mark.parametrize("name", GRAPH)
def test_a_graph_refuses_what_is_not_right(name):
    kinds = signature(getattr(_core.Graph, name))

    def call(place=None, wrong=None):
        net = Net()
        net.state = _core.State((3,), "float32")
        if name == "carry":
            net.graph.state(net.state, "s")
        arguments = GRAPH[name](net)
        assert len(arguments) == len(kinds)
        if place is not None:
            arguments[place] = wrong
        return getattr(net.graph, name)(*arguments)

    call()
    for place, kind in enumerate(kinds):
        for wrong in WRONG:
            try:
                call(place, wrong)
            except (TypeError, ValueError) as error:
                said = str(error)
                assert said, (place, wrong)
            else:
                assert not is_wrong(wrong, kind), (kind, wrong)


def test_all_methods_are_tried():
    methods = {m for m in vars(_core.Graph) if not m.startswith("_")}
    methods -= {"built", "inputs", "outputs", "dtype", "paths", "parameters", "rows", "products"}
    methods -= {"record"}  # the others are listed by name; those above are properties
    assert methods == set(GRAPH)


def execution(training=True):
    net = Net()
    loss = net.graph.loss(
        "mean_squared_error", net.graph.dense(net.x, net.weight(3, 3), None), net.x
    )
    net.graph.add_loss(loss)
    net.graph.add_output(net.x)
    net.graph.build()
    made = _core.Execution(net.graph, 2, training)
    made.bind(data())
    return net, made


def data():
    return [np.ones((2, 3), F), np.ones((2, 6, 5, 3), F), np.ones((2, 4, 3), F),
            np.ones((2, 4), np.int32), np.ones((2, 4), bool)]  # fmt: skip


ORDER = np.arange(2)
EXECUTION = {
    "bind": [data()],
    "first_nonfinite": [ORDER, 0, 2, 0],
    "gradient_of": [None],
    "gradients": [ORDER, 0, 2, 0],
    "input_gradient": [0],
    "output": [0],
    "profile": [ORDER, 0, 2, 0.1, 1, 0],
    "set_update": ["sgd", [np.zeros(16, F)]],
    "test": [ORDER, 0, 2, 0],
    "train": [ORDER, 0, 2, 0.1, 1, 0],
}


@pytest.mark.parametrize("name", EXECUTION)
def test_an_execution_refuses_what_is_not_right(name):
    _, run = execution()
    run.gradients(ORDER, 0, 2, 0)
    kinds = signature(getattr(_core.Execution, name))
    for place, kind in enumerate(kinds[: len(EXECUTION[name])]):
        for wrong in WRONG:
            arguments = list(EXECUTION[name])
            arguments[place] = wrong
            try:
                getattr(run, name)(*arguments)
            except (TypeError, ValueError, IndexError, RuntimeError) as error:
                said = str(error)
                assert said, (place, wrong)
            else:
                assert not is_wrong(wrong, kind), (kind, wrong)


def slots_for(rule, run):
    lines = [
        [-(-math.prod(slot.shape(p.shape)) // 16) * 16 for p in run.trainable()]
        for slot in rule.slots
    ]
    return [np.zeros(sum(each), F) for each in lines]


@pytest.mark.parametrize("rule", _core.rules(), ids=lambda rule: rule.name)
def test_settings_of_an_update_are_checked(rule):
    net, run = execution()
    settings = {s.name: bool(s.initial) if s.flag else s.initial for s in rule.settings}
    settings |= {"weight_decay": 0.1, "clipvalue": 0.1, "clipnorm": 0.1, "global_clipnorm": 0.1,
                 "no_decay": net.parameters}  # fmt: skip
    slots = slots_for(rule, run)
    run.set_update(rule.name, slots, **settings)
    for key in settings:
        for wrong in (None, object(), Truthful(), "abc", [None], NAN, 1j, np.zeros(3), {}):
            with pytest.raises((TypeError, ValueError), match=f"^set_update: {key} must "):
                run.set_update(rule.name, slots, **{key: wrong})
    for setting in rule.settings:
        for wrong in (setting.low - 1, setting.high + 1):
            if np.isfinite(wrong) and not setting.flag:
                with pytest.raises(ValueError, match=f"^set_update: {setting.name} must "):
                    run.set_update(rule.name, slots, **{setting.name: wrong})
    with pytest.raises(TypeError, match="set_update: unknown setting 'speed'"):
        run.set_update(rule.name, slots, speed=1.0)


@pytest.mark.parametrize("rule", _core.rules(), ids=lambda rule: rule.name)
def test_slots_of_an_update_are_those_of_the_rule(rule):
    _, run = execution()
    slots = slots_for(rule, run)
    for place, slot in enumerate(rule.slots):
        fewer = [None if i == place else s for i, s in enumerate(slots)]
        settings = {s.name: True if s.flag else 0.5 for s in rule.settings if s.name == slot.when}
        with pytest.raises(ValueError, match=f"{rule.name} needs slot {place}, {slot.name}"):
            run.set_update(rule.name, fewer, **settings)
        if slot.when is not None:
            run.set_update(rule.name, fewer)
    with pytest.raises(ValueError, match=f"{rule.name} has {len(slots)} slots; got"):
        run.set_update(rule.name, [*slots, slots[0]])
    with pytest.raises(ValueError, match=r"set_update: unknown rule 'sgdd'; known: .*sgd"):
        run.set_update("sgdd", [])


def test_what_else_is_made_refuses_what_is_not_right():
    net, _ = execution()
    right = {
        _core.Parameter: ["p", (3,), "float32", True],
        _core.State: [(3,), "float32"],
        _core.Graph: ["float32"],
        _core.Execution: [net.graph, 2, True, 0, False],
        _core.Predictor: [net.graph],
        _core.allocate: [net.parameters],
        _core.Predictor(net.graph).predict: [data(), 2, 0, 0],
        _core.Predictor(net.graph).block: [2],
        _core.State((3,), "float32").reset: [0],
        _core.runtime.set_num_threads: [2],
        _core.runtime.use_isa: [_core.runtime.isa()],
    }
    threads = _core.runtime.get_num_threads()
    for call, arguments in right.items():
        call(*arguments)
        kinds = signature(call.__init__ if isinstance(call, type) else call)
        for place, kind in enumerate(kinds):
            for wrong in WRONG:
                given = [*arguments[:place], wrong, *arguments[place + 1 :]]
                try:
                    call(*given)
                except (TypeError, ValueError) as error:
                    said = str(error)
                    assert said, (call, place, wrong)
                else:
                    assert not is_wrong(wrong, kind), (call, kind, wrong)
    _core.runtime.set_num_threads(threads)
    for wrong in WRONG:
        if wrong is not True:
            with pytest.raises(TypeError, match="Parameter: trainable must be True or False"):
                net.parameters[0].trainable = wrong
