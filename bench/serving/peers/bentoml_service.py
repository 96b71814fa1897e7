"""Iris behind BentoML: `bentoml serve bentoml_service:Iris`, with the model in EVERGREEN_BENCH_MODEL."""

import os

import bentoml
import numpy as np
import onnxruntime
from pydantic import BaseModel, Field


class Row(BaseModel):
    sepal_length: float = Field(ge=0, le=30)
    sepal_width: float = Field(ge=0, le=30)
    petal_length: float = Field(ge=0, le=30)
    petal_width: float = Field(ge=0, le=30)


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Iris:
    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            os.environ["EVERGREEN_BENCH_MODEL"], options, providers=["CPUExecutionProvider"]
        )

    @bentoml.api
    def predict(self, rows: list[Row]) -> dict:
        numbers = np.array(
            [(row.sepal_length, row.sepal_width, row.petal_length, row.petal_width) for row in rows],
            dtype=np.float32,
        )
        (labels,) = self.session.run(["label"], {"numbers": numbers})
        return {"predictions": [{"label": label} for label in labels]}
