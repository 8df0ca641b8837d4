"""Training by several processes.

- ``DataParallel(model, comm)`` trains over MPI, to the bits of one process
- ``ProcessFailedError`` is raised where another process has failed
- ``simulate`` says what a step takes on a ``Network``, of the ``Work`` that each process does
"""

from lamina.distribute.cost import Network, StepTime, Work, simulate
from lamina.distribute.data_parallel import DataParallel
from lamina.distribute.processes import ProcessFailedError

__all__ = ["DataParallel", "Network", "ProcessFailedError", "StepTime", "Work", "simulate"]


def __dir__() -> list[str]:
    return sorted(__all__)
