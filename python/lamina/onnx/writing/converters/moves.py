"""Moving elements: shapes, axes, rows, slices."""

from __future__ import annotations

from itertools import takewhile

from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import Translation, Value

LAST = 2**63 - 1  # after the last index for any length; negated, before the first


@converts("stop_gradient", "own_rows", "of_own_rows", "all_rows", "by_rows")
def same(t: Translation, asked: Asked) -> str:
    """Write nothing: the elements and their axes are the same in ONNX."""
    return t.name_of(asked.x)


@converts("reshape")
def reshape(t: Translation, asked: Asked) -> str:
    """Write another shape of a row."""
    if asked.shape == asked.x.shape:
        return t.name_of(asked.x)
    if not asked.rows:
        return t.reshaped(t.name_of(asked.x), asked.shape)
    pairs = zip(asked.x.shape, asked.shape, strict=False)
    same_ = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    return t.reshaped(t.name_of(asked.x), [0] * (1 + same_) + list(asked.shape[same_:]))


@converts("fold")
def fold(t: Translation, asked: Asked) -> str:
    """Write the steps of a row as rows."""
    return t.reshaped(t.name_of(asked.x), [-1, *asked.shape])


@converts("unfold")
def unfold(t: Translation, asked: Asked) -> str:
    """Write rows as the steps of a row."""
    if not t.open_lengths:
        return t.reshaped(t.name_of(asked.x), [-1, *asked.shape])
    rest = t.integers([-1, *asked.shape[1:]])
    rows = t.rows_of(asked.x.folded[-1])
    return t.node("Reshape", t.name_of(asked.x), t.node("Concat", rows, rest, axis=0))


@converts("each_row")
def each_row(t: Translation, asked: Asked) -> str:
    """Write a value once for each row."""
    sizes = t.node("Concat", t.rows(), t.integers(asked.shape), axis=0)
    return t.node("Expand", t.name_of(asked.x), sizes)


@converts("permute")
def permute(t: Translation, asked: Asked) -> str:
    """Write the axes in another order."""
    rows = asked.rows
    return t.transposed(t.name_of(asked.x), [*range(rows), *(a + rows for a in asked["order"])])


@converts("pad")
def pad(t: Translation, asked: Asked) -> str:
    """Write an axis padded with one value before and after."""
    margins = [(0, 0)] * asked.rows + [(int(a), int(b)) for a, b in asked["margins"]]
    if not any(a or b for a, b in margins):
        return t.name_of(asked.x)
    name, kind = t.name_of(asked.x), asked.x.kind
    if kind == "bool":  # the runtimes pad numbers
        name = t.cast(name, "int32")
    value = t.scalar(asked["value"], "float" if kind == "float" else "int32")
    sizes = t.integers([a for a, _ in margins] + [b for _, b in margins])
    y = t.node("Pad", name, sizes, value, mode="constant")
    return t.cast(y, "bool") if kind == "bool" else y


@converts("crop")
def crop(t: Translation, asked: Asked) -> str:
    """Write each axis without its ends."""
    axes = [i for i, (a, b) in enumerate(asked["margins"]) if a or b]
    if not axes:
        return t.name_of(asked.x)
    margins = [asked["margins"][i] for i in axes]
    return t.node(
        "Slice", t.name_of(asked.x),
        t.integers([int(a) for a, _ in margins]),
        t.integers([-int(b) if b else LAST for _, b in margins]),
        t.integers([asked.x.axis(i) for i in axes]),
    )  # fmt: skip


@converts("slice")
def slice_(t: Translation, asked: Asked) -> str:
    """Write slices of each axis."""
    every = zip(asked["starts"], asked["sizes"], asked["steps"], asked.x.shape, strict=True)
    parts = [
        (asked.x.axis(i), int(start), int(start + size * step), int(step))
        for i, (start, size, step, all_) in enumerate(every)
        if size != all_ or (step != 1 and size > 1)
    ]
    if not parts:
        return t.name_of(asked.x)
    axes, starts, ends, steps = (list(each) for each in zip(*parts, strict=True))
    ends = [-LAST if end < 0 else end for end in ends]  # a negative one counts from the end
    each = [t.integers(numbers) for numbers in (starts, ends, axes, steps)]
    return t.node("Slice", t.name_of(asked.x), *each)


@converts("flip")
def flip(t: Translation, asked: Asked) -> str:
    """Write one axis, last index first."""
    return backwards(t, t.name_of(asked.x), asked.x.axis(asked["axis"]))


def backwards(t: Translation, name: str, axis: int) -> str:
    """Write a value with the last index of an axis first."""
    each = [t.integers([number]) for number in (-1, -LAST, axis, -1)]
    return t.node("Slice", name, *each)


@converts("repeat")
def repeat(t: Translation, asked: Asked) -> str:
    """Write every element several times in a row."""
    name = t.name_of(asked.x)
    sizes = [0] * asked.rows + list(asked.x.shape)
    for i, times in enumerate(asked["times"]):
        if times == 1:
            continue
        at = asked.x.axis(i)
        apart = t.node("Unsqueeze", name, t.integers([at + 1]))
        many = [1] * (len(sizes) + 1)
        many[at + 1] = times
        sizes[at] *= times
        tiled = t.node("Tile", apart, t.integers(many))
        if t.open_lengths:
            before = t.node("Shape", name, start=0, end=at)
            behind = t.node("Shape", name, start=at + 1)
            form = t.node("Concat", before, t.integers([-1]), behind, axis=0)
            name = t.node("Reshape", tiled, form)
        else:
            name = t.reshaped(tiled, sizes)
    return name


@converts("concatenate")
def concatenate(t: Translation, asked: Asked) -> str:
    """Write concatenated values."""
    values: list[Value] = list(asked["inputs"])
    axis = values[0].axis(asked["axis"])
    return t.node("Concat", *(t.name_of(v) for v in values), axis=axis)
