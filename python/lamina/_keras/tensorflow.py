"""Names of TensorFlow's operations and of ``keras.backend``, with the operations here."""

from __future__ import annotations

# Operations of lamina.ops, by their names in TensorFlow and in the backend of Keras 2.
OTHERWISE = {
    "sum": "reduce_sum add_n",
    "mean": "reduce_mean",
    "max": "reduce_max",
    "min": "reduce_min",
    "prod": "reduce_prod",
    "any": "reduce_any",
    "all": "reduce_all",
    "std": "reduce_std",
    "var": "reduce_variance",
    "logsumexp": "reduce_logsumexp",
    "concatenate": "concat",
    "arange": "range",
    "power": "pow",
    "divide": "div truediv",
    "floor_divide": "floordiv",
    "multiply": "mul",
    "subtract": "sub",
    "negative": "neg",
    "matmul": "batch_matmul batch_dot",
    "take": "gather embedding_lookup",
    "clip": "clip_by_value",
    "normalize": "l2_normalize",
    "ndim": "rank",
    "full": "fill",
    "flip": "reverse",
    "inv": "matrix_inverse",
    "scatter": "scatter_nd",
    "scatter_update": "tensor_scatter_nd_update",
    "segment_sum": "unsorted_segment_sum",
    "segment_max": "unsorted_segment_max",
    "segment_min": "unsorted_segment_min",
    "segment_prod": "unsorted_segment_prod",
    "convert_to_tensor": "constant",
    "conv": "conv1d conv2d conv3d",
    "conv_transpose": "conv2d_transpose",
    "depthwise_conv": "depthwise_conv2d",
    "separable_conv": "separable_conv2d",
    "max_pool or lamina.ops.average_pool": "pool2d pool3d",
    "add": "bias_add",
    "repeat": "repeat_elements",
    "transpose": "permute_dimensions",
    "pad": "temporal_padding spatial_2d_padding",
    "image.resize": "resize_images",
    "map": "map_fn",
    "scan": "foldl foldr",
    "isnan": "is_nan",
    "isinf": "is_inf",
    "isfinite": "is_finite",
    "ctc_loss": "ctc_batch_cost",
}

_OTHERWISE = {f"use lamina.ops.{here}": names for here, names in OTHERWISE.items()}

_RANDOM = {
    "use lamina.random.normal": "random_normal",
    "use lamina.random.uniform": "random_uniform",
}

OPS = {
    **_OTHERWISE,
    **_RANDOM,
    "index as NumPy does, x[i, j], or use lamina.ops.take_along_axis": "gather_nd",
    "shapes are fixed when a model is recorded: weigh what is left out by 0 with "
    "lamina.ops.where; arrays are indexed by a mask in NumPy": "boolean_mask",
    "use lamina.ops.reshape(x, (rows, -1)), or the layer Flatten": "batch_flatten flatten",
    "add_weight of a layer makes variables": "Variable variable",
    "use lamina.ops.cast(x, 'float32')": "to_float cast_to_floatx",
    "use lamina.ops.cast(x, 'int32')": "to_int32 to_int64",
}

# Functions of the backend of Keras 2 that lamina.ops has under the same name.
_SAME = (
    "abs all any arange argmax argmin batch_normalization binary_crossentropy cast "
    "categorical_crossentropy clip concatenate cos cumprod cumsum dot dtype elu equal exp "
    "expand_dims eye greater greater_equal hard_sigmoid in_top_k less less_equal log logsumexp max "
    "maximum mean min minimum ndim not_equal one_hot ones ones_like prod relu reshape round shape "
    "sigmoid sign sin softmax softplus softsign sparse_categorical_crossentropy sqrt square "
    "squeeze stack std stop_gradient sum switch tanh tile transpose var zeros zeros_like"
)

_same = {f"use lamina.ops.{name}": name for name in _SAME.split()}

BACKEND = {
    **OPS,
    **{key: f"{OPS.get(key, '')} {name}" for key, name in _same.items()},
    "use lamina.ops.repeat": "repeat repeat_elements",
    "use lamina.random.truncated_normal": "truncated_normal",
    "use lamina.random.bernoulli": "random_bernoulli random_binomial",
    "use lamina.random.dropout": "dropout",
    "use x.shape": "int_shape",
    "results are arrays; np.asarray(x) copies nothing": "eval",
    "use get_weights and set_weights of the layer or model": (
        "get_value set_value batch_get_value batch_set_value"
    ),
    "use model.count_params()": "count_params",
    "use lamina.Input": "placeholder",
    "use Model(inputs, outputs) and predict": "function",
    "use model.gradients": "gradients",
    "call the model with training=True or training=False": (
        "learning_phase set_learning_phase in_train_phase in_test_phase"
    ),
    "use the layer RNN": "rnn",
    "there is no session": "get_session set_session",
}
