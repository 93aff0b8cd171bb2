"""Where this process runs, told from the environment alone: nothing is started and nothing asked over a network."""

import json
import os
import re
import sys
from datetime import datetime, timezone

_YES = {"1", "true", "yes"}
_LTS = {(9, 1), (10, 4), (11, 3), (12, 2), (13, 3), (14, 3), (15, 4), (16, 4)}


def _is_yes(env, *names):
    return any(env.get(name, "").lower() in _YES for name in names)


def describe(env):
    """compute_type (serverless, classic, model_serving or unknown), is_databricks, is_serverless, runtime_version, is_lts, reason."""
    runtime = env.get("DATABRICKS_RUNTIME_VERSION", "")
    kind, reason = "unknown", "no sign of Databricks"
    if _is_yes(env, "IS_IN_DB_MODEL_SERVING_ENV", "IS_IN_DATABRICKS_MODEL_SERVING_ENV"):
        kind, reason = "model_serving", "IS_IN_DB_MODEL_SERVING_ENV"
    elif env.get("DATABRICKS_ENV_VERSION"):
        kind, reason = "serverless", "DATABRICKS_ENV_VERSION"
    elif runtime.startswith("client."):
        kind, reason = "serverless", "DATABRICKS_RUNTIME_VERSION begins with client."
    elif runtime and _is_yes(env, "IS_SERVERLESS"):
        kind, reason = "serverless", "IS_SERVERLESS"
    elif runtime:
        kind, reason = "classic", "DATABRICKS_RUNTIME_VERSION"
    numbers = re.match(r"(\d+)\.(\d+)", runtime)
    major, minor = (int(numbers[1]), int(numbers[2])) if numbers else (None, None)
    serverless = kind == "serverless"
    found = {
        "is_databricks": kind in ("serverless", "classic"),
        "compute_type": kind,
        "is_serverless": serverless,
        "serverless_version": env.get("DATABRICKS_ENV_VERSION") if serverless else None,
        "runtime_version": runtime or None,
        "runtime_major": major,
        "runtime_minor": minor,
        "is_lts": (major, minor) in _LTS,
        "spark_connect_enabled": bool(env.get("SPARK_REMOTE")) or _is_yes(env, "SPARK_CONNECT_MODE_ENABLED"),
        "spark_version": env.get("SPARK_VERSION"),
        "has_unity_catalog": serverless or _is_yes(env, "DATABRICKS_UNITY_CATALOG_ENABLED"),
        "reason": reason,
    }
    if serverless:
        # So it is by design, of every version.
        found["serverless_features"] = {
            "auto_scaling": True,
            "photon_enabled": True,
            "unity_catalog_only": True,
            "spark_connect": True,
            "no_spark_configs": True,
            "volume_only_storage": True,
            "version": found["serverless_version"],
        }
    return found


def _told_natively():
    """What the command env of the extension's native half says; None = that is not there."""
    from pyforge_cli import _pyforge

    told = bytearray()

    def take(piece):
        told.extend(piece)
        return True

    if _pyforge.command(["pyforge", "env", "--json"], take, lambda piece: True, False, False, 0, 0, False) != 0:
        return None
    known = json.loads(told)
    return {**known, "reason": known["signals"]["compute_type"] or "no sign of Databricks"}


def _is_installed(package):
    from importlib.util import find_spec

    try:
        return find_spec(package) is not None
    except Exception:  # a damaged installation is as good as none
        return False


def get_environment_info():
    return {
        **(_told_natively() or describe(os.environ)),
        "python_version": sys.version.split()[0],
        "has_pyspark": _is_installed("pyspark"),
        "detected_at": datetime.now(timezone.utc).isoformat(),
    }


__all__ = ["describe", "get_environment_info"]
