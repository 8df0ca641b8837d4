"""Drawing a model as a graph: by Graphviz if it is installed, otherwise by matplotlib."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina._calls import answering_calls
from lamina._check import path as checked_path
from lamina._check import show_shape
from lamina.models.network.summary import label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lamina.models import Model

__all__ = ["model_to_dot", "plot_model"]

DIRECTIONS = ("TB", "LR", "BT", "RL")


class Picture(type(Path())):  # type: ignore[misc]  # pathlib chooses the class by the system
    """The path of a picture, which a notebook displays."""

    def _repr_png_(self) -> bytes | None:
        return self.read_bytes() if self.suffix == ".png" and self.exists() else None

    def _repr_svg_(self) -> str | None:
        return self.read_text("utf-8") if self.suffix == ".svg" and self.exists() else None


@dataclass
class _Box:
    """A layer in the drawing: lines of text, and the indices of the boxes it reads."""

    lines: list[str]
    reads: list[int] = field(default_factory=list)


def _boxes(model: Any, shapes: bool, dtype: bool, names: bool, trainable: bool) -> list[_Box]:
    if hasattr(model, "connections"):
        pairs = model.connections()
        outputs = model.output_shapes_by_layer()
    else:
        model.ensure_built(model.input_row_shapes)
        layers, shapes_behind = model.parts, model.shapes_by_place()
        before: list[list[Any]] = [[], *([layer] for layer in layers[:-1])]
        pairs = list(zip(layers, before, strict=True))
        outputs = {la.name: [s] for la, s in zip(layers, shapes_behind, strict=True)}
    number = {id(layer): i for i, (layer, _) in enumerate(pairs)}
    boxes = []
    for layer, readings in pairs:
        lines = [label(layer) if names else layer.class_name]
        if shapes:
            lines.append(", ".join(show_shape(s, model.batch_given()) for s in outputs[layer.name]))
        if dtype:
            lines.append(getattr(layer, "kind", None) or model.dtype)
        if trainable:
            lines.append("trainable" if layer.trainable else "frozen")
        reads = dict.fromkeys(number[id(r)] for r in readings)
        boxes.append(_Box(lines, list(reads)))
    return boxes


@answering_calls
def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    show_trainable: bool = False,
) -> str:
    """Return the model as text in the language of Graphviz.

    Parameters
    ----------
    model : Model
    show_shapes, show_dtype, show_layer_names, rankdir, show_trainable
        As in ``plot_model``.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
    >>> print(lamina.utils.model_to_dot(model))
    digraph {
      rankdir=TB;
      node [shape=box, style=rounded, fontname="Helvetica"];
      n0 [label="dense (Dense)"];
    }
    """
    _check(model, rankdir)
    boxes = _boxes(model, show_shapes, show_dtype, show_layer_names, show_trainable)
    return _dot(boxes, rankdir)


def _dot(boxes: list[_Box], rankdir: str, dpi: int | None = None) -> str:
    lines = ["digraph {", f"  rankdir={rankdir};"]
    if dpi is not None:
        lines.append(f"  dpi={dpi};")
    lines.append('  node [shape=box, style=rounded, fontname="Helvetica"];')
    for i, box in enumerate(boxes):
        text = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in box.lines)
        lines.append(f'  n{i} [label="{text}"];')
    lines += [f"  n{r} -> n{i};" for i, box in enumerate(boxes) for r in box.reads]
    return "\n".join([*lines, "}"])


@answering_calls
def plot_model(
    model: Model,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    dpi: int = 200,
    show_trainable: bool = False,
) -> Path:
    """Draw a model's layers and their connections.

    Graphviz draws if its program ``dot`` is found, otherwise matplotlib does.

    Parameters
    ----------
    model : Model
        A Sequential or a graph model; its input shape must be known.
    to_file : str or path-like, default "model.png"
        The suffix determines the format: png, svg, pdf; with Graphviz also dot.
    show_shapes, show_dtype : bool, default False
        Write each layer's output shape, and the dtype.
    show_layer_names : bool, default True
        Write the layers' names; otherwise only their classes.
    rankdir : {"TB", "LR", "BT", "RL"}, default "TB"
        Direction of the data flow: top to bottom, left to right, ...
    dpi : int, default 200
        Dots per inch.
    show_trainable : bool, default False
        Write whether each layer is trainable.

    Returns
    -------
    pathlib.Path
        The path of the picture; as the last value of a notebook cell, the picture itself is
        displayed.

    Raises
    ------
    ImportError
        If neither Graphviz nor matplotlib is installed.
    ValueError, TypeError
        If `model` is not a model, its input shape is unknown, or an argument is invalid.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
    >>> lamina.utils.plot_model(model, "model.png", show_shapes=True)   # doctest: +SKIP
    Picture('model.png')
    """
    _check(model, rankdir)
    path = Picture(checked_path("plot_model", "to_file", to_file))
    if not path.suffix:
        raise ValueError(f"plot_model: to_file needs an ending such as .png; got {str(path)!r}")
    boxes = _boxes(model, show_shapes, show_dtype, show_layer_names, show_trainable)
    program = _graphviz()
    if path.suffix == ".dot":
        path.write_text(_dot(boxes, rankdir) + "\n", encoding="utf-8")
    elif program is not None:
        _by_graphviz(program, _dot(boxes, rankdir, dpi), path)
    else:
        _by_matplotlib(boxes, rankdir, dpi, path)
    return path


def _check(model: Any, rankdir: str) -> None:
    from lamina.models import Model

    if not isinstance(model, Model):
        raise TypeError(f"plot_model: needs a model; got {type(model).__name__}")
    if rankdir not in DIRECTIONS:
        raise ValueError(f"plot_model: rankdir must be one of {DIRECTIONS}; got {rankdir!r}")
    if not model.parts or model.input_row_shapes is None:
        raise ValueError(
            f"plot_model: the shapes of {model.name!r} are not known yet; start with an Input"
        )


def _graphviz() -> str | None:
    import shutil

    return shutil.which("dot")


def _by_graphviz(program: str, text: str, path: Path) -> None:
    import subprocess

    command = [program, f"-T{path.suffix[1:]}", "-o", str(path)]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise ValueError(f"plot_model: Graphviz could not write {path}: {done.stderr.strip()}")


# --- the drawing without Graphviz: boxes in rows by their distance from the inputs


def _ranks(boxes: list[_Box]) -> list[int]:
    ranks: dict[int, int] = {}
    left = list(range(len(boxes)))
    while left:
        for i in list(left):
            before = [r for r in boxes[i].reads if r != i]
            if all(r in ranks for r in before):
                ranks[i] = 1 + max((ranks[r] for r in before), default=-1)
                left.remove(i)
                break
        else:  # a shared layer that reads the output of another of its calls
            ranks[left[0]] = 1 + max(ranks.values(), default=-1)
            left.pop(0)
    return [ranks[i] for i in range(len(boxes))]


def _places(boxes: list[_Box]) -> list[tuple[float, float]]:
    """Return (across, along) for each box, near the middle of the boxes it reads."""
    ranks = _ranks(boxes)
    across = [0.0] * len(boxes)
    for rank in range(max(ranks) + 1):
        row = [i for i, r in enumerate(ranks) if r == rank]
        wish = {
            i: sum(across[r] for r in boxes[i].reads) / max(1, len(boxes[i].reads)) for i in row
        }
        row.sort(key=lambda i: wish[i])
        middle = sum(wish.values()) / len(row)
        for place, i in enumerate(row):
            across[i] = middle + place - (len(row) - 1) / 2
    # A line that passes other ranks would cross boxes there: such boxes are moved aside.
    for i, box in enumerate(boxes):
        for r in box.reads:
            for j in range(len(boxes)):
                between = ranks[r] < ranks[j] < ranks[i]
                if between and abs(across[j] - across[r]) < 0.5 and across[i] == across[r]:
                    across[j] += 0.6
    return list(zip(across, [float(r) for r in ranks], strict=True))


def _by_matplotlib(boxes: list[_Box], rankdir: str, dpi: int, path: Path) -> None:
    from lamina.plot.figures import written

    written("plot_model", lambda figure: _draw(figure, boxes, rankdir), path, dpi)


def _draw(figure: Figure, boxes: list[_Box], rankdir: str) -> None:
    places = _places(boxes)
    sideways = rankdir in ("LR", "RL")
    turn = -1.0 if rankdir in ("TB", "RL") else 1.0
    wide = max(len(line) for box in boxes for line in box.lines) * 0.09 + 0.4
    high = max(len(box.lines) for box in boxes) * 0.2 + 0.6
    points = [
        (turn * along * (wide + 0.5), across * high)
        if sideways
        else (across * (wide + 0.2), turn * along * high)
        for across, along in places
    ]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    size = (max(xs) - min(xs) + wide + 0.4, max(ys) - min(ys) + high)
    figure.set_size_inches(size)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(min(xs) - wide / 2 - 0.2, max(xs) + wide / 2 + 0.2)
    axes.set_ylim(min(ys) - high / 2, max(ys) + high / 2)
    texts = [
        axes.text(
            x, y, "\n".join(box.lines), ha="center", va="center", fontsize=9, zorder=2,
            parse_math=False,
            bbox={"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": "#444444"},
        )
        for (x, y), box in zip(points, boxes, strict=True)
    ]  # fmt: skip
    for i, box in enumerate(boxes):
        for r in box.reads:
            axes.annotate(
                "", xy=points[i], xytext=points[r], zorder=1,
                arrowprops={
                    "arrowstyle": "-|>", "color": "#444444",
                    "patchA": texts[r].get_bbox_patch(), "patchB": texts[i].get_bbox_patch(),
                },
            )  # fmt: skip
