"""Descriptions of operations, and the methods, signatures and errors made from them."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import _core
from test_wrong_core_arguments import GRAPH, Net, Truthful

OPERATIONS = _core.operations()
STUB = Path(lamina.__file__).parent / "_core" / "__init__.pyi"


def stub_methods():
    """Return the arguments of each method of Graph in the stub, by its name."""
    graph = next(c for c in ast.parse(STUB.read_text()).body if getattr(c, "name", "") == "Graph")
    return {m.name: m.args for m in graph.body if isinstance(m, ast.FunctionDef)}


def given(name):
    """Return a graph and the arguments of one of its operations, by name."""
    net = Net()
    return net.graph, dict(
        zip([*OPERATIONS[name]["arguments"], "name"], GRAPH[name](net), strict=True)
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_python_sees_what_is_described(name):
    arguments = OPERATIONS[name]["arguments"]
    stub = stub_methods()[name]
    assert [a.arg for a in stub.args] == ["self", *arguments, "name"]
    defaults = [ast.literal_eval(d) for d in stub.defaults]
    assert defaults == [a["default"] for a in arguments.values() if "default" in a] + [""]
    document = getattr(_core.Graph, name).__doc__
    assert OPERATIONS[name]["documentation"] in document
    for argument, described in arguments.items():
        assert described["documentation"].endswith(".")
        assert f"\n{argument} : " in document
        assert described["documentation"] in document
        assert all(repr(word) in document for word in described["words"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_defaults_are_taken_and_names_serve(name):
    graph, arguments = given(name)
    described = OPERATIONS[name]["arguments"]
    required = {k: v for k, v in arguments.items() if k != "name" and "default" not in described[k]}
    filled = {k: a["default"] for k, a in described.items() if "default" in a}

    def recorded(**more):
        count = len(graph.operations())
        made = graph.record(name, **required, **more)
        first = made[0] if isinstance(made, list) else made
        return graph.operations()[count:], tuple(first.shape)

    assert recorded() == recorded(**filled) == recorded(**filled, name="of a layer")
    for key in required:
        rest = {k: v for k, v in required.items() if k != key}
        with pytest.raises(TypeError, match=f"^{name}: {key} is needed; got no value"):
            getattr(graph, name)(**rest)


def test_a_call_of_another_form_is_refused():
    net = Net()
    kernel = net.weight(3, 4)
    cases = [
        (lambda: net.graph.dense(net.x, kernel, activaton="relu"), TypeError,
         "dense: unknown argument 'activaton'; known: x, kernel, bias, activation, alpha, name"),
        (lambda: net.graph.dense(net.x, kernel, x=net.x), TypeError,
         "dense: two values for x; got "),
        (lambda: net.graph.softmax(net.x, "a", 3), TypeError,
         "softmax: takes 2 arguments (x, name); got 3"),
        (lambda: _core.Graph.softmax(3, net.x), TypeError, "softmax: self must be a Graph; got 3"),
        (lambda: net.graph.record("sofmax", net.x), ValueError,
         "unknown operation 'sofmax'; known: "),
    ]  # fmt: skip
    for call, error, text in cases:
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value).startswith(text)


WRONG = {
    "tensor": [(3, "must be a Tensor; got 3")],
    "tensors": [(3, "must be a sequence of Tensors; got 3"), ([3], "Tensors; got 3")],
    "flag": [(1, "must be True or False; got 1"), (Truthful(), "must be True or False; got <")],
    "integer": [(1.0, "must be an integer; got 1.0"), (2**64, f"of 64 bits; got {2**64}")],
    "number": [("a", "must be a number; got 'a'"), (None, "must be a number; got None")],
    "word": [(3, "must be a string; got 3"), (None, "must be a string; got None")],
    "integers": [(3, "must be a sequence of integers; got 3"), ("ab", "integers; got 'ab'"),
                 ([1.5], "must be an integer; got 1.5")],
    "integer_lists": [([3], "must be a sequence of sequences of integers; got 3"),
                      ([(1, 2, 3)], " 2 integers; got (1, 2, 3)")],
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_setting_is_refused_with_who_rule_and_value(kind):
    tried = 0
    for name, operation in OPERATIONS.items():
        graph, arguments = given(name)
        for key, described in operation["arguments"].items():
            if described["kind"] != kind or described["optional"] or key in ("masks", "shapes"):
                continue
            for wrong, text in WRONG[kind]:
                with pytest.raises((TypeError, ValueError)) as caught:
                    getattr(graph, name)(**{**arguments, key: wrong})
                said = str(caught.value)
                assert said.startswith(f"{name}: {key} must be ")
                assert text in said, (name, key)
                tried += 1
    assert tried > 0


def test_words_and_ranges_are_refused_with_who_rule_and_value():
    for name, key, wrong, text in [
        ("dense", "activation", "rellu", "has the unknown name 'rellu'; known: linear, relu, "),
        ("recurrent", "cell", "grue", "has the unknown name 'grue'; known: simple_rnn, lstm, gru"),
        ("noise", "kind", "pink", "has the unknown name 'pink'; known: "),
        ("dropout", "stream", -1, "must lie in [0, 4294967295]; got -1"),
        ("pool2d", "pool", (1, 2, 3), "must be 2 integers; got (1, 2, 3)"),
        ("conv2d", "padding", (1, 2), "must be 4 integers; got (1, 2)"),
    ]:
        graph, arguments = given(name)
        with pytest.raises(ValueError, match="^" + re.escape(f"{name}: {key} {text}")):
            getattr(graph, name)(**{**arguments, key: wrong})


def test_numbers_of_numpy_serve():
    net = Net()
    y = net.graph.reshape(net.steps, np.array([2, 6]))
    assert tuple(y.shape) == (2, 6)
    y = net.graph.crop(net.steps, np.array([[1, 0], [0, np.int8(1)]]))
    assert tuple(y.shape) == (3, 2)
    graph, arguments = given("recurrent")
    assert len(graph.recurrent(**{**arguments, "return_state": np.True_})) == 2
    net.graph.dropout(net.x, np.float32(0.5), np.uint8(3))
