"""Images."""

import colorsys
from itertools import product

import numpy as np
import scipy.ndimage as nd

from ops.cases import Case, I, N, Q, U, numbered

IMAGES = N(2, 6, 5, 4)
SCALE, MOVE = U(0.5, 1.5, 2, rows=False), U(-1, 1, 2, rows=False)
LAST, FIRST = {"data_format": "channels_last"}, {"data_format": "channels_first"}
MODES = {  # as SciPy names them
    "constant": "grid-constant",
    "nearest": "nearest",
    "wrap": "grid-wrap",
    "mirror": "mirror",
    "reflect": "reflect",
}
# No pixel is read exactly halfway between two.
MOVES = np.array([[1.1, 0.2, -0.75, -0.1, 0.9, 0.35, 0, 0], [0.55, 0, 0.23, 0.3, 1.5, -0.45, 0, 0]])


def hsv(images, forward):
    change = colorsys.rgb_to_hsv if forward else colorsys.hsv_to_rgb
    return np.apply_along_axis(lambda pixel: change(*pixel), -1, images)


def read(x, places, order, mode="constant", fill=0.0):
    y = nd.map_coordinates(x.astype(float), places, None, order, MODES[mode], fill, False)
    return y if x.dtype.kind == "f" else np.trunc(y + 0.5 * np.sign(y)).astype("int32")


def projected(x, matrices, interpolation, mode="constant", fill=0.0):
    """Images read at (X / Z, Y / Z), with (X, Y, Z) = matrix (x, y, 1)."""
    rows, columns = np.indices(x.shape[1:3])
    pixels = np.stack([columns, rows, np.ones_like(rows)])
    order = ["nearest", "bilinear"].index(interpolation)
    y = np.zeros_like(x)
    for n, c in product(range(x.shape[0]), range(x.shape[-1])):
        across, down, depth = np.tensordot(matrices[n], pixels, 1)
        y[n, ..., c] = read(x[n, ..., c], [down / depth, across / depth], order, mode, fill)
    return y


def affine(x, moves, interpolation="bilinear", mode="constant", fill=0.0, data_format=None):
    if data_format == "channels_first":
        y = affine(np.moveaxis(x, 1, -1), moves, interpolation, mode, fill)
        return np.moveaxis(y, -1, 1)
    if x.ndim == 3:
        return affine(x[None], moves, interpolation, mode, fill)[0]
    moves = np.broadcast_to(moves, (len(x), 8))
    matrices = np.concatenate([moves, np.ones((len(x), 1))], -1).reshape(-1, 3, 3)
    return projected(x, matrices, interpolation, mode, fill)


def perspective(x, start, end, interpolation="bilinear", fill=0.0):
    """The numbers of each projection from its eight linear equations."""
    matrices = []
    for one, other in zip(start, end, strict=True):
        rows, right = [], []
        for (a, b), (x1, y1) in zip(one, other, strict=True):
            rows += [[x1, y1, 1, 0, 0, 0, -a * x1, -a * y1], [0, 0, 0, x1, y1, 1, -b * x1, -b * y1]]
            right += [a, b]
        matrices.append(np.append(np.linalg.solve(rows, right), 1).reshape(3, 3))
    return projected(x, matrices, interpolation, "constant", fill)


def smoothed(x, weights, axis):
    return nd.correlate1d(x, weights, axis, mode="constant", origin=len(weights) % 2 - 1)


def bell(size, sigma):
    weights = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    return weights / weights.sum()


def blurred(x, size=(3, 3), sigma=(1.0, 1.0), data_format="channels_last"):
    height, width = (1, 2) if data_format == "channels_last" else (2, 3)
    return smoothed(smoothed(x, bell(size[1], sigma[1]), height), bell(size[0], sigma[0]), width)


def edges(x, data_format="channels_last"):
    height, width = (1, 2) if data_format == "channels_last" else (2, 3)
    down = smoothed(smoothed(x, [-1, 0, 1], height), [1, 2, 1], width)
    return np.stack([down, smoothed(smoothed(x, [-1, 0, 1], width), [1, 2, 1], height)], -1)


CASES = [
    *[
        Case("image.resize", (IMAGES, size, how), None, {"antialias": smooth}, tolerance=3.0)
        for size in ((3, 8), (9, 4))
        for how in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
        for smooth in (False, True)
    ],
    Case("image.resize", (N(6, 5, 2), (4, 4)), rows="known"),
    Case("image.resize", (IMAGES, (4, 8)), None, {"crop_to_aspect_ratio": True}),
    Case("image.resize", (IMAGES, (4, 8)), None, {"pad_to_aspect_ratio": True, "fill_value": 2.0}),
    Case(
        "image.resize",
        (I(0, 99, 2, 1, 3, 1), (1, 2)),
        lambda x, _: np.rint(x[:, :, ::2] * 0.75 + x[:, :, 1:2] * 0.25).astype(int),
        keras=False,
    ),
    Case(
        "image.pad_images",
        (IMAGES, 1, 2, 3, 0),
        lambda x, *m: np.pad(x, [(0, 0), (1, 3), (2, 0), (0, 0)]),
    ),
    Case("image.pad_images", (IMAGES, 1, 2), None, {"target_height": 9, "target_width": 8}),
    Case("image.crop_images", (IMAGES, 1, 2, 3, 0), lambda x, *m: x[:, 1:3, 2:]),
    *[
        Case(
            "image.scale_and_translate",
            (N(2, 5, 6, 2), (2, 4, 7, 2), SCALE, MOVE, [1, 2], method, smooth),
            tolerance=3.0,
        )
        for method in ("linear", "cubic", "lanczos3", "lanczos5")
        for smooth in (False, True)
    ],
    Case(
        "image.scale_and_translate",
        (N(5, 2), (3, 2), np.array([0.7]), np.array([0.2]), [0], "trilinear"),
        rows="known",
    ),
    # windows
    Case("image.extract_patches", (IMAGES, (3, 2), 2)),
    Case("image.extract_patches", (IMAGES, 2, 1), None, {"padding": "same"}),
    Case("image.extract_patches", (N(2, 4, 5, 3, 2), (2, 3, 2))),
    Case("image.extract_patches_3d", (N(2, 4, 5, 3, 2), (2, 3, 2), 1), None, {"padding": "same"}),
    Case("image.extract_patches_3d", (N(5, 4, 5, 2), 2, 1, 2), rows="known"),
    Case("image.extract_patches_3d", (N(2, 2, 4, 4, 4), 2), None, FIRST),
    # filters; without a format, Keras takes the channels of images to blur as their first axis
    Case("image.gaussian_blur", (IMAGES,), blurred, LAST),
    Case("image.gaussian_blur", (IMAGES, np.array([5, 2]), (0.7, 2.0)), blurred, LAST),
    Case("image.gaussian_blur", (IMAGES,), blurred, FIRST),
    Case(
        "image.gaussian_blur",
        (N(6, 5, 2),),
        lambda x: blurred(x[None])[0],
        rows="known",
        keras=False,
    ),
    Case("image.sobel_edges", (IMAGES,), edges),
    Case("image.sobel_edges", (IMAGES,), edges, FIRST),
    Case("image.ssim", (IMAGES, IMAGES), None, {"filter_size": 3}),
    Case("image.ssim", (N(6, 5, 2), N(6, 5, 2), 4.0, 4, 0.8, 0.1, 0.2), rows="known"),
    Case("image.ssim", (IMAGES, IMAGES), None, {"filter_size": 3, **FIRST}),
    # places between pixels
    *[
        Case(
            "image.map_coordinates",
            (x, U(-3, 8, 3, 2, 3, rows=False), order, mode, 2.0 * order),
            read,
            rows="known",
            gradient=order == 1 and x.kind == "normal",
        )
        for x in (N(3, 4, 5), I(-9, 9, 3, 1, 5))
        for order in (0, 1)
        for mode in MODES
    ],
    *[
        Case("image.affine_transform", (N(2, 5, 4, 3), MOVES, how, mode, 0.5), affine, rows="known")
        for how in ("bilinear", "nearest")
        for mode in MODES
    ],
    Case("image.affine_transform", (N(2, 5, 4, 3), MOVES[0]), affine, keras=False),
    Case("image.affine_transform", (N(2, 5, 4, 3), U(-0.04, 0.1, 2, 8)), affine, keras=False),
    Case("image.affine_transform", (N(5, 4, 3), MOVES[1]), affine, rows="known"),
    Case(
        "image.affine_transform",
        (N(2, 3, 5, 4), MOVES, "bilinear", "constant", 0.5),
        affine,
        FIRST,
        rows="known",
    ),
    *[
        Case(
            "image.perspective_transform",
            (N(2, 5, 4, 3), Q(3, 2), Q(3, 2), how, 0.3),
            perspective,
            gradient=how == "bilinear",
        )
        for how in ("bilinear", "nearest")
    ],
    # colours
    Case(
        "image.rgb_to_grayscale",
        (N(2, 3, 4, 3),),
        lambda x: (x @ [0.2989, 0.5870, 0.1140])[..., None],
    ),
    Case("image.rgb_to_grayscale", (N(2, 3, 4, 1),), lambda x: x),
    Case("image.rgb_to_grayscale", (I(0, 9, 2, 3, 4, 1),), lambda x: x, keras=False),
    Case(
        "image.rgb_to_grayscale",
        (I(0, 256, 2, 3, 4, 3),),
        lambda x: (x @ [0.2989, 0.5870, 0.1140])[..., None].astype(int),
        keras=False,
    ),
    Case("image.rgb_to_hsv", (U(0, 1, 2, 3, 4, 3),), lambda x: hsv(x, True)),
    Case("image.hsv_to_rgb", (U(0, 1, 2, 3, 4, 3),), lambda x: hsv(x, False)),
    # of integers
    Case(
        "image.pad_images",
        (I(0, 99, 2, 1, 3, 1), 0, 1, 0, 0),
        lambda x, *_: np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 0))),
        keras=False,
    ),
    Case(
        "image.crop_images",
        (I(0, 99, 2, 1, 3, 1), 0, 1, 0, 0),
        lambda x, *_: x[:, :, 1:],
        keras=False,
    ),
]
CASES = numbered(CASES)
