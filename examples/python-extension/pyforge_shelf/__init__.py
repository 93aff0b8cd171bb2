"""An extension of PyForge: a format, a storage scheme, an engine, a command, options and a hook. docs/extensions.md of PyForge goes through it."""

from pyforge_cli.extensions import BaseExtension, Option

from pyforge_shelf.storage import ShelfScheme, folder


class ShelfExtension(BaseExtension):
    name = "shelf"
    version = "1.0"
    description = "Arrow streams in files, and a shelf to put tables on"
    licence = "MIT"

    def is_available(self):
        """Nothing is imported here that may be missing: where pyarrow is not installed, the list says so, and nothing fails."""
        from importlib.util import find_spec

        self.unavailable_reason = "pyarrow is not installed: pip install pyarrow"
        return find_spec("pyarrow") is not None

    def initialize(self):
        return True

    # ---- what it adds; pyforge-extension.toml names the same

    def get_formats(self):
        from pyforge_shelf.arrows import ArrowsFormat

        return [ArrowsFormat()]

    def get_schemes(self):
        return [ShelfScheme()]

    def get_engines(self):
        from pyforge_shelf.sorting import SortEngine

        return [SortEngine()]

    def get_commands(self):
        return {"shelf": list_shelf}

    def get_options(self):
        return [
            Option(
                "shelf-compression",
                "choice",
                choices=["zstd", "snappy", "none"],
                help="How Parquet files on the shelf are compressed, unless --compression says otherwise.",
            ),
            Option("shelf-sort", help="Sort the rows by this column.", unit="COLUMN"),
        ]

    # ---- hooks

    def hook_pre_conversion(self, input_file, output_file, options):
        """Options to use. Those the user gave keep the user's values, whatever is said here."""
        if str(output_file).startswith("shelf:") and str(output_file).endswith(".parquet"):
            options["compression"] = options.get("shelf_compression", "zstd")
        return options


def list_shelf(argv):
    """List the files on the shelf.

    Usage: pyforge shelf [FOLDER]
    """
    scheme = ShelfScheme()
    if len(argv) > 1:
        print("Usage: pyforge shelf [FOLDER]")
        return 2
    waiting = ["shelf:" + (argv[0] if argv else "")]
    found = 0
    while waiting:
        for location, known in scheme.list(waiting.pop()):
            if known["directory"]:
                waiting.append(location)
            else:
                found += 1
                print(f"{known['size']:>12,}  {location}")
    if not found:
        print(f"The shelf is empty ({folder()}).")
    return 0
