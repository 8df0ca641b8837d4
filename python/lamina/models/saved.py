"""A model and files: saving, loading, and its parts as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina._calls import answering_calls
from lamina.models.derivatives.differentiated import Differentiated
from lamina.models.statistics import Statistics

if TYPE_CHECKING:
    import os

    from lamina.models.model import Model


class Saved(Differentiated, Statistics):
    """File methods of ``Model``; ``lamina.saving`` reads and writes the files."""

    def _whole(self) -> Model:
        return self  # type: ignore[return-value]

    @answering_calls
    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        zipped: bool | None = None,  # noqa: ARG002
        *,
        include_optimizer: bool = True,
        save_format: str | None = None,  # noqa: ARG002
    ) -> None:
        """Write the whole model to a file: see ``lamina.saving.save_model``.

        Parameters
        ----------
        filepath : str or path-like
            For instance ``"model.lamina"``, or ``"model.keras"`` for Keras 3.
        overwrite : bool, default True
            If False, raise an error if the file exists.
        zipped, save_format : ignored
            Accepted for compatibility with Keras: a model is a single file, in the format of its
            suffix.
        include_optimizer : bool, default True
            Whether to save the state of the optimizer and the progress of training.

        Examples
        --------
        >>> import os, tempfile, lamina
        >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)])
        >>> path = os.path.join(tempfile.mkdtemp(), "model.lamina")
        >>> model.save(path)
        >>> lamina.models.load_model(path).output_shape
        (None, 2)
        """
        from lamina.saving import save_model

        save_model(self._whole(), filepath, overwrite, include_optimizer=include_optimizer)

    @answering_calls
    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write only the weights to a file: see ``lamina.saving.save_weights``.

        Parameters
        ----------
        filepath : str or path-like
            For instance ``"model.weights.lamina"``, or ``"model.weights.h5"`` for Keras 3.
        overwrite : bool, default True
            If False, raise an error if the file exists.

        Raises
        ------
        FileExistsError
            If the file exists and `overwrite` is False.
        ValueError
            If the ending of the name is not that of a format for weights, or the model has no
            weights yet.
        TypeError
            If `filepath` is not a path.
        """
        from lamina.saving import save_weights

        save_weights(self._whole(), filepath, overwrite)

    @answering_calls
    def load_weights(
        self,
        filepath: str | os.PathLike[str],
        skip_mismatch: bool = False,
        by_name: bool = False,
    ) -> None:
        """Load the weights from a file: see ``lamina.saving.load_weights``.

        Parameters
        ----------
        filepath : str or path-like
            A file with weights only, or with a model.
        skip_mismatch : bool, default False
            Skip weights that have another shape in the file, or are missing there, with a warning.
        by_name : bool, default False
            Load weights with the same path, such as ``"dense_1/kernel"``, and leave the others
            unchanged: for a model that shares layers with the saved one.

        Raises
        ------
        ValueError
            If a weight has another shape, or the number of weights differs; no weight is changed.
        """
        from lamina.saving import load_weights

        load_weights(self._whole(), filepath, skip_mismatch=skip_mismatch, by_name=by_name)

    @answering_calls
    def export(
        self,
        filepath: str | os.PathLike[str],
        format: str = "onnx",  # noqa: A002  Keras's name
        verbose: bool | None = None,
        input_signature: Any = None,
        *,
        opset_version: int | None = None,
    ) -> None:
        """Export the model's predictions to a file for other programs: ``lamina.onnx.export``.

        Parameters
        ----------
        filepath : str or path-like
            For instance ``"model.onnx"``.
        format : {"onnx"}
            The only format.
        verbose : bool, optional
            Whether to print a line after the file is written.
        input_signature : optional
            The shapes of the inputs, starting with the axis of rows; by default those of ``Input``.
        opset_version : int, default 18
            The version of ONNX's operators.

        Raises
        ------
        ImportError
            If the package onnx is not installed: ``pip install "lamina[onnx]"``.
        ValueError
            If ONNX cannot express the model, in which case all reasons are listed and no file is
            written, or if the name does not end in ".onnx".
        """
        if format != "onnx":
            raise ValueError(f"{self.name}: export: format must be 'onnx'; got {format!r}")
        from lamina import onnx

        onnx.export(self._whole(), filepath, verbose, input_signature, opset_version=opset_version)

    def save_backup(self, filepath: str) -> None:
        """Write the weights and the progress of training: see ``lamina.saving.backup``."""
        from lamina.saving.backup import save_backup

        save_backup(self._whole(), filepath)

    def load_backup(self, filepath: str) -> None:
        """Continue from the backup of a model with the same layers and optimizer."""
        from lamina.saving.backup import load_backup

        load_backup(self._whole(), filepath)

    @answering_calls
    def to_json(
        self,
        *,
        indent: int | str | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
        ensure_ascii: bool = True,
    ) -> str:
        """Return the architecture, without weights, as JSON: ``lamina.models.model_from_json``.

        Parameters
        ----------
        indent, separators, sort_keys, ensure_ascii
            As in ``json.dumps``.
        """
        from lamina.saving.json_text import model_to_json

        return model_to_json(
            self._whole(),
            indent=indent,
            separators=separators,
            sort_keys=sort_keys,
            ensure_ascii=ensure_ascii,
        )

    @answering_calls
    def get_compile_config(self) -> dict[str, Any]:
        """Return the arguments of ``compile`` as plain values, with the current optimizer.

        Values are numbers, strings, lists and dicts, as JSON has them: objects are given by class
        and configuration, functions by name.  The result is {} before ``compile``.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(1)])
        >>> model.compile(lamina.optimizers.SGD(0.1), "mse", metrics=["mae"])
        >>> config = model.get_compile_config()
        >>> config["loss"], config["metrics"], config["optimizer"]["class_name"]
        ('mse', ['mae'], 'SGD')
        """
        from lamina.saving import compiled

        return compiled.described("get_compile_config", self._whole(), None)[0]

    @answering_calls
    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with the result of another model's ``get_compile_config``.

        Optimizer, losses and metrics are new objects, without the state of the other model's.

        Raises
        ------
        ValueError
            If a function in the configuration is neither the library's, nor registered, nor known
            from ``lamina.saving.custom_object_scope``.
        """
        from lamina.saving import compiled

        self.compile(**compiled.arguments(config))
