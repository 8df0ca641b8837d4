"""Training of one model in several processes, each with its share of every batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from lamina import _check
from lamina.data.sources import source_of
from lamina.distribute import callbacks as callbacks_
from lamina.distribute.agreement import Agreement
from lamina.distribute.exchange import Exchange
from lamina.distribute.group import Group, alone_or
from lamina.distribute.sharing import give_all
from lamina.distribute.tree import Slices

if TYPE_CHECKING:
    from lamina.callbacks import History

WHO = "DataParallel"


class DataParallel:
    """Train a model in several processes, over MPI, with the same bits as in one.

    Every batch is cut into ``slices`` of consecutive rows, as equal as possible.  Each process has
    some of the slices, in order, calculates their gradients one by one, and sends them while the
    backward pass still computes those of earlier layers.  They are added up in a binary tree over
    the slices.  Neither slices nor tree depend on the number of processes: 1, 2, 4 or 8 processes
    give the same weights, optimizer states, losses and metrics, to the bit.  Another number of
    slices rounds differently.

    All processes call the same methods, on models made in the same way, with the same data, as in
    one program started by ``mpiexec -n 4 python -m mpi4py train.py``.  If methods, models or data
    differ, all of them raise an error that says what differs.

    Parameters
    ----------
    model : Model
        A compiled model.  Set the same seed in all processes, with ``lamina.set_random_seed``, or
        call ``broadcast``.
    comm : mpi4py.MPI.Intracomm, "world" or None, default "world"
        The processes: ``MPI.COMM_WORLD``, or some of them.  None is this process alone, without
        MPI, with the same bits as a run of many.
    slices : int, default 8
        The number of slices of a batch, at least the number of processes.  With a multiple of that
        number all processes have the same work.
    bucket_bytes : int, default 1048576
        Gradients are sent as soon as this many bytes are available.  No bit depends on it.
    route : {"auto", "direct", "pairs"}, default "auto"
        How gradients travel: from each process to all, or back and forth in pairs, which takes
        fewer messages with many processes; pairs need powers of two as numbers of processes and of
        slices.  "auto" uses pairs from 64 processes on, if it can.  No bit depends on it.
    patience : float, default 10.0
        Seconds that a process in which an exception was raised waits for the others to respond,
        and that others wait for a process whose program has ended; then all are ended.

    Attributes
    ----------
    model : Model
    rank, size : int
        The number of this process, from 0, and the number of processes.

    Raises
    ------
    ImportError
        If mpi4py is not installed and ``comm`` is not None: ``pip install "lamina[mpi]"``.
    ValueError
        If there are more processes than slices, or this process is not in ``comm``.

    Notes
    -----
    The loss of a batch is a mean over all its rows, or over the positions that its masks keep; a
    slice's gradient is that of its share.  Layers and losses that depend on all rows of a batch use
    the rows of a slice instead: the statistics of a ``BatchNormalization`` are those of each slice,
    and the moving statistics follow the mean over the slices, weighted by rows, so that they are
    the same in all processes.  In evaluation, each process calculates whole batches with a model
    that needs their number of rows.  Random numbers of dropout and noise are drawn by seed, layer,
    step, slice and element.

    All callbacks are called in all processes with the same logs, except for those that write or
    print: ``ModelCheckpoint``, ``CSVLogger``, ``TensorBoard``, ``RemoteMonitor``, progress, and any
    whose class sets ``first_process_only``.  ``BackupAndRestore`` writes in the first process and
    restores in all, with any number of processes.  If a callback sets ``stop_training`` or
    ``stop_evaluating`` in one process, all stop after the same batch.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> lamina.set_random_seed(3)
    >>> x = np.linspace(-1, 1, 64)
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile(lamina.optimizers.SGD(0.1), "mse")
    >>> parallel = lamina.distribute.DataParallel(model, comm=None, slices=4)
    >>> history = parallel.fit(x, 2 * x + 1, epochs=100, verbose=0)
    >>> bool(abs(model.predict(np.array([[0.5]]))[0, 0] - 2) < 1e-3)
    True
    """

    def __init__(
        self,
        model: Any,
        comm: Any = "world",
        slices: int = 8,
        bucket_bytes: int = 1 << 20,
        route: Literal["auto", "direct", "pairs"] = "auto",
        patience: float = 10.0,
    ) -> None:
        if not hasattr(model, "take_spread"):
            raise TypeError(f"{WHO}: model must be a lamina.Model; got {model!r:.80}")
        slices = _check.integer(WHO, "slices", slices)
        bucket_bytes = _check.integer(WHO, "bucket_bytes", bucket_bytes)
        patience = _check.number(WHO, "patience", patience, 0.0)
        self._processes = alone_or(comm, patience)
        self.model = model
        self.rank: int = self._processes.rank
        self.size: int = self._processes.size
        if self.size > slices:
            raise ValueError(
                f"{WHO}: needs at least one slice for each process; got slices={slices} and "
                f"{self.size} processes"
            )
        if route not in ("auto", "direct", "pairs"):
            raise ValueError(f"{WHO}: route must be 'auto', 'direct' or 'pairs'; got {route!r}")
        cut = Slices(slices, self.size)
        if route == "pairs" and not cut.pair_up(slices):
            raise ValueError(
                f"{WHO}: route 'pairs' needs powers of two as numbers of processes and of slices; "
                f"got {self.size} processes and slices={slices}"
            )
        self._exchange = Exchange(self._processes, cut, route)
        settings = {"slices": slices, "bucket_bytes": bucket_bytes, "route": route}
        self._agreement = Agreement(self._processes, settings)
        self._bucket_bytes = bucket_bytes

    def __repr__(self) -> str:
        """Return the model, the process and the slices."""
        count = self._exchange.slices.count
        return f"<{WHO} of {self.model.name}: process {self.rank} of {self.size}, {count} slices>"

    def fit(self, *args: Any, **kwargs: Any) -> History:
        """Train like ``Model.fit``, with the same arguments.

        All processes get the same arguments: all rows, of which each gathers those of its slices.
        From arrays, including memory maps, each process reads only these rows; from other sources
        each process asks for all batches.  The validation data are shared in the same way.

        Returns
        -------
        History
            The same in all processes.

        Raises
        ------
        ValueError
            In all processes, before anything is trained, if their models, weights, settings or data
            differ, or they call different methods.
        RuntimeError
            In all processes, if their sources give other numbers of rows or batches, or a callback
            has changed weights, the learning rate or ``trainable`` in some of them only, until the
            end of the fit, ``on_train_end`` included.
        lamina.distribute.ProcessFailedError
            If another process has failed; the message says which, and how.
        """
        with self._together("fit"):
            kwargs = self._agreed("fit", args, kwargs, 4)
            with self._shared("fit"):
                history: History = self.model.fit(*args, **kwargs)
        return history

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Return loss and metrics like ``Model.evaluate``; each process calculates its slices.

        Arguments, result and errors are those of ``Model.evaluate``; all processes return the same.
        ``ValueError`` is raised in all of them if their models or weights differ, ``RuntimeError``
        if they get different numbers of rows.
        """
        with self._together("evaluate"):
            kwargs = self._agreed("evaluate", args, kwargs, 3)
            with self._shared("evaluate"):
                return self.model.evaluate(*args, **kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Take one step on these rows like ``Model.train_on_batch``; each calculates its slices.

        Arguments, result and errors are those of ``Model.train_on_batch``, and all processes get
        all rows.  The numbers of rows and steps, the learning rate and the choice of trainable
        weights are compared at each step, models and weights at the first one and after
        ``compile``; if they differ, ``ValueError`` is raised in all processes.
        """
        with self._together("train_on_batch"):
            self._agreement.on_call("train_on_batch")
            with self._shared("train_on_batch"):
                return self.model.train_on_batch(*args, **kwargs)

    def broadcast(self, root: int = 0) -> None:
        """Copy the state of one process's model to the models of all.

        These are its weights, the state of its training and of its optimizer, and its seeds, with
        those of its layers: all then continue as that process alone would.  Models without weights
        are built.

        Parameters
        ----------
        root : int, default 0
            The number of that process.  Its model must be built.

        Raises
        ------
        ValueError
            In all processes, if their models have different layers, or that of ``root`` is not
            built.
        """
        with self._together("broadcast"):
            self._agreement.on_call("broadcast", root=root)
            root = _check.integer("broadcast", "root", root, 0)
            if root >= self.size:
                raise ValueError(f"broadcast: root must be below {self.size}; got {root}")
            give_all("broadcast", self.model, self._processes, root)

    @contextmanager
    def _together(self, who: str) -> Iterator[None]:
        """Do the block together with all processes; a failure in one is a failure in all."""
        self._processes.check(who)
        with self._processes.together():
            yield

    @contextmanager
    def _shared(self, who: str) -> Iterator[None]:
        """Share the computations in the block."""
        if self.model.stateful:
            raise ValueError(
                f"{who}: {self.model.name} has stateful layers, which pass states from the "
                f"rows of one batch to those of the next; its batches cannot be shared"
            )
        group = Group(who, self._exchange, self._agreement, self._bucket_bytes)
        self.model.give_spread(group)
        try:
            yield
        except BaseException:
            self._exchange.cut_off()
            raise
        finally:
            self.model.take_spread()

    def _agreed(self, who: str, args: Any, kwargs: dict[str, Any], most: int) -> dict[str, Any]:
        """Return the keywords for this process, once all call the same method in the same form.

        They have the callbacks of this process; only the first one prints.
        """
        if len(args) > most:
            raise TypeError(
                f"{WHO}: verbose and callbacks must be passed by name; got {len(args)} positional "
                f"arguments"
            )
        own = callbacks_.of_process(kwargs.get("callbacks"), self._processes)
        self._agreement.on_call(
            who,
            x=_form(args[0] if args else kwargs.get("x")),
            validation_data=_form(kwargs.get("validation_data")),
            resume=bool(kwargs.get("resume", False)),
            backups=sum(isinstance(each, callbacks_.SharedBackup) for each in own),
        )
        # An empty list of its own would count as an argument that was given.
        made = {**kwargs, "callbacks": own} if own or "callbacks" in kwargs else kwargs
        return made if self.rank == 0 else {**made, "verbose": 0}


def _form(data: Any) -> str:
    """Return in which form data are given: it determines when processes compare what they do."""
    if data is None:
        return "none"
    return "arrays" if source_of(data) is None else "a source of batches"
