"""A network that is fitted and evaluated, by epochs and by single batches."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn, overload

from lamina import _check
from lamina._calls import answering_calls, refuse_arguments
from lamina.callbacks import CallbackList, History
from lamina.callbacks.of_run import of_fit
from lamina.models import advice, scales, training
from lamina.models import data as data_
from lamina.models.batches import Schedule
from lamina.models.evaluating import Evaluating
from lamina.models.feeds import Stream
from lamina.models.fits import Asked
from lamina.models.plan import plan
from lamina.models.position import Position
from lamina.models.ragged import refuse
from lamina.models.train_state import TrainState
from lamina.models.validation import Split

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
    """A compiled network that trains, and is evaluated."""

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
        """Train.

        Parameters
        ----------
        x : array_like of shape (rows, ...), or a list or dict of them
            NumPy arrays of any real dtype and layout, memory maps, lists, pandas, polars and
            Arrow tables, torch tensors.  Data of the model's dtype in C order is not copied;
            numbers of more digits are rounded.  For several inputs a list, or a dict by their
            names; an array in a list is the one input.  Where an axis of a row may have any length
            (``Input((None, 3))``), a list of arrays of unequal shape, one for each row: see
            ``buckets`` and the notes.  Or a source of batches ``(x, y)`` or ``(x, y, w)``: a
            generator or another iterator, an iterable such as ``torch.utils.data.DataLoader`` or
            ``tf.data.Dataset``, a ``lamina.utils.PyDataset`` or any object that has a length and
            returns batches by number.  Its batches are taken as they come: ``batch_size`` does not
            count.
        y : array_like of shape (rows, ...), or a list or dict of them
            Targets as the loss wants them; for several outputs a list or a dict by their names.
            None where a source gives them.  Memory maps of 256 MB and more, of ``x`` and ``y``, are
            read, and checked, some rows at a time; they are shuffled in runs of rows.
        batch_size : int or "all", optional
            Rows a step; "all" takes all rows at once.  By default 32, or what
            ``Input(batch_size=...)`` says of a stateful model.
        epochs : int, default 1
            Epoch to stop at (not the number of further ones, if ``initial_epoch`` is set).
        verbose : {"auto", 0, 1, 2}
            0 silent; 1 a progress bar and then a line an epoch; 2 the line alone; "auto" is 1 on
            a terminal and in a notebook, and 2 elsewhere.
        callbacks : list of Callback, optional
        validation_split : float, default 0.0
            Share of the rows held out: drawn at random (not the last rows, as in Keras), with
            the classes' shares kept where the loss has classes; see ``stratify`` and
            ``time_ordered``.  ``History.validation_rows`` says which.  The model's seed fixes the
            draw: the next fit on the same data holds out the same rows.
        validation_data : tuple (x, y) or (x, y, sample_weight), or a source, optional
            Used instead of a split.
        shuffle : bool or callable, default True
            Draw a new order of the rows each epoch; of a source that gives batches by number, of
            these.  Other sources have an order of their own.  A function draws the orders itself:
            it is called with the number of rows, and returns each of the numbers below it once.
        class_weight : dict of int to float, or "balanced", optional
            Weight of each class in training (validation takes no class weights), by its label as
            in ``y``, so that ``dict(zip(np.unique(y), weights))`` will do; others
            weigh 1.  Each position of a sequence weighs as its own class.  "balanced" is rows /
            (classes * rows of the class), counted over the rows trained on.
        sample_weight : array_like of shape (rows,), list or dict of them, optional
            Weight of each row; the loss is ``sum(weight * loss) / rows``, see the notes.  One
            array counts for all outputs.  Weights may be negative: such a row's loss is raised.
        initial_epoch : int, default 0
            Number of the first epoch.
        steps_per_epoch : int, optional
            Steps after which an epoch ends, by default and at most those of all rows.  Of a source
            the next epoch goes on where the last one ended; without it, each goes through it all.
        validation_steps : int, optional
            Batches that validation takes, the first ones; by default and at most those of all its
            rows, or of the source.
        validation_batch_size : int, optional
            Rows at a time in validation, by default ``batch_size`` where that matters: for
            ``validation_steps``, and for hooks that are called after each batch.  No result
            depends on it but where ``evaluate``'s do.
        validation_freq : int or collection of int, default 1
            Validate every so many epochs, or after the epochs listed, counted from 1.
        stratify : {"auto", True, False} or array_like of shape (rows,)
            Whether a split keeps the classes' shares, or labels whose shares it keeps.
        time_ordered : bool, default False
            Hold out the last rows: for series, where a random split would leak the future, and
            always so for a stateful model, whose batches follow one another.
        buckets : int or sequence of int, optional
            For rows of unequal length: zeros are put behind them up to the next of these lengths
            (of so many, by the quantiles of the rows' lengths, if an int is given), and a mask
            tells the layers which steps are real.  Batches are of rows of one bucket.  By default
            nothing is padded, and a batch has rows of one shape.
        resume : bool, default False
            Go on where the last fit of this model stood, or of the model that was saved to the file
            that it was loaded from: in its epoch, at its batch, with the sums of that epoch and the
            callbacks' states, by class and in order.  With the same data and arguments the weights
            end in the same bits as if it had never been interrupted, by a callback, Ctrl-C or the
            end of the process.  Within an epoch another ``batch_size``, ``shuffle`` or number of
            rows trained on is refused; between epochs it is a warning.  Where there was no fit,
            this is the first.
        baselines : bool, str or sequence of str, default False
            Fit simple models to the rows trained on, and compare them with this one on the
            validation rows: a constant, least squares (or logistic regression), a lasso and a ridge
            regression, or those named.  The table is ``History.baselines``, and printed unless
            ``verbose`` is 0; see ``lamina.baselines.compare``.  It needs scikit-learn.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            Before anything changes, for data or settings that do not fit; the message names the
            rule, the value and its place.
        TrainingAdvice
            A warning, where the model, the loss or the data let nothing be learned.
        TrainingDiverged
            When the loss turns NaN or infinite, or a gradient or a step does; such a step changes
            nothing.
        RuntimeError
            When this model is being trained already.

        Notes
        -----
        An epoch's loss is the mean over all its rows, as if they were one batch: for each output
        ``sum(weight * loss)`` over rows and positions, divided by their number, or, where a mask
        reaches the output, over the positions that it keeps, divided by their number; then times
        ``loss_weights``, added up, and penalties once (those of the weights at each batch,
        averaged over its rows).  ``evaluate`` reports the same mean, whatever the ``batch_size``.
        Rows of unequal shape are recorded once for each shape, sharing the weights, and grouped:
        a shuffled epoch draws an order of the rows of each shape, then of the batches.  Where there
        are nearly as many shapes as rows, batches are small and recordings many: ``buckets`` make
        fewer of both.  What layers that take no mask make of padded steps counts as data.

        A training step takes that mean of its batch, which is also Keras's.  Keras's epochs and
        ``evaluate`` average the batches' means by their rows instead: with masks, that depends on
        which rows share a batch.

        What a callback, another thread or a loss of one's own sets counts from the next step on:
        any setting of the optimizer or its schedule, of the loss, a layer's ``trainable`` and
        those arguments that its class lists in ``changeable``, factors of regularizers.  The
        other arguments of the library's layers are fixed once they are built; setting them raises
        ValueError.  Attributes that a ``call`` of one's own reads count when the model is recorded
        the next time: after ``compile``, as in Keras.

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
            self.compiled("fit").optimizer.check_owner(self)
            hooks, history = of_fit(callbacks, verbose)
            position = self._to_resume(resume, initial_epoch)
            first_epoch = initial_epoch if position is None else position.epoch
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
            if hooks.restore_fit(self) and self.train_state.position is not None:
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
                run.standing.go_on(position)
            run.run(history)
        if beside is not None:
            history.baselines = beside.compare(self, history, verbose)
        return history

    def _to_resume(self, resume: object, initial_epoch: object) -> Position | None:
        """Return where the last fit stood, if this one is to go on from there."""
        if not _check.boolean("fit", "resume", resume):
            return None
        position = self.train_state.position
        if initial_epoch not in (0, None if position is None else position.epoch):
            at = "no fit to go on from" if position is None else f"epoch {position.epoch}"
            raise ValueError(
                f"fit: resume goes on where the last fit stood, {at}; got initial_epoch "
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
        """Do one training step on these rows; returns what ``evaluate`` returns, of this batch.

        The values are those before the step, in training mode (with dropout).
        """
        if unknown:
            refuse_arguments(Fitting.train_on_batch, unknown)
        with self._guard.training("train_on_batch"):
            self.compiled("train_on_batch").optimizer.check_owner(self)
            x = self.meet(x)
            data = data_.prepare("train_on_batch", self, x, y, sample_weight, class_weight).read()
            refuse("train_on_batch", data)
            parts = data.parts()
            settings = plan(parts, None, None)
            self.check_batches("train_on_batch", data.rows, data.rows)
            self.ensure_built(data.open_shapes)
            feed = Schedule(parts, settings.batch, settings.steps)
            run = training.Training(self, feed, [], settings, CallbackList())
            self.stop_training = False
            return self._reported(run.single(), return_dict)
