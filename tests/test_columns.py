"""Tables of results."""

import numpy as np
import pytest

from lamina._columns import Columns


def test_columns_keep_what_they_are_given_and_print_it():
    values = np.array([1234567.0, 1e-9, np.nan, 0.12345678])
    table = Columns(
        {"n": [1, 2, 3, 4], "who": ["a", "bb", "c", "d"], "value": values,
         "any": [None, (1, 2), "x", 3]},
        title="Results", note="End.",
    )  # fmt: skip
    assert table["value"] is values
    assert table["n"].dtype.kind == "i"
    assert table["any"].dtype == object
    assert (table.rows, len(table), list(table)) == (4, 4, ["n", "who", "value", "any"])
    assert table.row(1) == {"n": 2, "who": "bb", "value": 1e-9, "any": (1, 2)}
    assert repr(table) == str(table)
    assert repr(table).split("\n") == [
        "Results",
        "n  who      value  any",
        "1  a      1234567",
        "2  bb   1.000e-09  (1, 2)",
        "3  c            -  x",
        "4  d       0.1235  3",
        "End.",
    ]


def test_numbers_of_one_size_have_the_same_digits():
    r2, mae = [0.5481, -0.000137, 0.5, np.nan], [254.668, 3.0, 1234.5, 200.0]
    assert repr(Columns({"r2": r2, "mae": mae})).split("\n") == [
        "     r2     mae", " 0.5481   254.7", "-0.0001     3.0", " 0.5000  1234.5",
        "      -   200.0",
    ]  # fmt: skip
    assert repr(Columns({"rate": [1e-9, 100.0]})).split("\n") == [
        "     rate", "1.000e-09", "      100"
    ]  # fmt: skip
    assert repr(Columns({"epochs": [10.0, 200.0, np.nan]})) == "epochs\n    10\n   200\n     -"
    assert repr(Columns({"rate": [0.02, 0.1]})) == "rate\n0.02\n0.10"
    assert repr(Columns({"p": [np.nan, 6.893e-64]})) == "        p\n        -\n6.893e-64"
    assert len(repr(Columns({"long": ["x" * 500]}))) == 65


def test_long_tables_show_both_ends():
    text = repr(Columns({"i": np.arange(500)})).split("\n")
    assert text[:2] == ["  i", "  0"]
    assert text[10:13] == ["  9", "...", "490"]
    assert text[-2:] == ["499", "[500 rows, 1 columns]"]
    assert repr(Columns({"i": []})) == "i"


def test_pandas_gets_the_columns():
    pd = pytest.importorskip("pandas")
    frame = Columns({"a": [1, 2], "b": ["x", "y"]}).to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame["a"].tolist() == [1, 2]
    assert list(frame) == ["a", "b"]


def test_what_does_not_fit():
    with pytest.raises(
        ValueError, match=r"Columns: all columns must have the same length; got \{'a'"
    ):
        Columns({"a": [1], "b": [1, 2]})
    with pytest.raises(KeyError, match="no column 'c'; there are a, b"):
        Columns({"a": [1], "b": [2]})["c"]
    with pytest.raises(KeyError, match=r"no column 0; there are a, b; row\(0\) is a row"):
        Columns({"a": [1], "b": [2]})[0]


@pytest.mark.parametrize(
    ("columns", "text"),
    [({"a": 3}, "column 'a' must be a list of values; got 3"),
     ({"a": "xyz"}, "column 'a' must be a list of values; got 'xyz'"),
     ({"a": np.array(3)}, "column 'a' must be a list"),
     ({1: [1]}, "names of columns must be strings; got 1"),
     ([("a", [1])], "columns must be a dict of columns by name; got ")],
)  # fmt: skip
def test_what_is_no_table_is_refused(columns, text):
    with pytest.raises(TypeError, match=f"^Columns: {text}"):
        Columns(columns)
    assert Columns({"a": (i for i in range(2)), "b": [[1], [1, 2]]}).row(1) == {"a": 1, "b": [1, 2]}
