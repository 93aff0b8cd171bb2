"""Commands of the Databricks extension. Volumes are folders, as Databricks shows them to every process."""

import os
import re

from pyforge_cli.extensions.databricks.environment import get_environment_info

VOLUMES = "/Volumes"


def env_info():
    """Tell where this process runs.

    Usage: pyforge env-info
    """
    for name, value in get_environment_info().items():
        print(f"{name}: {value}")


def _folders(path):
    try:
        return sorted(entry.path for entry in os.scandir(path) if entry.is_dir())
    except OSError:
        return []


def list_volumes():
    """List the Unity Catalog volumes that can be seen from here.

    Usage: pyforge list-volumes
    """
    if not os.path.isdir(VOLUMES):
        print(f"There is no {VOLUMES} here: volumes are seen inside Databricks.")
        return 1
    volumes = [volume for catalog in _folders(VOLUMES) for schema in _folders(catalog) for volume in _folders(schema)]
    for volume in volumes:
        print(volume)
    if not volumes:
        print(f"No volumes in {VOLUMES}.")
    return 0


def validate_volume(volume_path):
    """Say whether a path is of a volume, is there, and can be written to.

    Usage: pyforge validate-volume VOLUME_PATH
    """
    if not re.fullmatch(re.escape(VOLUMES) + r"(/[^/]+){3,}/?", volume_path):
        print(f"{volume_path}: not a path of a volume, which is {VOLUMES}/CATALOG/SCHEMA/VOLUME and perhaps more")
        return 1
    if not os.path.exists(volume_path):
        print(f"{volume_path}: there is nothing, or it may not be seen")
        return 1
    if not os.access(volume_path, os.W_OK):
        print(f"{volume_path}: can be read, but not written to")
        return 1
    print(f"{volume_path}: can be read and written to")
    return 0


def install_datasets(volume_path):
    """Install sample datasets; they come with a later version.

    Usage: pyforge install-datasets VOLUME_PATH
    """
    from pyforge_cli.extensions.databricks.api import forge

    print(f"{volume_path}: {forge.install_sample_datasets(volume_path)['error']}")
    return 1


COMMANDS = {
    "env-info": env_info,
    "install-datasets": install_datasets,
    "list-volumes": list_volumes,
    "validate-volume": validate_volume,
}

__all__ = ["COMMANDS", "env_info", "install_datasets", "list_volumes", "validate_volume"]
