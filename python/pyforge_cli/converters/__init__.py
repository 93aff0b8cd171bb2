"""The converters of 1.0.9 by their names. One library does the work; a converter here is a format with the old methods."""

from pyforge_cli.converters.base import BaseConverter, FormatConverter


class CSVConverter(FormatConverter):
    supported_inputs = {".csv", ".tsv", ".txt"}
    input_format = "csv"


class PySparkCSVConverter(CSVConverter):
    """The name is kept; the library chooses the engine."""


class StringTypeConverter(CSVConverter):
    """Every column as text."""

    defaults = {"types": "string"}


class ExcelConverter(FormatConverter):
    supported_inputs = {".xlsx"}
    input_format = "xlsx"


class XmlConverter(FormatConverter):
    supported_inputs = {".xml", ".xml.gz", ".xml.bz2"}
    input_format = "xml"

    def __init__(self, flatten_strategy=None, array_handling=None, namespace_handling=None, preview_schema=None, streaming=False, chunk_size=10000):
        """streaming and chunk_size are accepted, and need not be set: memory is bounded whatever the size of the file."""
        self.defaults = {
            "flatten_strategy": flatten_strategy,
            "array_handling": array_handling,
            "namespace_handling": namespace_handling,
            "preview_schema": preview_schema,
        }


class PDFConverter(FormatConverter):
    supported_inputs = {".pdf"}
    supported_outputs = {".txt"}
    input_format = "pdf"


class DBFConverter(FormatConverter):
    supported_inputs = {".dbf"}
    input_format = "dbf"


class MDBConverter(FormatConverter):
    supported_inputs = {".mdb", ".accdb"}
    input_format = "access"


class EnhancedMDBConverter(MDBConverter):
    """The same as MDBConverter."""


class StringDatabaseConverter(MDBConverter):
    """Every column as text."""

    defaults = {"types": "string"}


def get_csv_converter(detect_environment=True, force_pyspark=False):
    """The converter of CSV files. The library detects its surroundings itself, so detect_environment changes nothing."""
    converter = PySparkCSVConverter() if force_pyspark else CSVConverter()
    if force_pyspark:
        converter.defaults = {"force_pyspark": True}
    return converter


__all__ = [
    "BaseConverter",
    "CSVConverter",
    "DBFConverter",
    "EnhancedMDBConverter",
    "ExcelConverter",
    "MDBConverter",
    "PDFConverter",
    "PySparkCSVConverter",
    "StringDatabaseConverter",
    "StringTypeConverter",
    "XmlConverter",
    "get_csv_converter",
]
