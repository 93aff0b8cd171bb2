"""The Spark converters of the original by their names; the library chooses the engine."""

from pyforge_cli.converters import CSVConverter, ExcelConverter, XmlConverter


class SparkCSVConverter(CSVConverter):
    pass


class SparkExcelConverter(ExcelConverter):
    pass


class SparkXMLConverter(XmlConverter):
    pass


__all__ = ["SparkCSVConverter", "SparkExcelConverter", "SparkXMLConverter"]
