"""Answers to names given as strings that are not class names, such as ``compile(loss="cce")``.

They are abbreviations and names of other libraries, for which the nearest name would be misleading.
"""

from __future__ import annotations

from collections.abc import Mapping

OWN_METRIC = (
    "there is none; give compile a function f(y_true, y_pred) of one value a row, as "
    "metrics.MeanMetricWrapper does, or compute it from predict with scikit-learn"
)

LOSSES = {
    "use binary_crossentropy for sigmoids, categorical_crossentropy for one-hot targets, or "
    "sparse_categorical_crossentropy for targets that are numbers of classes": (
        "crossentropy ce cel xent logloss nll nllloss crossentropyloss softmaxcrossentropy "
        "multinomial deviance"
    ),
    "use categorical_crossentropy": "cce",
    "use sparse_categorical_crossentropy": "scce sparsecrossentropy",
    "use losses.BinaryCrossentropy(from_logits=True)": "bcewithlogits bcewithlogitsloss",
    "use binary_crossentropy": "bceloss logistic",
    "use mse, which has its minimum at the same place, and metrics=['rmse']": (
        "rmse rootmeansquarederror rmseloss"
    ),
    "use mse": "l2 l2loss mseloss squarederror",
    "use mae": "l1 l1loss maeloss absoluteerror",
    "use huber": "smoothl1 smoothl1loss huberloss",
    "use binary_focal_crossentropy or categorical_focal_crossentropy": "focal focalloss",
    "use kl_divergence": "kl kldiv kldivloss",
    "use cosine_similarity": "cosine cosineproximity cosineloss",
    "use hinge": "hingeloss",
    "use poisson": "poissonloss poissonnll poissonnllloss",
    "there is none; give compile a function of two tensors, written with lamina.ops": (
        "smape mdape rmsle tripletloss triplet contrastive gamma tweedie"
    ),
    "use pinball, or losses.Pinball(quantiles)": "quantile quantileloss pinballloss",
    "use gaussian_nll, or losses.GaussianNLL(predicts=...)": "gaussiannllloss normal",
    "use ctc": "ctcloss",
}

METRICS = {
    OWN_METRIC: ("smape mdape rmsle medae gini lift dice spearman perplexity maxerror bias"),
    "use metrics.Scorer of a scikit-learn function": (
        "averageprecision map balancedaccuracy kappa cohenkappa mcc matthews medianabsoluteerror "
        "explainedvariance jaccard"
    ),
    "use f1_score or fbeta_score": "f1 fscore fbeta",
    "use auc, or metrics.AUC(curve='PR')": "roc rocauc aucroc aucpr prauc",
    "use metrics.SensitivityAtSpecificity, metrics.Recall or metrics.SpecificityAtSensitivity": (
        "specificity sensitivity"
    ),
    "use top_k_categorical_accuracy or sparse_top_k_categorical_accuracy": (
        "topk topkaccuracy top5 top5accuracy"
    ),
    "use kl_divergence": "kl",
    "use cosine_similarity": "cosine cosineproximity",
    "use pearson_correlation": "corr correlation pearson pearsonr",
    "use brier_score": "brier",
    "use the loss, which evaluate gives": (
        "loss crossentropy logloss cce scce categoricalcrossentropyloss nll"
    ),
    "use accuracy": "accuracyscore",
}

OPTIMIZERS = {
    "use SGD(momentum=0.9)": "momentum sgdm",
    "use SGD(momentum=0.9, nesterov=True)": "nesterov nag",
    "use SGD": "gd gradientdescent",
    "it wraps others, and is given as an instance": "lossscaleoptimizer multioptimizer swa",
}

# By the kind of object that the string names.
TABLES: Mapping[str, Mapping[str, str]] = {
    "loss": LOSSES,
    "metric": METRICS,
    "optimizer": OPTIMIZERS,
}
