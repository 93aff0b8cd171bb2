"""Logging of extensions, under the logger pyforge_cli.extensions."""

import logging

_ROOT = "pyforge_cli.extensions"


class ExtensionLoggerAdapter(logging.LoggerAdapter):
    """Puts the extension's name before its messages."""

    def process(self, msg, kwargs):
        name = (self.extra or {}).get("extension")
        return (f"[{name}] {msg}" if name else msg), kwargs


def get_extension_logger(name):
    return logging.getLogger(f"{_ROOT}.{name}")


def setup_extension_logging(level=logging.INFO, log_file=None, console_output=True):
    """Sets the level and the handlers of the logger; those set by an earlier call go."""
    logger = logging.getLogger(_ROOT)
    logger.setLevel(level)
    for handler in [one for one in logger.handlers if getattr(one, "set_up_here", False)]:
        logger.removeHandler(handler)
        handler.close()
    handlers = [logging.StreamHandler()] if console_output else []
    if log_file is not None:
        handlers.append(logging.FileHandler(log_file, encoding="utf-8"))
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        handler.set_up_here = True
        logger.addHandler(handler)
    return logger


def configure_verbose_logging():
    return setup_extension_logging(logging.DEBUG)


__all__ = ["ExtensionLoggerAdapter", "configure_verbose_logging", "get_extension_logger", "setup_extension_logging"]
