"""BaseConverter of 1.0.9, and what its converters share here."""

from abc import ABC, abstractmethod

import pyforge_cli


class BaseConverter(ABC):
    """A converter in Python: what it reads and writes, by suffix, and how."""

    supported_inputs = set()
    supported_outputs = {".parquet"}

    @abstractmethod
    def convert(self, input_path, output_path, **options):
        """True when output_path was written."""

    @abstractmethod
    def validate_input(self, input_path):
        """True when input_path can be converted."""

    def get_output_extension(self, output_format):
        return "." + output_format.lower().lstrip(".")

    def get_metadata(self, input_path):
        """A dictionary, or None when nothing is known."""
        return None


class FormatConverter(BaseConverter):
    """A format of the library with the methods of BaseConverter. An existing output is replaced, as 1.0.9 did."""

    supported_outputs = {".parquet", ".csv"}
    input_format = None
    defaults = {}
    progress_callback = None  # (percent, message), as XmlConverter had it

    def _progress(self):
        callback = self.progress_callback
        if callback is None:
            return None
        return lambda progress: callback(int(100 * (progress.share or 0)), progress.step)

    def convert(self, input_path, output_path, **options):
        """True when output_path was written; the reason for False is in last_error."""
        options = {"from": self.input_format, "force": True, **self.defaults, **options}
        try:
            pyforge_cli.convert(input_path, output_path, progress=self._progress(), **options)
        except pyforge_cli.PyForgeError as error:
            self.last_error = error
            return False
        self.last_error = None
        return True

    def validate_input(self, input_path):
        try:
            return bool(pyforge_cli.validate(input_path, **{"from": self.input_format}))
        except pyforge_cli.PyForgeError:
            return False

    def get_metadata(self, input_path):
        try:
            return dict(pyforge_cli.info(input_path, **{"from": self.input_format}))
        except pyforge_cli.PyForgeError:
            return None
