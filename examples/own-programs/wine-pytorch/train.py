"""A network of one hidden layer, trained by PyTorch; imputation and scaling come from fit_sklearn."""

import io

import numpy as np
import torch
from evergreen_training import fit_sklearn, load_job, run_job, train_package
from torch import nn


class Network:
    """As scikit-learn's estimators, with an ONNX form of its own."""

    def __init__(self, hidden, epochs, learning_rate, seed):
        self.hidden, self.epochs, self.learning_rate, self.seed = hidden, epochs, learning_rate, seed

    def fit(self, rows, target):
        torch.manual_seed(self.seed)
        self.classes_, positions = np.unique(target, return_inverse=True)
        given, wanted = torch.tensor(rows, dtype=torch.float32), torch.tensor(positions)
        layers = [nn.Linear(rows.shape[1], self.hidden), nn.ReLU(), nn.Linear(self.hidden, len(self.classes_))]
        self.network = nn.Sequential(*layers)
        optimizer = torch.optim.Adam(self.network.parameters(), lr=self.learning_rate)
        for epoch in range(1, self.epochs + 1):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(self.network(given), wanted)
            loss.backward()
            optimizer.step()
            if epoch % 50 == 0:
                print(f"epoch={epoch} train_loss={loss.item():.6f}", flush=True)
        return self

    def predict_proba(self, rows):
        with torch.no_grad():
            return torch.softmax(self.network(torch.tensor(rows, dtype=torch.float32)), dim=1).numpy()

    def to_onnx(self):
        answering = nn.Sequential(self.network, nn.Softmax(dim=1)).eval()
        width = self.network[0].in_features
        file = io.BytesIO()
        dynamic = ({0: torch.export.Dim("rows")},)
        program = torch.onnx.export(
            answering, (torch.zeros(2, width),), dynamo=True, opset_version=18, dynamic_shapes=dynamic
        )
        program.save(file)
        return file.getvalue()


def train():
    job = load_job()

    def fit(table):
        return fit_sklearn(job.definition, table, Network(**job.hyperparameters, seed=job.seed), scale=True)

    train_package(job, fit, algorithm="pytorch-network")


run_job(train)
