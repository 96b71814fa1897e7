"""Differentially private training: an accountant, a noisy descent, and preprocessing that looks at no row.

What is protected: whether any one train row was there, in the weights of the model (model.onnx, state.json), against
whoever sees them all. What is not: the dataset, the golden rows, explanations and figures (scores on train rows) that
lie beside the model are computed from the rows without noise; each further training on the same rows spends its epsilon
anew; noise in floating point can leak in ways the theory does not know (Mironov 2012).
"""
