"""Explains a trained model: explanation.json of the package."""

from .document import Folds, explain_model

__all__ = ["Folds", "explain_model"]
