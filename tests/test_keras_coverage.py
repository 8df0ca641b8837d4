"""Every argument of a layer that changes numbers is compared with Keras."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

import test_attention_layers
import test_augmentation
import test_category_encoding
import test_cells
import test_channels_first
import test_keras_convolution
import test_keras_grid
import test_keras_layers
import test_keras_noise
import test_keras_recurrence
import test_keras_states
import test_keras_time
import test_new_normalizations
import test_preprocessing_layers
import test_volumes
import test_zero_output_for_mask
from lamina import layers

# Arguments that change no number of a layer, or have one legal value.
NEUTRAL = {"name", "trainable", "dtype", "input_shape", "input_dim", "seed"}
NEUTRAL |= {"activity_regularizer"}  # a loss: test_functions_of_layers
ELSEWHERE = {
    "Bidirectional": {"layer", "merge_mode", "backward_layer"},  # test_keras_states
    "TimeDistributed": {"layer"},  # test_keras_time
    "Embedding": {"mask_zero"},  # test_keras_grid
    "Masking": {"mask_value"},  # test_keras_grid
    "AutoContrast": {"data_format"},  # test_augmentation: Keras takes columns for channels
    "AugMix": {
        "value_range",
        "num_chains",
        "chain_depth",
        "factor",
        "alpha",
        "all_ops",
        "interpolation",
        "data_format",
    },  # test_augmented_examples
    "MaxNumBoundingBoxes": {"max_number", "fill_value"},  # test_augmented_examples
    "Pipeline": {"layers"},  # test_augmented_examples
    "Rescaling": {"scale", "offset"},  # test_functions_of_layers
    "ActivityRegularization": {"l1", "l2"},  # test_functions_of_layers
    "Lambda": {"function", "output_shape", "mask", "arguments"},  # test_call_layers
}
CELLS = {"kernel_initializer", "recurrent_initializer", "bias_initializer", "kernel_regularizer",
         "recurrent_regularizer", "bias_regularizer", "units", "activation", "use_bias", "dropout",
         "recurrent_dropout"}  # fmt: skip
# Arguments common to the three cells, each compared for one of them.
CONVOLVED = (CELLS - {"units"}) | {
    "strides", "dilation_rate", "recurrent_activation", "unit_forget_bias", "return_sequences",
    "return_state", "go_backwards", "stateful", "padding",
}  # fmt: skip
ELSEWHERE |= {  # test_volumes, test_cells
    "SpatialDropout3D": {"rate", "data_format"},
    "SimpleRNNCell": CELLS,
    "LSTMCell": CELLS | {"recurrent_activation", "unit_forget_bias"},
    "GRUCell": CELLS | {"recurrent_activation", "reset_after"},
    "StackedRNNCells": {"cells"},
    "ConvLSTM1D": CONVOLVED,
    "ConvLSTM2D": CONVOLVED,
    "ConvLSTM3D": CONVOLVED,
}
KEPT = {"max_tokens", "num_oov_indices", "mask_token", "vocabulary", "idf_weights", "invert",
        "output_mode", "pad_to_max_tokens", "sparse"}  # fmt: skip
ELSEWHERE |= {  # test_lookups: examples of Keras's documentation, as its layers need TensorFlow
    "Discretization": {"num_bins", "epsilon"},
    "Hashing": {"num_bins", "mask_value", "salt", "output_mode", "sparse"},
    "HashedCrossing": {"num_bins", "output_mode", "sparse"},
    "IntegerLookup": KEPT | {"oov_token", "vocabulary_dtype", "oov_method", "salt"},
    "StringLookup": KEPT | {"oov_token", "encoding", "salt"},
    "TextVectorization": KEPT | {"standardize", "split", "ngrams", "output_sequence_length",
                                 "ragged", "encoding"},
}  # fmt: skip
REFUSED = {"AlphaDropout": {"noise_shape"}}  # has one legal value
# It acts on masks only, with which Keras's layers fail: test_zero_output_for_mask.
REFUSED |= {f"ConvLSTM{axes}D": {"zero_output_for_mask"} for axes in (1, 2, 3)}
KERAS = json.loads((Path(__file__).parent / "keras_names.json").read_text())["rooms"]["layers"]
NO_LAYERS = {"Input", "InputLayer", "Layer"}


def classes():
    pairs = ((name, getattr(layers, name)) for name in layers.__all__)
    return {
        name: cls
        for name, cls in pairs
        if inspect.isclass(cls) and name in KERAS.split() and name == cls.__name__
        if name not in NO_LAYERS
    }


def cases():
    """Yield (layer, arguments that a comparison gives)."""
    for name, _, arguments, options in test_keras_convolution.CASES:
        given = inspect.signature(getattr(layers, name)).bind_partial(*arguments, **options)
        yield name, set(given.arguments) | set(options)
    for name, options, _ in test_keras_layers.GRID:
        yield name, set(options)
    for name, _, options in (*test_keras_grid.CASES, *test_keras_grid.JOINED):
        yield name, set(options)
    for name, _, options in test_keras_noise.CASES:
        yield name, set(options)
    for name, (_, options) in test_keras_grid.WITH_WEIGHTS.items():
        for ending in ("_initializer", "_regularizer"):
            yield name, {*options, *test_keras_grid.arguments_of(name, ending)}
    for _, options in test_keras_states.NORMS:
        yield "BatchNormalization", set(options)
    rooms = (test_attention_layers, test_augmentation, test_category_encoding, test_cells,
             test_new_normalizations, test_preprocessing_layers)  # fmt: skip
    for room in (*rooms, test_volumes):
        for name, options, *_ in (*room.CASES, *getattr(room, "SETTINGS", ())):
            yield name, set(options)
    for name in test_channels_first.NAMES:
        yield name, {"data_format"}
    yield from recurrent_cases()
    yield from ELSEWHERE.items()


def recurrent_cases():
    for name in test_keras_time.CELLS.values():
        yield name, set(test_keras_recurrence.SETTINGS)
        for options in (*test_keras_noise.RECURRENT, *test_keras_time.STATEFUL):
            yield name, set(options)
        yield name, set(test_keras_states.UNROLLED)
    for name in test_zero_output_for_mask.NAMES:
        yield name, {"zero_output_for_mask"}
    for name, options in test_keras_states.GATED:
        yield name, set(options)
    for options in test_keras_grid.FIRST_BIASES:
        yield "LSTM", set(options)


@pytest.mark.parametrize("name", classes())
def test_every_argument_is_compared(name):
    parameters = inspect.signature(classes()[name]).parameters.values()
    own = {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
    compared = [given for case, given in cases() if case == name]
    assert compared, f"{name} is compared with Keras nowhere"
    refused = REFUSED.get(name, set())
    own = {each for each in own if not each.endswith("_constraint")}  # test_constraints
    missing = own - NEUTRAL - refused - set().union(*compared)
    assert not missing, f"{name}: no comparison sets {sorted(missing)}"
