"""The choice of the instruction set, and the symbols that its objects may share."""

import os
import platform
import re
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


@pytest.mark.parametrize("name", ["v9", "V3", "v2,v3"])
def test_the_environment_names_an_unknown_set(name):
    done = isa_in_new_process(name)
    known = _core.runtime.available_isas()
    assert done.stdout.strip() == known[-1]
    assert (
        f"RuntimeWarning: LAMINA_ISA must be an instruction set that this build and CPU have, "
        f"{', '.join(known)}; got {name!r}, which is ignored"
    ) in done.stderr


def test_an_empty_variable_chooses_nothing():
    done = isa_in_new_process("")
    assert (done.stdout.strip(), done.stderr) == (_core.runtime.available_isas()[-1], "")


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


# The sets of kernels with their own namespaces: products in bfloat16 have one besides v4's.
SETS = _core.runtime.available_isas()
if "v4" in SETS and "was made without" not in _core.runtime.bfloat16_lacks():
    SETS = [*SETS, "bf16"]


def kernel_objects():
    """Objects by instruction set, of the newest build below build/ or LAMINA_BUILD_DIR."""
    folder = Path(os.environ.get("LAMINA_BUILD_DIR", ROOT / "build"))
    builds = {}
    for name in SETS:
        for path in sorted(folder.glob(f"**/kernels_{name}.dir/**/*.o")):
            build = next(p for p in path.parents if p.name == f"kernels_{name}.dir").parent
            builds.setdefault(build, {}).setdefault(name, []).append(path)
    if not builds:
        return dict.fromkeys(SETS, ())

    def newest(build):
        return max(path.stat().st_mtime for paths in builds[build].values() for path in paths)

    objects = builds[max(builds, key=newest)]
    return {name: objects.get(name, ()) for name in SETS}


OBJECTS = kernel_objects()


def shared_symbols(objects, name):
    """Return the symbols that objects define outside of their instruction set's namespace."""
    symbols = subprocess.run(
        ["nm", "--defined-only", "--extern-only", "--no-sort", *map(str, objects)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    mangled = [fields[-1] for line in symbols.splitlines() if len(fields := line.split()) == 3]
    prefix = f"6lamina{len(name)}{name}"
    assert any(prefix in symbol for symbol in mangled)
    return [symbol for symbol in mangled if prefix not in symbol[:24]]


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
@pytest.mark.skipif(not any(OBJECTS.values()), reason="no build folder beside the sources")
@pytest.mark.parametrize("name", OBJECTS)
def test_objects_share_nothing_outside_their_namespace(name):
    """A weak symbol of another namespace could lend AVX code to a CPU without AVX."""
    assert OBJECTS[name], f"no objects for {name}"
    assert shared_symbols(OBJECTS[name], name) == []


# The features that each micro-architecture level of the x86-64 psABI adds to the one below.
LEVELS = {
    "v2": {"cmpxchg16b", "lahf_lm", "popcnt", "sse3", "sse4.1", "sse4.2", "ssse3"},
    "v3": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe", "osxsave", "ymm_state"},
    "v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "zmm_state"},
    "bf16": {"avx512_bf16"},
}
# Names in Linux's /proc/cpuinfo, which shows what the kernel lets programs use.
IN_CPUINFO = {
    "cmpxchg16b": "cx16",
    "sse3": "pni",
    "sse4.1": "sse4_1",
    "sse4.2": "sse4_2",
    "lzcnt": "abm",
    "osxsave": "avx",
    "ymm_state": "avx",
    "zmm_state": "avx512f",
}


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="x86-64's levels")
def test_every_feature_of_a_level_is_asked_for():
    """A compiler may use any of them, so the set must not be used on a CPU without one of them."""
    wanted = set()
    for name, more in LEVELS.items():
        wanted |= more
        assert set(_core.runtime.required_features(name)) == wanted
        usable = not _core.runtime.missing_features(name)
        if name != "bf16":  # which is not chosen automatically, but requested by models
            assert usable == (name in _core.runtime.available_isas())


def test_products_in_bfloat16_say_what_they_lack(isa):
    lacks, missing = _core.runtime.bfloat16_lacks(), _core.runtime.missing_features("bf16")
    if "was made without" in lacks:
        return
    if missing:
        assert lacks == "this CPU lacks " + " ".join(missing)
    elif isa == "v4":
        assert lacks == ""
    else:
        assert lacks.startswith(f"they need the instruction set v4, and {isa} was chosen")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64's levels")
@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs Linux's list of flags")
def test_what_is_missing_is_what_the_kernel_does_not_show():
    flags = set(re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M)[1].split())
    for name in LEVELS:
        missing = {f for f in set().union(*LEVELS.values()) if IN_CPUINFO.get(f, f) not in flags}
        asked = set(_core.runtime.required_features(name))
        assert set(_core.runtime.missing_features(name)) == missing & asked


COMPILER = shutil.which(os.environ.get("CXX", "c++"))


@pytest.mark.skipif(COMPILER is None or shutil.which("nm") is None, reason="needs a compiler, nm")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="compiles for AVX-512")
@pytest.mark.skipif(not (ROOT / "csrc").exists(), reason="no sources")
@pytest.mark.parametrize("source", ["activations", "pool"])
def test_objects_share_nothing_without_optimisation_either(source, tmp_path):
    """Functions that are not inlined become weak symbols: the linker may keep AVX-512's for all."""
    out = tmp_path / f"{source}.o"
    command = (
        "-std=c++17 -O0 -march=x86-64-v4 -DLAMINA_ISA=v4 -DLAMINA_VECTOR_BYTES=64 -fno-exceptions "
        f"-fno-rtti -ffp-contract=off -w -c {ROOT}/csrc/kernels/{source}.cpp -o {out}"
    )
    done = subprocess.run([COMPILER, *command.split()], capture_output=True, text=True, check=False)
    if done.returncode != 0 and "x86-64-v4" in done.stderr:
        pytest.skip("this compiler does not know x86-64-v4")
    assert done.returncode == 0, done.stderr
    assert shared_symbols([out], "v4") == []


def test_the_module_exports_only_its_entry():
    if not sys.platform.startswith("linux") or shutil.which("nm") is None:
        pytest.skip("reads an ELF symbol table")
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", _core.__file__], capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__core"]
