"""Configurations of users' losses, metrics and optimizers, and whether a model is compiled."""

import pytest

import lamina
from lamina import layers, losses, metrics, ops, optimizers
from lamina.models import load_model


class Scaled(losses.Loss):
    """Keeps its argument under another name, and passes others on."""

    def __init__(self, factor=2.0, **base):
        super().__init__(**base)
        self._factor = factor

    def call(self, y_true, y_pred):
        """Return the scaled squared error of each row."""
        return self._factor * ops.mean(ops.square(y_true - y_pred), axis=-1)

    def get_config(self):
        """Add the argument to those of the base."""
        return {**super().get_config(), "factor": self._factor}


class Above(metrics.Metric):
    """Counts predictions above a threshold."""

    def __init__(self, threshold=0.5, name="above", **base):
        super().__init__(name=name, **base)
        self._threshold = threshold
        self.found = self.add_weight(name="found", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add the number of predictions above the threshold."""
        self.found.assign_add(ops.sum(ops.cast(y_pred > self._threshold, "float32")))

    def result(self):
        """Return the number."""
        return self.found

    def get_config(self):
        """Add the argument to those of the base."""
        config = super().get_config()
        config.update({"threshold": self._threshold})
        return config


class Slow(optimizers.SGD):
    """Passes all arguments of the base on, and defines no configuration."""

    def __init__(self, slower=1, **base):
        super().__init__(**base)
        self.slower = slower


def test_configurations_have_what_the_constructor_passes_on():
    """Also arguments that are kept under other names, if get_config adds them."""
    loss = Scaled(3.0, name="scaled", reduction="sum")
    config = loss.get_config()
    assert (config["factor"], config["name"], config["reduction"]) == (3.0, "scaled", "sum")
    again = Scaled.from_config(config)
    assert (again._factor, again.name, again.reduction) == (3.0, "scaled", "sum")
    metric = Above.from_config(Above(0.25, name="quarter").get_config())
    assert (metric._threshold, metric.name) == (0.25, "quarter")
    optimizer = Slow.from_config(Slow(2, learning_rate=0.5, momentum=0.25).get_config())
    assert (optimizer.slower, optimizer.learning_rate, optimizer.momentum) == (2, 0.5, 0.25)


def test_an_argument_that_is_not_kept_is_named():
    """A class that defines no get_config must keep its arguments as attributes."""

    class Lost(metrics.Metric):
        def __init__(self, threshold=0.5, **base):
            super().__init__(**base)

    with pytest.raises(AttributeError, match=r"Lost has no attribute 'threshold'.*get_config"):
        Lost().get_config()


@pytest.mark.parametrize("ending", ["lamina", "keras"])
def test_objects_of_users_come_back_from_files(ending, tmp_path):
    """A reduction and a name that were passed on are among their settings."""
    if ending == "keras":
        pytest.importorskip("h5py")
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    model.compile("sgd", Scaled(3.0, reduction="sum"), metrics=[Above(0.25, name="quarter")])
    x, y = [[1.0, 2.0]] * 4, [[1.0]] * 4
    wanted = model.evaluate(x, y, verbose=0)
    model.save(tmp_path / f"m.{ending}")
    own = {"Scaled": Scaled, "Above": Above}
    loaded = load_model(tmp_path / f"m.{ending}", custom_objects=own)
    assert loaded.evaluate(x, y, verbose=0) == wanted
    assert loaded.metrics_names == ["loss", "quarter"]


def test_whether_a_model_is_compiled():
    """The attribute is a truth value, as in Keras."""
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    assert model.compiled is False
    model.compile("sgd", "mse")
    assert model.compiled is True
