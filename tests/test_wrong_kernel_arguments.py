"""Every argument of every function of lamina.kernels, with wrong values.

The kind of an argument follows from its annotation; a new function or argument is tested with only
a correct call added here.
"""

import inspect
from datetime import datetime

import numpy as np
import pytest

from lamina import kernels

F = np.float32
ones = np.ones


def recurrent(gates, *, bias=True):
    weights = {
        "x": ones((2, 4, 3), F),
        "kernel": ones((3, gates * 5), F),
        "recurrent_kernel": ones((5, gates * 5), F),
        "initial_h": ones((2, 5), F),
        "mask": ones((2, 4), bool),
        "input_drop": ones((2, 3), F),
        "recurrent_drop": ones((2, 5), F),
    }
    if bias:
        weights["bias"] = ones((2, gates * 5) if gates == 3 else gates * 5, F)
    return weights


def recurrent_back(forward, gates):
    weights = recurrent(gates)
    given = dict(weights, initial_c=ones((2, 5), F)) if gates == 4 else weights
    saved = forward(**given)[-1]
    into = {f"d{k}": np.zeros_like(weights[k]) for k in ("kernel", "recurrent_kernel", "bias")}
    more = {"dc": ones((2, 5), F)} if gates == 4 else {}
    return {"dy": ones((2, 5), F), "saved": saved, "dh": ones((2, 5), F)} | given | into | more


def window(axes, transposed=False, back=False):
    x, kernel = ones((2, *(6, 5)[:axes], 3), F), ones((*(2, 3)[:axes], 3, 4), F)
    if transposed:
        kernel = kernel.swapaxes(-1, -2)
    call = {"x": x, "kernel": kernel, "strides": 1, "padding": "valid", "dilation": 1, "groups": 1}
    if not back:
        return call | {"bias": ones(4, F), "activation": "relu", "alpha": None}
    forward = getattr(kernels, f"conv{axes}d{'_transpose' * transposed}_forward")
    return call | {
        "dz": forward(x, kernel),
        "dkernel": np.zeros(kernel.shape, F),
        "dbias": np.zeros(4, F),
    }


def pool(axes, back=None):
    call = {"pool_size": 2, "strides": 2, "padding": "valid"}
    x = ones((2, *(6, 4)[:axes], 3), F)
    if back is None:
        return {"x": x} | call
    y = ones((2, *(3, 2)[:axes], 3), F)
    return {"dy": y, "shape": x.shape} | call | back(y)


X, KEY = ones((2, 3), F), {"seed": 1, "stream": 0, "step": 0}
IMAGE, TWO = ones((2, 3, 3), F), {"a": X, "b": X}
NORM = {"x": X, "gamma": ones(3, F), "mean": ones(3, F), "variance": ones(3, F)}
INTO = {"dgamma": np.zeros(3, F), "dbeta": np.zeros(3, F)}
LOSS = {
    "kind": "mean_squared_error",
    "y_true": X,
    "y_pred": X,
    "from_logits": False,
    "label_smoothing": 0.0,
}
RELU = {"x": X, "max_value": 6.0, "negative_slope": 0.1, "threshold": 0.0}
STEP = {"x": X, "h": ones((2, 5), F), "kernel": ones((3, 5), F), "bias": ones(5, F)}
STEP |= {"recurrent_kernel": ones((5, 5), F)}


def index(y):
    return {"index": np.zeros(y.shape, np.int32)}


def none(_):
    return {}


RIGHT = {
    "matmul": {"a": ones((2, 2), F), "b": ones((2, 2), F), "out": np.zeros((2, 2), F)},
    "dense_forward": {"x": X, "kernel": ones((3, 4), F), "bias": ones(4, F), "alpha": None},
    "dense_backward": {"dz": ones((2, 4), F), "x": X, "kernel": ones((3, 4), F)}
    | {"dkernel": np.zeros((3, 4), F), "dbias": np.zeros(4, F)},
    "activation_forward": {"x": X, "kind": "relu", "alpha": None},
    "activation_backward": {"dy": X, "x": X, "kind": "relu", "alpha": None},
    "softmax_forward": {"x": X},
    "softmax_backward": {"dy": X, "y": X},
    "log_softmax_forward": {"x": X},
    "log_softmax_backward": {"dy": X, "y": X},
    "simple_rnn_forward": recurrent(1),
    "simple_rnn_backward": recurrent_back(kernels.simple_rnn_forward, 1),
    "lstm_forward": recurrent(4) | {"initial_c": ones((2, 5), F)},
    "lstm_backward": recurrent_back(kernels.lstm_forward, 4),
    "gru_forward": recurrent(3),
    "gru_backward": recurrent_back(kernels.gru_forward, 3),
    "rnn_step_forward": STEP,
    "rnn_step_backward": STEP | {"dh": ones((2, 5), F)},
    "batch_norm_forward": {**NORM, "beta": ones(3, F)},
    "batch_norm_backward": {**NORM, "dy": X, "batch_statistics": False, **INTO},
    "layer_norm_forward": {"x": X, "gamma": ones(3, F), "beta": ones(3, F)},
    "layer_norm_backward": {"dy": X, "x": X, "mean": ones(2, F), "inverse": ones(2, F)}
    | {"gamma": ones(3, F), **INTO},
    "embedding_forward": {"table": X, "ids": [0, 1]},
    "embedding_backward": {"dy": X, "ids": [0, 1], "vocabulary": 4, "dtable": np.zeros((4, 3), F)},
    "embedding_backward_sparse": {"dy": X, "ids": [0, 1], "vocabulary": 4},
    "random_uniform": {"shape": (2, 3), **KEY, "dtype": "float32"},
    "random_bits": {"shape": (2, 3), **KEY},
    "permutation": {"n": 5, **KEY},
    "dropout_forward": {"x": X, "rate": 0.5, **KEY},
    "dropout_backward": {"dy": X, "rate": 0.5, **KEY, "y": X},
    "noise_forward": {"x": X, "kind": "gaussian", "amount": 0.5, **KEY},
    "noise_backward": {"dy": X, "kind": "gaussian", "amount": 0.5, **KEY},
    "spatial_dropout_forward": {"x": IMAGE, "rate": 0.5, **KEY},
    "spatial_dropout_backward": {"dy": IMAGE, "rate": 0.5, **KEY},
    "bounded_relu_forward": RELU,
    "bounded_relu_backward": {"dy": X, **RELU},
    "prelu_forward": {"x": X, "alpha": ones(3, F)},
    "prelu_backward": {"dy": X, "x": X, "alpha": ones(3, F), "dalpha": np.zeros(3, F)},
    "loss_forward": {**LOSS, "delta": 1.0},
    "loss_backward": {**LOSS, "delta": 1.0, "dloss": ones(2, F)},
    "metric_state": {"kind": "mean_squared_error", "columns": 3},
    "metric_update": {
        "kind": "mean_squared_error",
        "state": kernels.metric_state("mean_squared_error", 3),
        "y_true": X,
    }
    | {"y_pred": X, "sample_weight": ones(2, F), "threshold": 0.5},
    "sgd_update": {"param": ones(3), "grad": ones(3), "velocity": ones(3), "momentum": 0.5},
    "rmsprop_update": {"param": ones(3), "mean_square": ones(3), "grad": ones(3)}
    | {"velocity": ones(3), "mean_grad": ones(3), "momentum": 0.5},
    "adam_update": {"param": ones(3), "m": ones(3), "v": ones(3), "grad": ones(3), "step": 1}
    | {"max_v": ones(3)},
    "add_into": {"y": ones(3), "x": ones(3)},
    "scale": {"x": X, "factor": 2.0},
    "clip": {"x": X, "limit": 2.0},
    "normalize_forward": {"x": X, "mean": ones(3, F), "std": ones(3, F)},
    "normalize_backward": {"dy": X, "std": ones(3, F)},
    "column_sums": {"x": X, "out": np.zeros(3, F)},
    "dot": TWO,
    "absolute_sum": {"a": X},
    "penalty_backward": {"w": X, "l1": 0.1, "l2": 0.1, "dw": np.zeros((2, 3), F)},
    "gather_rows": {"x": X, "index": [0, 1]},
    "find_nonfinite": {"x": X},
    "combine_forward": {**TWO, "kind": "add"},
    "combine_backward": {"dy": X, **TWO, "kind": "add"},
    "concatenate_forward": {"arrays": [X, X], "axis": 1},
    "concatenate_backward": {"dy": X, "sizes": [1, 2], "axis": 1},
    "dot_forward": {**TWO, "axes": 1, "normalize": True},
    "dot_backward": {"dy": ones((2, 1), F), **TWO, "axes": 1, "normalize": True},
    "permute": {"x": X, "axes": (1, 0)},
    "pad": {"x": X, "padding": [(1, 0), (0, 2)]},
    "crop": {"x": X, "cropping": [(1, 0), (0, 2)]},
    "repeat_forward": {"x": X, "times": 2, "axis": 0},
    "repeat_backward": {"dy": X, "times": 2, "axis": 0},
    "upsample_forward": {"x": IMAGE, "size": (2,)},
    "upsample_backward": {"dy": IMAGE, "size": (3,)},
    "resize_forward": {"x": X, "size": 4, "axis": 1},
    "resize_backward": {"dy": X, "size": 4, "axis": 1},
}
for _axes in (1, 2):
    for _name, _transposed in (("", False), ("_transpose", True)):
        RIGHT[f"conv{_axes}d{_name}_forward"] = window(_axes, _transposed)
        RIGHT[f"conv{_axes}d{_name}_backward"] = window(_axes, _transposed, True)
    for _name, _index in (("max", index), ("average", none)):
        RIGHT[f"{_name}_pool{_axes}d_forward"] = pool(_axes)
        RIGHT[f"{_name}_pool{_axes}d_backward"] = pool(_axes, _index)


class Truthful:
    def __bool__(self):
        return True


class Raises:
    def __array__(self, dtype=None, copy=None):
        raise TypeError("no array today")


def generator():
    yield 1


STRUCTURED = np.zeros(3, [("a", "f4"), ("b", "i4")])
NOTHING = [
    None,
    object(),
    Truthful(),
    generator(),
    {},
    {1: 2},
    {1},
    lambda: 1,
    type,
    ...,
    "abc",
    b"a",
]
WRONG = {
    "array": [
        *NOTHING, [None], [[1.0], [1.0, 2.0]], [object()], ["a"], [[], [1]], 1j, Raises(),
        STRUCTURED,
        np.array(["a"]), np.array([object()]), np.array([1j]), np.array(["2020"], "M8[Y]"),
        np.ma.array([1.0, 2.0], mask=[True, False]), [np.ones(2), np.ones(3)],
        [datetime(2020, 1, 1)],
        ones(3, np.longdouble),
    ],
    "number": [
        *NOTHING, [], [1.0], [None], np.nan, np.inf, -np.inf, 1j, ones(1), ones((1, 1)), ones(0),
        np.array("a"), STRUCTURED, 10**400, True, np.True_,
    ],
    "integer": [
        *NOTHING, [], [1], [[1]], 1.5, 1.0, np.nan, 2**70, -(2**70), 1j, ones(1, int), True,
        np.True_,
        np.array(1.0), STRUCTURED,
    ],
    "flag": [*NOTHING, [], [True], 0, 1, 1.0, np.nan, np.ones(1, bool), np.array(1)],
    "word": [*NOTHING[:-1], b"relu", [], ["relu"], 0, np.nan, np.array("relu")],
    "sequence": [
        *NOTHING, [None], ["a"], [[1], 2], [1.5], [np.nan], [2**70, 1], [-1, -1], [True, True],
        1.5, np.nan, 1j, STRUCTURED, range(50), [[1, 2, 3]], [(1,), (2, 3)], [{}, {}],
        [float("inf")] * 2,
    ],
}  # fmt: skip


def kind_of(annotation, name):
    first = annotation.removesuffix(" | None")
    plain = {"float": "number", "int": "integer", "bool": "flag", "str": "word"}
    if first in plain:
        return plain[first]
    arrays = ("ArrayLike", "Array", "NDArray[np.float64]")
    return "array" if first in arrays and name != "axes" else "sequence"


def fresh(call):
    return {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in call.items()}


def parameters(function):
    return inspect.signature(getattr(kernels, function)).parameters.values()


@pytest.mark.parametrize("function", kernels.__all__)
def test_wrong_arguments_are_refused_by_name(function):
    call, right = getattr(kernels, function), RIGHT[function]
    call(**fresh(right))
    for parameter in parameters(function):
        name = parameter.name
        given = fresh(right)
        before = fresh(given)
        for wrong in WRONG[kind_of(parameter.annotation, name)]:
            if wrong is None and parameter.annotation.endswith("| None"):
                continue
            if (function, name) == ("scale", "factor") and isinstance(wrong, float):
                continue  # NaN and infinity are valid factors
            if name == "axes" and isinstance(wrong, list) and wrong == [-1, -1]:
                continue
            try:
                call(**{**given, name: wrong})
            except (TypeError, ValueError) as error:
                said = str(error)
                assert said.startswith(f"{function}: "), f"{name}={wrong!r}: {said}"
            else:
                pytest.fail(f"{function}: took {name}={wrong!r}")
        for key, value in before.items():  # the caller's arrays are unchanged
            np.testing.assert_array_equal(given[key], value)


@pytest.mark.parametrize("function", kernels.__all__)
def test_odd_shapes_are_taken_or_refused(function):
    odd = (np.zeros((0,) * 5, F), np.ones((1,) * 9, F), np.zeros((2, 2, 2), int), np.array(1, F))
    for parameter in parameters(function):
        for array in odd:
            try:
                getattr(kernels, function)(**{**fresh(RIGHT[function]), parameter.name: array})
            except (TypeError, ValueError) as error:
                said = str(error)
                assert said.startswith(f"{function}: "), f"{parameter.name}: {said}"


def test_what_is_like_the_right_thing_is_taken():
    x = np.arange(6, dtype=F).reshape(2, 3)
    matrix = x.view(np.recarray)
    np.testing.assert_array_equal(kernels.permute(matrix, np.array([1, 0])), x.T)
    np.testing.assert_array_equal(kernels.scale(x, np.float32(2)), 2 * x)
    np.testing.assert_array_equal(kernels.scale(x, np.array(2.0)), 2 * x)
    np.testing.assert_array_equal(kernels.scale(x, 2), 2 * x)
    np.testing.assert_array_equal(
        kernels.repeat_forward(x, np.int64(2), np.int8(1)), x.repeat(2, 1)
    )
    np.testing.assert_array_equal(kernels.matmul(x, x, np.False_, np.True_), x @ x.T)
    assert kernels.crop(np.zeros((0, 3)), [(0, 0), (1, 1)]).shape == (0, 1)
    assert kernels.permute(3.0, ()) == 3.0
    assert kernels.pad(np.zeros((0,)), [(1, 1)]).tolist() == [0.0, 0.0]
