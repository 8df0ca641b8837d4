"""The process of one matrix product library: times each shape, answers with medians."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from common import median_seconds, pin, serve

Product = Callable[[], object]


def lamina_products(threads: int) -> tuple[Callable[..., Product], str]:
    import lamina
    from lamina import kernels

    lamina.set_num_threads(threads)

    def make(a: Any, b: Any, transpose_a: bool, transpose_b: bool, out: Any) -> Product:
        return lambda: kernels.matmul(a, b, transpose_a, transpose_b, out=out)

    return make, f"{lamina.__version__} {lamina.runtime.isa()}"


def torch_products(threads: int) -> tuple[Callable[..., Product], str]:
    import torch

    torch.set_num_threads(threads)

    def make(a: Any, b: Any, transpose_a: bool, transpose_b: bool, out: Any) -> Product:
        left, right, result = (torch.from_numpy(array) for array in (a, b, out))
        left, right = left.t() if transpose_a else left, right.t() if transpose_b else right
        return lambda: torch.mm(left, right, out=result)

    return make, torch.__version__


def numpy_products(_threads: int) -> tuple[Callable[..., Product], str]:
    def make(a: Any, b: Any, transpose_a: bool, transpose_b: bool, out: Any) -> Product:
        left, right = a.T if transpose_a else a, b.T if transpose_b else b
        return lambda: np.matmul(left, right, out=out)

    return make, np.__version__


LIBRARIES = {"lamina": lamina_products, "torch": torch_products, "numpy": numpy_products}


def blas_kernels() -> str:
    """Return the kernels that the BLAS libraries of this process chose, if threadpoolctl knows.

    OpenBLAS falls back to older kernels on processors that it does not know yet; OPENBLAS_CORETYPE
    then selects better ones, and is passed on to the processes.
    """
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return ""
    found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return ", ".join(f"{p['internal_api']} {p.get('architecture', '')}".strip() for p in found)


def time_shape(make: Callable[..., Product], shape: list[Any]) -> tuple[float, float]:
    """Return the median seconds of a call, and the largest error of eight rows against float64."""
    op, m, n, k = shape
    transpose_a, transpose_b = op[0] == "T", op[1] == "T"
    rng = np.random.default_rng(m + n + k)
    a = rng.standard_normal((k, m) if transpose_a else (m, k), dtype=np.float32)
    b = rng.standard_normal((n, k) if transpose_b else (k, n), dtype=np.float32)
    out = np.empty((m, n), np.float32)
    product = make(a, b, transpose_a, transpose_b, out)
    seconds = median_seconds(product)
    left = (a.T if transpose_a else a)[:8].astype(np.float64)
    # By einsum: `@` would wake NumPy's OpenBLAS threads, which then spin during the next shape.
    exact = np.einsum("mk,nk->mn" if transpose_b else "mk,kn->mn", left, b)
    return seconds, float(np.abs(out[:8] - exact).max() / np.sqrt(k))


def main() -> None:
    arguments = json.loads(sys.argv[1])
    pin(arguments["threads"])
    try:
        make, version = LIBRARIES[arguments["peer"]](arguments["threads"])
        hello = {"version": version, "blas": blas_kernels()}
    except ImportError as error:
        hello = {"error": f"not installed ({error})"}

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        results = [time_shape(make, shape) for shape in command["shapes"]]
        return {"seconds": [r[0] for r in results], "errors": [r[1] for r in results]}

    serve(answer, hello)


if __name__ == "__main__":
    main()
