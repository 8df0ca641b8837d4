"""Data sets: elements made one after another, when they are needed."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count as count_
from typing import Any, NamedTuple

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina.data import stages
from lamina.data.nested import AUTOTUNE, Nested, called, plain
from lamina.data.stages import ENDLESS, LOOK, Stage
from lamina.data.values import each, leaves, wrapped
from lamina.random import next_seed, seed_value


class Spec(NamedTuple):
    """Shape (with None for any length) and dtype of an element."""

    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]


class Dataset(Nested):
    """Elements that are made when they are needed, with the methods of TensorFlow's ``tf.data``.

    An element is an array, or a tuple or dict of arrays; each method returns a new data set and
    leaves this one unchanged.  Models take batches: elements ``x``, ``(x, y)`` or ``(x, y,
    sample_weight)``.  Data sets are created by ``from_tensor_slices``, ``from_generator``, and the
    functions of ``lamina.utils`` whose names end in ``dataset_from_directory``.

    ``shuffle`` draws a new order each time the data are traversed, all from one seed.  In ``fit``
    the order depends on the number of the model's epoch, so that a resumed fit continues with the
    same data.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> data = lamina.data.Dataset.from_tensor_slices((np.arange(10.0), np.arange(10.0) ** 2))
    >>> batches = data.shuffle(10, seed=1).batch(4).prefetch(2)
    >>> [len(x) for x, y in batches]
    [4, 4, 2]
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(batches, epochs=2, verbose=0)
    >>> model.optimizer.iterations
    6
    """

    class_names: list[str] | None  # for data sets read from folders
    file_paths: list[str]

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._turns = 0

    # --- creation

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:  # noqa: ARG004
        """Return the rows of arrays, which are not copied; for a tuple or dict, row by row."""
        held = each(np.asarray, tensors)
        sizes = {len(leaf) for leaf in leaves(held)}
        if len(sizes) != 1:
            raise ValueError(
                f"from_tensor_slices: all arrays must have the same number of rows; got "
                f"{sorted(sizes)}"
            )
        return Dataset(stages.Rows(lambda rows: each(lambda a: a[rows], held), sizes.pop()))

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:  # noqa: ARG004
        """Return a data set with a single element."""
        return Dataset(stages.Given(lambda: [tensors], 1))

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]],
        output_types: Any = None,  # noqa: ARG004
        output_shapes: Any = None,  # noqa: ARG004
        args: tuple[Any, ...] = (),
        output_signature: Any = None,  # noqa: ARG004
        name: str | None = None,  # noqa: ARG004
    ) -> Dataset:
        """Return the elements of a generator function, called again each time; types are kept."""
        return Dataset(stages.Given(lambda: generator(*args)))

    @staticmethod
    def range(*bounds: int) -> Dataset:
        """Return the integers of ``range``."""
        numbers = np.arange(*bounds)
        return Dataset(stages.Rows(lambda rows: numbers[rows], len(numbers)))

    @staticmethod
    def zip(*datasets: Any) -> Dataset:
        """Return the elements of several data sets side by side, as a tuple or a dict."""
        given = datasets[0] if len(datasets) == 1 else datasets
        if isinstance(given, Mapping):
            keys = list(given)
            return Dataset(stages.Zipped(
                [given[key]._stage for key in keys],
                lambda parts: dict(zip_(keys, parts)),
            ))  # fmt: skip
        return Dataset(stages.Zipped([data._stage for data in given], tuple))

    # --- transformations

    @answering_calls
    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,  # noqa: ARG002
        deterministic: bool | None = None,  # noqa: ARG002
        name: str | None = None,  # noqa: ARG002
    ) -> Dataset:
        """Combine this number of elements into one, along a new first axis."""
        size = _check.integer("batch", "batch_size", batch_size)
        return Dataset(stages.Batched(self._stage, size, not drop_remainder))

    @answering_calls
    def unbatch(self, name: str | None = None) -> Dataset:  # noqa: ARG002
        """Return the rows of batches one by one."""
        stage = self._stage
        if isinstance(stage, stages.Batched) and stage.last:
            return Dataset(stage.rows)
        return Dataset(stages.Unbatched(stage))

    @answering_calls
    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,  # noqa: ARG002
        name: str | None = None,  # noqa: ARG002
    ) -> Dataset:
        """Apply a function to each element; the parts of a tuple are its arguments.

        Parameters
        ----------
        map_func : callable
            Called with arrays that also have ``numpy()``.
        num_parallel_calls : int, optional
            Number of threads that call it, in unspecified order: the function must not keep state,
            as one that draws random numbers does.  By default, and for ``AUTOTUNE``, it is called
            for one element after another.
        """
        workers = 0
        if num_parallel_calls not in (None, AUTOTUNE):
            workers = _check.integer("map", "num_parallel_calls", num_parallel_calls)
        return Dataset(stages.Mapped(self._stage, called(map_func), workers))

    @answering_calls
    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:  # noqa: ARG002
        """Keep the elements for which a function returns True."""
        return Dataset(stages.Filtered(self._stage, called(predicate)))

    @answering_calls
    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = None,
        name: str | None = None,  # noqa: ARG002
    ) -> Dataset:
        """Draw each element from the next ``buffer_size`` ones.

        Parameters
        ----------
        buffer_size : int
            If at least as large as the data, all orders are equally likely.
        seed : int, optional
            By default drawn from the sequence of ``set_random_seed``.
        reshuffle_each_iteration : bool, default True
            Whether to use a new order each time.
        """
        buffer = self._stage.size
        if buffer_size is not None or buffer < 0:
            buffer = _check.integer("shuffle", "buffer_size", buffer_size)
        root = next_seed() if seed is None else seed_value("shuffle", seed)
        again = reshuffle_each_iteration is None or bool(reshuffle_each_iteration)
        return Dataset(stages.shuffled(self._stage, buffer, root, again))

    @answering_calls
    def take(self, count: int, name: str | None = None) -> Dataset:  # noqa: ARG002
        """Return the first ``count`` elements; all for -1."""
        return self._sliced(0, None if count == -1 else _check.integer("take", "count", count, 0))

    @answering_calls
    def skip(self, count: int, name: str | None = None) -> Dataset:  # noqa: ARG002
        """Skip the first ``count`` elements; all for -1."""
        start = _check.integer("skip", "count", count, -1)
        return self._sliced(0, 0) if start == -1 else self._sliced(start, None)

    @answering_calls
    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:  # noqa: ARG002
        """Return every ``num_shards``-th element, starting with that at ``index``."""
        shards = _check.integer("shard", "num_shards", num_shards)
        start = _check.integer("shard", "index", index, 0)
        if start >= shards:
            raise ValueError(f"shard: index must be below num_shards {shards}; got {start}")
        return self._sliced(start, None, shards)

    def _sliced(self, start: int, stop: int | None, step: int = 1) -> Dataset:
        stage = self._stage
        if isinstance(stage, stages.Rows):
            size = len(range_(stage.size)[start:stop:step])
            return Dataset(stage.ordered(lambda turn: stage.order(turn)[start:stop:step], size))
        return Dataset(stages.Sliced(stage, start, stop, step))

    @answering_calls
    def repeat(self, count: int | None = None, name: str | None = None) -> Dataset:  # noqa: ARG002
        """Repeat the elements ``count`` times, without end by default."""
        endless = count is None or count == -1
        times = None if endless else _check.integer("repeat", "count", count, 0)
        return Dataset(stages.Repeated(self._stage, times))

    @answering_calls
    def cache(self, filename: str | os.PathLike[str] = "", name: str | None = None) -> Dataset:  # noqa: ARG002
        """Keep the elements in memory after the first complete traversal."""
        if filename:
            raise ValueError("cache: elements are kept in memory; omit filename")
        return Dataset(stages.Cached(self._stage))

    @answering_calls
    def prefetch(self, buffer_size: int, name: str | None = None) -> Dataset:  # noqa: ARG002
        """Make the next ``buffer_size`` elements on a thread while one is used; 2 for AUTOTUNE."""
        ahead = (
            2
            if buffer_size == AUTOTUNE
            else _check.integer("prefetch", "buffer_size", buffer_size, 0)
        )
        return Dataset(stages.Ahead(self._stage, ahead)) if ahead else self

    @answering_calls
    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:  # noqa: ARG002
        """Append the elements of another data set."""
        return Dataset(stages.Joined(self._stage, dataset._stage))

    @answering_calls
    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:  # noqa: ARG002
        """Return pairs of a number and an element."""
        numbers = stages.Given(lambda: count_(start), ENDLESS)
        return Dataset(stages.Zipped([numbers, self._stage], tuple))

    @answering_calls
    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,  # noqa: ARG002
        padding_values: float = 0,
        drop_remainder: bool = False,
        name: str | None = None,  # noqa: ARG002
    ) -> Dataset:
        """Combine this number of elements into one, padded to the longest along each axis."""
        size = _check.integer("padded_batch", "batch_size", batch_size)

        pad = functools.partial(_padded, value=padding_values)
        return Dataset(stages.Batched(self._stage, size, not drop_remainder, pad))

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """Return the result of a function of the data set."""
        return transformation_func(self)

    def with_options(self, options: Any, name: str | None = None) -> Dataset:  # noqa: ARG002
        """Return the data set unchanged: it has no options."""
        return self

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """Return the final state after applying a function of state and element to all elements."""
        state = initial_state
        for element in self:
            state = reduce_func(state, element)
        return state

    # --- access

    def shared(self, own: stages.Own) -> Dataset | None:
        """Return the same batches with zeros for rows that are not needed, which are not read.

        None if rows cannot be omitted, for instance if functions see entire batches.
        """
        stage = self._stage.share(own)
        return None if stage is None else Dataset(stage)

    def turn(self, number: int) -> Iterator[Any]:
        """Return the elements in the order of a traversal, given its number."""
        return self._stage.go(number)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the elements; their arrays have ``numpy()``."""
        self._turns += 1
        return (each(wrapped, element) for element in self.turn(self._turns - 1))

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Iterate over the elements, as plain arrays."""
        self._turns += 1
        return (each(plain, element) for element in self.turn(self._turns - 1))

    def cardinality(self) -> Any:
        """Return the number of elements; -1 if infinite, -2 if unknown."""
        return wrapped(np.int64(self._stage.size))

    def __len__(self) -> int:
        """Return the number of elements."""
        size = self._stage.size
        if size < 0:
            kind = "infinite" if size == ENDLESS else "unknown"
            raise TypeError(f"Dataset: the length is {kind}")
        return size

    def __bool__(self) -> bool:
        """Return True."""
        return True

    @property
    def element_spec(self) -> Any:
        """Shapes and types in the structure of an element, found by making one."""
        for element in self.turn(LOOK):
            return each(self._spec, element)
        return None

    def _spec(self, leaf: Any) -> Any:
        if isinstance(leaf, Dataset):
            return leaf.element_spec
        array = np.asarray(leaf)
        rows: tuple[int | None, ...] = array.shape
        if self._stage.open_rows and rows:
            rows = (None, *rows[1:])
        return Spec(rows, array.dtype)

    def __repr__(self) -> str:
        """Return the number of elements."""
        size = self._stage.size
        known = f"{size}" if size >= 0 else "endless" if size == ENDLESS else "an unknown number of"
        return f"<Dataset of {known} elements>"


range_, zip_ = range, zip  # within the class, its methods have these names


def _padded(parts: list[Any], value: float) -> Any:
    arrays = [np.asarray(part) for part in parts]
    shape = np.max([a.shape for a in arrays], axis=0).astype(int)
    made = np.full((len(arrays), *shape), value, arrays[0].dtype)
    for whole, array in zip_(made, arrays, strict=True):
        whole[tuple(slice(0, n) for n in array.shape)] = array
    return made
