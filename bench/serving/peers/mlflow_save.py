"""Saves the model as MLflow serves it: `python mlflow_save.py <model.onnx> <folder>`."""

import sys

import mlflow.onnx
import onnx

mlflow.onnx.save_model(onnx.load(sys.argv[1]), sys.argv[2], onnx_session_options={"intra_op_num_threads": 1})
