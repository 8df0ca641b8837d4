"""The resources of the engine: threads and instruction set.

``LAMINA_NUM_THREADS`` and ``LAMINA_ISA`` set both from the environment; ``OMP_NUM_THREADS``, the
CPU affinity and the CPU quota of the cgroup are respected.  The number of threads does not change
any bit of any result.  An invalid value (``LAMINA_NUM_THREADS=four``) is ignored with a
RuntimeWarning at import; an instruction set that is not available is an ImportError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, _core
from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._environment import MOST_THREADS
from lamina._names import unknown

__all__ = [
    "available_isas",
    "explain_threads",
    "get_num_threads",
    "has_bfloat16",
    "isa",
    "set_num_threads",
    "use_isa",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


@answering_calls
def get_num_threads() -> int:
    """Return the maximum number of threads of an operation.

    Examples
    --------
    >>> get_num_threads() >= 1
    True
    """
    return _core.runtime.get_num_threads()


@answering_calls
def set_num_threads(n: int) -> None:
    """Let operations use at most ``n`` threads; each operation uses only as many as speed it up.

    Parameters
    ----------
    n : int
        From 1 on.  Results have the same bits with any number.

    Raises
    ------
    TypeError
        If `n` is not an integer.
    ValueError
        If `n` is not positive, or above 4096.

    Examples
    --------
    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    count = _check.integer("set_num_threads", "n", n)
    if count > MOST_THREADS:
        raise ValueError(f"set_num_threads: n must be at most {MOST_THREADS}; got {count}")
    _core.runtime.set_num_threads(count)


@answering_calls
def isa() -> str:
    """Return the instruction set in use: "v2", "v3" (AVX2), "v4" (AVX-512) or "portable".

    Examples
    --------
    >>> from lamina import runtime
    >>> runtime.isa() in ('v2', 'v3', 'v4', 'portable')
    True
    """
    return _core.runtime.isa()


@answering_calls
def available_isas() -> list[str]:
    """Return the instruction sets that are in this build and that this CPU can run.

    Examples
    --------
    >>> isa() in available_isas()
    True
    """
    return _core.runtime.available_isas()


@answering_calls
def has_bfloat16() -> bool:
    """Return whether models with the policy "mixed_bfloat16" can run: see ``dtype_policies``.

    They need a CPU with AVX512_BF16, with the instruction set "v4" in use; ``lamina info`` shows
    what is missing.

    Examples
    --------
    >>> has_bfloat16() in (True, False)
    True
    """
    return not _core.runtime.bfloat16_lacks()


@answering_calls
def use_isa(name: str) -> None:
    """Use the kernels of another instruction set from now on.

    Results of different instruction sets differ in the last bits.

    Parameters
    ----------
    name : str
        One of ``available_isas()``.

    Raises
    ------
    ValueError
        If this machine or this build does not have the instruction set.

    Examples
    --------
    >>> from lamina import runtime
    >>> before = runtime.isa()
    >>> runtime.use_isa(runtime.available_isas()[0])
    >>> runtime.use_isa(before)
    """
    known = available_isas()
    if name not in known:
        raise ValueError(f"use_isa: {unknown('instruction set', name, known)}")
    _core.runtime.use_isa(name)


@answering_calls
def explain_threads() -> str:
    """Return an explanation of the number of threads.

    Examples
    --------
    >>> print(explain_threads())  # doctest: +ELLIPSIS
    threads in use: ...
    """
    info: dict[str, Any] = _core.runtime.thread_info()
    lines = [f"threads in use: {get_num_threads()}"]
    lines += [f"{str(key).replace('_', ' ')}: {value}" for key, value in info.items()]
    return "\n".join(lines)
