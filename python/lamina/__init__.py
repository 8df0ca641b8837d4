"""lamina: neural networks on a CPU.

Keras's names, scikit-learn's protocol, the same bits on every run.

- ``Sequential``, ``Model``, ``Input``: sequences of layers, graphs of layers, inputs
- ``layers``: ``Dense``, ``Conv2D``, ``LSTM``, ..., and your own
- ``ops``: Keras's operations, with which user-defined layers and losses are written
- ``losses``, ``metrics``, ``optimizers``: arguments of ``compile``, by name or as objects
- ``callbacks``: code that ``fit`` calls, such as ``EarlyStopping``
- ``activations``, ``constraints``, ``initializers``, ``regularizers``: arguments of layers, by name
  or as objects
- ``data``: batches read while a model trains; ``datasets``: example data; ``tables``: columns of
  every type, with missing values
- ``nnet``: R's nnet and related packages, with formulas
- ``sklearn``: estimators with scikit-learn's protocol, around any model; ``wrappers``: Keras's own
- ``inference``: standard errors, effects, prediction intervals, importance of inputs
- ``fit_many``: settings, seeds, folds and bootstrap resamples of a network in one call
- ``model_selection``: searches over settings; ``baselines``: simple models for comparison with a
  network; ``complexity_path``: errors by size of a model
- ``utils``, ``plot``: encoding of labels and texts, figures
- ``distribute``: training in several processes, over MPI
- ``onnx``: models written by and for other programs
- ``dtype_policies``, ``mixed_precision``: the types in which layers compute and store weights
- ``set_random_seed`` makes all following results reproducible, bit by bit
- ``trace`` writes out a small network's backpropagation, ``check_gradients`` checks any model's
- ``set_num_threads`` sets the number of threads, ``profile`` shows the cost of each operation

``dir`` lists the contents of a subpackage, and ``help(lamina.layers.Dense)`` explains a class.

Examples
--------
>>> import numpy as np, lamina
>>> x = np.linspace(-1, 1, 64).reshape(-1, 1)
>>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(8, activation="tanh"),
...                            lamina.layers.Dense(1)])
>>> model.compile(optimizer="adam", loss="mse")
>>> history = model.fit(x, x**2, epochs=2, verbose=0)
>>> model.predict(x).shape
(64, 1)
"""

# ruff: noqa: I001, RUF022  (_core comes first; the list goes by concept)
from __future__ import annotations

import os
from typing import TYPE_CHECKING

# First, so that an unsupported environment gets a clear error before NumPy or the compiled core
# fails.
from lamina import _interpreter as _interpreter
from lamina import _core, _environment
from lamina._answers import answer_imports, answering
from lamina import (
    activations,
    callbacks,
    constraints,
    dtype_policies,
    initializers,
    layers,
    losses,
    metrics,
    models,
)
from lamina import backend, data, optimizers, saving, random, regularizers, runtime, utils
from lamina._tensors import Variable
from lamina.layers import Input
from lamina.models import Model, NotCompiledError, Sequential, TrainingAdvice, TrainingDiverged
from lamina.random import set_random_seed
from lamina.runtime import get_num_threads, set_num_threads

if TYPE_CHECKING:
    from lamina import (
        baselines,
        config,
        datasets,
        distribute,
        inference,
        kernels,
        many,
        mixed_precision,
        model_selection,
        nnet,
        onnx,
        ops,
        plot,
        profiling,
        sklearn,
        tables,
        tracing,
        wrappers,
    )
    from lamina.many import fit_many
    from lamina.model_selection import complexity_path
    from lamina.profiling import profile
    from lamina.tracing import check_gradients, trace

answer_imports()
_environment.check(os.environ)

# Keras's second names for them, which are not listed below.
Layer, KerasTensor = layers.Layer, layers.SymbolicTensor
Initializer, Regularizer = initializers.Initializer, regularizers.Regularizer
DTypePolicy = dtype_policies.DTypePolicy
Loss, Metric, Optimizer = losses.Loss, metrics.Metric, optimizers.Optimizer

__version__: str = _core.__version__

__all__ = [
    # models
    "Input", "Model", "Sequential", "Variable", "layers", "models",
    # parts of models
    "activations", "constraints", "initializers", "ops", "regularizers",
    # types of numbers
    "backend", "config", "dtype_policies", "mixed_precision",
    # training
    "NotCompiledError", "TrainingAdvice", "TrainingDiverged", "callbacks", "losses", "metrics",
    "optimizers",
    # many fits at once, and one in many processes
    "distribute", "fit_many", "many",
    # data and figures
    "data", "datasets", "plot", "tables", "utils",
    # files
    "onnx", "saving",
    # reproducibility, threads, speed
    "get_num_threads", "kernels", "profile", "profiling", "random", "runtime", "set_num_threads",
    "set_random_seed",
    # scikit-learn's protocol
    "sklearn", "wrappers",
    # statistics
    "baselines", "complexity_path", "inference", "model_selection", "nnet",
    # inspecting backpropagation
    "check_gradients", "trace", "tracing",
    "__version__",
]  # fmt: skip


if not TYPE_CHECKING:  # a type checker would accept any misspelt name
    # Subpackages that many programs do not use are imported on first access.
    _LAZY = {
        name: f"lamina.{name}"
        for name in (
            "baselines",
            "config",
            "datasets",
            "distribute",
            "inference",
            "kernels",
            "many",
            "mixed_precision",
            "model_selection",
            "nnet",
            "onnx",
            "ops",
            "plot",
            "preprocessing",
            "profiling",
            "sklearn",
            "tables",
            "tracing",
            "wrappers",
        )
    }
    _LAZY |= {"profile": "lamina.profiling:profile", "fit_many": "lamina.many:fit_many"}
    _LAZY |= {"complexity_path": "lamina.model_selection:complexity_path"}
    _LAZY |= {name: f"lamina.tracing:{name}" for name in ("check_gradients", "trace")}
    __getattr__ = answering(__name__, _LAZY)


def __dir__() -> list[str]:
    return sorted(__all__)
