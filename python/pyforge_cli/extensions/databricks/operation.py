"""What a session of Spark is asked to do on a thread of its own, so that the calling one can be asked to end."""

import threading
import time

from pyforge_cli.extensions.databricks.waiting import answer, begin, wait


def interrupt_until(done, interrupt, seconds):
    """Interrupts again and again, as the server may get the call after the first word that it is to stop. A connection that is gone keeps
    whoever asks, so that is a thread of its own."""
    end = time.monotonic() + seconds

    def ask():
        while not done.is_set() and time.monotonic() < end:
            interrupt()
            done.wait(0.5)

    threading.Thread(target=ask, name="pyforge-spark-interrupt", daemon=True).start()
    done.wait(seconds)


def carried_out(operation, ask, watch, last_wait):
    """What ask() gives, under the tag of the operation. watch() raises when it is to end: then it is interrupted, and waited for so many
    seconds. What failed without an answer may still run: it is interrupted, too."""

    def tagged():
        if operation.kind == "classic":
            operation.session.createDataFrame([], "a int")  # makes it the session of this thread
        is_tagged = operation.tagged(True)
        try:
            return ask()
        finally:
            if is_tagged:
                operation.tagged(False)

    state = {}
    done = begin("pyforge-spark", tagged, state)
    try:
        wait(done, watch)
    except BaseException:
        interrupt_until(done, operation.interrupt, last_wait)
        raise
    if "error" in state:
        threading.Thread(target=operation.interrupt, name="pyforge-spark-interrupt", daemon=True).start()
    return answer(state)


__all__ = ["carried_out", "interrupt_until"]
