"""Models and their weights to files and back."""

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
    """Write a model to a file: layers, weights, what ``compile`` was given, and how far it trained.

    The file is written beside the old one and takes its place once it is on the disk: whatever
    happens, a kill, a full disk, a loss of power, there is the old model or the new one, whole.

    Parameters
    ----------
    model : Model
    filepath : str or path-like
        Such as ``"model.lamina"``; ``"model.keras"`` writes a file that Keras 3 loads, and
        ``"model.h5"`` one of its old format; both need h5py: ``pip install "lamina[keras]"``.
    overwrite : bool, default True
        False refuses a file that is there.
    zipped : ignored
        For Keras's callers.
    include_optimizer : bool, default True
        Whether the optimizer's state, and how far training is, go into the file: with them, ``fit``
        of the loaded model goes on to the same bits.

    Raises
    ------
    ValueError
        A name whose ending says no format; of a file for Keras, what Keras cannot hold.
    ImportError
        A file for Keras without h5py.
    TypeError
        A layer's, a loss's or a metric's setting that JSON and arrays cannot hold; the message
        says where it stands.
    OSError
        No room, no folder, no permission: then the old file is as it was.

    Notes
    -----
    Python functions are not kept, and neither are classes: their names are.  ``load_model`` needs
    ``custom_objects``, or that they are registered by ``register_serializable``.

    What ``calibrate`` keeps is in lamina's own files alone.

    Files for Keras hold layers, weights, what ``compile`` was given, and, under ``.keras``, the
    state of the optimizer; not how far a fit or its random numbers are.  What Keras has no
    counterpart for, such as a layer that only lamina has, is refused by name.

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

    Vocabularies and boundaries that layers learned by ``adapt`` are no weights, as in Keras:
    ``save_model`` keeps them.

    Parameters
    ----------
    model : Model
        Built: its weights exist.
    filepath : str or path-like
        Such as ``"model.weights.lamina"``, or ``"model.weights.h5"`` for Keras.
    overwrite : bool, default True
        False refuses a file that is there.
    """
    name, module = _to_write("save_weights", filepath, overwrite, True)
    module.save_weights(_model("save_weights", model), name)


@answering_calls
def load_weights(
    model: Model, filepath: Path, skip_mismatch: bool = False, *, by_name: bool = False
) -> None:
    """Give a model the weights of a file.

    Weights of the same paths find each other; where the names of layers differ, as those of two
    models of one kind may, they go in order.

    Parameters
    ----------
    model : Model
        Built: its weights exist.
    filepath : str or path-like
        Of weights alone, or of a model; of lamina's, or of Keras's, which need h5py:
        ``.weights.h5``, ``.keras`` and the old ``.h5``.
    skip_mismatch : bool, default False
        Leave weights as they are whose shape in the file is another, or that it lacks, and warn.
    by_name : bool, default False
        Take those of the same path, and leave the others; of the same layer in old files of
        Keras's.  In its new ones layers have no names: they go by their classes.

    Raises
    ------
    ValueError
        A weight of another shape, which the message names, or another number of them; no weight is
        changed.

    Warns
    -----
    UserWarning
        A lookup of the model has no vocabulary: weights hold none.
    """
    name, module = formats.for_reading("load_weights", filepath)
    named = _check.boolean("load_weights", "by_name", by_name)
    skips = _check.boolean("load_weights", "skip_mismatch", skip_mismatch)
    module.load_weights(_model("load_weights", model), name, named, skips)
    _warn_of_lookups(model)


def _warn_of_lookups(model: Model) -> None:
    """Say which layers know no token: files of weights hold no vocabulary."""
    from lamina.layers.vocabulary import Vocabulary

    empty = [
        each.name
        for each in walked(model)
        if isinstance(each, Vocabulary) and not each.get_vocabulary(include_special_tokens=False)
    ]
    if empty:
        _screen.warn(
            f"load_weights: {', '.join(empty)}: has no vocabulary, and files of weights hold none; "
            f"adapt it, or take the whole model by save and load_model"
        )


def _to_write(who: str, filepath: Path, overwrite: bool, weights: bool) -> Any:
    name, module = formats.for_writing(who, filepath, weights)
    if not _check.boolean(who, "overwrite", overwrite) and os.path.exists(name):
        raise FileExistsError(f"{who}: {name} is there, and overwrite is False")
    return name, module


def _model(who: str, model: Any) -> Any:
    from lamina.models import Model

    if not isinstance(model, Model):
        raise TypeError(f"{who}: needs a model; got {type(model).__name__}")
    return model
