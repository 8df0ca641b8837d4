"""Answers to keyword arguments of Keras that do not exist here, by class or method."""

from __future__ import annotations

from collections.abc import Mapping

READERS = "they are arguments of a PyDataset: make it with them"

LAYER = {
    "models are float32 or float64; there is no quantisation": (
        "quantization_config autocast gptq_unpacked_column_size"
    ),
    "there is no low-rank adaptation; freeze layers with trainable=False": "lora_rank lora_alpha",
    "use input_shape=, the shape of a row, or begin with Input(batch_shape=...)": (
        "batch_input_shape batch_shape"
    ),
    "begin with Input(shape, batch_size=...)": "batch_size",
    "use set_weights once the model is built, or an initializer": "weights",
    "leave it out: there is one implementation": (
        "time_major reset_after renorm renorm_clipping renorm_momentum "
        "synchronized fused virtual_batch_size unroll"
    ),
    "inputs are dense arrays": "sparse ragged optional",
    "use lamina.Input(...), and call the layer on it": "input_tensor",
    "use units": "output_dim nb_units",
    "use kernel_initializer": "init",
    "use kernel_size": "filter_length nb_row nb_col",
    "use filters": "nb_filter",
    "use strides": "subsample",
    "use padding": "border_mode",
    "use use_bias": "bias",
    "use kernel_regularizer": "W_regularizer",
    "use rate": "p",
    "use negative_slope": "alpha",
}

INPUT = {
    "inputs are dense arrays": "sparse ragged optional",
    "use lamina.Input(...), and call the layer on it": "input_tensor type_spec",
}

OPTIMIZER = {
    "use learning_rate": "lr",
    "give learning_rate a schedule such as optimizers.schedules.InverseTimeDecay": "decay",
    "leave it out: every step runs in compiled kernels": "jit_compile",
    "use beta_1": "beta1",
    "use beta_2": "beta2",
    "use epsilon": "eps",
}

LOSS = {
    "it takes the predictions' dtype": "dtype",
    "give sample_weight 0 to those rows": "ignore_class",
}

METRIC = {
    "results are float64": "dtype",
    "give it predictions, of which it finds the largest": "from_sorted_ids",
}

INITIALIZER = {
    "the last two axes are inputs and outputs, as in every layer": "input_axes output_axes",
    "Keras's initializers return the dtype they are called with": "dtype",
}

CALLBACK = {
    "use min_delta": "epsilon",
}

MODEL = {
    "set model.trainable = False once it is made": "trainable",
    "layers are given as a list": "layer",
    "use inputs= and outputs=": "input output",
}

COMPILE = {
    "use class_weight= or sample_weight= of fit": "sample_weight_mode",
    "use metrics=": "metric",
    "there is one backend": "target_tensors distribute",
}

FIT = {
    READERS: "workers use_multiprocessing max_queue_size",
    "use epochs": "nb_epoch",
    "use verbose": "show_accuracy",
    "use callbacks": "callback",
    "use batch_size": "batch",
}

CALL = {
    "the layer is given all it needs as x": "states initial_state inputs constants",
    "masks pass from layer to layer": "attention_mask",
}

PREDICT = {
    READERS: "workers use_multiprocessing max_queue_size",
    "use batch_size": "batch",
}

# --- functions

LOAD_DATA = {
    "leave it out: the data come with the package, in a fixed split": "path test_split seed",
    "use num_words": "nb_words",
}

CATEGORICAL = {
    "use num_classes": "nb_classes",
    "use x": "y",
}

# Arguments that Keras takes and ignores, or that only affect how it computes: any value is
# accepted. By the name of a class or function.
TAKEN: Mapping[str, str] = {
    "Layer": "autocast",
    "Embedding": "input_length",
    "LSTM": "implementation use_cudnn",
    "GRU": "implementation use_cudnn",
    "add_weight": "autocast experimental_autocast aggregation synchronization",
    "add_variable": "aggregation synchronization",
}
# Arguments that Keras ignores, with a warning.
IGNORED: Mapping[str, str] = {"Optimizer": "decay"}
# Features that are off by default in Keras, and do not exist here: False is accepted.
SWITCHES = frozenset(
    {"sparse", "ragged", "optional", "renorm", "synchronized", "rms_scaling"}
    | {"overwrite_with_gradient"}
)

# By the name of a class, for it and classes derived from it, or by that of a method.
TABLES: Mapping[str, Mapping[str, str]] = {
    "Input": INPUT,
    "InputLayer": LAYER,
    "Layer": LAYER,
    "Optimizer": OPTIMIZER,
    "Loss": LOSS,
    "Metric": METRIC,
    "Initializer": INITIALIZER,
    "Callback": CALLBACK,
    "CallbackList": CALLBACK,
    "Network": MODEL,
    "compile": COMPILE,
    "fit": FIT,
    "train_on_batch": FIT,
    "evaluate": PREDICT,
    "test_on_batch": PREDICT,
    "predict": PREDICT,
    "predict_on_batch": PREDICT,
    "__call__": CALL,
    "load_data": LOAD_DATA,
    "to_categorical": CATEGORICAL,
}
