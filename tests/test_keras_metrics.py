"""Metrics equal Keras's: over settings, weights and batches, alone and in a model."""

import copy
import pickle

import numpy as np
import pytest

import golden
import lamina
from lamina import layers, metrics

theirs = golden.Peer("keras.metrics")
ROWS = 24
RNG = np.random.default_rng(21)
CHANCES = RNG.uniform(0.02, 0.98, (ROWS, 3)).astype("float32")
OUTCOMES = RNG.integers(0, 2, (ROWS, 3)).astype("float32")
SHARES = (CHANCES / CHANCES.sum(axis=1, keepdims=True)).astype("float32")
LABELS = RNG.integers(0, 3, ROWS).astype("int32")
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
SIGNED = RNG.normal(size=(ROWS, 3)).astype("float32")
REAL = (SIGNED + RNG.normal(size=(ROWS, 3)) / 2).astype("float32")
POSITIVE, COUNTS = np.exp(SIGNED), RNG.poisson(2.0, (ROWS, 3)).astype("float32")
WEIGHT = RNG.uniform(0.2, 2.0, ROWS).astype("float32")
WHOLE = RNG.integers(1, 4, ROWS).astype("float32")  # Keras truncates weights of IoU to integers

DATA = {
    "binary": (OUTCOMES, CHANCES), "classes": (ONE_HOT, SHARES), "labels": (LABELS, SHARES),
    "real": (REAL, SIGNED), "counts": (COUNTS, POSITIVE), "logits": (OUTCOMES, SIGNED),
    "class logits": (ONE_HOT, SIGNED), "label logits": (LABELS, SIGNED),
    "column": (OUTCOMES[:, :1], CHANCES[:, :1]), "flat": (OUTCOMES[:, 0], CHANCES[:, 0]),
    "predicted": (LABELS, LABELS[::-1].copy()),
}  # fmt: skip
CASES = [
    ("Accuracy", "predicted", {}),
    ("BinaryAccuracy", "binary", {"threshold": 0.3}),
    ("CategoricalAccuracy", "classes", {}),
    ("SparseCategoricalAccuracy", "labels", {}),
    ("TopKCategoricalAccuracy", "classes", {"k": 2}),
    ("SparseTopKCategoricalAccuracy", "labels", {"k": 2}),
    ("BinaryCrossentropy", "binary", {"label_smoothing": 0.1}),
    ("BinaryCrossentropy", "logits", {"from_logits": True}),
    ("CategoricalCrossentropy", "classes", {"label_smoothing": 0.1}),
    ("CategoricalCrossentropy", "class logits", {"from_logits": True}),
    ("SparseCategoricalCrossentropy", "labels", {}),
    ("SparseCategoricalCrossentropy", "label logits", {"from_logits": True, "ignore_class": 1}),
    ("CategoricalHinge", "class logits", {}), ("Hinge", "logits", {}),
    ("SquaredHinge", "logits", {}), ("KLDivergence", "classes", {}), ("Poisson", "counts", {}),
    ("LogCoshError", "real", {}), ("MeanAbsolutePercentageError", "real", {}),
    ("MeanSquaredLogarithmicError", "counts", {}), ("CosineSimilarity", "real", {}),
    ("PearsonCorrelation", "real", {}), ("ConcordanceCorrelation", "real", {}),
    ("MeanSquaredError", "real", {}), ("MeanAbsoluteError", "real", {}),
    ("RootMeanSquaredError", "real", {}), ("R2Score", "real", {}),
    ("R2Score", "real", {"class_aggregation": None}),
    *[(name, data, settings)
      for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")
      for data, settings in [("binary", {}), ("flat", {"thresholds": [0.7, 0.2]})]],
    *[(name, data, settings)
      for name in ("Precision", "Recall")
      for data, settings in [("binary", {}), ("column", {"thresholds": 0.4}), ("flat", {}),
                             ("binary", {"thresholds": [0.9, 0.1, 0.5]}),
                             ("classes", {"top_k": 2}), ("classes", {"top_k": 1, "class_id": 2}),
                             ("binary", {"class_id": 1, "thresholds": [0.0, 0.5, 1.0]})]],
    *[(name, data, {share: value, **settings})
      for name, share in [("SensitivityAtSpecificity", "specificity"),
                          ("SpecificityAtSensitivity", "sensitivity"),
                          ("PrecisionAtRecall", "recall"), ("RecallAtPrecision", "precision")]
      for data, value, settings in [("flat", 0.5, {}), ("binary", 0.7, {"num_thresholds": 12}),
                                    ("binary", 0.4, {"class_id": 2, "num_thresholds": 1})]],
    *[("AUC", data, {"curve": curve, "summation_method": method, "num_thresholds": 30})
      for curve, data in [("ROC", "flat"), ("PR", "binary"), ("PRGAIN", "binary")]
      for method in ("interpolation", "minoring", "majoring")],
    ("AUC", "binary", {"multi_label": True}),
    ("AUC", "binary", {"multi_label": True, "label_weights": [1.0, 2.0, 0.5], "curve": "PR"}),
    ("AUC", "binary", {"label_weights": [1.0, 2.0, 0.5], "thresholds": [0.1, 0.45, 0.8]}),
    ("AUC", "logits", {"from_logits": True}),
    *[("FBetaScore", "binary", {"average": average, "beta": 2.0, "threshold": 0.6})
      for average in (None, "micro", "macro", "weighted")],
    ("F1Score", "classes", {}), ("F1Score", "classes", {"average": "macro"}),
    ("IoU", "predicted", {"num_classes": 3, "target_class_ids": [0, 2]}),
    ("BinaryIoU", "flat", {"target_class_ids": [1], "threshold": 0.4}),
    ("BinaryIoU", "binary", {}),
    ("MeanIoU", "predicted", {"num_classes": 3, "ignore_class": 1}),
    ("MeanIoU", "labels", {"num_classes": 3, "sparse_y_pred": False}),
    ("OneHotIoU", "classes", {"num_classes": 3, "target_class_ids": [1]}),
    ("OneHotMeanIoU", "classes", {"num_classes": 3}),
]  # fmt: skip


def ident(case):
    return "-".join([case[0], case[1], *(f"{k}={v}" for k, v in case[2].items())])


def weights(name, data, settings):
    if "IoU" in name:
        return [None] if data == "binary" else [None, WHOLE]
    if settings.get("ignore_class") is not None:
        return [WEIGHT]  # without weights Keras counts ignored classes as 0
    return [None] if name == "R2Score" else [None, WEIGHT]


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_values_are_keras_s_whatever_the_batches(case):
    name, data, settings = case
    y, p = DATA[data]
    for weight in weights(*case):

        def question(weight=weight):
            metric = getattr(theirs, name)(**settings)
            for rows in (slice(0, 7), slice(7, ROWS)):
                by = None if weight is None else weight[rows]
                metric.update_state(y[rows], p[rows], sample_weight=by)
            return np.asarray(metric.result(), "float64")

        expected = golden.ask(question, y, p, 0 if weight is None else weight, name, repr(settings))
        for batch in (1, 5, ROWS):
            metric = getattr(metrics, name)(**settings)
            for start in range(0, ROWS, batch):
                rows = slice(start, start + batch)
                metric.update_state(y[rows], p[rows], None if weight is None else weight[rows])
            np.testing.assert_allclose(metric.result(), expected, rtol=2e-5, atol=2e-6)
        for same in (copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))):
            np.testing.assert_array_equal(same.result(), metric.result())
        again = type(metric).from_config(metric.get_config())
        again.update_state(y, p, weight)
        np.testing.assert_allclose(again.result(), metric.result(), rtol=1e-6)
        metric.reset_state()
        assert metric.result() == 0.0


SIGMOIDS = ["BinaryAccuracy", "BinaryCrossentropy", "Precision", "Recall", "AUC", "F1Score",
            "TruePositives", "PrecisionAtRecall", "BinaryIoU", "BrierScore", "ConfusionMatrix",
            "Hinge", "KLDivergence", "CosineSimilarity"]  # fmt: skip
SOFTMAX = ["SparseCategoricalAccuracy", "SparseCategoricalCrossentropy", "MeanIoU",
           "SparseTopKCategoricalAccuracy", "BrierScore", "ConfusionMatrix"]  # fmt: skip
SETTINGS = {"PrecisionAtRecall": {"recall": 0.5}, "SparseTopKCategoricalAccuracy": {"k": 2},
            "MeanIoU": {"num_classes": 3, "sparse_y_pred": False}}  # fmt: skip


def model_of(end, loss, names):
    model = lamina.Sequential(
        [lamina.Input((4, 2)), layers.Masking(), layers.Dense(3, end)], dtype="float64", seed=2
    )
    plain = [getattr(metrics, n)(**SETTINGS.get(n, {})) for n in names]
    weighted = [type(m)(**{**m.get_config(), "name": f"w_{m.name}"}) for m in plain]
    keep = [m for m in plain if m.name != "f1_score"]  # of one axis of columns
    model.compile(lamina.optimizers.SGD(0.0), loss, metrics=keep,
                  weighted_metrics=[m for m in weighted if m.name != "w_f1_score"])  # fmt: skip
    return model


@pytest.mark.parametrize("end", ["sigmoid", "softmax"])
def test_a_model_reports_what_the_metric_says_of_all_kept_positions(end):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(11, 4, 2))
    x[0] = x[3, 1:] = x[7, 2:] = 0.0
    kept = (x != 0).any(-1)
    names = SIGMOIDS if end == "sigmoid" else SOFTMAX
    y = rng.integers(0, 2, (11, 4, 3)) if end == "sigmoid" else rng.integers(0, 3, (11, 4))
    loss = "binary_crossentropy" if end == "sigmoid" else "sparse_categorical_crossentropy"
    model, weight = model_of(end, loss, names), rng.uniform(0.5, 2.0, 11)
    p = model.predict(x)
    for batch in (1, 4, 11):
        logs = model.evaluate(x, y, batch, sample_weight=weight, return_dict=True, verbose=0)
        history = model.fit(x, y, batch, sample_weight=weight, verbose=0).history
        for metric in model.metrics[1:]:
            alone = type(metric).from_config(metric.get_config())
            alone.reset_state()
            by = kept.astype(float)
            alone.update_state(y, p, by * weight[:, None] if metric.name[:2] == "w_" else by)
            for got in (logs[metric.name], history[metric.name][0], metric.result()):
                np.testing.assert_allclose(got, alone.result(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("listed", [[["mae", "mape"]], [["mae"], "mape"]])
def test_the_list_of_the_only_output_may_be_in_a_list(listed):
    x = np.random.default_rng(4).normal(size=(12, 1)).astype("float32")

    def logs(room):
        model = room.Sequential([room.Input((1,)), room.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=listed, weighted_metrics=[["mse"]])
        return sorted(model.evaluate(x, x, verbose=0, return_dict=True))

    assert logs(lamina) == golden.ask(lambda: logs(golden.Peer("keras")), listed, x)


def test_the_order_of_what_evaluate_returns_is_keras_s():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(12, 3)).astype("float32"), rng.integers(0, 2, (12, 1)).astype("float32")
    kernels = [rng.normal(size=(3, 1)).astype("float32") for _ in range(2)]
    given = {"metrics": [["mse", "AUC"], ["mae"]], "weighted_metrics": [[], ["mse"]]}

    def made(room, chosen):
        start = room.Input((3,))
        outputs = [room.layers.Dense(1, "sigmoid", name="zz")(start),
                   room.layers.Dense(1, "sigmoid", name="aa")(start)]  # fmt: skip
        model = room.Model(start, outputs)
        model.set_weights([a for k in kernels for a in (k, np.zeros(1, "float32"))])
        model.compile(room.optimizers.SGD(0.0), ["binary_crossentropy", "mse"], **chosen)
        return model

    def question():
        model = made(golden.Peer("keras"), given)
        logs = model.evaluate(x, [y, y], verbose=0, return_dict=True)
        history = model.fit(x, [y, y], validation_data=(x, [y, y]), verbose=0).history
        return [np.array(model.evaluate(x, [y, y], verbose=0)), list(logs), list(history)]

    values, keys, columns = golden.ask(question, x, y, kernels[0], kernels[1])
    model = made(lamina, given)
    np.testing.assert_allclose(model.evaluate(x, [y, y], verbose=0), values, rtol=1e-5)
    assert list(model.evaluate(x, [y, y], verbose=0, return_dict=True)) == keys
    assert len(model.metrics_names) == len(values)
    assert list(model.fit(x, [y, y], validation_data=(x, [y, y]), verbose=0).history) == columns
