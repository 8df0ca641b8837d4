"""Answers to attributes of Keras's objects that do not exist here, by class."""

from __future__ import annotations

from collections.abc import Mapping

from lamina._keras.rooms import STEP, WEIGHTS_FILE

ARRAYS = "use weights, trainable_weights and non_trainable_weights"
NO_QUANTIZING = "models are float32 or float64; there is no quantisation"
OWN_FILES = "files keep weights and get_config; what else a layer holds belongs into the latter"
SHAPES = "use compute_output_shape, which takes and returns shapes"

COMMON = {  # for models and layers
    ARRAYS: "metrics_variables add_variable updates",
    OWN_FILES: "save_own_variables load_own_variables",
    WEIGHTS_FILE: "get_state_tree set_state_tree",
    NO_QUANTIZING: (
        "quantize quantization_mode quantized_build quantized_call "
        "get_quantization_layer_structure enable_lora"
    ),
    "inputs are floats of the model's type, or integers where a layer says so": "autocast",
    STEP: "stateless_call rematerialized_call jax_state_sync",
    SHAPES: "compute_output_spec input_spec symbolic_call",
    "use name": "path",
    "give metrics to compile": "add_metric metrics",
}

MODEL = {
    **COMMON,
    "use to_json": "to_yaml",
    "a step is one call into the engine; write the loop yourself with train_on_batch": (
        "make_train_function make_test_function "
        "make_predict_function compute_loss_and_updates "
        "stateless_compute_loss train_function"
    ),
    "use dtype": "input_dtype",
    "every model runs in compiled kernels": "jit_compile run_eagerly",
    "use fit, which takes generators": "fit_generator",
    "use evaluate, which takes generators": "evaluate_generator",
    "use predict, which takes generators": "predict_generator",
    "use predict(x).argmax(axis=-1), or predict(x) > 0.5 for one sigmoid": "predict_classes",
    "use predict": "predict_proba decision_function predict_log_proba transform fit_transform",
    "use evaluate, or a score of sklearn.metrics on what predict returns": "score",
    "use train_on_batch, or fit again, which goes on from the weights at hand": "partial_fit",
    "use get_config": "get_params",
    "use from_config with other arguments, or compile again": "set_params",
    "use get_weights": "coef_ intercept_ coefs_ intercepts_ state_dict",
    "use set_weights": "load_state_dict",
    "use history.history, what fit measured": "loss_ loss_curve_ n_iter_ history_",
    "classes are those that numpy.unique returned for y; predict gives one column for each": (
        "classes_"
    ),
    "use input_shape": "n_features_in_ feature_names_in_",
    "call the model, which computes as in inference; fit trains": "forward eval train",
    "fit and train_on_batch compute the gradients and use them": "backward zero_grad step",
    "each layer of a Sequential is given with add; its output is model.layers[i].output": (
        "get_output_at"
    ),
    "a model is float32 or float64 from the start: Sequential(..., dtype='float64')": "astype",
    "use lamina.utils.plot_model(model)": "plot",
}

OF_LAYERS = {  # attributes of models with call that models of layers lack
    "call the model, or its predict": "call",
    "weights belong to layers: add them in a layer of your own": "add_weight",
    "a layer of your own calls add_loss within call": "add_loss",
    "masks pass from layer to layer": "compute_mask supports_masking",
}

LAYER = {
    **COMMON,
    OWN_FILES: "save_own_variables load_own_variables build_from_config get_build_config",
    "use output.shape, or compute_output_shape": "output_shape get_output_shape_at",
    "use input.shape": "get_input_shape_at",
    "use layer.nodes[i].outputs": "get_output_at",
    "use layer.nodes[i].inputs": "get_input_at",
    "the last mask is not kept; compute_mask makes it": "output_mask input_mask",
    "the shape of a row is input_shape= at the constructor": "batch_input_shape",
    "use nodes": "inbound_nodes outbound_nodes",
    "only recurrent layers carry a state": "stateful reset_state reset_states",
}

OPTIMIZER = {
    "a schedule is the learning_rate: optimizers.schedules.InverseTimeDecay": "decay",
    "use variables, set_weights and save_own_variables": "weights get_weights add_slot get_slot",
    "use apply(grads, weights), which changes the weights": (
        "minimize stateless_apply get_updates get_gradients compute_gradients"
    ),
}

LOSS = {
    "call it: loss(y_true, y_pred)": "fn",
}

METRIC = {
    "use variables": "weights non_trainable_variables",
    "use reset_state": "reset_states",
    "use update_state and result": (
        "stateless_reset_state stateless_result stateless_update_state"
    ),
}

CALLBACK = {
    "give the callback the arrays itself": "validation_data",
}

HISTORY = {
    **CALLBACK,
    "use history.history['loss']": "loss losses",
    "use history.history, the dict of lists": "keys values items get",
}

TENSOR = {
    "symbolic tensors have no values yet: make a Model of them and call predict": "numpy eval",
    "use ndim": "rank",
    "use ops.squeeze": "squeeze",
    "use x.shape": "get_shape",
    "all tensors are dense": "sparse ragged ragged_rank row_splits_dtype",
}

# By the name of the class that users derive from or hold.
TABLES: Mapping[str, Mapping[str, str]] = {
    "Network": MODEL,
    "Functional": OF_LAYERS,
    "Sequential": OF_LAYERS,
    "Layer": LAYER,
    "Optimizer": OPTIMIZER,
    "Loss": LOSS,
    "Metric": METRIC,
    "History": HISTORY,
    "Callback": CALLBACK,
    "SymbolicTensor": TENSOR,
}
