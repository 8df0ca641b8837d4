"""The node tests of the package onnx, and the table of those that fail: ``onnx_nodes.json``.

``python tests/onnx_nodes.py`` runs all of them and rewrites the table.
"""

import importlib
import json
import pkgutil
import re
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np

TABLE = Path(__file__).with_suffix(".json")

# Reasons why tests fail, by the texts of the messages.
NO_SHAPE = "the shape of the output depends on values"
NO_STRINGS = "tensors hold no strings"
WHY = {
    "BitCast": "tensors do not show the bits of their numbers",
    "Compress": NO_SHAPE,
    "DeformConv": "there is no operation for it",
    "ImageDecoder": "models read arrays, no encoded images",
    "NonMaxSuppression": NO_SHAPE,
    "NonZero": NO_SHAPE,
    "RandomUniformLike": "it draws random numbers, which no two programs draw alike",
    "RegexFullMatch": NO_STRINGS,
    "RoiAlign": "there is no operation for it",
    "StringConcat": NO_STRINGS,
    "StringNormalizer": NO_STRINGS,
    "StringSplit": NO_STRINGS,
    "TfIdfVectorizer": "there is no operation for it",
    "TreeEnsemble": "it is no network",
    "Unique": NO_SHAPE,
}
MESSAGES = [
    (r"takes numbers; got an array of object|(holds|type) string", NO_STRINGS),
    (r"type (float8|float4)\w+ is not supported", "tensors hold no floats of 8 bits"),
    (r"depends on the values", NO_SHAPE),
    (r"random dropout", "it draws random numbers, which no two programs draw alike"),
    (r"peepholes", "the kernel of LSTM layers has no peepholes"),
    (r"images with two axes", "only images of two axes are put together"),
]
ROUNDING = {
    "_bf16": "bfloat16 is calculated in float32, which rounds once, at the end",
    "dft_inverse": "where 0 is right, the test wants the 2e-7 that rounding left, to within 1e-7",
}


# Making three of their tests takes most of the time of making all.
SLOW = {"averagepool", "lppool", "maxpool"}


def cases(full):
    """Return the tests by name, all of them or without the slow ones."""
    from onnx.backend.test.case import node

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in pkgutil.walk_packages(node.__path__, f"{node.__name__}."):
            if full or module.name.rpartition(".")[2] not in SLOW:
                importlib.import_module(module.name)
        return {case.name: case for case in node._NodeTestCases}


def model_of(case):
    """Return the model of a test."""
    import onnx

    return case.model if case.model is not None else onnx.load(f"{case.model_dir}/model.onnx")


def array_of(value):
    """Return a value of a test as an array, or a list of arrays."""
    import onnx

    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value)
    if isinstance(value, onnx.SequenceProto):
        return onnx.numpy_helper.to_list(value)
    return onnx.numpy_helper.to_optional(value) if isinstance(value, onnx.OptionalProto) else value


def check(case):
    """Run a test and raise its errors."""
    from lamina.onnx import backend

    prepared = backend.prepare(model_of(case))
    for inputs, wanted in case.data_sets:
        made = prepared.run([array_of(v) for v in inputs])
        assert len(made) == len(wanted)
        for got, want in zip(made, wanted, strict=True):
            same(got, array_of(want), case)


def check_model(case):
    """Predict with the model of a test; return whether it can be a model and accepts the inputs."""
    import lamina

    try:
        model = lamina.onnx.load(model_of(case))
    except ValueError:
        return False
    for inputs, wanted in case.data_sets:
        arrays = [array_of(v) for v in inputs]
        try:
            made = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)
        except (ValueError, TypeError) as error:
            if "must be finite" in str(error) or "must hold numbers" in str(error):
                return False
            raise
        made = made if isinstance(made, list) else [made]
        for got, want in zip(made, [array_of(v) for v in wanted], strict=True):
            same(np.asarray(got).astype(np.asarray(want).dtype), want, case)
    return True


def same(got, want, case):
    """Raise AssertionError unless a value is what the test wants."""
    if isinstance(want, list):
        assert len(got) == len(want)
        for one, other in zip(got, want, strict=True):
            same(one, other, case)
        return
    if want is None:
        assert got is None
        return
    got, want = np.asarray(got), np.asarray(want)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    np.testing.assert_allclose(
        got.astype(np.float64), want.astype(np.float64), rtol=case.rtol, atol=case.atol
    )


def reason(error):
    """Return why a test fails, in words."""
    text = str(error)
    lacking = re.search(r"no counterpart of (\w+)", text)
    if lacking:
        return f"{lacking[1]}: {WHY[lacking[1]]}"
    for pattern, words in MESSAGES:
        if re.search(pattern, text):
            return words
    if isinstance(error, AssertionError):
        for part, words in ROUNDING.items():
            if part in error.case:
                return words
    raise error


def outcome(case):
    """Return why a test fails, None where it passes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check(case)
    except (ValueError, TypeError, AssertionError) as error:
        error.case = case.name
        return reason(error)
    return None


def table():
    """Return the table that is kept."""
    return json.loads(TABLE.read_text())


def main():
    """Write the table."""
    import onnx

    failing = defaultdict(list)
    known = cases(True)
    for name, case in known.items():
        why = outcome(case)
        if why is not None:
            failing[why].append(name)
    count = sum(map(len, failing.values()))
    kept = {"onnx": onnx.__version__, "tests": len(known), "passing": len(known) - count,
            "failing": dict(sorted(failing.items()))}  # fmt: skip
    TABLE.write_text(json.dumps(kept, indent=1) + "\n")
    print(f"{kept['passing']} of {kept['tests']} pass")
    for why, names in kept["failing"].items():
        print(f"{len(names):4} {why}")


if __name__ == "__main__":
    main()
