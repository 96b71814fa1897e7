"""Writes iris.csv beside this file from the copy of the data set that scikit-learn carries.

Run with the packages of training/requirements.txt: ``python models/iris/data/make.py``.
"""

from pathlib import Path

from sklearn.datasets import load_iris

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width", "species")

iris = load_iris()
lines = [",".join(COLUMNS)]
for lengths, species in zip(iris.data, iris.target, strict=True):
    lines.append(",".join([*(f"{length:.1f}" for length in lengths), iris.target_names[species]]))
target = Path(__file__).with_name("iris.csv")
target.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
