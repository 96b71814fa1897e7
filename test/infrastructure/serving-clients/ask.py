"""Asks a server with the clients of others, and prints what they understood as JSON.

Usage: ask.py <host:port>
"""

import json
import sys
import types

import numpy as np
import pandas as pd
import requests
import tritonclient.http as triton
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
from tritonclient.utils import InferenceServerException

# MLflow's client asks whether there is scipy.sparse in a way that fails without SciPy, which is larger than all the rest.
sys.modules.setdefault("scipy", types.ModuleType("scipy")).__path__ = []

ROWS = 1000
COLUMNS = {
    "length": ("FP64", np.linspace(1, 9, ROWS)),
    "width": ("FP32", np.where(np.arange(ROWS) % 3 == 0, np.nan, 1.7).astype(np.float32)),
    "petals": ("INT64", np.arange(ROWS) % 20),
    "wild": ("BOOL", np.arange(ROWS) % 2 == 0),
    "colour": ("BYTES", np.array(["red", "blue", "white", ""], dtype=object)[np.arange(ROWS) % 4]),
}


def tensors(*, binary: bool, width: bool = True):
    inputs = []
    for name, (datatype, values) in COLUMNS.items():
        if name == "width" and not width:
            continue
        tensor = triton.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=binary)
        inputs.append(tensor)
    return inputs


def ask_triton(url: str) -> dict:
    client = triton.InferenceServerClient(url)
    outputs = [triton.InferRequestedOutput(name, binary_data=False) for name in ("label", "scores")]

    def labels(**options):
        texts = client.infer("flowers", **options).as_numpy("label")
        # Out of bytes they come as bytes.
        return [text.decode() if isinstance(text, bytes) else text for text in texts]

    def refusal(**options):
        try:
            client.infer(**options)
        except InferenceServerException as refused:
            return [str(refused.status()), refused.message()]
        return None

    with_scores = client.infer("flowers", tensors(binary=False, width=False), outputs=outputs)
    binary_scores = client.infer("flowers", tensors(binary=True))
    json_scores = client.infer("flowers", tensors(binary=True), outputs=outputs)
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "modelReady": [client.is_model_ready("flowers", version) for version in ("", "1", "7")],
        "server": client.get_server_metadata(),
        "model": client.get_model_metadata("flowers", "1"),
        "json": labels(inputs=tensors(binary=False, width=False), outputs=outputs),
        "jsonOfVersion": labels(
            inputs=tensors(binary=False, width=False), model_version="1", outputs=outputs
        ),
        "scores": list(with_scores.as_numpy("scores").shape),
        # Without a word about outputs this client asks for binary ones.
        "binary": labels(inputs=tensors(binary=True)),
        "binaryScores": binary_scores.as_numpy("scores").tolist(),
        "jsonScores": json_scores.as_numpy("scores").tolist(),
        "isBinary": "binary_data_size" in binary_scores.get_output("scores")["parameters"],
        "missing": labels(inputs=tensors(binary=False)),
        "unknownVersion": refusal(
            model_name="flowers", inputs=tensors(binary=True), model_version="7"
        ),
        "unknownModel": refusal(model_name="roses", inputs=tensors(binary=True)),
    }


def ask_mlflow(url: str) -> dict:
    host, port = url.split(":")
    client = ScoringServerClient(host, port)
    client.wait_server_ready(timeout=10)
    frame = pd.DataFrame({name: values for name, (_, values) in COLUMNS.items()})
    frame["colour"] = frame["colour"].replace("", None)
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    columns = {name: values.tolist() for name, (_, values) in COLUMNS.items() if name != "width"}

    def post(body):
        return requests.post(f"http://{url}/invocations", json=body, timeout=10).json()

    refusal = None
    try:
        client.invoke(frame.drop(columns="length"))
    except Exception as refused:  # The client has no type of its own for it.
        refusal = str(refused)
    return {
        "frame": client.invoke(frame)["predictions"],
        "arrays": client.invoke([list(record.values()) for record in records])["predictions"],
        "records": post({"dataframe_records": records})["predictions"],
        "columns": post({"inputs": columns})["predictions"],
        "refusal": refusal,
    }


address = sys.argv[1]
print(json.dumps({"triton": ask_triton(address), "mlflow": ask_mlflow(address)}, default=str))
