"""What lamina's multilayer perceptrons have besides scikit-learn's parameters."""

import copy

import numpy as np
import pytest

import lamina
from mlp_data import CLASSES, NUMBERS, TWO, WEIGHTS, X

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def ours():
    pytest.importorskip("sklearn")
    from lamina import sklearn as ours

    return ours


def test_settings_by_layer(ours):
    mlp = ours.MLPRegressor(
        hidden_layer_sizes=(8, 6), activation=["gelu", "tanh"], dropout=[0.0, 0.3], max_iter=3,
        batch_norm=True, random_state=0,
    ).fit(X, NUMBERS)  # fmt: skip
    kinds = [type(layer).__name__ for layer in mlp.model_.layers]
    block = ["Dense", "BatchNormalization", "Activation"]
    assert kinds == [*block, *block, "Dropout", "Dense"]
    assert [mlp.model_.layers[i].activation.name for i in (2, 5)] == ["gelu", "tanh"]
    assert np.abs(mlp.model_.layers[1].moving_mean).max() > 0
    np.testing.assert_array_equal(mlp.predict(X), mlp.model_.predict(X)[:, 0])
    again = ours.MLPRegressor(**mlp.get_params()).fit(X, NUMBERS)
    np.testing.assert_array_equal(again.predict(X), mlp.predict(X))
    other = ours.MLPRegressor(**{**mlp.get_params(), "dropout": 0.0}).fit(X, NUMBERS)
    assert not np.array_equal(other.predict(X), mlp.predict(X))


def test_an_l1_penalty_leaves_zeros(ours):
    settings = {"hidden_layer_sizes": (), "max_iter": 400, "learning_rate_init": 0.02,
                "random_state": 0, "alpha": 0.0, "n_iter_no_change": 400}  # fmt: skip
    y = 2 * X[:, 0] - X[:, 1]
    plain = ours.MLPRegressor(**settings).fit(X, y)
    sparse = ours.MLPRegressor(**settings, l1=40.0).fit(X, y)
    assert np.abs(plain.coefs_[0]).min() > 0
    assert (sparse.coefs_[0][2:] == 0).all()
    # The lasso's condition: the slope of the loss at each weight that is not 0.
    slope = X.T @ (sparse.predict(X) - y)
    np.testing.assert_allclose(slope[:2], [-40.0, 40.0], rtol=0.02)


@pytest.mark.parametrize("dtype", [None, "float32", np.float64])
def test_the_type_that_is_computed_in(ours, dtype):
    for given in ("float32", "float64"):
        for solver in ("adam", "lbfgs"):
            mlp = ours.MLPRegressor(hidden_layer_sizes=5, solver=solver, max_iter=2, dtype=dtype)
            mlp.fit(X.astype(given), NUMBERS)
            wanted = np.dtype(given if dtype is None else dtype)
            assert {w.dtype for w in mlp.coefs_ + mlp.intercepts_} == {wanted}
            assert mlp.predict(X).dtype == wanted


def test_classes_have_weights(ours):
    base = {"hidden_layer_sizes": 6, "random_state": 1, "max_iter": 5}
    by_class = {"ant": 1.0, "bee": 2.0, "cat": 5.0}
    given = ours.MLPClassifier(**base, class_weight=by_class).fit(X, CLASSES, WEIGHTS)
    same = ours.MLPClassifier(**base).fit(X, CLASSES, WEIGHTS * [by_class[c] for c in CLASSES])
    np.testing.assert_array_equal(given.coefs_[0], same.coefs_[0])
    counts = {c: 130 / (3 * np.sum(c == CLASSES)) for c in np.unique(CLASSES)}
    balanced = ours.MLPClassifier(**base, class_weight="balanced").fit(X, CLASSES)
    same = ours.MLPClassifier(**base, class_weight=counts).fit(X, CLASSES)
    np.testing.assert_array_equal(balanced.coefs_[0], same.coefs_[0])
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        balanced.partial_fit(X, CLASSES)


def test_held_out_rows_of_ones_own_and_callbacks(ours):
    seen = []

    class See(lamina.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(dict(logs))

    held = X[100:], NUMBERS[100:], WEIGHTS[100:]
    settings = {"hidden_layer_sizes": 6, "random_state": 0, "max_iter": 9,
                "learning_rate_init": 0.05}  # fmt: skip
    mlp = ours.MLPRegressor(**settings, validation_data=held, callbacks=See())
    mlp.fit(X[:100], NUMBERS[:100])
    assert [logs["val_score"] for logs in seen] == mlp.validation_scores_
    assert [logs["loss"] for logs in seen] == mlp.loss_curve_
    assert mlp.validation_scores_[-1] == pytest.approx(mlp.score(*held), rel=1e-12)
    error = np.average(np.square(mlp.predict(held[0]) - held[1]), weights=held[2]) / 2
    squares = sum(np.square(c).sum() for c in mlp.coefs_)
    expected = error + 1e-4 / 2 * squares / held[2].sum()
    assert seen[-1]["val_loss"] == pytest.approx(expected, rel=1e-12)
    plain = ours.MLPRegressor(**settings).fit(X[:100], NUMBERS[:100])
    np.testing.assert_array_equal(plain.coefs_[0], mlp.coefs_[0])  # the rest is unchanged
    early = ours.MLPRegressor(**settings, early_stopping=True)
    early.fit(X[:100], NUMBERS[:100], validation_data=held)
    assert early.validation_scores_ == mlp.validation_scores_
    assert early.score(*held) == pytest.approx(max(early.validation_scores_), rel=1e-12)
    fewer = ours.MLPClassifier(hidden_layer_sizes=6, max_iter=1, warm_start=True)
    one = CLASSES == "bee"
    for _ in range(2):  # the rows held out need not contain all classes
        fewer.fit(X, CLASSES, validation_data=(X[one], CLASSES[one]))
    assert len(fewer.validation_scores_) == 2
    stopped = ours.MLPRegressor(
        **settings, callbacks=[lamina.callbacks.EarlyStopping("val_score", mode="max",
                                                               min_delta=9.0, patience=1)],
        validation_data=held,
    ).fit(X[:100], NUMBERS[:100])  # fmt: skip
    assert stopped.n_iter_ == 2
    (given,), (used,) = stopped.callbacks, stopped.callbacks_
    assert (used.stopped_epoch, given.stopped_epoch, given.model) == (1, 0, None)


def test_losses_of_laminas(ours):
    mlp = ours.MLPRegressor("mae", hidden_layer_sizes=8, alpha=0.0, random_state=0, max_iter=4).fit(
        X, NUMBERS
    )
    before = copy.deepcopy(mlp)
    mlp.partial_fit(X, NUMBERS)  # its loss is that of one batch, before the steps
    expected = np.abs(before.predict(X) - NUMBERS).mean()
    assert mlp.loss_ == pytest.approx(expected, rel=1e-12)
    for loss in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        named = ours.MLPClassifier(8, loss=loss, random_state=0, max_iter=4).fit(X, CLASSES)
        usual = ours.MLPClassifier(8, random_state=0, max_iter=4).fit(X, CLASSES)
        np.testing.assert_allclose(named.coefs_[0], usual.coefs_[0], rtol=1e-10)
    focal = ours.MLPClassifier(8, loss=lamina.losses.BinaryFocalCrossentropy(gamma=0.0),
                               random_state=0, max_iter=4).fit(X, TWO)  # fmt: skip
    usual = ours.MLPClassifier(8, random_state=0, max_iter=4).fit(X, TWO)
    np.testing.assert_allclose(focal.coefs_[0], usual.coefs_[0], rtol=1e-5)


class OwnCrossentropy(lamina.losses.CategoricalCrossentropy):
    """A class of the user's."""


COMPARING = ["categorical_crossentropy", "sparse_categorical_crossentropy", "kl_divergence",
             "categorical_focal_crossentropy", lamina.losses.CategoricalHinge(),
             OwnCrossentropy()]  # fmt: skip


@pytest.mark.parametrize("loss", COMPARING)
def test_losses_that_compare_classes_have_two_units_for_two(ours, loss):
    settings = {"hidden_layer_sizes": 12, "random_state": 0, "learning_rate_init": 0.03}
    mlp = ours.MLPClassifier(loss=loss, max_iter=120, **settings)
    mlp.fit(X, np.where(TWO, "yes", "no"))
    assert (mlp.n_outputs_, mlp.out_activation_) == (2, "softmax")
    assert mlp.score(X, np.where(TWO, "yes", "no")) > 0.9
    np.testing.assert_allclose(mlp.predict_proba(X).sum(axis=1), 1, rtol=1e-12)
    mlp.partial_fit(X[TWO], np.full(TWO.sum(), "yes"))
    mlp.set_params(class_weight={"yes": 2.0, "no": 1.0}, max_iter=2).fit(
        X, np.where(TWO, "yes", "no")
    )


def test_two_units_of_a_crossentropy_are_trained_by_it(ours):
    mlp = ours.MLPClassifier(4, loss="categorical_crossentropy", random_state=0, max_iter=3)
    mlp.set_params(alpha=0.0).fit(X, TWO)
    before = copy.deepcopy(mlp)
    mlp.partial_fit(X, TWO)  # its loss is that of one batch, before the steps
    own = before.predict_proba(X)[np.arange(130), TWO.astype(int)]
    assert mlp.loss_ == pytest.approx(-np.log(own).mean(), rel=1e-12)
    early = ours.MLPClassifier(4, loss="categorical_crossentropy", early_stopping=True, max_iter=9)
    assert early.fit(X, TWO).best_validation_score_ in early.validation_scores_


def test_fits_together_give_each_loss_its_targets(ours):
    from lamina.model_selection import grid_search

    mlp = ours.MLPClassifier(4, random_state=0, max_iter=3)
    grid = [lamina.losses.BinaryCrossentropy(), lamina.losses.CategoricalCrossentropy(), "log_loss"]
    scores = grid_search(mlp, {"loss": grid}, X, TWO, cv=2, scoring="neg_log_loss", verbose=0)
    for place, loss in enumerate(grid):
        alone = [
            sum(np.log(m.predict_proba(X[test])[np.arange(len(test)), TWO[test].astype(int)]))
            / len(test)
            for train, test in scores.splits
            for m in [ours.MLPClassifier(4, random_state=0, max_iter=3, loss=loss)]
            if m.fit(X[train], TWO[train])
        ]
        found = scores.cv_results_["mean_test_score"][place]
        assert found == pytest.approx(np.mean(alone), rel=1e-12)
