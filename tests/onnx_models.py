"""Models made by hand in ONNX, as exporters write them."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper


class Maker:
    """Collects nodes and initializers, and makes a model from them."""

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def weight(self, name, *shape, low=-0.7, high=0.7):
        return self.constant(name, self.rng.uniform(low, high, shape).astype(np.float32))

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def shape(self, *sizes):
        return self.constant(f"shape_{len(self.constants)}", np.array(sizes, np.int64))

    def __call__(self, op, *inputs, outputs=1, **attributes):
        names = [f"{op.lower()}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(
            helper.make_node(op, inputs, names, f"{op}_{len(self.nodes)}", **attributes)
        )
        return names[0] if outputs == 1 else names

    def model(self, inputs, outputs, opset=17):
        graph = helper.make_graph(
            self.nodes, "graph", [value(name, *given) for name, given in inputs.items()],
            [value(name, "float32", None) for name in outputs], self.constants,
        )  # fmt: skip
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8
        )


def value(name, kind, shape):
    types = {
        "float32": TensorProto.FLOAT,
        "int64": TensorProto.INT64,
        "float64": TensorProto.DOUBLE,
    }
    return helper.make_tensor_value_info(name, types[kind], shape)


def mlp():
    m = Maker()
    h = m("Relu", m("Gemm", "x", m.weight("w1", 6, 4), m.weight("b1", 6), transB=1))
    h = m("Add", m("MatMul", h, m.weight("w2", 6, 3)), m.weight("b2", 3))
    y = m("Softmax", h, axis=-1)
    return m.model({"x": ("float32", ["n", 4])}, [y])


def cnn():
    m = Maker()
    h = m("Conv", "x", m.weight("k1", 6, 3, 3, 3), m.weight("c1", 6), pads=[1, 1, 1, 1])
    statistics = m.weight("mean", 6), m.weight("var", 6, low=0.2, high=2.0)
    h = m("BatchNormalization", h, m.weight("gamma", 6), m.weight("beta", 6), *statistics)
    h = m("MaxPool", m("Relu", h), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    h = m("Conv", h, m.weight("k2", 6, 1, 3, 3), group=6, strides=[2, 2], pads=[0, 0, 1, 1])
    h = m("Conv", h, m.weight("k3", 8, 3, 1, 1), group=2)
    h = m("AveragePool", h, kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1)
    y = m("Gemm", m("Flatten", m("GlobalAveragePool", m("Sigmoid", h))), m.weight("w", 8, 2))
    return m.model({"x": ("float32", ["n", 3, 9, 9])}, [y])


def block():
    """A residual block."""
    m = Maker()
    h = m("Relu", m("Conv", "x", m.weight("k1", 8, 4, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1]))
    h = m("Conv", h, m.weight("k2", 8, 8, 3, 3), pads=[1, 1, 1, 1])
    skip = m("Conv", "x", m.weight("k3", 8, 4, 1, 1), strides=[2, 2])
    h = m("Relu", m("Add", h, skip))
    y = m("MatMul", m("ReduceMean", h, axes=[2, 3], keepdims=0), m.weight("w", 8, 2))
    return m.model({"x": ("float32", ["n", 4, 8, 8])}, [y])


def recurrent(op, gates, both, steps_first=False, **settings):
    """A recurrent layer, with the transpositions that exporters put around it."""
    m, ways = Maker(), 2 if both else 1
    x = "x" if steps_first else m("Transpose", "x", perm=[1, 0, 2])
    w, r = m.weight("w", ways, gates * 5, 3), m.weight("r", ways, gates * 5, 5)
    b = m.weight("b", ways, gates * 10)
    direction = "bidirectional" if both else "forward"
    outputs = 3 if op == "LSTM" else 2
    y, *last = m(op, x, w, r, b, hidden_size=5, direction=direction, outputs=outputs, **settings)
    y = m("Reshape", m("Transpose", y, perm=[0, 2, 1, 3]), m.shape(0, 0, -1))
    y = y if steps_first else m("Transpose", y, perm=[1, 0, 2])
    last = m("Reshape", m("Transpose", last[-1], perm=[1, 0, 2]), m.shape(0, -1))
    shape = [4, "n", 3] if steps_first else ["n", 4, 3]
    return m.model({"x": ("float32", shape)}, [last] if steps_first else [y, last])


def attention():
    """Two heads over six steps, with the shapes taken from the input."""
    m = Maker()
    shape = m("Shape", "x")
    rows = m("Gather", shape, m.constant("zero", np.array(0)), axis=0)
    heads = m("Concat", m("Unsqueeze", rows, m.shape(0)), m.shape(-1, 2, 4), axis=0)
    parts = [
        m(
            "Reshape",
            m("Add", m("MatMul", "x", m.weight(f"w{n}", 8, 8)), m.weight(f"b{n}", 8)),
            heads,
        )
        for n in "qkv"
    ]
    q, k, v = (
        m("Transpose", p, perm=[0, 2, 3, 1] if i == 1 else [0, 2, 1, 3])
        for i, p in enumerate(parts)
    )
    scores = m("Div", m("MatMul", q, k), m.constant("root", np.float32(2.0)))
    y = m("MatMul", m("Softmax", scores, axis=-1), v)
    flat = m("Concat", m("Unsqueeze", rows, m.shape(0)), m.shape(-1, 8), axis=0)
    y = m("Add", m("Reshape", m("Transpose", y, perm=[0, 2, 1, 3]), flat), "x")
    y = m("LayerNormalization", y, m.weight("scale", 8), m.weight("shift", 8), axis=-1)
    return m.model({"x": ("float32", ["n", 6, 8])}, [y])


def two_inputs():
    m = Maker()
    a = m("Tanh", m("Gemm", "a", m.weight("wa", 3, 4), m.weight("ba", 4)))
    b = m("ReduceMean", m("Gather", m.weight("table", 10, 4), "b"), axes=[1], keepdims=0)
    both = m("Concat", a, b, axis=1)
    y = m("Gemm", both, m.weight("w", 8, 1), m.weight("bias", 1))
    z = m("Mul", m("Sub", a, b), m.constant("half", np.float32(0.5)))
    return m.model({"a": ("float32", ["n", 3]), "b": ("int64", ["n", 5])}, [y, z])


def fixed_rows():
    """An image model as exporters write it for exactly two images."""
    m = Maker()
    h = m("Conv", "x", m.weight("k", 4, 3, 2, 2), m.weight("c", 4), strides=[2, 2])
    h = m("Reshape", m("Relu", h), m.shape(2, -1))
    return m.model({"x": ("float32", [2, 3, 6, 6])}, [m("Gemm", h, m.weight("w", 36, 2))])


MODELS = {
    "mlp": mlp,
    "cnn": cnn,
    "residual block": block,
    "lstm": lambda: recurrent("LSTM", 4, False),
    "bidirectional lstm": lambda: recurrent("LSTM", 4, True),
    "lstm, steps first": lambda: recurrent("LSTM", 4, False, True),
    "gru": lambda: recurrent("GRU", 3, False, linear_before_reset=1),
    "bidirectional gru": lambda: recurrent("GRU", 3, True, linear_before_reset=1),
    "gru, reset before": lambda: recurrent("GRU", 3, True),
    "rnn": lambda: recurrent("RNN", 1, True),
    "attention": attention,
    "two inputs": two_inputs,
    "fixed rows": fixed_rows,
}


def inputs_of(model, rows, seed=1):
    """Return inputs of a model, in order."""
    rng = np.random.default_rng(seed)
    made = []
    for port in model.graph.input:
        tensor = port.type.tensor_type
        shape = [d.dim_value or rows for d in tensor.shape.dim]
        if len(shape) > 0 and tensor.shape.dim[0].dim_value == 2:
            shape[0] = rows
        if tensor.elem_type == TensorProto.INT64:
            made.append(rng.integers(0, 10, shape))
        else:
            made.append(rng.standard_normal(shape).astype(np.float32))
    return made
