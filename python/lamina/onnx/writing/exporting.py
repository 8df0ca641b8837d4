"""The public functions: a model as ONNX, in memory or in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina import _screen
from lamina._calls import answering_calls
from lamina._tensors import NeedsRows
from lamina.layers.base.lock import structure
from lamina.layers.base.shapes import Shape
from lamina.models import Model
from lamina.onnx.writing.lengths import REFUSALS, Size, UnevenError, for_any, open_axes
from lamina.onnx.writing.program import RefusedError, Written, written
from lamina.onnx.writing.protos import ROWS, Protos
from lamina.saving.atomic import write_whole
from lamina.saving.formats import FORMATS, path_of

if TYPE_CHECKING:
    import os

    from onnx import ModelProto

ENDING = ".onnx"
MOST_APART = 4  # axes of independent length: each doubles the number of recordings
OPSETS = (18, 25)  # the first and the last supported version of ONNX's operators
MOST_BYTES = 2**31 - 1  # of a file, limited by protobuf


@answering_calls
def export(
    model: Model,
    filepath: str | os.PathLike[str],
    verbose: bool | None = None,
    input_signature: Any = None,
    *,
    opset_version: int | None = None,
) -> None:
    """Write the predictions of a model to an ONNX file, which other programs can run.

    Parameters
    ----------
    model : Model
    filepath : str or path-like
        Such as ``"model.onnx"``.  An existing file is replaced when the new one is complete.
    verbose : bool, optional
        Whether to print a line when the file is written.
    input_signature, opset_version
        As for ``to_model``.

    Raises
    ------
    ImportError
        If the package onnx is not installed: ``pip install "lamina[onnx]"``.
    ValueError
        If ONNX cannot express the model, in which case all reasons are listed and no file is
        written, or if the name does not end in ".onnx".

    See Also
    --------
    to_model : Return the same model in memory; its notes say how a model is converted.

    Examples
    --------
    >>> import os, tempfile, lamina
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.onnx")
    >>> lamina.onnx.export(model, path)
    >>> os.path.exists(path)
    True
    """
    name = path_of("export", filepath)
    if not name.lower().endswith(ENDING):
        saved = any(name.endswith(each.models) for each in FORMATS)
        rest = "; model.save writes such files" if saved else ""
        raise ValueError(f"export: the name must end in {ENDING}; got {name!r}{rest}")
    data = _made("export", model, input_signature, opset_version).SerializeToString()
    write_whole(name, [data])
    if verbose:
        _screen.write(f"Saved {name}: {len(data):,} bytes of ONNX")


@answering_calls
def to_model(
    model: Model, input_signature: Any = None, *, opset_version: int | None = None
) -> ModelProto:
    """Return the predictions of a model as an ONNX model.

    Parameters
    ----------
    model : Model
        A model that is built, or has an ``Input`` with the shape of a row.
    input_signature : optional
        The shapes of the inputs, with the axis of rows first and None for any size: a tuple such
        as ``(None, 20, 4)``, an object with a ``shape`` such as an array, or a list or dict of them
        for several inputs.  By default the shapes of ``Input``, for any number of rows.
    opset_version : int, default 18
        The version of ONNX's operators, 18 to 25.

    Returns
    -------
    onnx.ModelProto
        Inputs and outputs are named as in the model, and their first axis is named "batch".
        Weights are initializers named by their paths, such as "dense/kernel".

    Warns
    -----
    UserWarning
        If the model treats very short axes differently from longer ones, for instance because it
        takes the last three steps of a sequence of two.  The file is correct for longer axes.

    Raises
    ------
    ImportError
        If the package onnx is not installed: ``pip install "lamina[onnx]"``.
    ValueError
        If ONNX cannot express the model: if it draws random numbers, keeps states between
        batches, computes in Python, begins with layers for texts or categories, or if anything
        except sizes depends on the length of an open axis.  All reasons are listed.

    Notes
    -----
    The operations that the model records for a prediction are written, so that your own layers and
    functions are written in the same way as those of the library.  Dropout and augmentation are
    left out, and batch normalisation uses its moving statistics.  Kernels of convolutions and
    recurrent layers are stored in the order of ONNX.  A recurrent layer with a mask, or with an
    activation that LSTM, GRU and RNN of ONNX lack, becomes a ``Scan``.

    Integer inputs are int32, and booleans bool.  A float64 model is written in double
    precision, in which ONNX Runtime has no convolution, LSTM, GRU and RNN.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2, "relu")])
    >>> [node.op_type for node in lamina.onnx.to_model(model).graph.node]
    ['Gemm', 'Relu']
    """
    made: ModelProto = _made("to_model", model, input_signature, opset_version)
    return made


def _made(who: str, model: Any, signature: Any, opset: int | None) -> Any:
    if not isinstance(model, Model):
        raise TypeError(f"{who}: model must be a lamina model; got {model!r:.100}")
    onnx = _package(who)
    opset = _opset(who, onnx, opset)
    with structure():
        _refuse_front(who, model)
        shapes = _shapes(who, model, signature)
        with model.unbuilt_on_error():
            model.ensure_built([shape[1:] for shape in shapes])
            rows, made = _written(who, model, shapes, opset)
        names = model.output_names
    size = sum(array.nbytes for array in made.sheet.arrays.values())
    if size > MOST_BYTES:
        raise ValueError(
            f"{who}: an ONNX file holds less than 2 GB; the weights of {model.name} are "
            f"{size:,} bytes"
        )
    from lamina import __version__

    return Protos(onnx, model.dtype).model(
        made, names, rows, opset,
        name=model.name, producer_name="lamina", producer_version=__version__,
    )  # fmt: skip


def _opset(who: str, onnx: Any, given: Any) -> int:
    first, last = OPSETS
    if given is None:
        return first
    known = min(last, onnx.defs.onnx_opset_version())
    if isinstance(given, bool) or not isinstance(given, int) or not first <= given <= last:
        raise ValueError(f"{who}: opset_version must be in [{first}, {last}]; got {given!r}")
    if given > known:
        raise ValueError(
            f"{who}: opset_version {given} is newer than the package onnx {onnx.__version__}, "
            f"which knows them up to {known}"
        )
    return given


def _package(who: str) -> Any:
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise ImportError(
            f'{who}: needs the package onnx; install it by pip install "lamina[onnx]"'
        ) from None
    return onnx


def _refuse_front(who: str, model: Model) -> None:
    front = model.front
    if front is None:
        return
    lines = [
        f"{step.layer.name} ({type(step.layer).__name__}): it computes on arrays, before the graph"
        for step in front.steps
    ]
    raise ValueError(_refusal(who, model, lines, "export a model of the layers after them"))


def _refusal(who: str, model: Model, lines: Sequence[str], advice: str = "") -> str:
    listed = "\n".join(f"- {line}" for line in lines)
    rest = f"; {advice}" if advice else ""
    return f"{who}: ONNX cannot express {model.name}, and nothing was written{rest}:\n{listed}"


# --- shapes, including the rows


def _shapes(who: str, model: Model, signature: Any) -> list[Shape]:
    names = model.input_names
    given = None if signature is None else _listed(who, signature, names)
    own = model.input_row_shapes
    if own is None:
        if given is None:
            raise ValueError(
                f"{who}: the input shape of {model.name} is not known yet; call build or fit, or "
                f"give input_signature"
            )
        return given
    rows = model.batch_given()
    if given is None:
        return [(rows, *shape) for shape in own]
    for name, shape, row in zip(names, given, own, strict=True):
        fits = len(shape) == len(row) + 1 and all(
            a is None or a == b for a, b in zip((rows, *row), shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"{who}: input_signature gives {name!r} shape {shape}; {model.name} needs "
                f"{(rows, *row)}"
            )
    return given


def _listed(who: str, signature: Any, names: Sequence[str]) -> list[Shape]:
    if isinstance(signature, Mapping):
        if set(signature) != set(names):
            raise ValueError(
                f"{who}: input_signature must have the inputs {', '.join(names)}; got "
                f"{', '.join(map(str, signature))}"
            )
        signature = [signature[name] for name in names]
    single = hasattr(signature, "shape") or (
        isinstance(signature, (list, tuple)) and all(_is_size(each) for each in signature)
    )
    listed = [signature] if single else list(signature)
    if len(listed) != len(names):
        raise ValueError(
            f"{who}: input_signature must have a shape for each of {len(names)} inputs, "
            f"{', '.join(names)}; got {len(listed)}"
        )
    return [_shape_of(who, each) for each in listed]


def _is_size(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)


def _shape_of(who: str, given: Any) -> Shape:
    shape = tuple(getattr(given, "shape", given))
    if not shape or not all(_is_size(size) for size in shape):
        raise ValueError(
            f"{who}: input_signature needs shapes with the axis of rows first, such as (None, 3); "
            f"got {given!r:.100}"
        )
    return shape


# --- for any number of rows, and of any length


def _written(
    who: str, model: Model, shapes: Sequence[Shape], opset: int
) -> tuple[int | None, Written]:
    """Return the number of rows of a batch, None for any, and the model on a sheet."""
    counts = {shape[0] for shape in shapes} - {None}
    if len(counts) > 1:
        raise ValueError(
            f"{who}: all inputs must have the same number of rows; got {sorted(counts)}"
        )
    rows = counts.pop() if counts else None
    counted = False
    try:
        try:
            return rows, _for_lengths(model, shapes, rows, False, opset)
        except NeedsRows:
            counted = True
            return None, _for_lengths(model, shapes, None, True, opset)
    except RefusedError as error:
        raise ValueError(_refusal(who, model, error.lines)) from None
    except UnevenError as error:
        unknown = "the number of rows" if counted else "the length of an axis"
        raise ValueError(
            f"{who}: {error} of {model.name} depends on {unknown} in a way that ONNX cannot "
            f"express; give it in input_signature, such as {_example(shapes, counted)}"
        ) from None


def _example(shapes: Sequence[Shape], counted: bool) -> Any:
    rows = 32 if counted else None
    known = [(shape[0] or rows, *(size or 32 for size in shape[1:])) for shape in shapes]
    return known[0] if len(known) == 1 else known


def _for_lengths(
    model: Model, shapes: Sequence[Shape], rows: int | None, counted: bool, opset: int
) -> Written:
    """Return the model on a sheet; with ``counted`` the number of rows is a size, too."""
    places = list(open_axes([shape[1:] for shape in shapes]))
    if not places and not counted:
        return written(model, [shape[1:] for shape in shapes], rows, opset)
    failed: Exception | None = None
    for groups in _groupings(places):
        try:
            return _for_groups(model, shapes, rows, groups, counted, opset)
        except (*REFUSALS, UnevenError) as error:  # inputs whose lengths must agree
            failed = failed or error
    assert failed is not None
    raise failed


Places = Sequence[tuple[int, int]]


def _groupings(places: Places) -> list[list[Places]]:
    """Return possible groups of axes with the same length: each separate, or all together."""
    if not places:
        return [[]]
    apart: list[Places] = [[place] for place in places]
    by_axis: list[Places] = [
        [p for p in places if p[1] == axis] for axis in sorted({axis for _, axis in places})
    ]
    ways: list[list[Places]] = []
    for way in (apart, by_axis, [places]):
        if way not in ways and len(way) <= MOST_APART:
            ways.append(way)
    return ways


def _for_groups(
    model: Model, shapes: Sequence[Shape], rows: int | None, groups: Sequence[Places],
    counted: bool, opset: int,
) -> Written:  # fmt: skip
    names = ["length"] if len(groups) == 1 else [f"length_{i + 1}" for i in range(len(groups))]
    sizes = [
        Size(name, places[0][0], places[0][1] + 1)
        for name, places in zip(names, groups, strict=True)
    ]
    if counted:
        sizes.append(Size(ROWS, 0, 0))

    def write(numbers: Sequence[int]) -> Written:
        known = [list(shape[1:]) for shape in shapes]
        for number, places in zip(numbers, groups, strict=False):
            for i, axis in places:
                known[i][axis] = number
        count = numbers[-1] if counted else rows
        return written(model, [tuple(shape) for shape in known], count, opset, True)

    made, least = for_any(sizes, write)
    if least > 1:
        _screen.warn(
            f"export: {model.name} may behave differently where "
            f"{' or '.join(size.name for size in sizes if size.axis)} is below {least}; the ONNX "
            f"file is correct from {least} on"
        )
    return made
