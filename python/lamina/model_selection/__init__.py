"""Model selection: cross-validation, searches over settings, errors over size.

- ``cross_validate``, ``grid_search``, ``random_search``: scikit-learn's arguments and results, for
  compiled models, functions that build them, and estimators; scikit-learn is needed:
  ``pip install "lamina[sklearn]"``
- ``one_standard_error``: the simplest setting that is about as good as the best
- ``Bootstrap``: a splitter of rows drawn with replacement
- ``complexity_path``: errors, weight norm and effective degrees of freedom over the size of a model
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.model_selection.complexity import ComplexityPath, complexity_path
from lamina.model_selection.simplest import one_standard_error

if TYPE_CHECKING:
    from lamina.model_selection.cross import cross_validate
    from lamina.model_selection.results import CrossValidation
    from lamina.model_selection.search import grid_search, random_search
    from lamina.model_selection.searched import Search
    from lamina.model_selection.splits import Bootstrap

__all__ = [
    "Bootstrap",
    "ComplexityPath",
    "CrossValidation",
    "Search",
    "complexity_path",
    "cross_validate",
    "grid_search",
    "one_standard_error",
    "random_search",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # the parts that need scikit-learn are imported when they are used
    __getattr__ = answering(
        __name__,
        {
            "Bootstrap": "lamina.model_selection.splits:Bootstrap",
            "CrossValidation": "lamina.model_selection.results:CrossValidation",
            "Search": "lamina.model_selection.searched:Search",
            "cross_validate": "lamina.model_selection.cross:cross_validate",
            "grid_search": "lamina.model_selection.search:grid_search",
            "random_search": "lamina.model_selection.search:random_search",
        },
    )
