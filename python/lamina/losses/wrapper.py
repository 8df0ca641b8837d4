"""A function of tensors as a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from lamina.losses.base import REDUCTION, Loss


class LossFunctionWrapper(Loss):
    """A loss from a function of two tensors, as used for ``compile(loss=function)``.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred, **kwargs)``, written with ``lamina.ops``, returns one value for each
        row, or for each position of a row, or a single number.  If one of the two lacks a last axis
        of size 1, it is added.
    reduction : str, default "sum_over_batch_size"
        See ``Loss``.
    name : str, default ``fn.__name__``
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.
    **kwargs
        Arguments of the function.

    Examples
    --------
    >>> from lamina import losses, ops
    >>> def quantile(y_true, y_pred, share):
    ...     error = y_true - y_pred
    ...     return ops.mean(ops.maximum(share * error, (share - 1) * error), axis=-1)
    >>> round(losses.LossFunctionWrapper(quantile, share=0.9)([[1.0], [0.0]], [[0.0], [1.0]]), 6)
    0.5
    """

    free_target: ClassVar[bool] = True

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not callable(fn):
            raise TypeError(f"{type(self).__name__}: fn must be callable; got {fn!r}")
        super().__init__(name or _name_of(fn), reduction, dtype)
        self.fn = fn
        self._arguments = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the value of the function for targets and predictions of equal rank."""
        from lamina._tensors import written
        from lamina.losses._shapes import same_rank

        return written.run(self.name, self.fn, same_rank(y_true, y_pred), self._arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the function itself."""
        return {**super().get_config(), **self._arguments}


def _name_of(fn: Callable[..., Any]) -> str:
    inner: Any = getattr(fn, "func", fn)  # for partial functions
    name = getattr(inner, "__name__", type(inner).__name__)
    return "loss" if name == "<lambda>" else str(name)
