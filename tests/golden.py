"""Answers of other libraries, kept in files: results of Keras, JAX, PyTorch and R for fixed inputs.

A test asks ``golden.ask(question, *inputs)``.  Ordinarily the answer is read from
``golden/<module>.npz`` and the peer is not imported.  With ``pytest --golden=check`` the peer is
asked too, and an answer that has changed fails; with ``--golden=refresh`` its answer is kept, and
with ``--golden=rebuild`` the file holds nothing else.  ``python tools/refresh_golden.py`` does it
for all modules that ask.

A file holds flat arrays, one for each dtype, and an index: which versions answered, and for each
test its answers with shapes, dtypes and sketches of the inputs.  An answer that has changed by no
more than rounding keeps its bits, so that a refresh on another CPU changes nothing.
"""

from __future__ import annotations

import json
import platform
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODES = ("read", "check", "refresh", "rebuild")
FOLDER = Path(__file__).parent / "golden"
COMMAND = "python tools/refresh_golden.py"
PACKAGES = ("jax", "keras", "mapie", "numpy", "scipy", "sklearn", "statsmodels", "torch")
OTHERS: dict[str, str] = {}  # versions of peers outside Python, entered by their modules
ROUNDING = {"float32": 1e-5, "float64": 1e-10}  # relative to the largest element


class Peer:
    """A module that is imported when a question is asked live, and is not available otherwise."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not session.asking:
            raise RuntimeError(f"{self._name}.{name} outside a question: see golden.ask")
        module = pytest.importorskip(self._name)
        if self._name.startswith("keras") and sys.modules["keras"].backend.backend() != "jax":
            pytest.skip("Keras runs on another backend than jax")
        return getattr(module, name)


# --- one session of tests


class Session:
    """The running test, and the way in which questions are answered."""

    def __init__(self) -> None:
        self.mode, self.asking = "read", 0
        self.file: File | None = None
        self.test, self.place = "", 0

    def begin(self, item: pytest.Item) -> None:
        """Attribute questions to this test from now on."""
        module, self.test = place_of(item)
        self.place = 0
        if self.file is None or self.file.module != module:
            self.close()
            self.file = File(module)

    def close(self) -> None:
        """Write the answers that a refresh has gathered."""
        if self.file is not None and self.file.gathered:
            self.file.write(keep_others=self.mode == "refresh")
        self.file = None


session = Session()


def place_of(item: pytest.Item) -> tuple[str, str]:
    """Return the names of a test's module and of the test, without the instruction set."""
    path = item.path.relative_to(Path(__file__).parent).with_suffix("")
    name = re.sub(r"\[(v\d|portable)(-|(?=\]))", "[", item.name).replace("[]", "")
    return path.as_posix().replace("/", "."), name


def sample(items: list[pytest.Item], count: int) -> list[pytest.Item]:
    """Return evenly spaced tests from those that ask."""
    files: dict[str, File] = {}
    asking: dict[tuple[str, str], pytest.Item] = {}
    for item in items:
        module, test = place_of(item)
        if module not in files:
            files[module] = File(module)
        if test in files[module].answers:
            asking[module, test] = item
    every = list(asking.values())
    count = min(count, len(every))
    return [every[i * len(every) // count] for i in range(count)]


def ask(question: Callable[[], Any], *inputs: Any) -> Any:
    """Return the peer's answer: what ``question()`` returns, its arrays as NumPy's.

    ``inputs`` are all that the answer depends on.  Arrays are compared within rounding with those
    that the kept answer was given to, everything else by its ``repr``; another input fails until
    the file is refreshed.  An answer is made of arrays, numbers, strings, None and lists of these.
    """
    file, place, sketches = session.file, session.place, [sketch(value) for value in inputs]
    assert file is not None, "only tests ask"
    session.place += 1
    kept = file.kept(session.test, place)
    if session.mode == "read":
        assert kept is not None, f"no answer is kept for this question; run {COMMAND}"
        assert near(kept.inputs, sketches), (
            f"the kept answer was given to other inputs; run {COMMAND}: "
            f"{kept.inputs}, now {sketches}"
        )
        return file.take(kept)
    session.asking += 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the peer's warnings do not concern the tests
            answer = plain(question())
    finally:
        session.asking -= 1
    same = kept is not None and near(kept.inputs, sketches) and alike(file.take(kept), answer)
    if session.mode == "check":
        assert same, f"the peer's answer has moved, or the inputs have; run {COMMAND}"
    else:
        file.put(session.test, place, sketches, file.take(kept) if same else answer)
    return answer


# --- inputs and answers


def sketch(value: Any) -> Any:
    """Return a few bytes that distinguish inputs; for arrays they are robust to rounding."""
    if isinstance(value, (list, tuple)) and any(isinstance(v, np.ndarray) for v in value):
        return [sketch(v) for v in value]
    if not isinstance(value, np.ndarray):
        return repr(value)
    flat = value.ravel().astype(np.float64)
    along = float(flat @ np.cos(1.0 + np.arange(flat.size)))
    return [value.dtype.name, list(value.shape), along, float(np.sqrt(flat @ flat))]


def near(kept: Any, now: Any) -> bool:
    """Return whether two sketches differ by rounding at most."""
    if isinstance(kept, float) and isinstance(now, float):
        return abs(kept - now) <= 1e-5 * max(1.0, abs(kept))
    if isinstance(kept, list) and isinstance(now, list):
        return len(kept) == len(now) and all(near(a, b) for a, b in zip(kept, now, strict=True))
    return bool(kept == now)


def plain(answer: Any) -> Any:
    """Return the answer with NumPy arrays and Python numbers."""
    if answer is None or isinstance(answer, (str, bool, int, float)):
        return answer
    if isinstance(answer, (list, tuple)):
        return [plain(a) for a in answer]
    if hasattr(answer, "detach"):  # a tensor of PyTorch
        answer = answer.detach().numpy()
    return np.asarray(answer)


def alike(kept: Any, answer: Any) -> bool:
    """Return whether two answers differ by rounding at most."""
    if isinstance(kept, list) and isinstance(answer, list):
        pairs = zip(kept, answer, strict=False)
        return len(kept) == len(answer) and all(alike(a, b) for a, b in pairs)
    if not isinstance(kept, np.ndarray) or not isinstance(answer, np.ndarray):
        if isinstance(kept, float) and isinstance(answer, float):
            return abs(kept - answer) <= ROUNDING["float32"] * max(abs(kept), 1e-3)
        return type(kept) is type(answer) and bool(kept == answer)
    if kept.dtype != answer.dtype or kept.shape != answer.shape:
        return False
    if kept.dtype.name not in ROUNDING:
        return np.array_equal(kept, answer)
    scale = max(np.abs(kept[np.isfinite(kept)]).max(initial=0.0), 1e-3)
    return np.allclose(kept, answer, 0.0, ROUNDING[kept.dtype.name] * scale, equal_nan=True)


# --- a file


class Kept:
    """One answer in a file: sketches of its inputs, its form, and where its numbers begin."""

    def __init__(self, inputs: Any, form: Any, starts: dict[str, int]) -> None:
        self.inputs, self.form, self.starts = inputs, form, starts


class File:
    """The answers of a module of tests."""

    def __init__(self, module: str) -> None:
        self.module, self.path = module, FOLDER / f"{module}.npz"
        self.versions: dict[str, str] = {}
        self.answers: dict[str, list[Kept]] = {}
        self.flat: dict[str, np.ndarray] = {}
        self.gathered: dict[str, list[tuple[Any, Any]]] = {}
        if self.path.exists():
            self._read()

    def _read(self) -> None:
        with np.load(self.path, allow_pickle=False) as arrays:
            self.flat = {name: arrays[name] for name in arrays.files if name != "index"}
            index = json.loads(arrays["index"].tobytes())
        self.versions, starts = index["versions"], dict.fromkeys(self.flat, 0)
        for test, answers in index["answers"].items():
            kept = self.answers[test] = []
            for inputs, form in answers:
                kept.append(Kept(inputs, form, dict(starts)))
                for dtype, shape in _leaves(form):
                    starts[dtype] += int(np.prod(shape, dtype=int))

    def kept(self, test: str, place: int) -> Kept | None:
        """Return the answer to the question with that number of a test, if there is one."""
        answers = self.answers.get(test, [])
        return answers[place] if place < len(answers) else None

    def take(self, kept: Kept) -> Any:
        """Return a kept answer, its arrays as copies."""
        starts = dict(kept.starts)

        def taken(form: Any) -> Any:
            if isinstance(form, list):
                return [taken(part) for part in form]
            if not isinstance(form, dict):
                return form
            dtype, shape = form["array"]
            start = starts[dtype]
            starts[dtype] = stop = start + int(np.prod(shape, dtype=int))
            return self.flat[dtype][start:stop].reshape(shape).copy()

        return taken(kept.form)

    def put(self, test: str, place: int, inputs: Any, answer: Any) -> None:
        """Gather an answer; a test that runs for each instruction set asks the same again."""
        answers = self.gathered.setdefault(test, [])
        answers[place:] = [(inputs, answer), *answers[place + 1 :]]

    def write(self, keep_others: bool) -> None:
        """Write the gathered answers, and those of the other tests unchanged."""
        whole = {
            test: [(kept.inputs, self.take(kept)) for kept in answers]
            for test, answers in self.answers.items()
            if keep_others
        }
        whole.update(self.gathered)
        parts: dict[str, list[np.ndarray]] = {}

        def form_of(answer: Any) -> Any:
            if isinstance(answer, list):
                return [form_of(part) for part in answer]
            if not isinstance(answer, np.ndarray):
                return answer
            parts.setdefault(answer.dtype.name, []).append(answer.ravel())
            return {"array": [answer.dtype.name, list(answer.shape)]}

        index = {
            "versions": _versions(),
            "answers": {
                test: [[inputs, form_of(answer)] for inputs, answer in whole[test]]
                for test in sorted(whole)
            },
        }
        text = json.dumps(index, separators=(",", ":")).encode()
        flat = {name: np.concatenate(parts[name]) for name in sorted(parts)}
        FOLDER.mkdir(exist_ok=True)
        np.savez_compressed(self.path, index=np.frombuffer(text, np.uint8), **flat)  # type: ignore[arg-type]


def _leaves(form: Any) -> Iterator[tuple[str, list[int]]]:
    if isinstance(form, list):
        for part in form:
            yield from _leaves(part)
    elif isinstance(form, dict):
        yield form["array"]


def _versions() -> dict[str, str]:
    loaded = {name: sys.modules[name].__version__ for name in PACKAGES if name in sys.modules}
    return {"python": platform.python_version(), **loaded, **OTHERS}
