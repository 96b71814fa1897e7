"""Iris behind FastAPI: `uvicorn fastapi_server:app`, with the model in EVERGREEN_BENCH_MODEL."""

import os

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel, Field

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["EVERGREEN_BENCH_MODEL"], options, providers=["CPUExecutionProvider"])
app = FastAPI()


class Row(BaseModel):
    sepal_length: float = Field(ge=0, le=30)
    sepal_width: float = Field(ge=0, le=30)
    petal_length: float = Field(ge=0, le=30)
    petal_width: float = Field(ge=0, le=30)


class Rows(BaseModel):
    rows: list[Row]


@app.post("/predict")
async def predict(body: Rows) -> dict:
    numbers = np.array(
        [(row.sepal_length, row.sepal_width, row.petal_length, row.petal_width) for row in body.rows],
        dtype=np.float32,
    )
    (labels,) = session.run(["label"], {"numbers": numbers})
    return {"predictions": [{"label": label} for label in labels]}
