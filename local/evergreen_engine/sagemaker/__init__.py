"""SageMaker's training, processing and tuning jobs, run as processes of this machine."""
