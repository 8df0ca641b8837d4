"""Text descriptions of a model: its summary table and its repr."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lamina import _check, _screen
from lamina._calls import answering_calls
from lamina.layers.base.lock import structure


class Described:
    """``summary`` and ``repr`` of a model; a part of ``Network``."""

    @answering_calls
    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the layers with output shapes and weight counts.

        Parameters
        ----------
        line_length : int, optional
            Width of the table.
        positions : list of float, optional
            Where the later columns start, as fractions of the width or as columns.
        print_fn : callable, optional
            Called with the text, which is otherwise written to standard output.
        expand_nested : bool, default False
            Whether the layers of nested models get their own lines.
        show_trainable : bool, default False
            Show for each layer with weights whether ``fit`` changes them.
        layer_range : list of two str, optional
            The names of the first and the last layer to show, or patterns of names.

        Examples
        --------
        >>> import lamina
        >>> model = lamina.Sequential([lamina.Input((19,)), lamina.layers.Dense(50, "relu"),
        ...                            lamina.layers.Dense(1)], name="hitters")
        >>> model.summary()
        Model: "hitters"
        Layer (type)       Output shape    Weights
        ------------------------------------------
        dense (Dense)      (rows, 50)        1,000
        dense_1 (Dense)    (rows, 1)            51
        ------------------------------------------
        Weights: 1,051 (4.1 KB), trainable: 1,051
        """
        from lamina.models.network.summary import Shown, table

        shown = Shown(
            line_length,
            positions,
            _check.boolean("summary", "expand_nested", expand_nested),
            _check.boolean("summary", "show_trainable", show_trainable),
            layer_range,
        )
        with structure():
            text = table(self, shown)  # type: ignore[arg-type]
        (print_fn or _screen.write)(text)

    def summary_rows(self) -> Any:
        """Return the head and the lines of ``summary``."""
        raise TypeError(f"{type(self).__name__}: a model must define summary_rows")

    def __repr__(self) -> str:
        """Return the class, name, number of layers and, if the model is built, its shapes."""
        return _text(self)


def _text(model: Any) -> str:
    layers = f"{len(model.parts)} layer{'' if len(model.parts) == 1 else 's'}"
    head = f"<{type(model).__name__} {model.name} of {layers}"
    if not model.built:
        return f"{head}, not built>"
    count = sum(p.size for p in model.parameters)
    shapes = f"{_shown(model.input_shape)} -> {_shown(model.output_shape)}"
    return f"{head}, {shapes}, {count:,} weights>"


def _shown(shape: Any) -> str:
    if isinstance(shape, list):
        return f"[{', '.join(map(_shown, shape))}]"
    return "?" if shape is None else _check.show_shape(shape[1:])
