"""Training by several processes.

- ``DataParallel(model, comm)`` trains over MPI, with the same bits as in one process
- ``ProcessFailedError`` is raised if another process has failed
- ``simulate`` estimates the time of a step on a ``Network`` from the ``Work`` of each process
"""

from lamina.distribute.cost import Network, StepTime, Work, simulate
from lamina.distribute.data_parallel import DataParallel
from lamina.distribute.processes import ProcessFailedError

__all__ = ["DataParallel", "Network", "ProcessFailedError", "StepTime", "Work", "simulate"]


def __dir__() -> list[str]:
    return sorted(__all__)
