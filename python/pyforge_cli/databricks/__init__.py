"""Detection of Databricks under the names of 1.0.9; what decides is pyforge_cli.extensions.databricks.environment."""

import sys

from pyforge_cli.extensions.databricks.environment import facts


class DatabricksEnvironment:
    def __init__(self, env_vars, is_databricks=False, version=None, is_serverless=None):
        self.env_vars = dict(env_vars)
        said = self.env_vars.get("IS_SERVERLESS", "").lower() in ("1", "true", "yes")
        self._is_serverless = said if is_serverless is None else is_serverless
        self._is_databricks = is_databricks
        self._version = version

    @property
    def is_databricks(self):
        return self._is_databricks

    @property
    def version(self):
        return self._version

    @property
    def cluster_id(self):
        return self.env_vars.get("DATABRICKS_CLUSTER_ID")

    @property
    def workspace_id(self):
        return self.env_vars.get("DATABRICKS_WORKSPACE_ID")

    def is_serverless(self):
        return self._is_databricks and self._is_serverless

    def get_environment_info(self):
        return {
            "is_databricks": self.is_databricks,
            "version": self.version,
            "is_serverless": self.is_serverless(),
            "cluster_id": self.cluster_id,
            "workspace_id": self.workspace_id,
            "python_version": sys.version.split()[0],
            "env_vars": self.env_vars,
        }


# Variables whose values are secrets: they are never copied.
_SECRET = ("TOKEN", "SECRET", "PASSWORD", "KEY")


def detect_databricks_environment():
    import os

    found = facts()
    variables = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("DATABRICKS_", "DB_", "SPARK_", "IS_SERVERLESS")) and not any(word in name for word in _SECRET)
    }
    return DatabricksEnvironment(variables, found["is_databricks"], found["runtime_version"], found["is_serverless"])


def is_running_in_databricks():
    return detect_databricks_environment().is_databricks


def is_running_in_serverless():
    return detect_databricks_environment().is_serverless()


__all__ = ["DatabricksEnvironment", "detect_databricks_environment", "is_running_in_databricks", "is_running_in_serverless"]
