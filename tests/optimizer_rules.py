"""Optimizers with settings that matter, for the tests of each of them."""

from lamina import optimizers

SHAPES = [(5, 3), (3,), (3, 2), (2,)]

# name: (class, settings)
RULES = {
    "sgd": ("SGD", {"learning_rate": 0.1}),
    "sgd_decay": ("SGD", {"learning_rate": 0.1, "weight_decay": 0.1}),
    "momentum": ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.01}),
    "rmsprop_momentum": ("RMSprop", {"learning_rate": 0.01, "momentum": 0.5}),
    "rmsprop_centered": ("RMSprop", {"learning_rate": 0.01, "centered": True}),
    "rmsprop_all": (
        "RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.8, "weight_decay": 0.01},
    ),
    "adam": ("Adam", {"learning_rate": 0.05}),
    "amsgrad": ("Adam", {"learning_rate": 0.05, "amsgrad": True, "beta_2": 0.9}),
    "adam_decay": ("Adam", {"learning_rate": 0.05, "weight_decay": 0.1}),
    "adamw": ("AdamW", {"learning_rate": 0.05, "weight_decay": 0.1, "epsilon": 1e-3}),
    "adagrad": ("Adagrad", {"learning_rate": 0.1, "weight_decay": 0.1}),
    "adamax": ("Adamax", {"learning_rate": 0.1, "beta_2": 0.6}),
    "nadam": ("Nadam", {"learning_rate": 0.1, "beta_2": 0.6}),
    "lion": ("Lion", {"learning_rate": 0.1, "beta_2": 0.6}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0, "rho": 0.3}),
    "ftrl": (
        "Ftrl",
        {"learning_rate": 0.1, "learning_rate_power": -0.8, "l1_regularization_strength": 0.1,
         "l2_regularization_strength": 0.2, "l2_shrinkage_regularization_strength": 0.3,
         "beta": 0.4},
    ),
    "lamb": ("Lamb", {"learning_rate": 0.05, "beta_2": 0.9, "weight_decay": 0.1}),
    "rprop": ("Rprop", {"learning_rate": 0.01}),
    "adafactor": ("Adafactor", {"learning_rate": 0.05, "clip_threshold": 0.5}),
    "muon": (
        "Muon", {"learning_rate": 0.05, "adam_lr_ratio": 0.5, "rms_rate": None, "nesterov": False},
    ),
    "muon_scaled": ("Muon", {"learning_rate": 0.05, "weight_decay": 0.1, "ns_steps": 3}),
    "schedule_free": ("ScheduleFreeAdamW", {"learning_rate": 0.05, "warmup_steps": 10}),
    "ema": ("Adam", {"learning_rate": 0.05, "use_ema": True, "ema_momentum": 0.8}),
    "ema_overwrites": (
        "SGD",
        {"learning_rate": 0.1, "momentum": 0.9, "use_ema": True, "ema_overwrite_frequency": 7},
    ),
    "accumulated": (
        "AdamW",
        {"learning_rate": 0.05, "gradient_accumulation_steps": 3, "clipnorm": 0.3,
         "use_ema": True, "ema_overwrite_frequency": 5},
    ),
    "scaled_loss": ("Adam", {"learning_rate": 0.05, "loss_scale_factor": 3.0, "amsgrad": True}),
    "clipvalue": ("Adam", {"learning_rate": 0.05, "clipvalue": 0.01}),
    "clipnorm": ("SGD", {"learning_rate": 0.1, "clipnorm": 0.1}),
    "global_clipnorm": ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.1}),
}  # fmt: skip


def make(name):
    cls, settings = RULES[name]
    return getattr(optimizers, cls)(**settings)
