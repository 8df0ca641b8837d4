"""Fitting and evaluating a network, by epochs and by single batches."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn, overload

from lamina import _check
from lamina._calls import answering_calls, refuse_arguments
from lamina.callbacks import CallbackList, History
from lamina.callbacks.of_run import of_fit
from lamina.models.compilation.train_state import TrainState
from lamina.models.data import prepared as data_
from lamina.models.data.batches import Schedule
from lamina.models.data.feeds import Stream
from lamina.models.data.ragged import refuse
from lamina.models.data.validation import Split
from lamina.models.evaluation.evaluating import Evaluating
from lamina.models.training import advice, scales
from lamina.models.training import loop as training
from lamina.models.training.fits import Asked
from lamina.models.training.plan import plan
from lamina.models.training.position import Position

if TYPE_CHECKING:
    from lamina._typing import (
        ArrayLike,
        Batches,
        CallbacksLike,
        ClassWeight,
        Data,
        DTypeLike,
        Verbose,
    )


class Fitting(Evaluating):
    """A compiled network that can be trained and evaluated."""

    def _begin(self, name: str | None, dtype: DTypeLike | None, seed: int | None) -> None:
        super()._begin(name, dtype, seed)
        self.history: History | Any = None
        self.stop_training = False
        self.train_state = TrainState()

    # --- fit

    @answering_calls
    def fit(
        self,
        x: Data | Batches,
        y: Data | None = None,
        batch_size: int | Literal["all"] | None = None,
        epochs: int = 1,
        verbose: Verbose = "auto",
        callbacks: CallbacksLike = None,
        validation_split: float = 0.0,
        validation_data: tuple[Data, Data] | tuple[Data, Data, Data] | Batches | None = None,
        shuffle: bool | Callable[[int], ArrayLike] = True,
        class_weight: ClassWeight = None,
        sample_weight: Data | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Container[int] = 1,
        stratify: ArrayLike | Literal["auto"] = "auto",
        time_ordered: bool = False,
        buckets: int | Sequence[int] | None = None,
        resume: bool = False,
        baselines: bool | str | Sequence[str] = False,
        **unknown: NoReturn,
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array_like of shape (rows, ...), or a list or dict of them
            NumPy arrays of any real dtype and layout, memory maps, lists, pandas, polars and Arrow
            tables, torch tensors.  Data in the model's dtype and C order are not copied; numbers of
            higher precision are rounded.  For several inputs a list, or a dict by name; a list with
            one array is the single input.  If an axis of a row may have any length (``Input((None,
            3))``), a list of arrays of unequal shape, one for each row: see ``buckets`` and the
            notes.  Or a source of batches ``(x, y)`` or ``(x, y, w)``: a generator or another
            iterator, an iterable such as ``torch.utils.data.DataLoader`` or ``tf.data.Dataset``, a
            ``lamina.utils.PyDataset`` or any object that has a length and returns batches by
            number.  Its batches are used as they are, and ``batch_size`` is ignored.
        y : array_like of shape (rows, ...), or a list or dict of them
            Targets in the form that the loss needs; for several outputs a list or a dict by name.
            None if a source provides them.  Memory maps of 256 MB and more, in ``x`` and ``y``, are
            read, and checked, some rows at a time; they are shuffled in runs of rows.
        batch_size : int or "all", optional
            Rows per step; "all" uses all rows at once.  By default 32, or the ``batch_size`` of the
            ``Input`` of a stateful model.
        epochs : int, default 1
            The epoch at which to stop (not the number of further epochs, if ``initial_epoch`` is
            set).
        verbose : {"auto", 0, 1, 2}
            0 silent; 1 a progress bar and then a line per epoch; 2 only the line; "auto" is 1 on a
            terminal and in a notebook, and 2 elsewhere.
        callbacks : list of Callback, optional
        validation_split : float, default 0.0
            Share of the rows held out: drawn at random (not the last rows, as in Keras), preserving
            the shares of the classes if the loss has classes; see ``stratify`` and
            ``time_ordered``.  They are listed in ``History.validation_rows``.  The draw is
            determined by the model's seed: the next fit on the same data holds out the same rows.
        validation_data : tuple (x, y) or (x, y, sample_weight), or a source, optional
            Used instead of a split.
        shuffle : bool or callable, default True
            Draw a new order of the rows in each epoch, or of the batches of a source that returns
            them by number.  Other sources keep their own order.  A function draws the orders
            itself: it is called with the number of rows and returns a permutation of the numbers
            below it.
        class_weight : dict of int to float, or "balanced", optional
            Weight of each class in training (validation uses no class weights), by its label as in
            ``y``, for instance ``dict(zip(np.unique(y), weights))``; other classes have weight 1.
            Each position of a sequence has the weight of its own class.  "balanced" is rows /
            (classes * rows of the class), counted over the training rows.
        sample_weight : array_like of shape (rows,), list or dict of them, optional
            Weight of each row; the loss is ``sum(weight * loss) / rows``, see the notes.  A single
            array is used for all outputs.  Weights may be negative: the loss of such a row is
            increased.
        initial_epoch : int, default 0
            Index of the first epoch.
        steps_per_epoch : int, optional
            Steps per epoch, by default and at most those of all rows.  With a source, the next
            epoch continues where the last one ended; by default each epoch uses the whole source.
        validation_steps : int, optional
            Number of batches used for validation, from the first on; by default and at most those
            of all validation rows, or of the source.  A generator cannot start again: each
            validation continues where the last one ended, with other batches.
        validation_batch_size : int, optional
            Rows at a time in validation, by default ``batch_size`` where that matters: for
            ``validation_steps``, and for hooks that are called after each batch.  Results depend on
            it only where those of ``evaluate`` do.
        validation_freq : int or collection of int, default 1
            Validate once per this number of epochs, or after the epochs listed, counted from 1.
        stratify : {"auto", True, False} or array_like of shape (rows,)
            Whether a split preserves the shares of the classes, or labels whose shares are
            preserved.
        time_ordered : bool, default False
            Hold out the last rows: for time series, where a random split would leak the future;
            always done for a stateful model, whose batches follow one another.
        buckets : int or sequence of int, optional
            For rows of unequal length: rows are padded with zeros at the end, up to the next of
            these lengths (an int gives the number of lengths, chosen as quantiles of the rows'
            lengths), and a mask tells the layers which steps are real.  Each batch has rows of one
            bucket.  By default nothing is padded, and a batch has rows of one shape.
        resume : bool, default False
            Continue where the last fit of this model stopped, or that of the model in the file from
            which it was loaded: in its epoch, at its batch, with the sums of that epoch and the
            callbacks' states, matched by class and order.  With the same data and arguments the
            weights end in the same bits as if the fit had never been interrupted, by a callback,
            Ctrl-C or the end of the process.  If it was interrupted after the last batch of an
            epoch, that epoch is first validated, unless it has been, and ``on_epoch_end`` is called
            for the callbacks that have not yet received it.  If a callback had by then asked to
            stop, the fit ends there; another one with ``resume`` trains further.  Within an epoch
            another ``batch_size``, ``shuffle`` or number of training rows is an error; between
            epochs it is a warning.  If there was no fit, this is the first one.
        baselines : bool, str or sequence of str, default False
            Fit simple models to the training rows, and compare them with this model on the
            validation rows: a constant, least squares (or logistic regression), a lasso and a ridge
            regression, or those named.  The table is ``History.baselines``, and is printed unless
            ``verbose`` is 0; see ``lamina.baselines.compare``.  It requires scikit-learn.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            If data or settings do not fit, before anything is changed; the message names the rule,
            the value and its position.
        TrainingDiverged
            If the loss, a gradient or a step becomes NaN or infinite; that step changes nothing.
        RuntimeError
            If this model is already being trained.

        Warns
        -----
        TrainingAdvice
            If the model, the loss or the data prevent learning.

        Notes
        -----
        The loss of an epoch is the mean over all its rows, as if they were one batch: for each
        output ``sum(weight * loss)`` over rows and positions, divided by their number, or, if a
        mask reaches the output, over the positions that it keeps, divided by their number;
        multiplied by ``loss_weights`` and added, plus penalties (those of the weights at each
        batch, averaged over its rows).  ``evaluate`` reports the same mean, for any ``batch_size``.
        Rows of unequal shape are recorded once for each shape, sharing the weights, and grouped: a
        shuffled epoch draws an order of the rows of each shape, then of the batches.  If there are
        almost as many shapes as rows, batches are small and recordings numerous: ``buckets`` reduce
        both.  For layers that take no mask, padded steps count as data.
        A training step uses this mean over its batch, which is the same as in Keras.  Keras's
        epochs and ``evaluate`` instead average the means of the batches, weighted by their rows:
        with masks, that depends on which rows share a batch.

        Changes made by a callback, another thread or a user's loss take effect from the next step
        on: any setting of the optimizer or its schedule, of the loss, a layer's ``trainable`` and
        the arguments that its class lists in ``changeable``, and factors of regularizers.  All
        other arguments of the library's layers are fixed once they are built; setting them raises
        ValueError.  Attributes read by a user's ``call`` take effect when the model is recorded
        again: after ``compile``, as in Keras.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> lamina.set_random_seed(3)
        >>> x = np.linspace(-1, 1, 64)
        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
        >>> model.compile(lamina.optimizers.SGD(0.1), "mse")
        >>> history = model.fit(x, 2 * x + 1, epochs=100, verbose=0)
        >>> bool(abs(model.predict(np.array([[0.5]]))[0, 0] - 2) < 1e-3)
        True
        """
        if unknown:
            refuse_arguments(Fitting.fit, unknown)
        beside = None
        if baselines is not False:
            from lamina.baselines.after_fit import AfterFit

            beside = AfterFit(baselines, x, y, sample_weight, validation_data, validation_split)
        with self._guard.training("fit"):
            self.compilation("fit").optimizer.check_owner(self)
            hooks, history = of_fit(callbacks, verbose)
            position = self._to_resume(resume, initial_epoch)
            first_epoch = initial_epoch if position is None else position.epoch
            with self.unbuilt_on_error() as undo:
                fit = Asked(
                    x, y, sample_weight, class_weight, validation_data, validation_steps,
                    Split(validation_split, stratify, time_ordered), batch_size, steps_per_epoch,
                    buckets,
                    {
                        "epochs": epochs, "initial_epoch": first_epoch, "shuffle": shuffle,
                        "validation_batch_size": validation_batch_size,
                        "validation_freq": validation_freq,
                    },
                ).prepared(self)  # fmt: skip
                if position is not None:
                    position.check_course(fit.course, fit.settings.epochs)
                if fit.validation_rows is not None:
                    history.validation_rows = fit.validation_rows.copy()
                history.fingerprint = fit.fingerprint
                validated = isinstance(fit.held, Stream) or bool(fit.held)
                told = training.parameters_of_run(self, fit.settings, validated, verbose, hooks)
                self.ensure_built(fit.first.open_shapes)
                if hooks.restore_fit(self):
                    undo.pop_all()  # the weights are those of a backup
                    if self.train_state.position is not None:
                        position = self.train_state.position
                        position.check_course(fit.course, fit.settings.epochs)
                        fit.settings.first_epoch = position.epoch
                run = training.Training(self, fit.feed, fit.held, fit.settings, hooks, fit.course)
                if run.spread is not None:
                    run.spread.check(run, fit)
                advice.on_model(run.objective, run.idle)
                advice.on_layers(run.objective.compiled, self._holders())
                if not isinstance(fit.feed, Stream):
                    advice.on_data(run.objective, fit.first, fit.rows)
                    scales.on_scales(self, fit.first, fit.rows)
                hooks.start(self, told)
            self.stop_training = False
            if position is not None:
                run.position.go_on(position)
            run.run(history)
        if beside is not None:
            history.baselines = beside.compare(self, history, verbose)
        return history

    def _to_resume(self, resume: object, initial_epoch: object) -> Position | None:
        """Return the position of the last fit, if this one is to continue from there."""
        if not _check.boolean("fit", "resume", resume):
            return None
        position = self.train_state.position
        if initial_epoch not in (0, None if position is None else position.epoch):
            at = "no fit to continue" if position is None else f"epoch {position.epoch}"
            raise ValueError(
                f"fit: resume continues where the last fit stopped, {at}; got initial_epoch "
                f"{initial_epoch!r}"
            )
        return position

    @overload
    def train_on_batch(
        self,
        x: Data,
        y: Data,
        sample_weight: Data | None = None,
        class_weight: ClassWeight = None,
        return_dict: Literal[False] = False,
    ) -> Any: ...
    @overload
    def train_on_batch(
        self,
        x: Data,
        y: Data,
        sample_weight: Data | None = None,
        class_weight: ClassWeight = None,
        *,
        return_dict: Literal[True],
    ) -> dict[str, float]: ...
    def train_on_batch(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        sample_weight: Data | None = None,
        class_weight: ClassWeight = None,
        return_dict: bool = False,
        **unknown: NoReturn,
    ) -> Any:
        """Do one training step on these rows; return the result of ``evaluate`` for this batch.

        The values are those before the step, in training mode (with dropout).
        """
        if unknown:
            refuse_arguments(Fitting.train_on_batch, unknown)
        with self._guard.training("train_on_batch"):
            self.compilation("train_on_batch").optimizer.check_owner(self)
            x = self.meet(x)
            with self.unbuilt_on_error():
                given = data_.prepare("train_on_batch", self, x, y, sample_weight, class_weight)
                data = given.read()
                refuse("train_on_batch", data)
                parts = data.parts()
                settings = plan(parts, None, None)
                self.check_batches("train_on_batch", data.rows, data.rows)
                self.ensure_built(data.open_shapes)
                feed = Schedule(parts, settings.batch, settings.steps)
                run = training.Training(self, feed, [], settings, CallbackList())
                if run.spread is not None:
                    run.spread.check_step(run)
            self.stop_training = False
            return self._reported(run.single(), return_dict)
