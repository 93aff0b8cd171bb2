"""Extensions in Python: the base class, and what is known of an extension."""

from pyforge_cli.extensions.base import BaseExtension, ExtensionLoadError, ExtensionMetadata, ExtensionState

__all__ = ["BaseExtension", "ExtensionLoadError", "ExtensionMetadata", "ExtensionState"]
