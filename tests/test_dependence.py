"""Outputs against inputs: partial dependence, individual curves, accumulated local effects."""

import numpy as np
import pytest

import golden
import lamina
from lamina import layers
from lamina.inference import ale, ice, lekprofile, partial_dependence, permutation_importance

inspection = golden.Peer("sklearn.inspection")
base = golden.Peer("sklearn.base")

RNG = np.random.default_rng(21)
X = RNG.normal(size=(70, 3))
X[:, 1] += X[:, 0]
X[:, 2] = RNG.integers(0, 4, 70)


def response(x):
    return x[:, 0] ** 2 * x[:, 1] + np.sin(x[:, 2])


def test_partial_dependence_is_scikit_learns():
    def ask():
        class Curve(base.RegressorMixin, base.BaseEstimator):
            def fit(self, x, y):
                self.fitted_ = True
                return self

            def predict(self, x):
                return response(x)

        made = []
        for features, options in QUESTIONS:
            found = inspection.partial_dependence(
                Curve().fit(X, X[:, 0]), X, features, kind="both", method="brute", **options
            )
            made.append([*found["grid_values"], found["average"], found["individual"]])
        return made

    answers = golden.ask(ask, X, QUESTIONS)
    for (features, options), answer in zip(QUESTIONS, answers, strict=True):
        *grid, average, individual = answer
        found = partial_dependence(response, X, features, kind="both", **options)
        for mine, theirs in zip(found.grid, grid, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12)
        np.testing.assert_allclose(found.average, average, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.individual, individual, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found["response"], average.ravel(), rtol=1e-9, atol=1e-12)


QUESTIONS = [
    ([0], {"grid_resolution": 7}),
    ([2], {"grid_resolution": 7}),
    ([1], {"grid_resolution": 5, "percentiles": (0.2, 0.9), "sample_weight": np.arange(70.0)}),
    ([0, 2], {"grid_resolution": 4}),
]


def test_curves_of_a_network_with_several_outputs():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(4, "tanh"), layers.Dense(2)])
    found = ice(model, X, "b", names=["a", "b", "c"], grid_resolution=5, output="o2")
    assert (found.inputs, found.outputs, found.individual.shape) == (["b"], ["o2"], (1, 70, 5))
    moved = X.copy()
    moved[:, 1] = found.grid[0][3]
    np.testing.assert_allclose(found.individual[0, :, 3], model.predict(moved)[:, 1], rtol=1e-5)
    centered = ice(model, X, 1, grid_resolution=5, output=1, centered=True)
    np.testing.assert_allclose(
        centered.individual, found.individual - found.individual[:, :, :1], atol=1e-6
    )
    assert list(found) == ["b", "output", "response"]


def test_frames_keep_their_kinds():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"size": X[:, 0], "kind": np.where(X[:, 2] > 1, "tall", "low")})

    def model(table):
        return table["size"] * np.where(table["kind"] == "tall", 2.0, 1.0)

    found = partial_dependence(model, frame, "kind")
    assert list(found["kind"]) == ["low", "tall"]
    np.testing.assert_allclose(found["response"], X[:, 0].mean() * np.array([1, 2]), rtol=1e-12)
    polars = pytest.importorskip("polars")
    found = partial_dependence(lambda t: t["size"].to_numpy() ** 2, polars.DataFrame(frame), "size",
                               custom_values={"size": [3.0]})  # fmt: skip
    np.testing.assert_allclose(found["response"], 9.0)


def test_grids_of_polars_frames():
    polars = pytest.importorskip("polars")
    kinds = np.where(X[:, 2] > 1, "tall", "low").tolist()
    ordered = polars.Series(kinds, dtype=polars.Enum(["tall", "low", "none"]))
    named = polars.Series(kinds, dtype=polars.Categorical)
    frame = polars.DataFrame({"size": X[:, 0], "kind": ordered, "named": named, "text": kinds})

    def model(table):
        return table["size"].to_numpy() * np.where(table["kind"].to_numpy() == "tall", 2.0, 1.0)

    found = partial_dependence(model, frame, "size", grid_resolution=5)
    expected = partial_dependence(lambda t: t[:, 0], X, 0, grid_resolution=5).grid[0]
    np.testing.assert_array_equal(found.grid[0], expected)
    found = partial_dependence(model, frame, "kind")
    assert list(found["kind"]) == ["tall", "low"]
    np.testing.assert_allclose(found["response"], X[:, 0].mean() * np.array([2, 1]), rtol=1e-12)
    for column in ("named", "text"):
        assert list(partial_dependence(model, frame, column)[column]) == ["low", "tall"]
    assert ice(model, frame, "size").individual.shape == (1, len(X), len(X))


def test_missing_values_are_not_points_of_a_grid():
    """They are passed on to the model, which may fill them."""
    gaps = X.copy()
    gaps[3, 0] = np.nan

    def filling(x):
        return np.nan_to_num(x[:, 0]) + x[:, 1]

    found = partial_dependence(filling, gaps, 0, grid_resolution=4)
    known = partial_dependence(filling, np.delete(gaps, 3, axis=0), 0, grid_resolution=4)
    np.testing.assert_array_equal(found.grid[0], known.grid[0])
    held = partial_dependence(filling, gaps, 1, grid_resolution=4)["response"]
    np.testing.assert_allclose(np.diff(held), np.diff(found_grid(gaps[:, 1])), rtol=1e-9)
    pd = pytest.importorskip("pandas")
    for kinds in (["u", None, "w"], [True, None, False]):
        frame = pd.DataFrame({"kind": kinds})
        grid = partial_dependence(lambda t: np.ones(len(t)), frame, "kind").grid[0]
        assert list(grid) == sorted(kind for kind in kinds if kind is not None)
    for find in (lambda: ale(filling, gaps, 0), lambda: lekprofile(filling, gaps)):
        with pytest.raises(ValueError, match="column 'x1' must be finite; got nan at row 3; omit"):
            find()
    with pytest.raises(ValueError, match="column 'x1' has no values"):
        partial_dependence(filling, gaps * np.nan, 0)


def found_grid(column):
    return partial_dependence(lambda t: t[:, 0], column[:, None], 0, grid_resolution=4).grid[0]


def test_inputs_that_are_columns_and_inputs_that_are_tables():
    a, b = X[:, 0], X[:, 1]
    columns = {"a": a[:, None], "b": b}
    found = partial_dependence(
        lambda t: t["a"] * 2 + t["b"], columns, "a", custom_values={"a": [1]}
    )
    np.testing.assert_allclose(found["response"], 2 + b.mean())
    for several in ([X, X[:, :2]], {"first": X, "second": X[:, :2]}):
        kind = type(several).__name__
        message = rf"x must be one table; got a {kind} of 2 arrays of shapes \(70, 3\), \(70, 2\)"
        for find in (partial_dependence, ale):
            with pytest.raises(ValueError, match=message):
                find(response, several, 0)
        with pytest.raises(ValueError, match=message):
            permutation_importance(response, several, a)


def test_dicts_of_columns_are_tables():
    columns = {"a": X[:, 0], "kind": np.where(X[:, 2] > 1, "tall", "low").tolist()}

    def model(table):
        return table["a"] * np.where(table["kind"] == "tall", 2.0, 1.0)

    found = partial_dependence(model, columns, "kind")
    assert list(found["kind"]) == ["low", "tall"]
    np.testing.assert_allclose(found["response"], X[:, 0].mean() * np.array([1, 2]), rtol=1e-12)
    numbers = {"a": X[:, 0], "b": X[:, 1]}
    data = {**numbers, "y": np.sin(X[:, 0])}
    pytest.importorskip("formulaic")
    fit = lamina.nnet("y ~ a + b", data, size=2, linout=True, maxit=20, trace=False)
    wanted = lekprofile(lambda x: fit.predict(numbers_of(x)), X[:, :2], names=["a", "b"])
    found = lekprofile(fit, numbers)
    np.testing.assert_allclose(found["response"], wanted["response"], rtol=1e-12)
    shuffled = permutation_importance(fit, data, data["y"])
    assert shuffled["input"].tolist() == ["a", "b", "y"]
    assert shuffled["importance"][2] == 0.0
    with pytest.raises(
        ValueError, match=r"the same length, shape \(rows,\); got a: \(70,\), b: \(3,\)"
    ):
        ale(model, {"a": X[:, 0], "b": [1, 2, 3]}, "a")


def test_every_fit_of_nnet_has_importance_and_dependence():
    pytest.importorskip("formulaic")
    data = {"a": X[:, 0], "b": X[:, 1], "kind": np.where(X[:, 0] > 0.1 * X[:, 2], "hi", "lo")}
    several = lamina.nnet.avNNet("kind ~ a + b", data, size=2, repeats=2, decay=0.1, trace=False)
    model = lamina.nnet.multinom("kind ~ a + b", data, decay=0.01, trace=False)
    for fit in (several, model):
        shuffled = permutation_importance(fit, data, data["kind"])
        right = (fit.predict(data, type="class") == data["kind"]).mean()
        assert shuffled.score == pytest.approx(right, abs=1e-12)
        assert shuffled["importance"][0] > 0.2
    found = partial_dependence(model, data, "a", custom_values={"a": [0.3]})
    wanted = model.predict({**data, "a": np.full(70, 0.3)}, type="probs").mean()
    np.testing.assert_allclose(found["response"], wanted, rtol=1e-12)
    assert found["output"].tolist() == ["lo"]


def numbers_of(x):
    return {"a": x[:, 0], "b": x[:, 1]}


# --- accumulated local effects, by the loops of Apley and Zhu's paper


def ale_by_hand(f, x, j, count):
    order = np.sort(x[:, j])
    n = len(x)
    z = [order[0]] + [order[int(np.ceil(n * k / count)) - 1] for k in range(1, count + 1)]
    z = np.unique(z)
    sums = np.zeros(len(z) - 1)
    counts = np.zeros(len(z) - 1)
    for row in x:
        k = max(1, int(np.sum(z < row[j])))  # z[k - 1] < value <= z[k]
        low, high = row.copy(), row.copy()
        low[j], high[j] = z[k - 1], z[k]
        sums[k - 1] += f(high[None])[0] - f(low[None])[0]
        counts[k - 1] += 1
    effect = np.concatenate([[0.0], np.cumsum(sums / counts)])
    return z, effect - np.sum(counts * (effect[1:] + effect[:-1]) / 2) / n


@pytest.mark.parametrize("feature", [0, 1, 2])
def test_first_order_effects(feature):
    found = ale(response, X, feature, n_intervals=9)
    edges, effects = ale_by_hand(response, X, feature, 9)
    np.testing.assert_allclose(found.edges[0], edges)
    np.testing.assert_allclose(found.effects[0], effects, rtol=1e-10, atol=1e-12)
    assert found.counts.sum() == 70


def test_second_order_effects_are_the_interaction_alone():
    x = RNG.uniform(size=(4000, 2))

    def f(x):
        return 5 * x[:, 0] + np.exp(x[:, 1]) + 2 * (x[:, 0] - 0.5) * (x[:, 1] - 0.5)

    found = ale(f, x, [0, 1], n_intervals=10)
    a, b = np.meshgrid(found.edges[0] - 0.5, found.edges[1] - 0.5, indexing="ij")
    assert np.abs(found.effects[0] - 2 * a * b).max() < 0.05
    # The second difference of each cell is that of f.
    steps = np.diff(np.diff(found.effects[0], axis=0), axis=1)
    cells = np.diff(found.edges[0])[:, None] * np.diff(found.edges[1])[None, :]
    np.testing.assert_allclose(steps, 2 * cells, rtol=1e-8)
    additive = ale(lambda x: x[:, 0] ** 2 + x[:, 1], x, [0, 1], n_intervals=5)
    assert np.abs(additive.effects).max() < 1e-12


def test_cells_without_rows_take_the_nearest_difference():
    line = np.linspace(0, 1, 30)
    x = np.column_stack([line, line])  # only cells on the diagonal have rows
    found = ale(lambda x: x[:, 0] * x[:, 1], x, [0, 1], n_intervals=3)
    assert (found.counts > 0).sum() == 3
    assert np.isfinite(found.effects).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: partial_dependence(response, X, [0, 1, 2]), "features must be one input or two"),
        (lambda: partial_dependence(response, X, [1, 1]), "features must be one input or two"),
        (lambda: partial_dependence(response, X, "z"), "no column 'z'"),
        (lambda: partial_dependence(response, X, 0, percentiles=(0.9, 0.1)), "percentiles must be"),
        (
            lambda: partial_dependence(response, X, 0, sample_weight=-np.ones(len(X))),
            "sample_weight must be finite and >= 0; got -1.0 at row 0",
        ),
        (
            lambda: partial_dependence(response, X, 0, sample_weight=np.full(len(X), np.nan)),
            "sample_weight must be finite and >= 0; got nan at row 0",
        ),
        (
            lambda: partial_dependence(response, X, 0, sample_weight=np.zeros(len(X))),
            "sample_weight must not be 0 in all rows",
        ),
        (lambda: partial_dependence(response, X, 0, kind="all"), "kind must be one of"),
        (lambda: partial_dependence(response, X, 0, custom_values={0: [[1]]}), "custom_values of"),
        (lambda: partial_dependence(response, X[:0], 0), "x must have at least one row"),
        (lambda: ale(response, X * [0, 1, 1], 0), "column 'x1' is constant"),
        (
            lambda: ale(response, X, 0, output=3),
            "output must be one of 'o', or a number from 0 to 0; got 3",
        ),
        (lambda: ale(response, X, 0, response_method="p"), "response_method must be one of"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_effects_of_categories_are_referred_to_partial_dependence():
    table = {"a": X[:, 0], "kind": np.where(X[:, 2] > 1, "tall", "low")}
    with pytest.raises(TypeError, match="column 'kind' must hold numbers; got the string"):
        ale(lambda t: t["a"], table, "kind")


def test_grids_of_small_and_distant_numbers():
    for x in (X * 1e-12, 1e9 + X):
        grid = partial_dependence(lambda t: t[:, 0], x, 0, grid_resolution=5).grid[0]
        assert len(grid) == 5
        assert (np.diff(grid) > 0).all()
    same = np.r_[np.zeros(2000), X[:, 0]][:, None]
    with pytest.raises(ValueError, match="of 'x1' are the same value, 0; give others"):
        partial_dependence(lambda t: t[:, 0], same, 0, grid_resolution=20)


def test_what_models_return_must_be_numbers_for_each_row():
    with pytest.raises(ValueError, match="an output for each of 70 rows; got an array of shape"):
        partial_dependence(lambda t: t[:3, 0], X, 0)
    with pytest.raises(TypeError, match="partial_dependence: the model's output must"):
        partial_dependence(lambda t: ["a"] * len(t), X, 0)
    with pytest.raises(TypeError, match="ice: feature must be one input"):
        ice(response, X, [0, 1])
    with pytest.raises(TypeError, match="ice: centered must be True or False"):
        ice(response, X, 0, centered="yes")
    with pytest.raises(ValueError, match="group_vals must be finite"):
        lekprofile(response, X, group_vals=[[0.0, np.nan, 0.0]])
    for seed in (-1, 1.5, None):
        with pytest.raises((TypeError, ValueError), match="random_state must be an int"):
            lekprofile(response, X, group_vals=3, random_state=seed)
