"""Rows that are read when needed: sparse matrices, large memory maps, tables in files."""

import subprocess
import sys

import numpy as np
import pytest

import lamina
from lamina.data import tables, unread
from lamina.layers import Dense, Dropout, Embedding, Flatten, Input
from lamina.models.data import reading
from lamina.models.data.prepared import prepare
from lamina.models.data.reading import Windows
from lamina.random import permutation

RNG = np.random.default_rng(7)
X = (RNG.normal(size=(300, 7)) * (RNG.random((300, 7)) < 0.4)).astype("float32")
Y = (X.sum(1) > 0).astype("int32")
W = RNG.uniform(0.5, 2, 300).astype("float32")


def network(columns=7):
    model = lamina.Sequential(
        [Input((columns,)), Dense(4, "tanh"), Dropout(0.2), Dense(2, "softmax")], seed=1
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """Return a function that makes a memory map of an array, which is read in small windows."""
    monkeypatch.setattr(unread, "LARGE", 1)
    monkeypatch.setattr(unread, "RUN", 5 * 28)
    monkeypatch.setattr(reading, "WINDOW", 50 * 28)

    def make(array, mode="r", name="x"):
        np.save(tmp_path / f"{name}.npy", array)
        return np.load(tmp_path / f"{name}.npy", mmap_mode=mode)

    return make


@pytest.fixture
def sparse():
    return pytest.importorskip("scipy.sparse")


def outcome(x, **options):
    model = network()
    history = model.fit(x, Y, epochs=2, verbose=0, **{"batch_size": 16, **options}).history
    return model, history


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False},
        {"validation_split": 0.2, "class_weight": "balanced"},
        {"sample_weight": W, "steps_per_epoch": 7},
        {"batch_size": None},
    ],
)
def test_sparse_rows_train_to_the_bits_of_dense_ones(sparse, monkeypatch, options):
    monkeypatch.setattr(reading, "WINDOW", 50 * 28)
    for matrix in (sparse.csr_matrix(X), sparse.coo_array(X.astype("float64"))):
        model, history = outcome(X, **options)
        ours, found = outcome(matrix, **options)
        assert found == history
        for a, b in zip(ours.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert ours.evaluate(matrix, Y) == model.evaluate(X, Y)
        np.testing.assert_array_equal(ours.predict(matrix), model.predict(X))
        assert ours.predict(matrix[:0]).shape == (0, 2)
        one = ours.train_on_batch(matrix, Y, return_dict=True)
        assert one == model.train_on_batch(X, Y, return_dict=True)
    held = (sparse.csc_matrix(X), Y)
    validated = outcome(sparse.csr_matrix(X), validation_data=held)[1]
    assert validated == outcome(X, validation_data=(X, Y))[1]


def test_sparse_rows_beside_others_and_in_batches(sparse):
    a, b = Input((7,), name="a"), Input((1,), name="b")
    y = Dense(1)(lamina.layers.Concatenate()([a, b]))
    results = []
    for x in (X, sparse.csr_matrix(X)):
        model = lamina.Model({"a": a, "b": b}, y, seed=3)
        for layer in model.layers:
            layer.set_weights([np.full(w.shape, 0.1, "f") for w in layer.get_weights()])
        model.compile("sgd", "mse")
        model.fit({"a": x, "b": W}, Y, verbose=0)
        model.fit((({"a": x[i : i + 9], "b": W[i : i + 9]}, Y[i : i + 9]) for i in (0, 9, 18)),
                  verbose=0)  # fmt: skip
        results.append(model.predict({"a": x, "b": W}))
    np.testing.assert_array_equal(*results)
    with pytest.raises(ValueError, match=r"x has shape \(300, 6\); the model needs \(rows, 7\)"):
        network().fit(sparse.csr_matrix(X[:, 1:]), Y)
    with pytest.raises(TypeError, match=r"y must be a dense array.* pass y.toarray\(\)"):
        network().fit(X, sparse.csr_matrix(Y[:, None]))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_a_map_trains_in_its_order_to_the_bits_of_an_array(mapped, dtype):
    x = (10 * X).astype(dtype)
    options = {"shuffle": False, "validation_split": 0.2}
    model, history = outcome(x, **options)
    ours, found = outcome(mapped(x), **options)
    assert found == history
    for a, b in zip(ours.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(ours.predict(mapped(x)), model.predict(x))


def shuffled(x, batch, steps, key):
    model = network()
    data = prepare("fit", model, x, Y)
    assert data.reads
    feed = Windows(data.parts(RNG.permutation(300)[:280])[0], batch, steps)
    return [
        [int(v) for v in part.data.inputs[0][order[start:stop], 0]]
        for order, spans, parts in feed.epoch(lambda size, which: permutation(size, *key, which))
        for part, (start, stop) in zip(parts, spans, strict=True)
    ]


@pytest.mark.parametrize(("batch", "steps"), [(16, 18), (16, 5), (64, 5), (1, 280)])
def test_a_shuffled_map_gives_every_row_once(mapped, batch, steps):
    x = mapped(np.repeat(np.arange(300, dtype="float32")[:, None], 7, 1))
    batches = shuffled(x, batch, steps, (1, 0))
    assert [len(b) for b in batches] == [batch] * (steps - 1) + [
        min(batch, 280 - batch * (steps - 1))
    ]
    rows = [row for b in batches for row in b]
    assert len(set(rows)) == len(rows)
    assert rows != sorted(rows)
    assert np.abs(np.diff(rows)).mean() > 30  # 100 if all orders are equally probable
    assert rows != [row for b in shuffled(x, batch, steps, (1, 1)) for row in b]


def test_what_a_map_holds_is_told_by_its_row(mapped):
    x = X.copy()
    x[137, 2] = np.nan
    with pytest.raises(ValueError, match="fit: x must be finite; got nan at row 137, column 2"):
        network().fit(mapped(x), Y, verbose=0)
    ids = np.zeros((300, 7), "int64")
    ids[200, 3] = 9
    model = lamina.Sequential([Input((7,), dtype="int32"), Embedding(5, 2), Flatten(), Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"must lie in \[0, 5\); got 9 in row 200, position 3"):
        model.predict(mapped(ids))


TARGETS = {
    "sparse_categorical_crossentropy": Y,
    "categorical_crossentropy": np.eye(2, dtype="float32")[Y],
    "mse": np.random.default_rng(8).random((300, 2)),
}


@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize("both", [False, True])
def test_targets_in_a_map_are_read_as_inputs_are(mapped, loss, both):
    y = TARGETS[loss]
    y = y[:, None] if y.ndim == 1 else y
    results = []
    for rows in (y, mapped(y)):
        x = mapped(X, name="inputs") if both else X
        model = network()
        model.compile("adam", loss, metrics=["mae"] if loss == "mse" else ["accuracy"])
        options = {"class_weight": "balanced"} if loss != "mse" else {"sample_weight": W}
        history = model.fit(
            x, rows, 16, 2, shuffle=False, verbose=0, validation_split=0.2, **options
        ).history
        model.fit(X[:80], Y[:80] if y.shape[1] == 1 else y[:80], verbose=0, epochs=1,
                  validation_data=(x, rows))  # fmt: skip
        results.append((
            history, model.history.history, model.evaluate(x, rows, verbose=0),
            model.train_on_batch(x, rows), model.test_on_batch(x, rows),
        ))  # fmt: skip
    assert results[0] == results[1]
    assert prepare("fit", model, X, mapped(y)).reads
    rows = [
        tuple(part.data.targets[0][order[start:stop]].ravel())
        for order, spans, parts in Windows(
            prepare("fit", model, X, mapped(y)).parts()[0], 16, 19
        ).epoch(lambda size, which: permutation(size, 1, 0, which))
        for part, (start, stop) in zip(parts, spans, strict=True)
    ]
    assert sorted(v for row in rows for v in row) == sorted(y.astype(rows[0][0].dtype).ravel())


def test_targets_of_a_map_that_do_not_fit_are_told_by_their_row(mapped):
    y = Y.copy()
    y[137] = 2
    model = network()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"integer labels in \[0, 2\); got 2 in row 137"):
        model.evaluate(X, mapped(y), verbose=0)
    with pytest.raises(
        ValueError, match="x and y must have the same number of rows; got 300 and 299"
    ):
        model.fit(X, mapped(Y[1:]), verbose=0)
    with pytest.raises(ValueError, match=r"y must have shape \(rows,\).*got \(1, 3\)"):
        model.fit(X, mapped(X[:, :3]), verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


def test_which_maps_are_read_piece_by_piece(mapped, monkeypatch):
    assert unread.unread(mapped(X)) is not None
    assert unread.unread(mapped(X)[3:, ::2]) is not None
    assert unread.unread(mapped(X, "c")) is None  # would lose changes written to it
    monkeypatch.setattr(unread, "LARGE", X.nbytes + 1)
    assert unread.unread(mapped(X)) is None
    part = mapped(X, "r+")
    monkeypatch.setattr(unread, "LARGE", 1)
    part[5] = 3.0
    rows = np.array([7, 5, 6, 299, 0])
    np.testing.assert_array_equal(unread.unread(part).take(rows), part[rows])
    assert part[5, 0] == 3.0


PEAK = """
import sys
import numpy as np
import lamina

def resident():
    with open("/proc/self/status") as status:
        return int(status.read().split("VmHWM:")[1].split()[0]) / 1024

x = np.memmap(sys.argv[1], "float32", "w+", shape=(1 << 17, 640))  # 320 MB that are not on disk
x = np.memmap(sys.argv[1], "float32", "r", shape=x.shape)
model = lamina.Sequential([lamina.Input((640,)), lamina.layers.Dense(1)])
model.compile("sgd", "mse")
before = resident()
model.fit(x, np.arange(1 << 17) % 2, batch_size=1024, verbose=0)
model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(640)])
model.compile("sgd", "mse")
model.fit(np.ones((1 << 17, 2), "float32"), x, batch_size=1024, verbose=0)
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_map_is_never_in_memory_as_a_whole(tmp_path):
    command = [sys.executable, "-c", PEAK, str(tmp_path / "x")]
    grown = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert grown < 100  # MB


# --- tables in files


@pytest.fixture
def pa():
    return pytest.importorskip("pyarrow")


def columns(pa):
    return pa.table({**{f"c{i}": X[:, i] for i in range(7)}, "w": W, "y": Y})


@pytest.fixture
def written(pa, tmp_path, monkeypatch):
    """Return a function that writes a table and opens it with columns by name."""
    monkeypatch.setattr(tables, "BLOCK", 50 * 28)

    def make(table, kind="parquet", files=1, **options):
        paths, cut = [], -(-len(table) // files)
        for i in range(files):
            part, path = table.slice(i * cut, cut), tmp_path / f"{i}.{kind}"
            paths.append(path)
            if kind == "parquet":
                pytest.importorskip("pyarrow.parquet").write_table(part, path, row_group_size=47)
            else:
                with pa.ipc.new_file(path, part.schema) as file:
                    file.write_table(part, max_chunksize=47)
        opened = getattr(lamina.data, f"from_{kind}")
        return opened(paths[0] if files == 1 else paths, "y", batch_size=16, **options)

    return make


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("files", [1, 3])
def test_tables_train_in_their_order_to_the_bits_of_arrays(pa, written, kind, files):
    rows = written(columns(pa), kind, files, sample_weight="w")
    model, history = outcome(X, sample_weight=W, shuffle=False)
    ours = network()
    found = ours.fit(rows, epochs=2, shuffle=False, verbose=0).history
    assert len(rows) == 19
    assert found == history
    for a, b in zip(ours.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(
        ours.evaluate(rows), model.evaluate(X, Y, sample_weight=W), rtol=1e-6
    )
    np.testing.assert_array_equal(ours.predict(rows), model.predict(X))
    ours.fit(rows, steps_per_epoch=4, epochs=3, verbose=0)
    assert ours.optimizer.iterations == 2 * 19 + 12
    for x, y, w in rows:
        assert (x.shape[1:], y.shape[1:], w.shape[1:]) == ((7,), (), ())


def test_a_shuffled_table_gives_every_row_once(pa, written):
    table = pa.table({"x": np.arange(300.0), "y": np.arange(300)})
    rows = written(table, x=["x"])
    seen = []
    model = lamina.Sequential([Input((1,)), Dense(1)])
    model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=[Noting(seen)])
    model.fit(rows, verbose=0, epochs=2)
    assert sorted(seen[:300]) == sorted(seen[300:]) == list(range(300))
    assert seen[:300] != seen[300:]
    assert np.abs(np.diff(seen[:300])).mean() > 10


class Noting(lamina.metrics.Metric):
    def __init__(self, seen):
        super().__init__(name="noting")
        self.seen = seen

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.seen.extend(np.ravel(y_true).tolist())

    def result(self):
        return 0.0

    def reset_state(self):
        pass


def test_columns_of_lists_are_an_axis_more(pa, written):
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 7)
    for lists in (fixed, pa.array(X.tolist(), pa.list_(pa.float32()))):
        rows = written(pa.table({"x": lists, "y": Y}))
        np.testing.assert_array_equal(np.concatenate([x for x, _ in rows]), X)
    uneven = pa.array([[1.0], [1.0, 2.0], [3.0, 4.0, 5.0]])
    with pytest.raises(ValueError, match="lists of column 'x' must be equally long"):
        list(written(pa.table({"x": uneven, "y": Y[:3]})))


def test_what_tables_lack(pa, written, tmp_path):
    table = columns(pa)
    with pytest.raises(ValueError, match="unknown column 'c9'"):
        written(table, x=["c9"])
    with pytest.raises(FileNotFoundError, match=r"from_parquet: no file .*none.parquet"):
        lamina.data.from_parquet(tmp_path / "none.parquet")
    texts = table.append_column("k", pa.array(["u"] * 300))
    with pytest.raises(TypeError, match=r"must hold numbers.*column 8|column . \('k'\)"):
        list(written(texts))
    holes = table.set_column(0, "c0", pa.array([None, *X[1:, 0].tolist()]))
    with pytest.raises(ValueError, match="x must be finite; got nan at row 0, column 0"):
        network(8).fit(written(holes), shuffle=False, verbose=0)
