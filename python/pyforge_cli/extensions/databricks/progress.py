"""What is seen while a conversion runs: in a notebook's cell one piece of HTML that is updated, on a terminal lines of text, in jobs and
pipes nothing. IPython is used where it already runs, and never imported for its own sake."""

import sys
import time
from html import escape

# Seconds: what is done sooner shows nothing; between two updates of a cell; between two lines of text.
_SHOWN_AFTER = 0.4
_CELL_EVERY = 0.25
_LINE_EVERY = 2.0
_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")


def size_text(count):
    """12 MB, 1.25 GB"""
    at = 0
    while count >= 999.5 and at < len(_UNITS) - 1:
        count /= 1000
        at += 1
    return f"{count:.3g} {_UNITS[at]}"


def time_text(seconds):
    """0.42 s, 8 s, 3 min 20 s"""
    if seconds < 10:
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{rest} s"


def has_front_end():
    """Whether this runs in the kernel of a notebook."""
    module = sys.modules.get("IPython")
    try:
        return getattr(module.get_ipython(), "kernel", None) is not None
    except Exception:  # not there, half imported, or broken
        return False


class _Cell:
    """One display of a notebook's cell."""

    every = _CELL_EVERY

    def __init__(self):
        from IPython.display import HTML, display

        self._html, self._display, self._handle = HTML, display, None

    def show(self, title, share, words, color):
        style = f" style='color:{color}'" if color else ""
        bar = "" if share is None else f" <progress max='1' value='{share:.4f}' style='vertical-align:middle'></progress>"
        html = self._html(f"<div{style}><b>{escape(title)}</b>{bar} {escape(words)}</div>")
        if self._handle is None:
            self._handle = self._display(html, display_id=True)
        else:
            self._handle.update(html)


class _Lines:
    """Lines on standard error."""

    every = _LINE_EVERY

    def show(self, title, share, words, color):
        print(f"{title}: {words}", file=sys.stderr, flush=True)


def _screen(wanted):
    if has_front_end():
        try:
            return _Cell()
        except Exception:  # a kernel without a working IPython.display
            return None
    try:
        return _Lines() if wanted or sys.stderr.isatty() and hasattr(sys, "ps1") else None
    except (AttributeError, ValueError):  # no standard error, or a closed one
        return None


class Bar:
    """The progress of one piece of work. What goes wrong in showing it ends the showing, never the work.

    wanted: False = never; True = on standard error, too, where there is no notebook; None = in notebooks and interactive terminals.
    """

    def __init__(self, title, wanted=None, clock=time.monotonic):
        self._title, self._clock = title, clock
        self._screen = None if wanted is False else _screen(wanted)
        self._next = clock() + _SHOWN_AFTER
        self._shown = False

    @property
    def is_seen(self):
        return self._screen is not None

    def _show(self, share, words, color=""):
        try:
            self._screen.show(self._title, share, words, color)
            self._shown = True
        except Exception:  # the front end went away
            self._screen = None

    def update(self, share, words):
        """words: text, or a function that makes it; nothing is made of it but a few times a second."""
        if self._screen is None or self._clock() < self._next:
            return
        self._next = self._clock() + self._screen.every
        self._show(share, words() if callable(words) else words)

    def __call__(self, progress):
        """What the library calls with a Progress."""
        self.update(progress.share, lambda: words_of(progress))

    def end(self, words, failed=False):
        """The last word, if anything was shown before."""
        if self._screen is not None and self._shown:
            self._show(None if failed else 1.0, words, "#b00020" if failed else "")


def words_of(progress):
    """45 %, 34 MB of 75.8 MB, 1,350,000 rows, 120 MB/s, 3 s left"""
    words = []
    if progress.share is not None:
        words.append(f"{progress.share:.0%}")
        words.append(f"{size_text(progress.bytes_read)} of {size_text(progress.bytes_total)}")
    else:
        words.append(size_text(progress.bytes_read))
    if progress.rows > 0:
        words.append(f"{progress.rows:,} rows")
    rate = progress.bytes_read / progress.seconds if progress.seconds > 0 else 0
    if rate > 0:
        words.append(f"{size_text(rate)}/s")
        if progress.share is not None and progress.share < 1:
            words.append(f"{time_text((progress.bytes_total - progress.bytes_read) / rate)} left")
    return ", ".join(words)


__all__ = ["Bar", "has_front_end", "size_text", "time_text", "words_of"]
