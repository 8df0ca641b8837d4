"""Answers to modules, classes and functions of Keras that do not exist here, by module.

Names that differ from one here only by case and underscores need no entry.
"""

from __future__ import annotations

from collections.abc import Mapping

from lamina._keras import tensorflow

PIXELS = "change the pictures with NumPy before fit, or in a loop over train_on_batch"
OWN = "write a layer of your own (see lamina.layers.Layer), or PythonLayer for NumPy functions"
WEIGHTS_FILE = "model.save('model.lamina') keeps all of a model, and models.load_model reads it"
SHAPES = "a layer of your own refuses inputs by raising ValueError in build(input_shape)"
STEP = "write the loop yourself with train_on_batch, or a layer or a loss with lamina.ops"

NO_CHOICE = (
    "there is one backend, and no session; dtype is each model's, epsilon an argument, and images "
    "are channels-last"
)

TOP = {
    "use lamina.__version__": "version",
    "use DTypePolicy": "FloatDTypePolicy",
    "there are no pretrained models; build one of lamina.layers": "applications",
    NO_CHOICE: "device clear_session",
    "use Sequential or Model(inputs, outputs) without it": (
        "Function Operation name_scope RematScope StatelessScope SymbolicScope remat"
    ),
    "set_num_threads says how many threads, lamina.distribute how many processes": "distribution",
    WEIGHTS_FILE: "legacy",
    "model.export('model.onnx') writes what other programs run": "export",
    SHAPES: "InputSpec",
    "models are float32 or float64; there is no quantisation": "Quantizer quantizers",
    "train the small model on predict of the large one": "distillation",
    "use Python's own functions on lists and dicts": "tree",
    "use lamina.plot and lamina.utils.plot_model": "visualization",
    "write the loop yourself with train_on_batch": "estimator",
    "write the loop yourself with train_on_batch, or with the gradients of "
    "model.value_and_gradients and model.input_gradients": "GradientTape",
    "use lamina itself: lamina.Sequential, lamina.layers": "keras tf",
}

LAYERS = {
    "use LSTM or GRU": "CuDNNLSTM CuDNNGRU",
    PIXELS: "RandomHeight RandomWidth",
    "use StringLookup, IntegerLookup and Embedding": "DenseFeatures",
    OWN: "Wrapper TorchModuleWrapper JaxLayer FlaxLayer TFSMLayer",
    "use Embedding and Dense": "ReversibleEmbedding",
    "use ReLU or LeakyReLU": "ThresholdedReLU",
    "use Conv1D or Conv2D": "LocallyConnected1D LocallyConnected2D",
    SHAPES: "InputSpec",
    "use Add, Multiply, Concatenate and the others of their kind": "Merge",
    "use lamina.layers itself, which has them all": "experimental",
}

LOSSES = {
    "the reduction is an argument of each loss: reduction='sum_over_batch_size'": "Reduction",
}

METRICS = {
    "compile(metrics=['accuracy']) chooses its form; alone it is BinaryAccuracy, "
    "CategoricalAccuracy or SparseCategoricalAccuracy": "acc",
    "use MeanMetricWrapper, or derive from Metric": "MeanTensor MeanRelativeError",
}

OPTIMIZERS = {
    "use lamina.optimizers itself, which has them all": "legacy experimental",
}

CALLBACKS = {
    "use ModelCheckpoint or BackupAndRestore": "OrbaxCheckpoint",
    "the logs hold an epoch's means by themselves": "BaseLogger",
}

INITIALIZERS: dict[str, str] = {}

OPS = {
    **tensorflow.OPS,
    "use numpy's view on arrays": "view",
    "tensors hold real numbers; eigh is for symmetric matrices, numpy.linalg.eig for arrays": "eig",
    "gradients go backward: model.gradients, or lamina.models.Model.value_and_gradients": "jvp",
    "tensors hold real numbers; fft and the like take and give real and imaginary parts": (
        "polar view_as_complex view_as_real"
    ),
    "gradients follow from what is recorded; stop_gradient stops one": "custom_gradient",
}

MODELS = {
    "use model_from_json, of what model.to_json() returned": "model_from_config model_from_yaml",
}

UTILS = {
    "use lamina.saving": "legacy",
    "use Model.inputs": "get_source_inputs",
    "layers that move pixels move boxes, too: layers.RandomFlip(bounding_box_format='xyxy')": (
        "bounding_boxes"
    ),
    "use lamina.utils itself, which has them all": "np_utils",
    "write the settings in a dict": "Config",
    "a model runs on the CPU of one process": "multi_gpu_model",
}

BACKEND = {
    **tensorflow.BACKEND,
    NO_CHOICE: "set_epsilon set_floatx result_type get_uid",
}

CONFIG = {
    NO_CHOICE: (
        "disable_flash_attention enable_flash_attention is_flash_attention_enabled "
        "is_nnx_enabled set_backend set_epsilon set_floatx"
    ),
    "nothing in a file is run: give load_model your functions as custom_objects": (
        "enable_unsafe_deserialization"
    ),
    "epochs and steps_per_epoch are arguments of fit": (
        "max_epochs max_steps_per_epoch set_max_epochs set_max_steps_per_epoch"
    ),
}

DTYPE_POLICIES = {
    "use DTypePolicy": "DTypePolicyMap FloatDTypePolicy",
    "weights are float32 or float64; there is no quantisation": (
        "AWQDTypePolicy GPTQDTypePolicy Int4DTypePolicy QuantizedDTypePolicy "
        "QuantizedFloat8DTypePolicy"
    ),
}

SAVING = {
    "read the file with the safetensors package: arrays by name": "KerasFileEditor",
}

PREPROCESSING = {
    "the layer TextVectorization learns the words of texts and turns texts into numbers": "text",
}

IMAGES = {
    "use lamina.utils.image_dataset_from_directory for folders, and layers such as RandomFlip, "
    "RandomRotation and Rescaling at the head of the model": (
        "ImageDataGenerator DirectoryIterator NumpyArrayIterator Iterator"
    ),
    "use layers such as RandomRotation, RandomTranslation, RandomShear and RandomZoom": (
        "apply_affine_transform apply_brightness_shift apply_channel_shift random_brightness "
        "random_channel_shift random_rotation random_shear random_shift random_zoom"
    ),
}

SEQUENCES = {
    "use lamina.utils.timeseries_dataset_from_array": "TimeseriesGenerator",
    "draw pairs of words with NumPy": "skipgrams make_sampling_table",
}

TABLES: Mapping[str, Mapping[str, str]] = {
    "": TOP,
    "layers": LAYERS,
    "losses": LOSSES,
    "metrics": METRICS,
    "optimizers": OPTIMIZERS,
    "optimizers.schedules": {},
    "callbacks": CALLBACKS,
    "activations": {},
    "constraints": {},
    "initializers": INITIALIZERS,
    "regularizers": {},
    "datasets": {},
    "datasets.imdb": {},
    "random": {},
    "backend": BACKEND,
    "config": CONFIG,
    "dtype_policies": DTYPE_POLICIES,
    "mixed_precision": {},
    "saving": SAVING,
    "preprocessing": PREPROCESSING,
    "preprocessing.image": IMAGES,
    "preprocessing.sequence": SEQUENCES,
    "datasets.boston_housing": {},
    "ops": OPS,
    "ops.image": OPS,
    "ops.linalg": OPS,
    "ops.math": OPS,
    "ops.nn": OPS,
    "ops.numpy": OPS,
    "models": MODELS,
    "utils": UTILS,
}
