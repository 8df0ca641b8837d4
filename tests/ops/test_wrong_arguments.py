"""Wrong arguments of every function of ``lamina.ops``: messages of our own, not of Python's."""

import inspect
import re

import numpy as np
import pytest

from lamina import ops
from ops import (
    table_arrangements,
    table_elements,
    table_fourier,
    table_images,
    table_indices,
    table_matrices,
    table_networks,
)

X, IMAGE = np.ones((2, 3), np.float32), np.ones((1, 4, 4, 3), np.float32)
CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])

# Valid arguments of the functions that have no case in the tables.
OTHERS = {
    "array": (X,), "associative_scan": (ops.add, X), "cond": (True, dict, list),
    "convert_to_numpy": (X,), "convert_to_tensor": (X,), "copy": (X,), "dtype": (X,),
    "elastic_transform": (IMAGE,), "empty": (2,), "empty_like": (X,),
    "fori_loop": (0, 3, max, 0), "is_tensor": (X,), "map": (ops.sum, X), "ndim": (X,),
    "nonzero": (X,),
    "saturate_cast": (X, "uint8"), "scan": (lambda s, x: (s, x), 0.0, X), "shape": (X,),
    "size": (X,), "stop_gradient": (X,), "switch": (0, [max], 1, 2), "unique": (X,),
    "vectorize": (abs,), "vectorized_map": (ops.sum, X),
    "while_loop": (lambda x: x < 3, lambda x: x + 1, 0),
    "affine_transform": (IMAGE, np.zeros(8)), "crop_images": (IMAGE, 1, 1, 1, 1),
    "ctc_decode": (np.zeros((1, 2, 3)), [2]), "ctc_loss": ([[1]], np.zeros((1, 2, 3)), [1], [2]),
    "extract_patches": (IMAGE, 2), "extract_patches_3d": (np.ones((1, 4, 4, 4, 1)), 2),
    "gaussian_blur": (IMAGE,), "hsv_to_rgb": (IMAGE,), "map_coordinates": (X, X, 1),
    "pad_images": (IMAGE, 1, 1, 1, 1), "perspective_transform": (IMAGE, CORNERS, CORNERS),
    "resize": (IMAGE, (2, 2)), "rgb_to_grayscale": (IMAGE,), "rgb_to_hsv": (IMAGE,),
    "scale_and_translate": (X, (4, 3), [1.0], [0.0], [0], "linear"), "sobel_edges": (IMAGE,),
    "ssim": (IMAGE, IMAGE, 1.0, 3),
}  # fmt: skip
TABLES = (table_arrangements, table_elements, table_fourier, table_images, table_indices,
          table_matrices, table_networks)  # fmt: skip
CASES = {case.name: case for table in TABLES for case in reversed(table.CASES)}
FUNCTIONS = [name for name in ops.__all__ if not inspect.ismodule(getattr(ops, name))]

NEVER = ("no", b"no", object(), {}, {1})  # no number, shape, choice or flag
WRONG = [
    *NEVER, None, [], (), 5, -99, 1.5, float("nan"), [None], [[1], [1, 2]], (0, 0), (0, 99),
    np.array(["a", "b"]), np.ones(2, complex), np.ones((2, 2, 2)),
]  # fmt: skip

# What is the user's own, or has no effect.
FREE = {
    ("fori_loop", "init_val"), ("fori_loop", "upper"), ("switch", "operands"),
    ("while_loop", "loop_vars"),
}  # fmt: skip
# What asks about any object, and a set of names.
ACCEPTED = {
    ("convert_to_numpy", "x"), ("is_tensor", "x"), ("ndim", "x"), ("scan", "init"), ("shape", "x"),
    ("size", "x"), ("vectorize", "excluded"),
}  # fmt: skip
PYTHONS = re.compile(
    r"object is not|object has no|has no len|not supported between|operand type|bad operand"
    r"|did not contain a loop|inhomogeneous|could not (convert|broadcast)|must be a string or a"
    r"|is not callable|unhashable|truth value of|index out of range|invalid literal|dimensional"
    r"|not iterable|not subscriptable|cannot be interpreted|argument\(?s?\)? but|cannot convert"
)


def arguments(name):
    args, kwargs = (CASES[name].drawn(), CASES[name].kwargs) if name in CASES else (None, {})
    bound = inspect.signature(getattr(ops, name)).bind(*(args or OTHERS[name]), **kwargs)
    return dict(bound.arguments)


def called(name, values):
    function = getattr(ops, name)
    parameters = inspect.signature(function).parameters
    args, kwargs = [], {}
    for each in parameters.values():
        if each.name not in values:
            continue
        if each.kind == each.VAR_POSITIONAL:
            args += values[each.name]
        elif each.kind == each.VAR_KEYWORD:
            kwargs |= values[each.name]
        elif each.kind == each.KEYWORD_ONLY or len(args) < list(parameters).index(each.name):
            kwargs[each.name] = values[each.name]
        else:
            args.append(values[each.name])
    return function(*args, **kwargs)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_messages(name):
    function, right = getattr(ops, name), arguments(name)
    for each in inspect.signature(function).parameters.values():
        if (name, each.name) in FREE or each.kind == each.VAR_KEYWORD:
            continue
        for value in WRONG:
            wrong = value
            if each.kind == each.VAR_POSITIONAL:
                wrong = [value, *right[each.name][1:]]
            try:
                called(name, {**right, each.name: wrong})
            except (TypeError, ValueError, IndexError) as error:
                told = str(error)
                assert told.startswith(f"{function.__name__}: "), (each.name, value, told)
                rule = told.partition("; got")[0]
                assert not PYTHONS.search(rule), (each.name, value, told)
            else:
                never = any(value is one for one in NEVER)
                assert not never or (name, each.name) in ACCEPTED, (each.name, value)


MESSAGES = [
    ("concatenate", (None,), TypeError, "concatenate: xs must be a sequence; got None"),
    ("concatenate", ("ab",), TypeError, "concatenate: xs must be a sequence; got 'ab'"),
    ("stack", (5,), TypeError, "stack: x must be a sequence; got 5"),
    ("vstack", (None,), TypeError, "vstack: xs must be a sequence; got None"),
    ("transpose", (X, 5), ValueError, r"transpose: axes must be in \[-2, 2\); got 5"),
    ("transpose", (X, None, 1), TypeError, "transpose"),
    ("transpose", (X, "a"), TypeError, "transpose: axes must be made of integers; got 'a'"),
    ("rot90", (X, 1, 0), ValueError, "rot90: axes must be two different ones; got 0"),
    ("reshape", (X, None), TypeError, "reshape: newshape must be a tuple of integers; got None"),
    ("reshape", (X, (None, 3)), ValueError, "reshape: only tensors of a model have rows; got None"),
    ("broadcast_to", (X, 3), ValueError, r"broadcast_to: a tensor of shape \(2, 3\) does not"),
    ("sum", (X, 0, "a"), TypeError, "sum: keepdims must be True, False, 1 or 0; got 'a'"),
    ("sort", ([[1], [1, 2]],), ValueError, r"sort: rows must have the same length; got \[\[1\]"),
    ("digitize", ([1.0], [[1.0]]), ValueError, r"digitize: bins must have one axis; got \(1, 1\)"),
    ("in_top_k", ([0], [1.0], 1), ValueError, r"in_top_k: needs targets \(n,\) and predictions"),
    ("select", (None, [1]), TypeError, "select: condlist must be a sequence; got None"),
    ("slice", (X, 5, (1, 1)), TypeError, "slice: start_indices must be a sequence; got 5"),
    ("scatter", (0, 1.0, (3,)), TypeError, r"scatter: indices must be integers of shape \(..., k"),
    ("full_like", (X, "a"), TypeError, r"full_like: fill_value must be numbers .* \(2, 3\); got"),
    ("percentile", (X, 101), ValueError, "percentile: q must be numbers from 0 to 100; got 101"),
    ("nanpercentile", (X, -1), ValueError, "nanpercentile: q must be .* from 0 to 100; got -1"),
    ("pinv", (X, "a"), TypeError, "pinv: rcond must be a number; got 'a'"),
    ("matrix_rank", (X, {}), TypeError, "matrix_rank: tol must be a number; got {}"),
    ("layer_normalization", (X, None, None, ()), ValueError, "layer_normalization: axis must name"),
    ("soft_shrink", (X, "a"), TypeError, "soft_shrink: needs numbers; got 'a'"),
    ("nextafter", (X, [1.0, 2.0]), ValueError, r"nextafter: shapes must broadcast; got \(2, 3\), "),
    ("nonzero", (5,), ValueError, "nonzero: x must have an axis; got 5"),
    ("einsum", (5, X), TypeError, "einsum: subscripts must be a string such as .*; got 5"),
    ("map", (5, X), TypeError, "map: f must be a function; got 5"),
    ("switch", (0, None), TypeError, "switch: branches must be a sequence; got None"),
    ("cond", (X, dict, dict), ValueError, "cond: pred must be a single truth value"),
    ("vectorize", (abs, 5), TypeError, "vectorize"),
    (
        "max_pool",
        (IMAGE, 2, 1, X),
        ValueError,
        "max_pool: padding must be one of 'valid', ",
    ),
    ("arange", (np.nan,), ValueError, "arange: start, stop and step must be finite; got 0, nan"),
    ("arange", (0, 1e30), ValueError, "arange: memory cannot hold so many numbers; got 0, 1e.30"),
    ("arange", (0, 5, 0), ValueError, "arange: step must not be 0; got 0, 5 and 0"),
    ("arange", (2**31, 2**31 + 3), ValueError, "arange: integers must fit into int32; got 2147"),
    ("convert_to_tensor", ([2**40],), ValueError, "convert_to_tensor: integers must fit into int3"),
    ("convert_to_tensor", (np.array([-(2**40)]), "int32"), ValueError, "fit into int32; got -1099"),
    ("ones", ({3, 2},), TypeError, "ones: shape must be made of integers; got {2, 3}"),
    ("stack", ({1.0, 2.0},), TypeError, "stack: x must be a sequence; got {1.0, 2.0}"),
    ("cond", ("no", dict, dict), TypeError, "cond: pred must be numbers; got 'no'"),
    (
        "resize",
        (IMAGE, 2, "nearest", 0, 0, 0, "edge"),
        ValueError,
        "resize: fill_mode must be 'c",
    ),
    ("resize", (IMAGE, 2, "bilinear", True, True, True), ValueError, "resize: crop_to_aspect_rat"),
]


@pytest.mark.parametrize(("name", "args", "kind", "message"), MESSAGES)
def test_rule_value_and_name(name, args, kind, message):
    with pytest.raises(kind, match=message):
        getattr(ops, name)(*args)


@pytest.mark.parametrize("value", [True, 1, np.True_, np.int32(1)])
def test_flags_are_truth_values_or_one_and_zero(value):
    assert ops.sum(X, 0, keepdims=value).shape == (1, 3)


class Troubled:
    def __array__(self, *_args, **_kwargs):
        raise ValueError("own trouble")


def test_an_array_that_cannot_be_made_is_reported_in_its_own_words():
    deep = 1.0
    for _ in range(70):
        deep = [deep]
    for name in ("exp", "shape", "convert_to_tensor", "unique"):
        with pytest.raises(ValueError, match=f"{name}: own trouble"):
            getattr(ops, name)(Troubled())
        with pytest.raises(ValueError, match=f"{name}: .*maximum number of dimension"):
            getattr(ops, name)(deep)
        with pytest.raises(ValueError, match=f"{name}: rows must have the same length"):
            getattr(ops, name)([[1], [1, 2]])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int64"])
def test_indices_of_any_integer_type(dtype):
    places = np.array([[1], [0]], dtype)
    assert ops.scatter(places, [1.0, 2.0], (3,)).tolist() == [2.0, 1.0, 0.0]
    assert ops.scatter_update([5, 6, 7], places, [1, 2]).tolist() == [2, 1, 7]
    corners = np.array([[120, 119], [0, 0]], dtype)
    assert ops.scatter(corners, [1.0, 2.0], (300, 300))[[120, 0], [119, 0]].tolist() == [1.0, 2.0]
