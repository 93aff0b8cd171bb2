"""The names of pyforge-cli 1.x and of its Databricks extension that somebody may have imported."""

import importlib
import io

import pyarrow.parquet
import pytest

NAMES = {
    "pyforge_cli.main": ["cli"],
    "pyforge_cli.converters": [
        "PDFConverter", "CSVConverter", "PySparkCSVConverter", "ExcelConverter", "XmlConverter", "DBFConverter", "MDBConverter",
        "EnhancedMDBConverter", "StringDatabaseConverter", "StringTypeConverter", "get_csv_converter",
    ],
    "pyforge_cli.converters.base": ["BaseConverter"],
    "pyforge_cli.plugins.registry": ["ConverterRegistry", "registry"],
    "pyforge_cli.plugins.loader": ["PluginLoader", "plugin_loader"],
    "pyforge_cli.databricks": [
        "DatabricksEnvironment", "detect_databricks_environment", "is_running_in_databricks", "is_running_in_serverless",
    ],
    "pyforge_cli.backends": ["DatabaseBackend", "UCanAccessBackend", "UCanAccessSubprocessBackend", "PyODBCBackend"],
    "pyforge_cli.readers": ["DBFTableDiscovery", "MDBTableDiscovery"],
    "pyforge_cli.detectors.database_detector": ["DatabaseFileDetector", "DatabaseType", "DatabaseInfo"],
    "pyforge_cli.utils.dependency_checker": ["DependencyChecker"],
    "pyforge_cli.extensions.base": ["BaseExtension"],
    "pyforge_cli.extensions": [
        "BaseExtension", "ExtensionDiscovery", "ExtensionLoadError", "ExtensionLoader", "ExtensionManager", "ExtensionMetadata",
        "ExtensionRegistry", "ExtensionState", "Option", "get_extension_manager", "setup_extension_logging", "get_extension_logger",
        "ExtensionLoggerAdapter", "configure_verbose_logging",
    ],
    "pyforge_cli.extensions.discovery": ["ExtensionDiscovery"],
    "pyforge_cli.extensions.loader": ["ExtensionLoader", "ExtensionLoadError"],
    "pyforge_cli.extensions.manager": ["ExtensionManager", "get_extension_manager"],
    "pyforge_cli.extensions.registry": ["ExtensionRegistry", "ExtensionState", "ExtensionMetadata"],
    "pyforge_cli.extensions.logging": ["setup_extension_logging", "get_extension_logger", "ExtensionLoggerAdapter"],
    "pyforge_cli.extensions.databricks": ["forge", "PyForgeDatabricks", "DatabricksExtension", "__version__"],
    "pyforge_cli.extensions.databricks.api": ["PyForgeDatabricks", "forge"],
    "pyforge_cli.extensions.databricks.environment": ["get_environment_info"],
    "pyforge_cli.extensions.databricks.commands": ["COMMANDS"],
    "pyforge_cli.extensions.databricks.converters": ["SparkCSVConverter", "SparkExcelConverter", "SparkXMLConverter"],
    "pyforge_cli.plugin_system": ["PluginError", "PluginLoadError", "PluginInitializationError", "HookResult", "HookType", "PluginState"],
    "pyforge_cli.plugin_system.discovery": ["PluginDiscovery", "PluginState", "PluginInfo"],
    "pyforge_cli.plugin_system.loader": [
        "PluginLoadError", "ExtensionRegistry", "ExtensionLifecycleManager", "ExtensionHooksManager", "HookType", "HookResult",
    ],
}


@pytest.mark.parametrize("module", NAMES)
def test_names(package, module):
    found = importlib.import_module(module)
    for name in NAMES[module]:
        assert getattr(found, name) is not None
    with pytest.raises(AttributeError):
        found.nothing_of_the_kind  # noqa: B018


# ---- converters, registry


def test_csv_converter(package, write, tmp_path):
    from pyforge_cli.converters import CSVConverter, StringTypeConverter, XmlConverter, get_csv_converter

    source, target = write("a.csv", "a,b\n1,x\n"), tmp_path / "o.parquet"
    converter = CSVConverter()
    seen = []
    converter.progress_callback = lambda percent, message: seen.append((percent, message))
    assert converter.validate_input(source) is True
    assert converter.convert(source, target) is True and seen
    assert converter.convert(source, target, compression="zstd") is True, "an existing output is replaced"
    assert converter.get_metadata(source)["rows"] == 1
    assert converter.get_output_extension("parquet") == ".parquet"
    assert StringTypeConverter().convert(source, target)
    assert {str(kind) for kind in pyarrow.parquet.read_schema(target).types} == {"string"}
    none = tmp_path / "none.csv"
    assert converter.convert(none, target) is False and isinstance(converter.last_error, FileNotFoundError)
    assert converter.validate_input(none) is False and converter.get_metadata(none) is None
    assert isinstance(get_csv_converter(), CSVConverter)
    assert get_csv_converter(force_pyspark=True).defaults == {"force_pyspark": True}
    assert XmlConverter(flatten_strategy="moderate", streaming=True, chunk_size=5).defaults["flatten_strategy"] == "moderate"


def test_base_converter_is_abstract(package):
    from pyforge_cli.converters.base import BaseConverter

    class Own(BaseConverter):
        def convert(self, input_path, output_path, **options):
            return super().convert(input_path, output_path, **options) is None

        def validate_input(self, input_path):
            return super().validate_input(input_path) is None

    with pytest.raises(TypeError):
        BaseConverter()
    assert Own().convert("a", "b") and Own().validate_input("a")
    assert Own().get_metadata("a") is None and Own().get_output_extension("CSV") == ".csv"


def test_registry(package):
    from pyforge_cli.plugins.loader import PluginLoader
    from pyforge_cli.plugins.registry import ConverterRegistry

    registry = ConverterRegistry()
    loader = PluginLoader(registry)
    loader.load_builtin_converters()
    assert type(registry.get_converter("a/b.CSV")).__name__ == "CSVConverter"
    assert type(registry.get_converter("a.xml.gz")).__name__ == "XmlConverter"
    assert registry.get_converter("a.unknown") is None and registry.get_available_outputs("a.unknown") == set()
    assert registry.supports_input("a.csv") and not registry.supports_input("a.json")
    assert registry.supports_conversion("a.csv", "parquet") and not registry.supports_conversion("a.csv", "txt")
    assert registry.list_supported_formats()["csv"]["inputs"] == [".csv", ".tsv", ".txt"]
    assert registry.get_converter_by_name("none") is None
    assert type(registry.get_converter_by_name("pdf")).__name__ == "PDFConverter"
    assert registry.unregister("csv") and not registry.unregister("csv")
    registry.clear()
    assert registry.list_supported_formats() == {}


PLUGIN = """
from pyforge_cli.converters.base import BaseConverter
class Mine(BaseConverter):
    PLUGIN_NAME = "mine"
    supported_inputs = {".mine"}
    def convert(self, input_path, output_path, **options):
        return True
    def validate_input(self, input_path):
        return True
"""


def test_plugins_of_a_folder(package, write, monkeypatch, tmp_path):
    from pyforge_cli.plugins import loader as module

    write(".cortexpy/plugins/mine.py", PLUGIN)
    write(".cortexpy/plugins/_not.py", "raise RuntimeError")
    write("more/theirs.py", PLUGIN.replace('"mine"', '"theirs"').replace(".mine", ".theirs"))
    monkeypatch.setenv("HOME", str(tmp_path))
    registry = module.registry.__class__()
    loader = module.PluginLoader(registry)
    loader.load_all([tmp_path / "more"], ["pyforge_cli.converters"])
    assert registry.supports_input("x.mine") and registry.supports_input("x.theirs") and registry.supports_input("x.csv")
    assert loader.get_loaded_plugins()["mine"].endswith("mine.py")
    loader.reload_plugins()
    assert registry.supports_input("x.mine") and not registry.supports_input("x.theirs")


# ---- small ones


def test_backends_say_what_they_are(package):
    from pyforge_cli.backends import PyODBCBackend, UCanAccessBackend, UCanAccessSubprocessBackend

    for kind in (UCanAccessBackend, UCanAccessSubprocessBackend, PyODBCBackend):
        backend = kind()
        assert backend.is_available() is False and backend.get_connection_info()["backend"] == kind.__name__
        for call in (lambda: backend.connect("a.mdb"), backend.list_tables, lambda: backend.read_table("t")):
            with pytest.raises(package.UnsupportedError, match="not in this version"):
                call()
        backend.close()


def test_table_discovery(package, write):
    from pyforge_cli import readers

    source = write("a.csv", "a\n1\n2\n")
    found = readers.DBFTableDiscovery()
    assert found.connect(source) and found.list_tables() == ["a"]
    assert found.get_summary() == {"file": str(source), "total_tables": 1, "tables": ["a"], "total_records": 2}
    found.close()
    assert found.list_tables() == ["a"]
    assert readers.discover_dbf_tables(source) == readers.discover_mdb_tables(source) == ["a"]
    assert readers.get_dbf_summary(source) == readers.get_mdb_summary(source)


@pytest.mark.parametrize("name, head, kind", [
    ("a.mdb", b"\0\1\0\0Standard Jet DB\0\1", "MDB"),
    ("a.accdb", b"\0\1\0\0Standard ACE DB\0\2", "ACCDB"),
    ("a.dbf", b"\x03" + bytes(40), "DBF"),
    ("a.txt", b"\x03" + bytes(40), "UNKNOWN"),
])
def test_database_detector(package, write, name, head, kind):
    from pyforge_cli.detectors.database_detector import DatabaseFileDetector, DatabaseType

    assert DatabaseFileDetector().detect_file_type(write(name, head)) is DatabaseType[kind]
    missing = DatabaseFileDetector().get_database_info("/nothing/there.mdb")
    assert missing.file_type is DatabaseType.UNKNOWN and missing.error_message


def test_dependency_checker(package):
    from pyforge_cli.utils.dependency_checker import DependencyChecker

    checker = DependencyChecker()
    assert checker.check_all_dependencies()["available"] and checker.check_java()[0] is False
    assert checker.get_installation_instructions()


def test_extension_base(package):
    from pyforge_cli.extensions.base import BaseExtension, ExtensionLoadError, ExtensionMetadata, ExtensionState

    class Own(BaseExtension):
        name = "own"

        def is_available(self):
            return super().is_available() is None

        def initialize(self):
            super().initialize()
            self.initialized = True
            return True

    own = Own()
    assert str(own) == "own v1.0.0" and own.enabled and not own.initialized
    assert own.initialize() and own.get_metadata()["initialized"] is True
    own.cleanup()
    assert own.initialized is False and own.get_commands() == {}
    assert own.enhance_convert_command({"a": 1}) == {"a": 1}
    assert own.hook_pre_conversion("a", "b", {}) is None and own.hook_post_conversion("a", "b", {}, True) is None
    assert own.hook_error_handling(ValueError(), {}) is False and own.hook_environment_detection() == {}
    assert own.hook_performance_optimization("convert", {"a": 1}) == {"a": 1}
    assert issubclass(ExtensionLoadError, package.PyForgeError)
    assert ExtensionMetadata("a", "b:C").state is ExtensionState.DISCOVERED


# ---- Databricks

ENVIRONMENTS = [
    ({}, "unknown", False),
    ({"DB_HOST": "x", "SPARK_LOCAL_IP": "1"}, "unknown", False),
    ({"IS_SERVERLESS": "TRUE"}, "unknown", False),
    ({"DATABRICKS_RUNTIME_VERSION": "15.4"}, "classic", True),
    ({"DATABRICKS_RUNTIME_VERSION": "14.3.x-cpu-ml-scala2.12"}, "classic", True),
    ({"DATABRICKS_RUNTIME_VERSION": "client.5.1"}, "serverless", True),
    ({"DATABRICKS_RUNTIME_VERSION": "15.4", "IS_SERVERLESS": "TRUE"}, "serverless", True),
    ({"DATABRICKS_ENV_VERSION": "4", "DATABRICKS_RUNTIME_VERSION": "client.4.1"}, "serverless", True),
    ({"DATABRICKS_RUNTIME_VERSION": "15.4", "IS_IN_DB_MODEL_SERVING_ENV": "true"}, "model_serving", False),
]


@pytest.mark.parametrize("env, kind, inside", ENVIRONMENTS)
def test_environment(package, env, kind, inside, monkeypatch):
    from pyforge_cli import databricks
    from pyforge_cli.extensions.databricks.environment import facts

    for name, value in {**env, "DATABRICKS_TOKEN": "planted"}.items():
        monkeypatch.setenv(name, value)
    found = facts()
    assert (found["compute_type"], found["is_databricks"]) == (kind, inside)
    assert found["is_serverless"] is (kind == "serverless") and found["reason"]
    monkeypatch.setenv("DATABRICKS_CLUSTER_ID", "c")
    assert databricks.is_running_in_databricks() is inside
    assert databricks.is_running_in_serverless() is (kind == "serverless")
    told = databricks.detect_databricks_environment()
    assert told.cluster_id == "c" and told.workspace_id is None
    assert "planted" not in str(told.get_environment_info())


def test_runtime_version(package, monkeypatch):
    from pyforge_cli.extensions.databricks.environment import facts

    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "15.4.x-scala2.12")
    found = facts()
    assert (found["runtime_major"], found["runtime_minor"], found["is_lts"]) == (15, 4, True)


@pytest.fixture
def forge(package):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    return PyForgeDatabricks()


def test_the_lines_of_the_readme(package, write, monkeypatch, capsys):
    monkeypatch.chdir(write("sales_data.csv", "a,b\n1,2\n3,4\n").parent)
    exec("""
from pyforge_cli.extensions.databricks import forge
result = forge.convert("sales_data.csv")
print(f"Converted {result['row_count']:,} rows using {result['processing_engine']}")
""")
    assert capsys.readouterr().out == "Converted 2 rows using native\n"


def test_forge_replaces_and_nests(forge, write, tmp_path):
    source = write("a.csv", "a;b\n1;2\n")
    assert forge.initialize() is True
    for _ in range(2):
        result = forge.convert(source, csv_options={"delimiter": ";"}, force_core=True, output_format="parquet", compression="zstd")
        assert result and result.output_path == str(tmp_path / "a.parquet")
    assert result["environment"]["compute_type"] == "unknown" and result["fallback_history"] == []
    told = forge.get_statistics()
    assert (told.total_conversions, told.successful_conversions, told.success_rate) == (2, 2, 1.0)
    assert told.total_bytes_processed == 2 * source.stat().st_size


def test_forge_does_not_raise(package, forge, tmp_path, write, caplog, monkeypatch):
    result = forge.convert(tmp_path / "none.csv")
    assert not result and result["success"] is False and result["error"] and result.get("row_count") == 0
    assert set(forge.convert(write("a.csv", "a\n1\n"))) <= {*result, "columns_repaired", "peak_memory_bytes", "threads"}
    assert [record.levelname for record in caplog.records if record.name == "pyforge_cli.databricks"] == ["ERROR"]
    with pytest.raises(FileNotFoundError):
        result["row_count"]
    with pytest.raises(FileNotFoundError):
        forge.convert(tmp_path / "none.csv", raise_on_error=True)
    bad = forge.convert(tmp_path / "a.csv", compression="zst")
    assert not bad and "zstd" in bad["error"] and bad.exit_code == 2
    monkeypatch.setenv("PYFORGE_RAISE_ON_ERROR", "1")
    with pytest.raises(package.OptionError):
        forge.convert(tmp_path / "a.csv", compression="zst")
    with pytest.raises(TypeError, match="compression"):
        forge.convert(tmp_path / "a.csv", compresion="zstd")


def test_forge_tells(forge, write, tmp_path):
    source = write("a.csv", "a\n1\n")
    known = forge.get_info(source)
    assert known["exists"] and known["format"] == "csv" and known.rows == 1 and known.is_volume is False
    missing = forge.get_info(tmp_path / "none")
    assert missing["exists"] is False and missing["format"] == "unknown" and missing["error"]
    assert forge.validate(source).valid and forge.validate(tmp_path / "none.csv").issues
    assert forge.get_environment_info().compute_type == "unknown"
    assert forge.install_sample_datasets("x")["success"] is False


def test_batch(forge, write, tmp_path):
    for name in ("a.csv", "b.csv", "b.tsv"):
        write(f"in/{name}", "x\n1\n")
    write("in/bad.csv", b"PK\x03\x04 not a table")
    results = forge.batch_convert([str(tmp_path / "in" / "*.csv"), str(tmp_path / "in" / "*.tsv")], tmp_path / "out")
    assert [bool(result) for result in results] == [True, True, False, True]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.parquet", "b_csv.parquet", "b_tsv.parquet"]
    beside = forge.batch_convert(str(tmp_path / "in" / "a.csv"), parallel=False)
    assert beside[0].output_path == str(tmp_path / "in" / "a.parquet")


def test_databricks_extension(package, capsys):
    from pyforge_cli.extensions.databricks import DatabricksExtension, forge

    extension = DatabricksExtension()
    assert extension.is_available() and extension.initialize() and extension.initialized
    assert extension.get_notebook_api() is forge
    assert extension.hook_environment_detection()["compute_type"] == "unknown"
    from pyforge_cli.main import cli

    assert cli(["env-info"]) is None
    assert "not in Databricks" in capsys.readouterr().out
    assert extension.get_metadata()["name"] == "databricks"


def test_console_entry_by_its_old_name(package, write, capsys):
    from pyforge_cli.main import cli

    source = write("a.csv", "a\n1\n")
    assert cli(["convert", str(source)]) is None
    with pytest.raises(SystemExit) as stopped:
        cli(["convert", str(source)])
    assert stopped.value.code == 4
    assert "already exists" in capsys.readouterr().err


def test_writer_of_the_command(package):
    from pyforge_cli.__main__ import _Writer

    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    assert _Writer(None)(b"x") is True and _Writer(None).is_terminal() is False and _Writer(None).width() == 0
    assert _Writer(Closed())(b"x") is False
    text = io.StringIO()
    writer = _Writer(text)
    assert writer("é".encode()[:1]) and writer("é".encode()[1:])
    assert text.getvalue() == "é"


def test_converters_of_entry_points(run_python, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from pyforge_cli.converters.base import BaseConverter\n"
        "class Mine(BaseConverter):\n    supported_inputs = {'.mine'}\n    supported_outputs = {'.csv'}\n"
        "    def convert(self, input_path, output_path, **options): return True\n    def validate_input(self, input_path): return True\n"
    )
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cortexpy_cli.converters]\nmine = mine:Mine\ngone = nowhere:Gone\n")
    done = run_python(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pyforge_cli.plugins.loader import PluginLoader\n"
        "loader = PluginLoader(); loader.load_from_entry_points()\n"
        "print(loader.get_loaded_plugins()['mine'], 'gone' in loader.get_loaded_plugins(), loader.registry.supports_input('a.mine'))",
        str(tmp_path),
    )
    assert done.stdout.split() == ["mine:Mine", "False", "True"], done
    assert "nowhere" in done.stderr
