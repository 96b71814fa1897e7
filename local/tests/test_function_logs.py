import queue
import threading
import time

from evergreen_engine.functions.node_worker import _END_OF_LOG, read_to_mark


def said(*lines):
    found = queue.Queue()
    for line in lines:
        found.put(line)
    return found


def mark(request_id):
    return f"{_END_OF_LOG}{request_id}"


def alive():
    return True


def test_a_call_ends_at_its_mark():
    lines = said("one", "two", mark("a"), "of the next call")
    assert read_to_mark(lines, "a", alive, 1) == ["one", "two"]


def test_lines_that_a_busy_machine_reads_late_belong_to_their_call():
    lines = queue.Queue()
    threading.Timer(0.5, lambda: [lines.put(line) for line in ("late", mark("a"))]).start()
    assert read_to_mark(lines, "a", alive, 5) == ["late"]


def test_a_mark_that_came_too_late_does_not_end_the_call_after():
    lines = said("one")
    assert read_to_mark(lines, "a", alive, 0.1) == ["one"]
    for line in ("more of one", mark("a"), "two", mark("b")):
        lines.put(line)
    assert read_to_mark(lines, "b", alive, 1) == ["more of one", "two"]
    lines.put("three")
    lines.put(mark("c"))
    assert read_to_mark(lines, "c", alive, 1) == ["three"]


def test_a_process_that_ended_is_not_waited_for():
    began = time.monotonic()
    assert read_to_mark(said("last words"), "a", lambda: False, 30) == ["last words"]
    assert time.monotonic() - began < 5


def test_calls_of_a_function_are_told_with_their_own_lines_and_at_once(engine, function):
    lambdas, logs = engine.client("lambda"), engine.client("logs")
    function("talker", "console.log('said ' + event); return 1;")
    lambdas.invoke(FunctionName="talker", Payload='"first"')
    began = time.monotonic()
    for name in ("second", "third"):
        lambdas.invoke(FunctionName="talker", Payload=f'"{name}"')
        events = logs.filter_log_events(logGroupName="/aws/lambda/talker")["events"]
        assert any(f"said {name}" in event["message"] for event in events)
    assert time.monotonic() - began < 3
