"""Iris behind MLServer: `mlserver start <folder>`, with the model in EVERGREEN_BENCH_MODEL."""

import os

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Iris(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            os.environ["EVERGREEN_BENCH_MODEL"], options, providers=["CPUExecutionProvider"]
        )
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        numbers = NumpyCodec.decode_input(payload.inputs[0]).astype("float32")
        (labels,) = self.session.run(["label"], {"numbers": numbers})
        return InferenceResponse(model_name=self.name, outputs=[StringCodec.encode_output("label", list(labels))])
