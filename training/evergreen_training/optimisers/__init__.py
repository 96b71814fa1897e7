"""Gradient descent written out: networks, losses, update rules, and the loop that walks downhill.

Read in this order: `network` (from rows to outputs and back), `losses` (how wrong outputs are), `update_rules` (what
one step does), `closed_form` (where no steps are needed), `descent` (the loop, its end and its curve), `estimator`
(all of it behind the interface of scikit-learn).
"""
