#!/usr/bin/env python3
"""One piece of work in a session of Spark, in a process of its own: run by bench/spark.py with the Python of build/spark.

    spark_task.py CORES JARS PACKAGE RUNS read SOURCE OUTPUT DDL DELIMITER    Spark's own reader with the types given, to Parquet in parts
    spark_task.py CORES JARS PACKAGE RUNS engine SOURCE OUTPUT                pyforge_cli.convert(..., engine="spark")
    spark_task.py CORES JARS PACKAGE RUNS batch FOLDER OUTPUT                 forge.batch_convert(..., engine="spark")

Prints JSON: seconds until the session is there, of the work the first time, and each time that it is done again; what of the latter the native
reading for the types took.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path


def session(cores, jars, place):
    from pyspark.sql import SparkSession

    os.environ.update(SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable)
    settings = {
        "spark.driver.memory": "4g", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false", "spark.local.dir": place, "spark.sql.warehouse.dir": f"{place}/warehouse",
        "spark.jars": ",".join(sorted(map(str, Path(jars).resolve().glob("*.jar")))),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    builder = SparkSession.builder.master(f"local[{cores}]").appName("pyforge bench")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.range(1).count()
    return spark


def read(spark, source, output, ddl, delimiter):
    frame = spark.read.schema(ddl).option("header", True).option("sep", delimiter).option("escape", '"').option("multiLine", False).csv(source)
    frame.write.mode("overwrite").option("compression", "snappy").parquet(output)
    return "spark"


def watch_survey(took):
    """From now on the seconds of each native reading of a whole input are appended to took."""
    from pyforge_cli.extensions.databricks import engine as spark_engine

    whole = spark_engine._plan_of

    def plan_of(job):
        began = time.perf_counter()
        try:
            return whole(job)
        finally:
            took.append(time.perf_counter() - began)

    spark_engine._plan_of = plan_of


def engine(spark, source, output):
    import pyforge_cli
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    done = PyForgeDatabricks(spark_session=spark).convert(source, output, engine="spark", progress=False, raise_on_error=True)
    return f"{done.processing_engine}, {pyforge_cli.__version__}"


def batch(spark, source, output):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    done = PyForgeDatabricks(spark_session=spark).batch_convert(source, output, engine="spark", progress=False, raise_on_error=True)
    return " and ".join(sorted({result["processing_engine"] for result in done}))


def main():
    cores, jars, package, runs, action, *words = sys.argv[1:]
    sys.path.insert(0, package)
    os.environ["PYTHONPATH"] = package  # for the processes of executors
    place = tempfile.mkdtemp(prefix="pyforge-bench-spark-")
    try:
        began = time.perf_counter()
        spark = session(cores, jars, place)
        spark.sparkContext.setLogLevel("OFF")
        told, took, survey = {"start": time.perf_counter() - began}, [], []
        if action == "engine":
            watch_survey(survey)
        for _ in range(1 + int(runs)):
            began = time.perf_counter()
            told["by"] = {"read": read, "engine": engine, "batch": batch}[action](spark, *words)
            took.append(time.perf_counter() - began)
        told.update(first=took[0], again=took[1:], survey=survey[1:])
        spark.stop()
        print(json.dumps(told))
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
