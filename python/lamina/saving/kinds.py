"""What a file is that lamina did not write, in words."""

from __future__ import annotations

KERAS = "such files are read under names that end as Keras's do"
# By how they begin.
_KNOWN = (
    (b"PK\x03\x04", "is a zip archive, as Keras's .keras files are", KERAS),
    (b"\x89HDF\r\n\x1a\n", "is an HDF5 file, as Keras's .h5 files are", KERAS),
    (b"\x93NUMPY", "is an array of NumPy", "numpy.load reads it, and model.set_weights takes it"),
    (b"\x80", "looks like a pickle", "pickle.load reads it, and runs code that it holds"),
)
# By how their names end.
_ENDINGS = (
    (".onnx", "is a file of ONNX, by its name", "lamina.onnx.load reads those"),
    ((".pt", ".pth"), "is a file of PyTorch, by its name", "lamina.models.load_torch reads those"),
)


def refuse_other(path: str, data: bytes, start: bytes) -> None:
    """Raise ValueError unless the header, behind 8 bytes, begins as those that lamina writes do."""
    said = next((f"{what}; {hint}" for head, what, hint in _KNOWN if data.startswith(head)), None)
    said = next((f"{what}; {hint}" for end, what, hint in _ENDINGS if path.endswith(end)), said)
    begins = data[8 : 8 + len(start)]
    if begins == start or (said is None and start.startswith(begins)):
        return  # the second: a file that is cut off
    if said is None and begins[:2] in (b'{"', b"{}"):
        said = (
            "is not a file of lamina, though it may be a file of safetensors; "
            "lamina.models.load_torch reads those with PyTorch's names"
        )
    raise ValueError(f"{path}: {said or 'is no file that lamina wrote'}")
