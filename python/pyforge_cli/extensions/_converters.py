"""Converters of pyforge-cli 1.0 as formats.

A converter turns a file into a file: convert(input_path, output_path, **options). As a format it is asked for a file that the
library reads, in a private folder, and that is read in its place; so everything the library does with rows, it does with those of a
converter: types, filters, any output, rejected rows, and no output at all after a failure. What is not a suffix of the library's own can
be read so; outputs that are no tables (".txt") cannot be had this way.
"""

import importlib.util
import os
import shutil
import sys
import tempfile

from pyforge_cli import _pyforge
from pyforge_cli._table import Table
from pyforge_cli.extensions._formats import Format
from pyforge_cli.extensions.base import ExtensionLoadError, is_converter

# What is asked of a converter, the best first.
_TAKEN = (".parquet", ".csv", ".tsv")
_NO_MESSAGES = 9


def _built_in():
    return {suffix for _, _, suffixes, reads, _ in _pyforge.formats(True) if reads for suffix in suffixes.split()}


class ConverterFormat:
    seekable = False

    def __init__(self, name, converter):
        try:
            self.converter = converter() if isinstance(converter, type) else converter
        except Exception as error:
            raise ExtensionLoadError(f"making the converter {name} failed: {type(error).__name__}: {error}") from error
        self.name = name
        self.description = (type(self.converter).__doc__ or f"what the converter {name} reads").strip().split("\n")[0]
        own = {suffix.lower() for suffix in self.converter.supported_inputs}
        self.suffixes = sorted(own - _built_in())
        if not self.suffixes:
            raise ExtensionLoadError(f"the converter {name} reads {', '.join(sorted(own)) or 'nothing'}, which PyForge reads itself")
        made = {suffix.lower() for suffix in getattr(self.converter, "supported_outputs", {".parquet"})}
        self.output = next((suffix for suffix in _TAKEN if suffix in made), None)
        if self.output is None:
            raise ExtensionLoadError(f"the converter {name} makes {', '.join(sorted(made)) or 'nothing'}; .parquet or .csv is needed")

    def read(self, source, **options):
        folder = tempfile.TemporaryDirectory(prefix="pyforge-")
        try:
            given = self._input(source, folder.name)
            made = os.path.join(folder.name, "converted" + self.output)
            self._convert(given, made)
            stream = _pyforge.read(_made_in(made), [], None, _NO_MESSAGES, None, True)
        except BaseException:
            folder.cleanup()
            raise
        return _Made(Table(stream), folder)

    def _convert(self, given, made):
        validate = getattr(self.converter, "validate_input", None)
        if validate is not None and not validate(_path(given)):
            raise ValueError(f"the converter {self.name} says that it cannot convert the input")
        if self.converter.convert(_path(given), _path(made)) is False:
            reason = getattr(self.converter, "last_error", None)
            raise ValueError(f"the converter {self.name} failed{': ' + str(reason) if reason else ''}")

    def _input(self, source, folder):
        """The input as a file with the right suffix: itself where it is one, else a copy."""
        name = os.path.basename(source.raw.name)
        path = source.raw.name
        if os.path.isfile(path) and source.raw.size == os.path.getsize(path) and path.lower().endswith(tuple(self.suffixes)):
            return path
        suffix = next((suffix for suffix in self.suffixes if suffix in name.lower()), self.suffixes[0])
        copy = os.path.join(folder, "input" + suffix)
        with open(copy, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        return copy


def _path(text):
    from pathlib import Path

    return Path(text)


def _made_in(path):
    """What a converter has written: a file, or a folder of parts as Spark writes them, of which one is read."""
    if os.path.isfile(path):
        return path
    parts = []
    if os.path.isdir(path):
        parts = [os.path.join(path, name) for name in sorted(os.listdir(path)) if name.startswith("part-")]
    if len(parts) == 1:
        return parts[0]
    raise ValueError(f"the converter wrote {len(parts)} parts, one file was expected" if parts else "the converter wrote nothing")


class _Made:
    """A converter's output, and the folder that has it, for as long as it is read."""

    def __init__(self, table, folder):
        self.table = table
        self.folder = folder

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__()

    def close(self):
        self.table.close()
        self.folder.cleanup()


class _Converters:
    """An extension of converters."""

    def __init__(self, name, formats, description):
        self.name = name
        self.version = ""
        self.description = description
        self.formats = formats
        self.converters = {format.name: format.converter for format in formats}

    def initialize(self):
        return True

    def get_formats(self):
        return self.formats

    def adapters(self):
        return [Format(format) for format in self.formats]


def converter_formats(name, converters):
    """One that cannot be a format is told of; when none can, that is an error."""
    formats, problems = [], []
    for one, converter in converters:
        try:
            formats.append(ConverterFormat(one, converter))
        except ExtensionLoadError as error:
            problems.append(error)
    if not formats:
        raise problems[0]
    return _Converters(name, formats, "; ".join([format.description for format in formats] + [str(error) for error in problems]))


def plugin_extension(name, path):
    """The converters that a module in a folder of plug-ins defines; PLUGIN_NAME of a class names its format."""
    module_name = f"pyforge_user_plugins.{name}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        raise ExtensionLoadError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    found = [one for one in vars(module).values() if isinstance(one, type) and is_converter(one) and one.__module__ == module_name]
    if not found:
        raise ExtensionLoadError(f"{path} defines no converter: no class with supported_inputs and convert()")
    return converter_formats(name, [(getattr(one, "PLUGIN_NAME", one.__name__.lower()), one) for one in found])
