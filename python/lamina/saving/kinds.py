"""Descriptions of files that were not written by lamina."""

from __future__ import annotations

KERAS = "rename the file to the extension that Keras uses to read it"
# By their first bytes.
_KNOWN = (
    (b"PK\x03\x04", "is a zip archive, like Keras's .keras files are", KERAS),
    (b"\x89HDF\r\n\x1a\n", "is an HDF5 file, like Keras's .h5 files are", KERAS),
    (b"\x93NUMPY", "is a NumPy array", "numpy.load reads it, and model.set_weights takes it"),
    (b"\x80", "looks like a pickle", "pickle.load reads it, and runs code that it contains"),
)
# By extension.
_ENDINGS = (
    (".onnx", "is, by its name, an ONNX file", "lamina.onnx.load reads those"),
    ((".pt", ".pth"), "is, by its name, a PyTorch file", "lamina.models.load_torch reads those"),
)


def refuse_other(path: str, data: bytes, start: bytes) -> None:
    """Raise ValueError unless the header, after 8 bytes, begins like those that lamina writes."""
    said = next((f"{what}; {hint}" for head, what, hint in _KNOWN if data.startswith(head)), None)
    said = next((f"{what}; {hint}" for end, what, hint in _ENDINGS if path.endswith(end)), said)
    begins = data[8 : 8 + len(start)]
    if begins == start or (said is None and start.startswith(begins)):
        return  # the second condition: a truncated file
    if said is None and begins[:2] in (b'{"', b"{}"):
        said = (
            "was not written by lamina, but may be a safetensors file; "
            "lamina.models.load_torch reads those with PyTorch's names"
        )
    raise ValueError(f"{path}: {said or 'was not written by lamina'}")
