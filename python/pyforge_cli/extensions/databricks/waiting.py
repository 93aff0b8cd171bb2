"""A call on a thread of its own, that the calling thread waits for and can be asked to end."""

import threading


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


__all__ = ["answer", "begin", "wait"]
