"""DatabricksExtension: what the registry sees of the Databricks support."""

from pyforge_cli import __version__
from pyforge_cli.extensions.base import BaseExtension
from pyforge_cli.extensions.databricks.commands import COMMANDS
from pyforge_cli.extensions.databricks.environment import get_environment_info


class DatabricksExtension(BaseExtension):
    name = "databricks"
    version = __version__
    description = "Databricks Unity Catalog and Spark integration"

    def is_available(self):
        return True

    def initialize(self):
        self.initialized = True
        return True

    def get_commands(self):
        return dict(COMMANDS)

    def hook_environment_detection(self):
        return get_environment_info()

    def get_notebook_api(self):
        from pyforge_cli.extensions.databricks.api import forge

        return forge


__all__ = ["DatabricksExtension"]
