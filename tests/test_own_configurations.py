"""Configurations of users' losses, metrics and optimizers, and whether a model is compiled."""

import copy

import pytest

import lamina
from lamina import layers, losses, metrics, ops, optimizers, regularizers
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


class Summed(losses.Loss):
    """Fixes an argument of its base."""

    def __init__(self, **base):
        super().__init__(reduction="sum", **base)

    def call(self, y_true, y_pred):
        """Return the squared error of each row."""
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


class Named(metrics.MeanSquaredError):
    """Fixes its name."""

    def __init__(self, **base):
        super().__init__(name="named", **base)


class Decay(regularizers.L2):
    """Fixes its factor."""

    def __init__(self, **base):
        super().__init__(l2=0.125, **base)


class Passing(regularizers.L1L2):
    """Passes on everything."""

    def __init__(self, *args, **base):
        super().__init__(*args, **base)


def _fixing():
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1, kernel_regularizer=Decay())])
    model.compile("sgd", Summed(name="summed"), metrics=[Named(dtype="float32")])
    return model


FIXING = {"Summed": Summed, "Named": Named, "Decay": Decay}


@pytest.mark.parametrize("ending", ["lamina", "keras"])
def test_arguments_that_a_class_fixes_are_not_passed_twice(ending, tmp_path):
    """Its configuration has those that it was given, and no others of its base."""
    if ending == "keras":
        pytest.importorskip("h5py")
    model = _fixing()
    x, y = [[1.0, 2.0]] * 4, [[1.0]] * 4
    wanted = model.evaluate(x, y, verbose=0)
    model.save(tmp_path / f"m.{ending}")
    loaded = load_model(tmp_path / f"m.{ending}", custom_objects=FIXING)
    assert loaded.evaluate(x, y, verbose=0) == wanted
    assert loaded.metrics_names == ["loss", "named"]
    assert loaded.layers[-1].kernel_regularizer.l2 == 0.125


def test_objects_that_fix_arguments_are_cloned():
    """A copy of a model, and objects made from configurations, fix the same arguments."""
    model = _fixing()
    with lamina.saving.custom_object_scope(FIXING):
        again = lamina.models.clone_model(model)
    assert again.layers[-1].kernel_regularizer.l2 == 0.125
    loss = Summed.from_config(Summed(name="summed").get_config())
    assert (loss.name, loss.reduction) == ("summed", "sum")
    metric = Named.from_config(Named(dtype="float32").get_config())
    assert (metric.name, metric.dtype) == ("named", "float32")


def test_positional_arguments_are_passed_on():
    """They have the names of the base's constructor."""
    again = Passing.from_config(Passing(0.25, l2=0.5).get_config())
    assert (again.l1, again.l2) == (0.25, 0.5)
    assert copy.deepcopy(again).get_config() == again.get_config()


class Keeping:
    """A mix-in that passes everything on."""

    def __init__(self, **base):
        super().__init__(**base)
        self.kept = True


class Mixed(Keeping, regularizers.L2):
    """Inherits the constructor of the mix-in."""


def test_a_constructor_of_a_mix_in_passes_on():
    """It is no class of the library's that notes the arguments."""
    assert Mixed.from_config(Mixed(l2=0.5).get_config()).l2 == 0.5


class Noted(losses.Loss):
    """Adds an argument to its configuration and forgets another."""

    def __init__(self, factor=1.0, note="", **base):
        super().__init__(**base)
        self._factor, self._note = factor, note

    def call(self, y_true, y_pred):
        """Return the scaled error of each row."""
        return self._factor * ops.mean(ops.square(y_true - y_pred), axis=-1)

    def get_config(self):
        """Add the note alone."""
        return {**super().get_config(), "note": self._note}


class Whole(Noted):
    """Adds what its base forgets."""

    def __init__(self, **base):
        super().__init__(**base)

    def get_config(self):
        """Add the factor."""
        return {**super().get_config(), "factor": self._factor}


def test_an_argument_that_get_config_does_not_add_is_named(tmp_path):
    """It would be the default in the loaded model."""
    with pytest.raises(AttributeError, match=r"Noted has no attribute 'factor'.*get_config"):
        Noted(10.0).get_config()
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    model.compile("sgd", Noted(10.0))
    with pytest.raises(AttributeError, match="factor"):
        model.save(tmp_path / "m.lamina")
    assert Whole.from_config(Whole(factor=10.0, note="n").get_config())._factor == 10.0


def test_whether_a_model_is_compiled():
    """The attribute is a truth value, as in Keras."""
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    assert model.compiled is False
    model.compile("sgd", "mse")
    assert model.compiled is True


class Prepared(lamina.Sequential):
    """Says itself when it is compiled."""

    def compile(self, *args, **options):
        """Set the attribute, as models written for Keras do."""
        super().compile(*args, **options)
        self.compiled = True


def test_a_subclass_may_say_that_it_is_compiled():
    """The attribute is not fixed."""
    model = Prepared([lamina.Input((2,)), layers.Dense(1)])
    assert model.compiled is False
    model.compile("sgd", "mse")
    assert model.compiled is True
    model.compiled = False
    assert model.compiled is False
    lamina.Sequential.compile(model, "sgd", "mse")
    assert model.compiled is True
