"""The choice of the instruction set, and what its objects may share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lamina import _core

ROOT = Path(__file__).resolve().parent.parent


def isa_in_new_process(value):
    code = (
        "import numpy as np, lamina; from lamina import _core;"
        "m = lamina.Sequential([lamina.layers.Input((5,)), lamina.layers.Dense(3)]);"
        "assert m.predict(np.ones((2, 5))).shape == (2, 3); print(_core.runtime.isa())"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "LAMINA_ISA": value},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", _core.runtime.available_isas())
def test_the_environment_chooses(name):
    assert isa_in_new_process(name).stdout.strip() == name


def test_the_environment_names_an_unknown_set():
    done = isa_in_new_process("v9")
    assert done.returncode != 0
    assert "ImportError" in done.stderr
    assert "unknown instruction set 'v9'; this build has" in done.stderr


def test_use_isa_refuses_an_unknown_name():
    before = _core.runtime.isa()
    with pytest.raises(ValueError, match="unknown instruction set 'v9'"):
        _core.runtime.use_isa("v9")
    assert _core.runtime.isa() == before


def test_every_set_gives_nearly_the_same(isa):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(33, 70)).astype("float32")
    w = rng.normal(size=(70, 21)).astype("float32")
    exact = x.astype("float64") @ w.astype("float64")
    bound = 70 * np.finfo("float32").eps * (np.abs(x) @ np.abs(w))
    assert np.all(np.abs(_core.kernels.matmul(x, w) - exact) <= bound)


def kernel_objects():
    """Objects by instruction set, of the newest build below build/ or LAMINA_BUILD_DIR."""
    folder = Path(os.environ.get("LAMINA_BUILD_DIR", ROOT / "build"))
    builds = {}
    for name in _core.runtime.available_isas():
        for path in sorted(folder.glob(f"**/kernels_{name}.dir/**/*.o")):
            build = next(p for p in path.parents if p.name == f"kernels_{name}.dir").parent
            builds.setdefault(build, {}).setdefault(name, []).append(path)
    if not builds:
        return dict.fromkeys(_core.runtime.available_isas(), ())

    def newest(build):
        return max(path.stat().st_mtime for paths in builds[build].values() for path in paths)

    objects = builds[max(builds, key=newest)]
    return {name: objects.get(name, ()) for name in _core.runtime.available_isas()}


OBJECTS = kernel_objects()


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
@pytest.mark.skipif(not any(OBJECTS.values()), reason="no build folder beside the sources")
@pytest.mark.parametrize("name", OBJECTS)
def test_objects_share_nothing_outside_their_namespace(name):
    """A weak symbol of another namespace could lend AVX code to a CPU without AVX."""
    assert OBJECTS[name], f"no objects for {name}"
    symbols = subprocess.run(
        ["nm", "--defined-only", "--extern-only", "--no-sort", *map(str, OBJECTS[name])],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    mangled = [fields[-1] for line in symbols.splitlines() if len(fields := line.split()) == 3]
    prefix = f"6lamina{len(name)}{name}"
    assert len(mangled) > 50
    assert [symbol for symbol in mangled if prefix not in symbol[:24]] == []


def test_the_module_exports_only_its_entry():
    if not sys.platform.startswith("linux") or shutil.which("nm") is None:
        pytest.skip("reads an ELF symbol table")
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", _core.__file__], capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__core"]
