"""Saving and loading models and weights."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina import _check, _screen
from lamina._calls import answering_calls
from lamina._settings import reading_with
from lamina.saving import formats
from lamina.saving.weights import walked

if TYPE_CHECKING:
    from lamina.models import Model

Path = str | os.PathLike[str]


@answering_calls
def save_model(
    model: Model,
    filepath: Path,
    overwrite: bool = True,
    zipped: bool | None = None,  # noqa: ARG001
    *,
    include_optimizer: bool = True,
) -> None:
    """Write a model to a file: layers, weights, what ``compile`` was given, and the training state.

    The file is written beside the old one and replaces it once it is on the disk: if the process is
    killed, the disk is full or the power fails, either the old model or the new one is there,
    whole.

    Parameters
    ----------
    model : Model
    filepath : str or path-like
        Such as ``"model.lamina"``; ``"model.keras"`` writes a file that Keras 3 loads, and
        ``"model.h5"`` one of its old format; both need h5py: ``pip install "lamina[keras]"``.
    overwrite : bool, default True
        If False, an existing file raises an error.
    zipped : ignored
            For compatibility with Keras.
    include_optimizer : bool, default True
        Whether to save the state of the optimizer and the progress of training: then ``fit`` of the
        loaded model continues with bit-identical results.

    Raises
    ------
    ValueError
        If the extension of the name does not determine a format, or the model has something that a
        file of Keras cannot store.
    ImportError
        If a file for Keras is to be written and h5py is not installed.
    TypeError
        If a setting of a layer, loss or metric cannot be stored as JSON and arrays; the message
        says where it is.
    OSError
        If there is no space, no folder or no permission: then the old file is unchanged.

    Notes
    -----
    Python functions and custom classes are not saved, only their names.  ``load_model`` needs them
    in ``custom_objects``, or registered by ``register_serializable``.

    The results of ``calibrate`` are only saved in lamina's own files.

    Files for Keras hold layers, weights, what ``compile`` was given, and, in ``.keras`` files, the
    state of the optimizer, but neither the progress of a fit nor the state of its random numbers.
    Anything without a counterpart in Keras, such as a layer that only lamina has, raises an error
    that names it.

    Examples
    --------
    >>> import os, tempfile, lamina
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.lamina")
    >>> lamina.saving.save_model(model, path)
    >>> bool((lamina.saving.load_model(path).get_weights()[0] == model.get_weights()[0]).all())
    True
    """
    name, module = _to_write("save", filepath, overwrite, False)
    whole = _check.boolean("save", "include_optimizer", include_optimizer)
    module.save_model(_model("save", model), name, whole)


@answering_calls
def load_model(
    filepath: Path,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002
    safe_mode: bool = True,  # noqa: ARG001
) -> Any:
    """Return the model in a file of lamina, or in a ``.keras`` or ``.h5`` file of Keras.

    Parameters
    ----------
    filepath : str or path-like
    custom_objects : mapping of str to class or function, optional
        Classes and functions of your own by name; those that are registered need no mention.
    compile : bool, default True
        Whether to compile it as the saved model was, with the state of the optimizer.  Optimizers
        from files of Keras 2 begin anew.
    safe_mode : ignored
        For compatibility with Keras: code in a file is never run.

    Returns
    -------
    Sequential, Functional, or a model of your own class

    Raises
    ------
    ValueError
        If the file is neither of lamina nor of Keras, is incomplete or altered, was written by a
        newer lamina, or names a class or function that is not known; the message says which.
        If a file of Keras holds code of a Lambda, which is not run, or operations of TensorFlow.
    ImportError
        If the file is one of Keras and h5py is not installed: ``pip install "lamina[keras]"``.
    FileNotFoundError
        If the file does not exist; the nearest name in the folder is suggested.

    Notes
    -----
    Keras 3 writes ``training=False`` for calls without that argument, too.  It is applied to layers
    that would otherwise behave differently in training, such as batch normalization.

    Examples
    --------
    >>> import os, tempfile, lamina
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.lamina")
    >>> model.save(path)
    >>> lamina.models.load_model(path).count_params()
    8
    """
    name, module = formats.for_reading("load_model", filepath)
    whole = _check.boolean("load_model", "compile", compile)
    with reading_with(custom_objects):
        return module.load_model(name, whole)


@answering_calls
def save_weights(model: Model, filepath: Path, overwrite: bool = True) -> None:
    """Write a model's weights to a file, by their paths, such as "encoder/dense_1/kernel".

    As in Keras, vocabularies and boundaries that layers learned by ``adapt`` are not weights: use
    ``save_model`` to keep them.

    Parameters
    ----------
    model : Model
        With existing weights, i.e. built.
    filepath : str or path-like
        Such as ``"model.weights.lamina"``, or ``"model.weights.h5"`` for Keras.
    overwrite : bool, default True
        If False, an existing file raises an error.

    Raises
    ------
    FileExistsError
        If the file exists and `overwrite` is False.
    ValueError
        If the ending of the name is not that of a format for weights, or the model has no weights
        yet.
    TypeError
        If `filepath` is not a path.
    """
    name, module = _to_write("save_weights", filepath, overwrite, True)
    module.save_weights(_model("save_weights", model), name)


@answering_calls
def load_weights(
    model: Model, filepath: Path, skip_mismatch: bool = False, *, by_name: bool = False
) -> None:
    """Load weights from a file into a model.

    Weights are matched by path; if the names of layers differ, as they may for two models of the
    same kind, they are matched in order.

    Parameters
    ----------
    model : Model
        With existing weights, i.e. built.
    filepath : str or path-like
        Of weights or of a model; of lamina, or of Keras (``.weights.h5``, ``.keras`` and the old
        ``.h5``), which requires h5py.
    skip_mismatch : bool, default False
        Keep the weights that are missing from the file or have another shape there, with a warning.
    by_name : bool, default False
        Load the weights with the same path, and keep the others; in old files of Keras those of the
        same layer.  Its new files contain no names of layers: layers are identified by class and
        number.

    Raises
    ------
    ValueError
        If the shape of a weight, which the message names, or the number of weights differs; then no
        weight is changed.

    Warns
    -----
    UserWarning
        If a lookup layer of the model has no vocabulary, as files of weights contain none.
    """
    name, module = formats.for_reading("load_weights", filepath)
    named = _check.boolean("load_weights", "by_name", by_name)
    skips = _check.boolean("load_weights", "skip_mismatch", skip_mismatch)
    module.load_weights(_model("load_weights", model), name, named, skips)
    _warn_of_lookups(model)


def _warn_of_lookups(model: Model) -> None:
    """Warn about layers without a vocabulary, as files of weights contain none."""
    from lamina.layers.preprocessing.vocabulary import Vocabulary

    empty = [
        each.name
        for each in walked(model)
        if isinstance(each, Vocabulary) and not each.get_vocabulary(include_special_tokens=False)
    ]
    if empty:
        _screen.warn(
            f"load_weights: {', '.join(empty)}: has no vocabulary, and files of weights have none; "
            f"call adapt, or save the whole model by save and read it by load_model"
        )


def _to_write(who: str, filepath: Path, overwrite: bool, weights: bool) -> Any:
    name, module = formats.for_writing(who, filepath, weights)
    if not _check.boolean(who, "overwrite", overwrite) and os.path.exists(name):
        raise FileExistsError(f"{who}: {name} already exists; pass overwrite=True to replace it")
    return name, module


def _model(who: str, model: Any) -> Any:
    from lamina.models import Model

    if not isinstance(model, Model):
        raise TypeError(f"{who}: needs a model; got {type(model).__name__}")
    return model
