#!/usr/bin/env bash
# Builds the C++ core with GCC's address and undefined behaviour sanitizers, in build/sanitize, and
# runs tests on it.  A fault ends the run and prints where it is.
#
#   tools/sanitize.sh                      the kernels, graphs and layers (long)
#   tools/sanitize.sh tests/kernels -x     what pytest is to run instead
#
# Needs pip install ".[test]" "pybind11>=2.13" cmake ninja.  Masked vector loads and stores are not
# instrumented: faults of v3 and v4 at the end of a row show up in v2, which works by element.
set -euo pipefail
cd "$(dirname "$0")/.."

sanitizers=address,undefined,float-cast-overflow
build=$PWD/build/sanitize
python=${PYTHON:-python}

cmake -S . -B "$build" -G Ninja -DLAMINA_SANITIZE=$sanitizers -DSKBUILD=ON \
  -DSKBUILD_PROJECT_VERSION="$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)" \
  -Dpybind11_DIR="$("$python" -m pybind11 --cmakedir)" \
  -DPYTHON_EXECUTABLE="$(command -v "$python")" -DPython_EXECUTABLE="$(command -v "$python")"
cmake --build "$build"

# A package of the tree's Python and this module, in front of any installed lamina.
rm -rf "$build/site"
mkdir -p "$build/site"
cp -R python/lamina "$build/site/lamina"
cp "$build"/_core.*.so "$build/site/lamina/"

if [ $# = 0 ]; then
  set -- tests/kernels tests/test_graph.py tests/test_execution.py tests/test_*layers.py \
    tests/test_*layer.py tests/test_pooled_convolution.py tests/test_time_distributed.py \
    tests/test_stateful*.py tests/test_sequential.py tests/test_functional.py \
    tests/test_multi_io.py tests/test_bad_input*.py
fi
# The interpreter is not instrumented, so the sanitizers' libraries come first; memory that it keeps
# until it ends is not a leak.  If memory is not available, the error should be lamina's, not the
# sanitizer's, which does not start at all in the small address space that one test asks for.
PYTHONPATH=$build/site LAMINA_BUILD_DIR=$build \
  LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so)" \
  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
  "$python" -m pytest -p no:cacheprovider --deselect \
  tests/test_pooled_convolution.py::test_a_step_without_memory_for_its_images_is_refused_whole "$@"
