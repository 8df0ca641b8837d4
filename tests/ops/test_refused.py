"""What ``lamina.ops`` refuses: the function, the rule and the shapes are named."""

import numpy as np
import pytest

from lamina import ops
from ops.running import Recorded, Whole

X, IMAGE = np.zeros((2, 3)), np.zeros((1, 4, 4, 2))

REFUSED = [
    ("sum", (X, 2), r"sum: axis must be in \[-2, 2\)"),
    ("sum", (X, (0, 0)), "sum: axis must hold each axis once"),
    ("max", (np.zeros((2, 0)), 1), r"max: nothing has no max; got shape \(2, 0\)"),
    ("mean", (np.zeros((0,)),), "mean: nothing has no mean"),
    ("argmax", (np.zeros((2, 0)), 1), "argmax: nothing has no argmax"),
    ("argmax", (X, (0, 1)), r"argmax: axis must be an integer; got \(0, 1\)"),
    ("argmin", (X, ()), r"argmin: axis must be an integer; got \(\)"),
    ("quantile", (X, 1.5), "quantile: q must be numbers from 0 to 1"),
    ("nanquantile", (X, -0.5), "nanquantile: q must be numbers from 0 to 1"),
    ("nanquantile", (X, 0.5, 1, "cubic"), "nanquantile: method must be 'linear'"),
    ("nanvar", (X, 2), r"nanvar: axis must be in"),
    ("norm", (X, 3), "norm: ord must be"),
    ("reshape", (X, (4, 2)), r"reshape: a tensor of shape \(2, 3\) cannot be reshaped to \(4, 2\)"),
    ("transpose", (X, (0, 0)), "transpose: axes must hold each axis"),
    ("squeeze", (X, 0), "squeeze: axis 0 of shape .* has more than 1"),
    ("broadcast_to", (X, (2, 4)), r"broadcast_to: a tensor of shape \(2, 3\) does not broadcast"),
    ("moveaxis", (X, (0, 1), 0), "moveaxis: source and destination must be as many axes"),
    ("concatenate", ([X, np.zeros((2, 2))], 0), r"concatenate: shapes may differ along axis 0"),
    ("concatenate", ([X, np.zeros(2)],), "concatenate: tensors must have as many axes"),
    ("stack", ([X, np.zeros((2, 2))],), "stack: tensors must have one shape"),
    ("split", (X, 2, 1), "split: indices_or_sections must divide the axis"),
    ("unstack", (X, 4), "unstack: num must be 2"),
    ("tile", (X, -1), "tile: repeats must not be negative"),
    ("pad", (X, ((1, 1),) * 3), "pad: pad_width must be an integer, or"),
    ("pad", (X, 1, "mirror"), "pad: mode must be"),
    ("roll", (X, (1, 2), 1), "roll: shift and axis must be as many"),
    ("get_item", (X, (0, 3)), r"get_item: index 3 is outside an axis of shape \(2, 3\)"),
    ("get_item", (X, (0, 1, 2)), "get_item: 3 indices are too many"),
    ("get_item", (X, X > 0), r"get_item: truth values are no index.*ops.where"),
    ("get_item", (X, True), r"get_item: a truth value is no index.*ops.where"),
    ("get_item", (X, "a"), "get_item: an index must be made of integers"),
    ("get_item", (X, [0.5]), "get_item: an index must be integers"),
    ("get_item", (X, [0, 2]), r"get_item: index 2 is outside of axis 0 of shape \(2, 3\)"),
    ("take", (X, [3], 1), r"take: index 3 is outside of axis 1 of shape \(2, 3\)"),
    ("take_along_axis", (X, [1], 1), "take_along_axis: indices must have as many axes"),
    ("slice", (X, (0, 2), (2, 2)), r"slice: start 2 and size 2 lie outside of axis 1"),
    ("slice_update", (X, (1, 0), X), r"slice_update: updates of shape \(2, 3\) at \(1, 0\) reach"),
    ("scatter", ([[5]], [1.0], (3,)), "scatter: indices must lie within shape"),
    ("scatter_update", (X, [[0]], X, None), "scatter_update: indices of shape"),
    ("segment_sum", (X, [[0, 1]], 2), "segment_sum: segment_ids must have one axis"),
    ("segment_prod", (X, [[0, 1]], 2), "segment_prod: segment_ids must have one axis"),
    ("bincount", ([-1, 2],), "bincount: x and minlength must not be negative; got -1 and 0"),
    ("bincount", ([0.5],), r"bincount: needs integers with one axis or two; got float32"),
    ("bincount", ([1, 2], [1.0]), r"bincount: weights must have the shape of x; got \(1,\)"),
    ("histogram", (X, 0), "histogram: bins must be a positive integer; got 0"),
    ("histogram", (X, 3, (2.0, 1.0)), r"histogram: range must be \(low, high\)"),
    ("unravel_index", ([6], (2, 3)), "unravel_index: indices must lie within the 6 elements"),
    ("correlate", (X, X), "correlate: needs two vectors"),
    ("correlate", ([1.0], [1.0], "all"), "correlate: mode must be 'valid', 'same' or 'full'"),
    ("extract_sequences", (X, 4, 1), "extract_sequences: sequence_length must be from 1 to 3"),
    ("cdist", (X, np.zeros((2, 4))), r"cdist: needs vectors of one length.*\(2, 3\) and \(2, 4\)"),
    ("psnr", (X, X[:1], 1.0), r"psnr: x1 and x2 must have one shape; got \(2, 3\) and \(1, 3\)"),
    ("corrcoef", (np.zeros((2, 2, 2)),), r"corrcoef: needs \(variables, observations\)"),
    ("top_k", (X, 4), r"top_k: k must be an integer in \[0, 3\]"),
    ("searchsorted", ([1.0], [1.0], "middle"), "searchsorted: side must be"),
    ("matmul", (X, X), r"matmul: the last axis of x1 .* got \(2, 3\) and \(2, 3\)"),
    ("tensordot", (X, X, 1), "tensordot: axes 1 do not pair"),
    ("cross", (np.zeros(4), np.zeros(4)), "cross: vectors must have 2 or 3 elements"),
    ("einsum", ("ij,jk->ik", X), "einsum: .* describes 2 operands; got 1"),
    ("einsum", ("ijk->i", X), "einsum: 'ijk' of .* names 3 axes of an operand that has 2"),
    ("einsum", ("ij->ik", X), "einsum: the result of .* must name axes of the operands"),
    ("einsum", ("ij,ij->i", X, np.zeros((2, 4))), "einsum: 'j' of .* names axes of different"),
    ("einsum", ("i?->i", X), "einsum: .* must hold letters"),
    ("cast", (X, "complex64"), "cast: dtype must be a float, an integer type or bool"),
    ("zeros", ((2, -1),), "zeros: shape must not be negative"),
    ("arange", ("a",), "arange: needs numbers"),
    ("where", (X, 1.0), "where: needs x1 and x2"),
    ("exp", (np.array([object()]),), "exp: needs numbers"),
    ("convert_to_tensor", (["a"],), "convert_to_tensor: needs numbers"),
    ("add", (X, np.zeros(2)), "broadcast"),
    ("conv", (np.zeros((1, 3)), np.zeros((1, 1, 1))), "conv: needs images"),
    (
        "conv",
        (IMAGE, np.zeros((2, 2, 3, 4))),
        r"conv: a kernel of shape \(2, 2, 3, 4\)",
    ),
    ("conv", (IMAGE, np.zeros((2, 3, 4))), "conv: kernel must have 4 axes"),
    ("conv", (IMAGE, np.zeros((5, 2, 2, 4))), r"conv: a window of \(5, 2\) cells is larger"),
    ("conv", (IMAGE, np.zeros((2, 2, 2, 4)), 0), "conv: strides must be a positive integer"),
    ("max_pool", (IMAGE, 2, 1, "full"), "max_pool: padding must be 'valid' or 'same'"),
    ("conv_transpose", (IMAGE, np.zeros((2, 2, 4, 3))), "conv_transpose: a kernel of shape"),
    ("binary_crossentropy", (X, X[:1]), r"binary_crossentropy: .*\(2, 3\) and \(1, 3\)"),
    (
        "sparse_categorical_crossentropy",
        (np.zeros(3), X),
        "sparse_categorical_crossentropy: t",
    ),
    ("normalize", (X, -1, 0), "normalize: order must be a positive integer"),
    (
        "layer_normalization",
        (X, np.zeros(3), None, 0),
        "layer_normalization: gamma must have",
    ),
    ("dot_product_attention", (X, X, X), "dot_product_attention: needs query"),
    ("depth_to_space", (IMAGE, 2), r"depth_to_space: block_size \*\* 2 must divide the channels"),
    ("space_to_depth", (IMAGE, 3), "space_to_depth: block_size must divide height and width"),
    ("space_to_depth", (IMAGE, 1), "space_to_depth: block_size must be at least 2; got 1"),
    ("unfold", (IMAGE, 5), r"unfold: a window of \(5, 5\) cells is larger"),
    ("fold", (np.zeros((1, 4, 3)), 3, 2), r"fold: needs columns \(n, channels \* 4, 4\)"),
    ("rearrange", (X, "a b -> a"), "rearrange: pattern must be 'names -> names'"),
    ("rearrange", (X, "a b c -> a (b c)"), "rearrange: .* must name each axis of shape"),
    ("rearrange", (X, "a (b c) -> a b c"), r"rearrange: the parts of \(b c\) must have sizes"),
    ("resize", (X, (2, 2)), "resize: needs an image"),
    ("resize", (IMAGE, (2, 2), "area"), "resize: interpolation must be"),
    (
        "scale_and_translate",
        (X, (4, 4), [1.0], [0.0], [0], "linear"),
        r"scale_and_translate: output_shape must be that of the images .* got \(4, 4\)",
    ),
    (
        "scale_and_translate",
        (X, (4, 3), [1.0, 2.0], [0.0], [0], "linear"),
        "scale_and_translate: scale and translation must hold one number for each of 1",
    ),
    (
        "scale_and_translate",
        (X, (4, 3), [1.0], [0.0], [0], "area"),
        "scale_and_translate: method must be 'linear'",
    ),
    ("extract_patches_3d", (IMAGE[0, 0], 2), r"extract_patches_3d: needs a volume .* \(4, 2\)"),
    ("rgb_to_hsv", (IMAGE,), r"rgb_to_hsv: needs 3 channels; got 2, for shape \(1, 4, 4, 2\)"),
    ("rgb_to_grayscale", (IMAGE,), "rgb_to_grayscale: needs 1 or 3 channels; got 2"),
    ("gaussian_blur", (X,), "gaussian_blur: needs an image"),
    ("gaussian_blur", (IMAGE, 3, 0.0), "gaussian_blur: sigma must be a positive number"),
    ("ssim", (IMAGE, IMAGE[:, :3]), r"ssim: images must have one shape; got \(1, 4, 4, 2\)"),
    ("ssim", (IMAGE, IMAGE), r"ssim: filter_size must be positive and within .*; got 11"),
    ("map_coordinates", (X, X, 2), "map_coordinates: order must be 0 or 1; got 2"),
    ("map_coordinates", (X, np.zeros((3, 2)), 1), "map_coordinates: coordinates must have a first"),
    ("map_coordinates", (X, X, 1, "edge"), "map_coordinates: fill_mode must be one of 'constant'"),
    (
        "affine_transform",
        (IMAGE, np.zeros(6)),
        r"affine_transform: transform must .* \(8,\)",
    ),
    (
        "perspective_transform",
        (IMAGE, np.zeros((4, 2)), np.zeros((3, 2))),
        r"perspective_transform: end_points must have shape \(4, 2\) or \(n, 4, 2\); got \(3, 2\)",
    ),
    ("elastic_transform", (IMAGE, 1.0, 0.0), "elastic_transform: sigma must be positive"),
    ("depth_to_space", (IMAGE, 2.0), "depth_to_space: block_size must be an integer, .* got 2.0"),
    ("unfold", (IMAGE, 2, 1, 1.5), "unfold: padding must be made of integers; got 1.5"),
    ("ssim", (IMAGE, IMAGE, 1.0, "a"), "ssim: filter_size must be an integer; got 'a'"),
    ("ssim", (IMAGE, IMAGE, 1.0, 3, 0), "ssim: filter_sigma must be a positive number; got 0"),
    ("bincount", ([1], None, "a"), "bincount: minlength must be an integer; got 'a'"),
    ("unravel_index", ([1], (2, 2.5)), r"unravel_index: shape must be made of .* got \(2, 2.5\)"),
    ("gaussian_blur", (IMAGE, 3, "a"), "gaussian_blur: sigma must be a number; got 'a'"),
    ("histogram", (X, 3, (0, np.nan)), r"histogram: range\[1\] must be in the finite .* got nan"),
    ("histogram", (X, 3, 2), r"histogram: range must be \(low, high\); got 2"),
    ("segment_sum", ([1.0], [0], 2.7), "segment_sum: num_segments must be an integer, .* got 2.7"),
    ("extract_sequences", (X, 2.5, 1), "extract_sequences: sequence_length must be .* got 2.5"),
    ("trapezoid", (X, np.zeros(4)), r"trapezoid: x must have the shape of y, .* got \(4,\)"),
    ("nanmax", (np.zeros(0),), "^nanmax: nothing has no max"),
    ("nanargmin", (np.zeros(0),), "^nanargmin: nothing has no argmin"),
    ("median", (np.zeros(0),), "^median: nothing has no quantile"),
    ("clip", (X, "a", 1), "^clip: needs numbers; got 'a'"),
    ("add", (X, np.zeros(2)), r"^add: shapes must broadcast.*\(2, 3\), \(2,\)"),
    ("elu", (X, "a"), "^elu: could not convert string to float"),
    ("switch", (0.5, [abs], 1), "switch: index must be an integer; got 0.5"),
    ("switch", (0, [], 1), "switch: branches must hold at least one function"),
    ("fori_loop", (0, 2.5, max, 0), "fori_loop: upper must be an integer; got 2.5"),
    ("scan", (max, 0, None, 2.5), "scan: length must be an integer, not negative; got 2.5"),
    ("map", (abs, 3.0), "map: axis must be left out for a single number"),
    ("associative_scan", (max, X, False, 5), r"associative_scan: axis must be in \[-2, 2\)"),
    ("eye", (2, 2.5), "eye: M must be an integer, not negative; got 2.5"),
    ("identity", (-1,), "identity: n must be an integer, not negative; got -1"),
    ("tri", (2, None, 0.5), "tri: k must be an integer; got 0.5"),
    ("triu", (X, "a"), "triu: k must be an integer; got 'a'"),
    ("vander", ([1, 2], 1.5), "vander: N must be an integer, not negative; got 1.5"),
    ("hamming", (2.5,), "hamming: x must be an integer; got 2.5"),
    ("kaiser", (3, "a"), "kaiser: beta must be a number; got 'a'"),
    ("linspace", (0, 1, 2.5), "linspace: num must be an integer, not negative; got 2.5"),
    ("unique", ([1, 2], True, False, False, False, 3), r"unique: axis must be in \[-1, 1\); got 3"),
    ("slice", (X, (0, 0.5), (1, 1)), "slice: start_indices must be an integer; got 0.5"),
    ("slice_update", (X, (0, 0.5), X), "slice_update: start_indices must be made of integers"),
    ("split", (X, [0.5], 1), r"split: indices_or_sections must be made of integers; got \[0.5\]"),
    ("one_hot", ([1], 2.5), "one_hot: num_classes must be an integer, not negative; got 2.5"),
    ("multi_hot", ([1], 2.5), "multi_hot: num_classes must be an integer, not negative; got 2.5"),
    ("scatter", ([[0]], [1.0], (3.5,)), "scatter: shape must be made of integers"),
    ("tensordot", (X, X, 1.5), "tensordot: axes must be an integer, or the axes of x1 and"),
    ("roll", (X, 1.5), "roll: shift must be made of integers; got 1.5"),
    ("rot90", (X, 1.5), "rot90: k must be an integer; got 1.5"),
    ("diff", (X, 1.5), "diff: n must be an integer, not negative; got 1.5"),
    ("argpartition", (X, "a"), "argpartition: kth must be an integer; got 'a'"),
    ("pad_images", (IMAGE, 1.5, 1, 1, 1), "pad_images: margins must be an integer; got 1.5"),
    (
        "scale_and_translate",
        (X, (4.5, 3), [1.0], [0.0], [0], "linear"),
        "scale_and_translate: output_shape must be a positive integer; got 4.5",
    ),
    (
        "conv_transpose",
        (IMAGE, np.zeros((2, 2, 3, 2)), 2, "valid", 0.5),
        "conv_transpose: output_padding must be made of integers; got 0.5",
    ),
    (
        "affine_transform",
        (np.zeros((2, 4, 4, 1)), np.zeros((3, 8))),
        "affine_transform: transform must be one for each image, .* got 3 for 2 images",
    ),
    (
        "perspective_transform",
        (IMAGE, np.zeros((1, 4, 2)), np.zeros((3, 4, 2))),
        "perspective_transform: end_points must be one for each image, .* got 3 for 1 image",
    ),
    ("crop_images", (IMAGE, 1), "crop_images: of each axis two of the margin"),
]


@pytest.mark.parametrize(("name", "args", "message"), REFUSED)
def test_refused(name, args, message):
    with pytest.raises((ValueError, TypeError, IndexError), match=message):
        getattr(ops, name)(*args)


def test_the_size_of_an_axis_of_rearrange_is_an_integer():
    with pytest.raises(TypeError, match="rearrange: b must be an integer, not negative"):
        ops.rearrange(np.zeros((2, 4)), "a (b c) -> a b c", b=2.0)


def test_within_a_layer_the_operation_that_it_calls_is_named():
    with pytest.raises(ValueError, match=r"^median: nothing has no quantile"):
        Recorded(lambda x: ops.median(x[:0]), (Whole(X),), {})


def test_names_are_listed_and_misspelt_ones_get_the_nearest():
    listed = dir(ops)
    assert "softmax" in listed
    assert not [name for name in listed if name.startswith("_") or name.isupper()]
    with pytest.raises(AttributeError, match="no 'sofmax'; did you mean 'softmax'"):
        ops.sofmax  # noqa: B018
