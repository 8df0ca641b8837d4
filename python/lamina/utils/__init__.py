"""Helpers from Keras's ``utils``: encoding of labels and texts, windows, and the seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina._columns import Columns
from lamina.backend import clear_session, is_keras_tensor, standardize_dtype
from lamina.plot_model import model_to_dot, plot_model
from lamina.random import set_random_seed
from lamina.saving import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from lamina.utils.coding import multi_hot, one_hot, smooth_labels, to_categorical
from lamina.utils.interactive import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from lamina.utils.normalizing import normalize
from lamina.utils.sequences import pad_sequences
from lamina.utils.timeseries import timeseries_windows

if TYPE_CHECKING:
    from lamina.saving import deserialize_keras_object, serialize_keras_object
    from lamina.utils.feature_space import FeatureSpace
    from lamina.utils.progbar import Progbar

if TYPE_CHECKING:
    from lamina.data.directories import (
        audio_dataset_from_directory,
        image_dataset_from_directory,
        text_dataset_from_directory,
    )
    from lamina.data.files import get_file
    from lamina.data.packing import (
        pack_x_y_sample_weight,
        split_dataset,
        unpack_x_y_sample_weight,
    )
    from lamina.data.pictures import array_to_img, img_to_array, load_img, save_img
    from lamina.data.py_dataset import PyDataset
    from lamina.data.py_dataset import PyDataset as Sequence
    from lamina.data.series import timeseries_dataset_from_array

__all__ = [
    "Columns",
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "audio_dataset_from_directory",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "multi_hot",
    "normalize",
    "one_hot",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "smooth_labels",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "timeseries_windows",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    _LAZY = {
        "lamina.data.directories": "audio_dataset_from_directory image_dataset_from_directory "
        "text_dataset_from_directory",
        "lamina.data.files": "get_file",
        "lamina.data.packing": "pack_x_y_sample_weight split_dataset unpack_x_y_sample_weight",
        "lamina.data.py_dataset": "PyDataset",
        "lamina.data.series": "timeseries_dataset_from_array",
        "lamina.data.pictures": "array_to_img img_to_array load_img save_img",
        "lamina.saving.objects": "deserialize_keras_object serialize_keras_object",
        "lamina.utils.feature_space": "FeatureSpace",
        "lamina.utils.progbar": "Progbar",
    }
    __getattr__ = answering(
        __name__,
        {name: f"{room}:{name}" for room, names in _LAZY.items() for name in names.split()}
        | {"Sequence": "lamina.data.py_dataset:PyDataset"},  # its old name
    )
