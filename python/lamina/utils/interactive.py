"""Whether lamina writes messages to standard output or to Python's log."""

from __future__ import annotations

from lamina import _screen
from lamina._calls import answering_calls


@answering_calls
def disable_interactive_logging() -> None:
    """Send lines to the logger "lamina" of Python's ``logging``, at level INFO.

    No bars are drawn then.  This applies to the whole process until ``enable_interactive_logging``.

    Examples
    --------
    >>> from lamina import utils
    >>> utils.disable_interactive_logging()
    >>> utils.is_interactive_logging_enabled()
    False
    >>> utils.enable_interactive_logging()
    """
    _screen.set_interactive(False)


@answering_calls
def enable_interactive_logging() -> None:
    """Let lines go to standard output, as they do at first.

    Examples
    --------
    >>> from lamina import utils
    >>> utils.enable_interactive_logging()
    >>> utils.is_interactive_logging_enabled()
    True
    """
    _screen.set_interactive(True)


@answering_calls
def is_interactive_logging_enabled() -> bool:
    """Return whether lines go to standard output.

    Examples
    --------
    >>> from lamina import utils
    >>> utils.disable_interactive_logging()
    >>> utils.is_interactive_logging_enabled()
    False
    >>> utils.enable_interactive_logging()
    """
    return _screen.is_interactive()
