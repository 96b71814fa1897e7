"""Training that goes on from the champion: a warm start on all rows, or an online update on the new ones."""
