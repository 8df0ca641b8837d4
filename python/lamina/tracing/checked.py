"""``check_gradients``: gradients of any model compared with finite differences of its loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina.models.derivatives.dtype_copies import copy_with_dtype


@dataclass
class GradientCheck:
    """The result of ``check_gradients``.

    Attributes
    ----------
    errors : dict of str to float
        For each trainable weight, by its path, the largest difference over the tested entries,
        relative to the largest gradient or difference among them.
    tolerance : float
    entries : int
        The number of entries that were varied.
    """

    errors: dict[str, float]
    tolerance: float
    entries: int

    @property
    def passed(self) -> bool:
        """Whether no error exceeds the tolerance."""
        return all(error <= self.tolerance for error in self.errors.values())

    def __str__(self) -> str:
        """Return a line for each weight."""
        width = max(map(len, self.errors), default=0)
        lines = [
            f"{path:<{width}}  {error:.1e}{'' if error <= self.tolerance else '  differs'}"
            for path, error in self.errors.items()
        ]
        verdict = "agree" if self.passed else "do not agree"
        return "\n".join([
            *lines, f"{self.entries} gradients and finite differences {verdict} to "
            f"{self.tolerance:.0e}",
        ])  # fmt: skip


@answering_calls
def check_gradients(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    n_entries: int = 8,
    seed: int = 0,
    tolerance: float | None = None,
) -> GradientCheck:
    """Compare the gradients of a model's loss with central differences of it.

    Parameters
    ----------
    model : Model
        A compiled model, which is not changed: a copy is varied, in float64 if the model can be
        rebuilt from its configuration.
    x, y, sample_weight
        A batch, as in ``train_on_batch``.
    n_entries : int, default 8
        The number of entries of each weight that are varied, drawn without replacement.
    seed : int, default 0
        Seed of the draw.
    tolerance : float, optional
        By default 1e-5 in float64 and 0.05 in float32, whose differences are coarse.

    Returns
    -------
    GradientCheck

    Examples
    --------
    >>> import numpy as np, lamina
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(4, activation="tanh"),
    ...                            lamina.layers.Dropout(0.5), lamina.layers.Dense(1)])
    >>> model.compile(loss="mse")
    >>> x = np.random.default_rng(0).normal(size=(16, 3))
    >>> lamina.check_gradients(model, x, x[:, :1] ** 2).passed
    True
    """
    n_entries = _check.integer("check_gradients", "n_entries", n_entries)
    twin = copy_with_dtype("check_gradients", model)
    double = twin.dtype == "float64"
    tolerance = (1e-5 if double else 0.05) if tolerance is None else tolerance
    tolerance = _check.number("check_gradients", "tolerance", tolerance, 0.0)
    step = 1e-6 if double else 1e-2
    draw = twin.train_state.draw
    random = np.random.default_rng(seed)

    def value() -> tuple[float, Any]:
        twin.train_state.draw = draw  # the same noise every time
        return twin.value_and_gradients(x, y, sample_weight)  # type: ignore[no-any-return]

    _, gradients = value()
    errors, entries = {}, 0
    for weight, gradient in zip(twin.trainable_weights, gradients, strict=True):
        tried = random.permutation(gradient.size)[:n_entries]
        found = gradient.reshape(-1)[tried]
        differences = np.array([_difference(weight, entry, step, value) for entry in tried])
        scale = max(np.max(np.abs(found), initial=0), np.max(np.abs(differences), initial=0))
        largest = np.max(np.abs(found - differences), initial=0.0)
        errors[weight.path] = float(largest / scale) if scale > 0 else 0.0
        entries += len(tried)
    return GradientCheck(errors, tolerance, entries)


def _difference(weight: Any, entry: int, step: float, value: Any) -> float:
    kept = weight.numpy().copy()
    flat = kept.reshape(-1)
    step *= max(1.0, abs(float(flat[entry])))
    results = []
    for sign in (1, -1):
        moved = flat.copy()
        moved[entry] += sign * step
        weight.assign(moved.reshape(kept.shape))
        results.append(value()[0])
    weight.assign(kept)
    return float(results[0] - results[1]) / (2 * step)
