"""Work on a thread of its own, so that the calling one can be asked to end, and what that thread has a session of Spark do, under a tag by
which any thread can interrupt it."""

import threading
import time


def begin(name, ask, state):
    """Calls ask() on a thread of its own, so that the calling one can be asked to end. Gives an event that is set when state has its
    "answer" or its "error"."""
    done = threading.Event()

    def work():
        try:
            state["answer"] = ask()
        except BaseException as error:
            state["error"] = error
        finally:
            done.set()

    threading.Thread(target=work, name=name, daemon=True).start()
    return done


def wait(done, watch):
    """watch() raises when it is to end."""
    while not done.wait(0.2):
        watch()


def answer(state):
    if "error" in state:
        raise state["error"]
    return state["answer"]


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


class Operation:
    """is_ended: the calling thread was asked to end, and what run() raises is that."""

    def __init__(self, session, kind, token):
        self.session, self.kind, self.token = session, kind, token
        self.is_ended = False

    def tagged(self, begin):
        """Marks what this thread starts, so that it can be interrupted; a server that knows no tags goes without."""
        try:
            if self.kind == "classic":
                context = self.session.sparkContext
                (context.addJobTag if begin else context.removeJobTag)(self.token)
            else:
                (self.session.addTag if begin else self.session.removeTag)(self.token)
        except Exception:
            return False
        return True

    def interrupt(self):
        """Interrupts it, from any thread: whether any of it ran. None = nobody says."""
        try:
            if self.kind == "classic":
                self.session.sparkContext.cancelJobsWithTag(self.token)
                return None
            return bool(self.session.interruptTag(self.token))
        except Exception:
            return None

    def run(self, ask, watch, last_wait):
        """What ask() gives. watch() raises when it is to end: then it is interrupted, and waited for so many seconds."""

        def tagged():
            is_tagged = self.tagged(True)
            try:
                return ask()
            finally:
                if is_tagged:
                    self.tagged(False)

        state = {}
        done = begin("pyforge-spark", tagged, state)
        try:
            wait(done, watch)
        except BaseException:
            self.is_ended = True
            interrupt_until(done, self.interrupt, last_wait)
            raise
        return answer(state)


__all__ = ["Operation", "answer", "begin", "interrupt_until", "wait"]
