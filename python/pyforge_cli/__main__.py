"""The command pyforge inside Python: the console script, python -m pyforge_cli, and main([...]) in a notebook."""

import codecs
import os
import sys


class _Writer:
    """Takes the command's bytes to a stream of Python's, binary where it can be had."""

    def __init__(self, stream):
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def __call__(self, text):
        if self.stream is None:  # pythonw and the like
            return True
        binary = getattr(self.stream, "buffer", None)
        try:
            if binary is None:
                self.stream.write(self.decoder.decode(text))
            else:
                self.stream.flush()
                binary.write(text)
            self.stream.flush()
        except (BrokenPipeError, ValueError):  # nobody reads any more, or it is closed
            return False
        return True

    def is_terminal(self):
        try:
            return bool(self.stream.isatty())
        except (AttributeError, ValueError):
            return False

    def width(self):
        try:
            return os.get_terminal_size(self.stream.fileno()).columns
        except (AttributeError, OSError, ValueError):
            return 0


def _wanted_width():
    """What COLUMNS says, or 0."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and len(columns) < 5 else 0


def run(words, own_process=False):
    """Carries out a command line and gives its exit code. own_process: signals are the command's to handle."""
    from pyforge_cli import _pyforge

    out, err = _Writer(sys.stdout), _Writer(sys.stderr)
    return _pyforge.command(
        ["pyforge", *(os.fsdecode(word) for word in words)],
        out,
        err,
        out.is_terminal(),
        err.is_terminal(),
        _wanted_width() or out.width(),
        err.width(),
        own_process,
    )


def _give_up_standard_output():
    """A closed pipe is found out when Python flushes at its end, and would be told with a trace."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _is_own_process():
    """Whether the interpreter was started for the command. A wheel task of Databricks calls main() inside a kernel, which keeps its
    signals; and only the main thread may set any."""
    threading = sys.modules.get("threading")
    return "ipykernel" not in sys.modules and (threading is None or threading.current_thread() is threading.main_thread())


def main(argv=None):
    """The console entry: SystemExit with the exit code on failure, None on success, so that a job's task turns red.

    Without argv, in a process of its own, signals get the system's defaults; else nothing is changed.
    """
    own_process = argv is None and _is_own_process()
    if own_process:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    code = run(sys.argv[1:] if argv is None else argv, own_process)
    if own_process:
        _give_up_standard_output()
    if code != 0:
        raise SystemExit(code)


if __name__ == "__main__":
    main()
