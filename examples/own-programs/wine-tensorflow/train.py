"""A network of one hidden layer, trained by Keras; imputation and scaling come from fit_sklearn."""

import keras
import numpy as np
from evergreen_training import fit_sklearn, load_job, run_job, train_package
from onnx import TensorProto, helper, numpy_helper


class Network:
    """As scikit-learn's estimators, with an ONNX form of its own."""

    def __init__(self, hidden, epochs, learning_rate, seed):
        self.hidden, self.epochs, self.learning_rate, self.seed = hidden, epochs, learning_rate, seed

    def fit(self, rows, target):
        keras.utils.set_random_seed(self.seed)
        self.classes_, positions = np.unique(target, return_inverse=True)
        hidden = keras.layers.Dense(self.hidden, activation="relu")
        last = keras.layers.Dense(len(self.classes_), activation="softmax")
        self.network = keras.Sequential([keras.Input((rows.shape[1],)), hidden, last])
        optimizer = keras.optimizers.Adam(self.learning_rate)
        self.network.compile(optimizer, loss="sparse_categorical_crossentropy")
        curve = self.network.fit(rows.astype(np.float32), positions, epochs=self.epochs, verbose=0)
        print(f"epoch={self.epochs} train_loss={curve.history['loss'][-1]:.6f}", flush=True)
        return self

    def predict_proba(self, rows):
        return self.network.predict(rows.astype(np.float32), verbose=0)

    def to_onnx(self):
        # Two dense layers are four matrices; larger networks are written by tf2onnx or keras' own export.
        weights = [numpy_helper.from_array(each, f"w{i}") for i, each in enumerate(self.network.get_weights())]
        nodes = [
            helper.make_node("Gemm", ["rows", "w0", "w1"], ["hidden"]),
            helper.make_node("Relu", ["hidden"], ["active"]),
            helper.make_node("Gemm", ["active", "w2", "w3"], ["raw"]),
            helper.make_node("Softmax", ["raw"], ["probabilities"], axis=1),
        ]
        width = self.network.input_shape[1]
        given = helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", width])
        answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(self.classes_)])
        graph = helper.make_graph(nodes, "network", [given], [answer], weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        return model.SerializeToString()


def train():
    job = load_job()

    def fit(table):
        return fit_sklearn(job.definition, table, Network(**job.hyperparameters, seed=job.seed), scale=True)

    train_package(job, fit, algorithm="keras-network")


run_job(train)
