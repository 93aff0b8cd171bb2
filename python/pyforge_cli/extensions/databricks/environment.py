"""Where this process runs, as the extension's native half tells it: nothing is started and nothing asked over a network."""

import sys
from datetime import datetime, timezone

import pyforge_cli

# So it is by design of serverless, of every version.
_SERVERLESS = ("auto_scaling", "photon_enabled", "unity_catalog_only", "spark_connect", "no_spark_configs", "volume_only_storage")
_NAME = "databricks"


def facts():
    """compute_type (serverless, classic, model_serving or unknown), is_databricks, is_serverless, runtime_version and the rest, each with
    the signal that decided it in signals."""
    told = pyforge_cli.environment().get(_NAME, {}).get(_NAME)
    if told is None:
        nothing = {"compute": "none", "compute_type": "unknown", "is_databricks": False, "is_serverless": False, "runtime_version": None}
        return {**nothing, "reason": "the extension databricks is not loaded", "signals": {}}
    known = {name: fact["value"] for name, fact in told.items()}
    known["signals"] = {name: fact["signal"] for name, fact in told.items()}
    known["reason"] = known["signals"]["compute_type"] or "no sign of Databricks"
    if known["is_serverless"]:
        known["serverless_features"] = {**dict.fromkeys(_SERVERLESS, True), "version": known["serverless_version"]}
    return known


def _is_installed(package):
    from importlib.util import find_spec

    try:
        return find_spec(package) is not None
    except Exception:  # a damaged installation is as good as none
        return False


def get_environment_info():
    return {
        **facts(),
        "python_version": sys.version.split()[0],
        "has_pyspark": _is_installed("pyspark"),
        "detected_at": datetime.now(timezone.utc).isoformat(),
    }


__all__ = ["facts", "get_environment_info"]
