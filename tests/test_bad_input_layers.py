"""Errors of layers and kernels: they name the layer, the rule and the shapes; nothing changes."""

import inspect

import numpy as np
import pytest

import lamina
from lamina import kernels, layers
from lamina.layers import LSTM, Conv1D, Conv2D, Dense, Embedding, GRUCell, Input

SIGNAL, IMAGE, VOLUME = (6, 4), (5, 6, 4), (3, 5, 6, 4)
# Every layer, with arguments and a fitting shape of a row.
LAYERS = {
    "Activation": (SIGNAL, {"activation": "relu"}),
    "ActivityRegularization": (SIGNAL, {"l2": 0.1}),
    "AlphaDropout": (SIGNAL, {"rate": 0.2}),
    "AveragePooling1D": (SIGNAL, {"pool_size": 2}),
    "AveragePooling2D": (IMAGE, {"pool_size": 2}),
    "BatchNormalization": (SIGNAL, {}),
    "Bidirectional": (SIGNAL, {"layer": LSTM(3)}),
    "Conv1D": (SIGNAL, {"filters": 3, "kernel_size": 2}),
    "Conv2D": (IMAGE, {"filters": 3, "kernel_size": 2}),
    "Conv2DTranspose": (IMAGE, {"filters": 3, "kernel_size": 2}),
    "Cropping1D": (SIGNAL, {}),
    "Cropping2D": (IMAGE, {}),
    "Dense": (SIGNAL, {"units": 3}),
    "DepthwiseConv2D": (IMAGE, {"kernel_size": 2}),
    "Dropout": (SIGNAL, {"rate": 0.2}),
    "ELU": (SIGNAL, {}),
    "Embedding": ((6,), {"input_dim": 5, "output_dim": 3}),
    "Flatten": (SIGNAL, {}),
    "GRU": (SIGNAL, {"units": 3}),
    "GaussianDropout": (SIGNAL, {"rate": 0.2}),
    "GaussianNoise": (SIGNAL, {"stddev": 0.2}),
    "GlobalAveragePooling1D": (SIGNAL, {}),
    "GlobalAveragePooling2D": (IMAGE, {}),
    "GlobalMaxPooling1D": (SIGNAL, {}),
    "GlobalMaxPooling2D": (IMAGE, {}),
    "LSTM": (SIGNAL, {"units": 3}),
    "LayerNormalization": (SIGNAL, {}),
    "LeakyReLU": (SIGNAL, {}),
    "Masking": (SIGNAL, {}),
    "MaxPooling1D": (SIGNAL, {}),
    "MaxPooling2D": (IMAGE, {}),
    "Normalization": (SIGNAL, {}),
    "PReLU": (SIGNAL, {}),
    "Permute": (SIGNAL, {"dims": (2, 1)}),
    "PythonLayer": (SIGNAL, {"forward": np.negative, "backward": None}),
    "ReLU": (SIGNAL, {}),
    "RepeatVector": ((6,), {"n": 2}),
    "Rescaling": (SIGNAL, {"scale": 2.0}),
    "Reshape": (SIGNAL, {"target_shape": (-1,)}),
    "SeparableConv2D": (IMAGE, {"filters": 3, "kernel_size": 2}),
    "SimpleRNN": (SIGNAL, {"units": 3}),
    "Softmax": (SIGNAL, {}),
    "SpatialDropout1D": (SIGNAL, {"rate": 0.2}),
    "SpatialDropout2D": (IMAGE, {"rate": 0.2}),
    "UpSampling2D": (IMAGE, {}),
    "AdaptiveAveragePooling1D": (SIGNAL, {"output_size": 2}),
    "AdaptiveAveragePooling2D": (IMAGE, {"output_size": 2}),
    "AdaptiveAveragePooling3D": (VOLUME, {"output_size": 2}),
    "AdaptiveMaxPooling1D": (SIGNAL, {"output_size": 2}),
    "AdaptiveMaxPooling2D": (IMAGE, {"output_size": 2}),
    "AdaptiveMaxPooling3D": (VOLUME, {"output_size": 2}),
    "AveragePooling3D": (VOLUME, {"pool_size": 2}),
    "MaxPooling3D": (VOLUME, {"pool_size": 2}),
    "Cropping3D": (VOLUME, {}),
    "EinsumDense": (SIGNAL, {"equation": "abc,cd->abd", "output_shape": (None, 3)}),
    "GlobalAveragePooling3D": (VOLUME, {}),
    "GlobalMaxPooling3D": (VOLUME, {}),
    "GroupNormalization": (SIGNAL, {"groups": 2}),
    "Identity": (SIGNAL, {}),
    "RMSNormalization": (SIGNAL, {}),
    "RNN": (SIGNAL, {"cell": GRUCell(3)}),
    "SpectralNormalization": (SIGNAL, {"layer": Dense(3)}),
    "UnitNormalization": (SIGNAL, {}),
    "UpSampling1D": (SIGNAL, {}),
    "UpSampling3D": (VOLUME, {}),
    "ZeroPadding3D": (VOLUME, {}),
    "Conv1DTranspose": (SIGNAL, {"filters": 3, "kernel_size": 2}),
    "Conv3D": (VOLUME, {"filters": 3, "kernel_size": 2}),
    "Conv3DTranspose": (VOLUME, {"filters": 3, "kernel_size": 2}),
    "DepthwiseConv1D": (SIGNAL, {"kernel_size": 2}),
    "SeparableConv1D": (SIGNAL, {"filters": 3, "kernel_size": 2}),
    "SpatialDropout3D": (VOLUME, {"rate": 0.2}),
    "ConvLSTM1D": (IMAGE, {"filters": 3, "kernel_size": 2}),
    "ConvLSTM2D": (VOLUME, {"filters": 3, "kernel_size": 2}),
    "ConvLSTM3D": ((2, *VOLUME), {"filters": 3, "kernel_size": 2}),
    "CategoryEncoding": (SIGNAL, {"num_tokens": 5}),
    "CenterCrop": (IMAGE, {"height": 2, "width": 3}),
    "Discretization": (SIGNAL, {"bin_boundaries": [0.0, 1.0]}),
    "MelSpectrogram": ((40,), {"fft_length": 16, "sequence_stride": 4, "num_mel_bins": 3}),
    "STFTSpectrogram": (SIGNAL, {"frame_length": 4}),
    "RandomBrightness": (IMAGE, {"factor": 0.2}),
    "RandomContrast": (IMAGE, {"factor": 0.2}),
    "RandomCrop": (IMAGE, {"height": 2, "width": 3}),
    "RandomFlip": (IMAGE, {}),
    "RandomRotation": (IMAGE, {"factor": 0.2}),
    "RandomShear": (IMAGE, {"x_factor": 0.2}),
    "RandomTranslation": (IMAGE, {"height_factor": 0.2, "width_factor": 0.2}),
    "RandomZoom": (IMAGE, {"height_factor": 0.2}),
    "RandomColorDegeneration": ((6, 5, 3), {"factor": 0.2}),
    "RandomColorJitter": ((6, 5, 3), {"hue_factor": 0.2}),
    "RandomErasing": (IMAGE, {}),
    "RandomGaussianBlur": (IMAGE, {}),
    "RandomGrayscale": ((6, 5, 3), {}),
    "RandomHue": ((6, 5, 3), {"factor": 0.2}),
    "RandomInvert": (IMAGE, {}),
    "RandomPosterization": (IMAGE, {"factor": 3}),
    "RandomSaturation": ((6, 5, 3), {"factor": 0.2}),
    "RandomSharpness": (IMAGE, {"factor": 0.2}),
    "Solarization": (IMAGE, {}),
    "AutoContrast": (IMAGE, {}),
    "AugMix": ((6, 5, 3), {"num_chains": 1, "chain_depth": 1}),
    "ContrastLimitedAdaptiveHistogramEqualization": (IMAGE, {"tile_grid_size": (2, 2)}),
    "CutMix": (IMAGE, {}),
    "Equalization": (IMAGE, {}),
    "MaxNumBoundingBoxes": (IMAGE, {"max_number": 2}),
    "MixUp": (IMAGE, {}),
    "RandAugment": ((6, 5, 3), {}),
    "RandomElasticTransform": (IMAGE, {}),
    "RandomPerspective": (IMAGE, {}),
    "Resizing": (IMAGE, {"height": 2, "width": 3}),
    "ZeroPadding1D": (SIGNAL, {}),
    "ZeroPadding2D": (IMAGE, {}),
}
JOIN = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
WINDOWS = [
    name
    for name in LAYERS
    if ("Conv" in name or "Pooling" in name)
    and not name.startswith(("Global", "Adaptive", "ConvLSTM"))
]
SIZES = {"filters", "kernel_size", "strides", "dilation_rate", "groups", "depth_multiplier",
         "pool_size", "units", "input_dim", "output_dim", "n", "size"}  # fmt: skip
NO_LAYERS = {"Dot", "Input", "InputLayer", "Lambda", "Layer", "Pipeline", "SymbolicTensor",
             "TimeDistributed"}  # fmt: skip
# With several inputs, or a step and states: test_attention_layers, test_cells
NO_LAYERS |= {"AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention",
              "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"}  # fmt: skip

# On arrays, ahead of what is recorded: test_lookups.
NO_LAYERS |= {"FillMissing", "HashedCrossing", "Hashing", "IntegerLookup", "StringLookup",
              "TextVectorization"}  # fmt: skip


def made(cls, /, **changed):
    return getattr(layers, cls)(**{**LAYERS[cls][1], **changed})


def refusal(call, *texts, error=ValueError):
    """Fail unless the call is refused with a message that has all the texts."""
    with pytest.raises(error) as caught:
        call()
    for text in texts:
        assert text in str(caught.value), f"{str(caught.value)!r} lacks {text!r}"


def names_of(layer):
    """Return how messages may call a layer."""
    return layer.name, type(layer).__name__


def test_the_table_has_every_layer():
    public = {getattr(layers, name).__name__ for name in layers.__all__ if name[0].isupper()}
    assert public - NO_LAYERS - set(JOIN) == set(LAYERS)


# --- windows, sizes, groups


@pytest.mark.parametrize("name", [n for n in WINDOWS if "Transpose" not in n])
def test_windows_larger_than_the_image(name):
    shape, given = LAYERS[name]
    padded = shape[:-1]
    if "kernel_size" in given:
        cases = [({"kernel_size": 8}, 8), ({"kernel_size": 4, "dilation_rate": 3}, 10)]
    else:
        cases = [({"pool_size": 8}, 8), ({"pool_size": 9, "strides": 1}, 9)]
    for options, span in cases:
        layer = made(name, **options, name="window")
        texts = ("window: ", f"{(span,) * len(padded)}", f"{padded}", "'valid'")
        refusal(lambda layer=layer: layer(np.zeros((2, *shape))), *texts)
        refusal(lambda layer=layer: layer(Input(shape)), *texts)
        refusal(lambda layer=layer: lamina.Sequential([Input(shape), layer]), *texts)
        assert not layer.built
        assert layer.get_weights() == []
    built = made(name)
    built(np.zeros((1, *shape)))
    before = [w.tobytes() for w in built.get_weights()]
    refusal(lambda: built(np.zeros((1, *(1 for _ in shape[:-1]), shape[-1]))), built.name)
    assert [w.tobytes() for w in built.get_weights()] == before


@pytest.mark.parametrize("axes", [1, 2])
def test_kernels_with_windows_larger_than_the_image(axes):
    x, taps = np.zeros((2, *IMAGE[:axes], 3)), (7,) * axes
    forward = getattr(kernels, f"conv{axes}d_forward")
    backward = getattr(kernels, f"conv{axes}d_backward")
    kernel, dz = np.zeros((*taps, 3, 2)), np.zeros((2, *(1,) * axes, 2))
    texts = ("kernel must fit into the padded image", str(kernel.shape), str(x.shape))
    refusal(lambda: forward(x, kernel), f"conv{axes}d_forward: ", *texts)
    refusal(lambda: backward(dz, x, kernel), f"conv{axes}d_backward: ", *texts)
    for kind in ("max", "average"):
        pool = getattr(kernels, f"{kind}_pool{axes}d_forward")
        refusal(
            lambda pool=pool: pool(x, 7), f"{kind}_pool{axes}d_forward: pool_size", str(x.shape)
        )


def sizes_of(name):
    own = set(inspect.signature(getattr(layers, name)).parameters)
    if name != "Embedding":
        own -= {"input_dim"}  # short for input_shape elsewhere
    return sorted(SIZES & own)


@pytest.mark.parametrize("name", [name for name in LAYERS if sizes_of(name)])
def test_sizes_are_positive_integers(name):
    for argument in sizes_of(name):
        for value in (0, -2, 1.5, "2"):
            refusal(
                lambda a=argument, v=value: made(name, **{a: v}),
                f"{name}: {argument}",
                repr(value),
                error=(ValueError, TypeError),
            )


@pytest.mark.parametrize("name", ["Cropping1D", "Cropping2D", "ZeroPadding1D", "ZeroPadding2D"])
def test_margins_are_not_negative(name):
    argument = name[: name.index("1" if "1" in name else "2")].removeprefix("Zero").lower()
    for value in (-1, (0, -1), 1.5, (1, 2, 3)):
        refusal(
            lambda v=value: made(name, **{argument: v}), f"{name}: {argument}",
            error=(ValueError, TypeError),
        )  # fmt: skip


@pytest.mark.parametrize("name", ["Cropping1D", "Cropping2D"])
def test_cropping_leaves_something(name):
    shape = LAYERS[name][0]
    layer = made(name, cropping=3)
    refusal(lambda: layer(np.zeros((2, *shape))), layer.name, "(3, 3)", str(shape)[1:-1])


def test_groups_divide_channels_and_filters():
    for cls, shape in ((Conv1D, (6, 3)), (Conv2D, (5, 6, 3))):
        refusal(lambda cls=cls: cls(4, 2, groups=3), f"{cls.__name__}: ", "3 groups, 4 filters")
        layer = cls(4, 2, groups=2, name="two")
        texts = ("two: groups must divide the input's channels", "2 groups, 3 channels")
        refusal(lambda layer=layer, shape=shape: layer(np.zeros((1, *shape))), *texts)
        refusal(lambda layer=layer, shape=shape: layer(Input(shape)), *texts)
        assert not layer.built
    x = np.zeros((1, 4, 4, 3))
    refusal(
        lambda: kernels.conv2d_forward(x, np.zeros((2, 2, 1, 4)), groups=2), "3 / 2", str(x.shape)
    )
    x = np.zeros((1, 4, 4, 4))
    refusal(lambda: kernels.conv2d_forward(x, np.zeros((2, 2, 2, 3)), groups=2), "(2, 2, 2, 3)")


# --- axes of length zero


@pytest.mark.parametrize("name", LAYERS)
def test_empty_axes(name):
    shape, _ = LAYERS[name]
    for axis in range(len(shape)):
        empty = (*shape[:axis], 0, *shape[axis + 1 :])
        layer = made(name)
        x = np.zeros((2, *empty), np.int64 if name == "Embedding" else np.float32)
        with pytest.raises(ValueError, match="0") as caught:
            layer(x)
        message = str(caught.value)
        known = (*names_of(layer), "forward_lstm") if name == "Bidirectional" else names_of(layer)
        assert any(who in message for who in known), message
        assert not layer.built or layer.ahead
        assert layer.get_weights() == []
    y = made(name)(np.zeros((0, *shape), np.int64 if name == "Embedding" else np.float32))
    assert len(y) == 0  # an empty batch is legal


@pytest.mark.parametrize("name", JOIN)
def test_empty_axes_of_several_inputs(name):
    layer = getattr(layers, name)()
    refusal(lambda: layer([np.zeros((2, 0)), np.zeros((2, 0))]), layer.name, "(rows, 0)")


@pytest.mark.parametrize(("cell", "gates"), [("simple_rnn", 1), ("lstm", 4), ("gru", 3)])
def test_kernels_of_no_steps(cell, gates):
    forward = getattr(kernels, f"{cell}_forward")
    refusal(
        lambda: forward(np.zeros((2, 0, 3)), np.zeros((3, 2 * gates)), np.zeros((2, 2 * gates))),
        f"{cell}_forward: x must have at least one time step", "(2, 0, 3)",
    )  # fmt: skip


def test_an_input_of_no_steps():
    refusal(lambda: Input((0, 3)), "Input: shape[0] must be a positive integer; got 0")


def test_a_refused_call_changes_nothing():
    """Not even the next random numbers."""
    x = np.ones((2, 3), np.float32)
    lamina.set_random_seed(3)
    wanted = layers.Dense(4)(x)
    lamina.set_random_seed(3)
    layer = LSTM(4)
    refusal(lambda: layer(np.ones((2, 3, 5)), mask=np.ones((2, 3, 5), bool)), "mask")
    assert not layer.built
    np.testing.assert_array_equal(layers.Dense(4)(x), wanted)
    assert layer(np.ones((2, 3, 6))).shape == (2, 4)  # can be built for another shape


# --- tokens

BAD_TOKENS = [
    ([[0, 1], [3, 1], [2, 7]], "got 7 in row 2, position 1"),
    ([[0, 1], [-1, 1], [2, 1]], "got -1 in row 1, position 0"),
    ([[0, 1], [3, 2**40], [2, 1]], f"got {2**40} in row 1, position 1"),
    ([[0, 1.5], [3, 1], [2, 1]], "got 1.5 in row 0, position 1"),
    ([[0, np.nan], [3, 1], [2, 1]], "got nan in row 0, position 1"),
]


def token_models():
    """Return a Sequential and a graph model, and how each takes its data."""
    parts = [layers.Flatten(), layers.Dense(1)]
    words = Embedding(4, 3, name="words")
    yield lamina.Sequential([Input((2,), dtype="int32"), words, *parts]), lambda v: v
    ids = Input((2,), dtype="int32", name="ids")
    y = layers.Dense(1)(layers.Flatten()(Embedding(4, 3, name="words")(ids)))
    yield lamina.Model({"ids": ids}, y), lambda v: {"ids": v}


@pytest.mark.parametrize(("tokens", "text"), BAD_TOKENS)
def test_token_ids_in_layers(tokens, text):
    layer = Embedding(4, 3, name="words")
    refusal(lambda: layer(np.array(tokens)), "words: ", text)
    assert not layer.built


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize(("tokens", "text"), BAD_TOKENS)
def test_token_ids_in_models(tokens, text, kind):
    model, wrap = list(token_models())[kind]
    who = "words: " if isinstance(tokens[1][1], int) and isinstance(tokens[0][1], int) else ""
    bad, good, y = wrap(np.array(tokens)), wrap(np.zeros((3, 2), int)), np.zeros((3, 1))
    model.compile("sgd", "mse")
    before = [w.tobytes() for w in model.get_weights()]
    refusal(lambda: model.predict(bad), who, text)
    refusal(lambda: model.fit(bad, y, verbose=0), who, text)
    refusal(lambda: model.evaluate(bad, y, verbose=0), who, text)
    refusal(lambda: model.train_on_batch(bad, y), who, text)
    refusal(lambda: model.fit(good, y, validation_data=(bad, y), verbose=0), who, text)
    assert [w.tobytes() for w in model.get_weights()] == before


def test_token_ids_in_kernels():
    ids = np.array([[0, 1], [3, 1], [2, 7]])
    dy, text = np.zeros((3, 2, 2)), "ids must lie in [0, 4), the rows; got 7 at position 5"
    refusal(lambda: kernels.embedding_forward(np.zeros((4, 2)), ids), "embedding_forward: ", text)
    table = np.ones((4, 2))
    refusal(lambda: kernels.embedding_backward(dy, ids, 4, table), "embedding_backward: ", text)
    assert (table == 1).all()
    refusal(lambda: kernels.embedding_backward_sparse(dy, ids, 4), "backward_sparse: ", text)


@pytest.mark.parametrize("name", ["Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling2D"])
@pytest.mark.parametrize("data", [np.ones((2, 3)), np.ones(0), lamina.Input((3,))])
def test_data_given_to_the_class_are_for_the_layer(name, data):
    message = rf"^{name}: data_format must be .*; a layer is made, then called: {name}\("
    with pytest.raises(ValueError, match=message):
        getattr(layers, name)(data)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lamina.Sequential(np.ones((2, 3))), "Sequential: layers must be a list of layers"),
        (lambda: layers.Pipeline(None), "Pipeline: layers must be a list of layers; got None"),
        (lambda: lamina.trace(3, [1.0], 1.0), "trace: model must be a Sequential or Model; got 3"),
        (lambda: lamina.check_gradients("m", 1, 1), "check_gradients: model must be a compiled mo"),
        (lambda: lamina.Variable(3.0, "x"), "Variable: shape must be a tuple of integers; got 'x'"),
    ],
)
def test_what_is_no_list_of_layers_and_no_model(call, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        call()
