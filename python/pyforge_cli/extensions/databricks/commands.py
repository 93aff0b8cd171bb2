"""The command of the Databricks extension that is Python; the others are its native half's."""


def install_datasets(volume_path):
    """Install sample datasets; they come with a later version.

    Usage: pyforge install-datasets VOLUME_PATH
    """
    from pyforge_cli.extensions.databricks.api import forge

    print(f"{volume_path}: {forge.install_sample_datasets(volume_path)['error']}")
    return 1


COMMANDS = {"install-datasets": install_datasets}

__all__ = ["COMMANDS", "install_datasets"]
