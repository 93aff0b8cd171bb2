"""Commands of the Databricks extension."""

from pyforge_cli.extensions.databricks.environment import get_environment_info


def env_info():
    """Prints where this process runs."""
    for name, value in get_environment_info().items():
        print(f"{name}: {value}")


COMMANDS = {"env-info": env_info}

__all__ = ["COMMANDS", "env_info"]
