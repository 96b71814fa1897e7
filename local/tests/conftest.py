import io
import zipfile

import pytest
from engine_process import start_engine
from training_support import TrainingBench


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    started = start_engine(tmp_path_factory.mktemp("engine") / "state")
    yield started
    assert started.stop() == 0


@pytest.fixture(scope="session")
def bench(engine):
    return TrainingBench(engine)


@pytest.fixture(scope="session")
def function(engine):
    """Builder of Node functions: `function("name", "body of the handler")` answers its ARN."""
    functions = engine.client("lambda")

    def build(name: str, body: str, **settings) -> str:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.js", f"exports.handler = async (event, context) => {{ {body} }};")
        return functions.create_function(
            FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Timeout=10, Code={"ZipFile": packed.getvalue()},
            Role="arn:aws:iam::000000000000:role/function", **settings)["FunctionArn"]

    return build
