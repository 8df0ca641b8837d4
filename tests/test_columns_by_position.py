"""Two tables in one call must have the same columns in the same order."""

import numpy as np
import pytest

import lamina
from lamina import layers

RNG = np.random.default_rng(3)
VALUES = RNG.normal(size=(60, 3))
Y = VALUES[:, 0]


def model_of(columns=3):
    model = lamina.Sequential([lamina.Input((columns,)), layers.Dense(1)], seed=1)
    model.compile("sgd", "mse")
    return model


@pytest.fixture(params=["pandas", "polars"])
def table(request):
    library = pytest.importorskip(request.param)
    return library.DataFrame(dict(zip(("age", "rooms", "tax"), VALUES.T, strict=True)))


def test_validation_data_in_another_order(table):
    message = (
        "fit: the columns of validation_data must be the columns of x in the order of x; column 0 "
        "is 'tax', and that of x 'age'"
    )
    model = model_of()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.fit(table, Y, validation_data=(table[["tax", "rooms", "age"]], Y), verbose=0)
    assert all(map(np.array_equal, model.get_weights(), before))


def test_validation_data_with_other_names(table):
    other = table.__class__(dict(zip(("age", "rooms", "rad"), VALUES.T, strict=True)))
    with pytest.raises(ValueError, match=r"must be those of x; column 2 is 'rad'.* 'tax'"):
        model_of().fit(table, Y, validation_data=(other, Y), verbose=0)


def test_tables_and_arrays_fit_each_other(table):
    for x, other in ((table, table), (table, VALUES), (VALUES, table)):
        model_of().fit(x, Y, validation_data=(other, Y), verbose=0)


def test_series_may_have_any_names(table):
    model_of(1).fit(table["age"], Y, validation_data=(table["tax"], Y), verbose=0)


def test_a_table_model_finds_columns_by_name(table):
    model = lamina.tables.TableModel(table, hidden=(3,))
    model.compile("sgd", "mse")
    model.fit(table, Y, validation_data=(table[["tax", "rooms", "age"]], Y), verbose=0)


@pytest.mark.filterwarnings("ignore:compare_baselines. .* has not been trained")
def test_tables_of_a_comparison(table):
    pytest.importorskip("sklearn")
    other = table[["tax", "rooms", "age"]]
    with pytest.raises(ValueError, match="compare_baselines: the columns of validation_data must"):
        lamina.baselines.compare(model_of(), table, Y, (other, Y))
    parts = {"left": VALUES[:, :1], "right": VALUES[:, 1:]}
    with pytest.raises(ValueError, match="column 0 is 'right', and that of x 'left'"):
        lamina.baselines.compare(model_of(), parts, Y, (dict(reversed(parts.items())), Y))
