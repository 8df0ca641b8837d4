"""Python pickles of published data sets, read without running anything that they name.

A pickle is a program: it may name any function and call it.  Here its opcodes are first checked
against a short list.  The only names allowed are those of NumPy's arrays, and they stand for
records of this module: NumPy gets shape, type and bytes only after these have been checked.
"""

from __future__ import annotations

import io
import pickle
import re
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = re.compile(r"[<>|=]?[iu][1248]|\|?O8?|[<>=]?f[48]|\|?b1")

# The opcodes of dictionaries, lists, strings, integers and arrays, and those that call: the
# functions that they would call are refused by name.
_ARGUMENT = {  # opcode: bytes that follow it
    b"\x80": 1, b"K": 1, b"M": 2, b"J": 4, b"G": 8, b"q": 1, b"h": 1, b"j": 4, b"\x95": 8,
    b"(": 0, b".": 0, b"0": 0, b"1": 0, b"2": 0, b"N": 0, b"]": 0, b"}": 0, b")": 0, b"a": 0,
    b"e": 0, b"s": 0, b"u": 0, b"l": 0, b"d": 0, b"t": 0, b"\x85": 0, b"\x86": 0, b"\x87": 0,
    b"\x88": 0, b"\x89": 0, b"R": 0, b"o": 0, b"b": 0, b"\x81": 0, b"\x92": 0, b"\x93": 0,
    b"\x94": 0,
}  # fmt: skip
_COUNTED = {  # opcode: format of the length of the bytes that follow it
    b"U": "<B", b"T": "<I", b"C": "<B", b"B": "<I", b"X": "<I", b"\x8c": "<B", b"\x8a": "<B",
    b"\x8e": "<Q", b"\x8d": "<Q",
}  # fmt: skip
_LINES = {b"c": 2, b"i": 2, b"I": 1, b"L": 1, b"S": 1, b"V": 1, b"F": 1, b"p": 1, b"g": 1}
# Lists of small integers are most of a file: runs of them are skipped at once.
_RUN = re.compile(rb"(?:K.|M..|J....|q.|h.|[(\]ae\x94]){1,4096}", re.DOTALL)


class _Type:
    """Stands for ``numpy.dtype``."""

    def __init__(self, name: Any, *_flags: Any) -> None:
        text = name.decode("latin1") if isinstance(name, bytes) else name
        if not isinstance(text, str) or not _TYPES.fullmatch(text):
            raise pickle.UnpicklingError(f"an array must hold plain numbers or lists; got {name!r}")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: Any) -> None:
        # (version, byte order, ...): the rest describes records, which are not allowed.
        order: Any = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("an array's type must be plain")
        if self.dtype.kind != "O" and order in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands for the array that ``numpy.core.multiarray._reconstruct`` makes."""

    def __init__(self, *_arguments: Any) -> None:
        self.value: NDArray[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _version, shape, kind, fortran, data = state
        plain = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
        if not plain or not isinstance(kind, _Type):
            raise pickle.UnpicklingError(f"an array must have a shape and a type; got {shape!r}")
        count = 1
        for n in shape:  # Python integers: the product cannot wrap
            count *= n
        if kind.dtype.kind == "O":
            if not isinstance(data, list) or len(data) != count or len(shape) != 1:
                raise pickle.UnpicklingError("an array of lists must have one axis and fit it")
            value: NDArray[Any] = np.empty(count, dtype=object)
            for i, item in enumerate(data):
                value[i] = item.value if isinstance(item, _Array) else item
            self.value = value
            return
        if isinstance(data, str):
            data = data.encode("latin1")
        needed = count * kind.dtype.itemsize
        if not isinstance(data, bytes) or len(data) != needed:
            got = len(data) if isinstance(data, bytes) else repr(type(data).__name__)
            raise pickle.UnpicklingError(
                f"an array of shape {shape} and type {kind.dtype} needs {needed} bytes; got {got}"
            )
        flat = np.frombuffer(data, kind.dtype).astype(kind.dtype.newbyteorder("="))
        self.value = flat.reshape(shape, order="F" if fortran else "C")


class _Encode:
    """Stands for ``_codecs.encode``, with which Python 3 writes bytes that Python 2 can read."""

    def __new__(cls, text: Any, encoding: Any = "latin1") -> Any:
        if not isinstance(text, str) or encoding != "latin1":
            raise pickle.UnpicklingError(f"bytes must be encoded in latin1; got {encoding!r}")
        return text.encode("latin1")

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a function has no state")


class _Class:
    """Stands for ``numpy.ndarray``, which is only ever an argument."""

    def __init__(self, *_arguments: Any) -> None:
        raise pickle.UnpicklingError("numpy.ndarray may not be called")

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("numpy.ndarray has no state")


# All are classes with their own __setstate__: a pickle cannot set attributes on them.
_ADMITTED: dict[str, type] = {
    "numpy.ndarray": _Class,
    "numpy.dtype": _Type,
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy._core.multiarray._reconstruct": _Array,
    "_codecs.encode": _Encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full not in _ADMITTED:
            raise pickle.UnpicklingError(
                f"the pickle names {full}, which no published data file does; it was not loaded"
            )
        return _ADMITTED[full]


def read_pickle(who: str, name: str, content: bytes) -> Any:
    """Return the contents of a pickle: dicts, lists, strings, integers and plain arrays.

    Strings that Python 2 wrote are bytes.  Arrays are at the top, among the values of a
    dictionary at the top, or among the elements of an array of lists.

    Parameters
    ----------
    who, name : str
        The reader and the file, for messages.
    content : bytes
        The whole file.

    Raises
    ------
    ValueError
        If the pickle is damaged, or names or contains anything else; nothing that it names has
        been imported or called.
    """
    try:
        _check_opcodes(content)
        value = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except (MemoryError, RecursionError):
        raise ValueError(f"{who}: {name}: damaged pickle") from None
    except Exception as error:  # a damaged pickle may raise anything, for instance IndexError
        raise ValueError(f"{who}: {name}: damaged or refused pickle ({error})") from None
    if isinstance(value, dict):
        return {key: v.value if isinstance(v, _Array) else v for key, v in value.items()}
    return value.value if isinstance(value, _Array) else value


def _check_opcodes(content: bytes) -> None:
    """Refuse opcodes and lengths that make the unpickler call, import or allocate at will."""
    at, end = 0, len(content)
    while at < end:
        run = _RUN.match(content, at)
        if run:
            at = run.end()
            continue
        op = content[at : at + 1]
        if op == b".":
            return
        at += 1
        if op in _ARGUMENT:
            at += _ARGUMENT[op]
        elif op == b"r":  # an index in the memo, which grows to hold it
            (place,) = struct.unpack_from("<I", content, at)
            if place > end:
                raise pickle.UnpicklingError(f"memo index {place} in {end} bytes")
            at += 4
        elif op in _COUNTED:
            (length,) = struct.unpack_from(_COUNTED[op], content, at)
            at += struct.calcsize(_COUNTED[op]) + length
        elif op in _LINES:
            at = _skip_lines(content, at, op)
        else:
            raise pickle.UnpicklingError(f"opcode {op!r} at byte {at - 1} is not allowed")
    raise pickle.UnpicklingError("it ends before its end mark")


def _skip_lines(content: bytes, at: int, op: bytes) -> int:
    for _ in range(_LINES[op]):
        stop = content.find(b"\n", at)
        if stop < 0:
            raise pickle.UnpicklingError("it ends inside a line")
        if op == b"p" and not content[at:stop].isdigit():
            raise pickle.UnpicklingError("a memo index is not a number")
        if op == b"p" and (stop - at > 10 or int(content[at:stop]) > len(content)):
            raise pickle.UnpicklingError(f"memo index {content[at:stop][:20]!r} is too large")
        at = stop + 1
    return at
