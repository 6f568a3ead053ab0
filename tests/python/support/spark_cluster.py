"""Spark in processes of its own: a Thrift server alone, or with a master and workers."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from support.dbt_project import ROOT

PATIENCE = 240
JAVA = shutil.which("java")
# make test-spark makes it.
ENVIRONMENT = ROOT / "target" / "spark" / "venv"
# What a driver, a master or an executor writes when memory or a process is lost.
LOSS = re.compile(
    r"Lost executor|OutOfMemoryError|GC overhead limit"
    r"|Executor app-\S+ finished with state (?!KILLED)"
)

# A test has hundreds of rows: with Spark's own 200 it would wait for empty tasks.
FEW_ROWS = {"spark.sql.shuffle.partitions": 4}
# One process that lives a minute takes a third of it for compiling what runs a few times.
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def why_not() -> str | None:
    """Say why Spark does not run in this environment; none where it does."""
    if JAVA is None:
        return "no Java is found"
    missing = [name for name in ("pyhive", "pyspark") if find_spec(name) is None]
    return f"{missing[0]} is not installed" if missing else None


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Spark:
    """The processes, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        import pyspark

        self.home = Path(pyspark.__file__).parent
        self.folder = folder
        self.port = free_port()
        self.workers: list[subprocess.Popen[bytes]] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        self._master = "local[2]"
        self._driver_memory = ""

    def start_cluster(self, worker_memory: str = "1g") -> None:
        """Start a standalone master and two workers, of one core and one executor each."""
        port = free_port()
        self._master = f"spark://127.0.0.1:{port}"
        place = ["--host", "127.0.0.1", "--webui-port", "0"]
        deploy = "org.apache.spark.deploy"
        self._start("master", f"{deploy}.master.Master", *place, "--port", str(port))
        self._await(port)
        for number in (1, 2):
            work = self.folder / f"work-{number}"
            options = ["--cores", "1", "--memory", worker_memory, "--work-dir", str(work)]
            command = (f"{deploy}.worker.Worker", *place, *options, self._master)
            self.workers.append(self._start(f"worker-{number}", *command))

    def start_server(
        self,
        driver_memory: str = "1g",
        executor_memory: str = "900m",
        more: Mapping[str, object] | None = None,
    ) -> None:
        """Start the Thrift server that dbt connects to, as docs/scale.md has it."""
        settings = {
            "spark.sql.warehouse.dir": self.folder / "warehouse",
            "spark.sql.session.timeZone": "UTC",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.executor.memory": executor_memory,
            "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
            "spark.ui.enabled": "false",
            **(FEW_ROWS if more is None else more),
        }
        self._driver_memory = driver_memory
        options = [f"--conf={name}={value}" for name, value in settings.items()]
        java = f"-Duser.timezone=UTC -Dderby.system.home={self.folder}"
        if self._master.startswith("local"):
            java = f"{SHORT_LIVED} {java}"
        self._processes.append(
            self._launch(
                "thrift",
                str(self.home / "bin" / "spark-submit"),
                "--class=org.apache.spark.sql.hive.thriftserver.HiveThriftServer2",
                f"--master={self._master}",
                f"--driver-java-options={java}",
                *options,
                "spark-internal",
                *("--hiveconf", f"hive.server2.thrift.port={self.port}"),
                *("--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1"),
            )
        )
        self._await(self.port)

    def losses(self) -> list[str]:
        """Return the lines of all logs that tell of a lost executor or of memory that ran out."""
        logs = [*self.folder.glob("*.log"), *self.folder.glob("work-*/app-*/*/std*")]
        return [
            f"{path.relative_to(self.folder)}: {line.strip()}"
            for path in sorted(logs)
            for line in path.read_text(errors="replace").splitlines()
            if LOSS.search(line)
        ]

    def stop(self) -> None:
        """End all processes."""
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        process = self._launch(name, str(self.home / "bin" / "spark-class"), *command)
        self._processes.append(process)
        return process

    def _launch(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "SPARK_HOME": str(self.home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            # What a killed executor leaves there goes with the folder.
            "SPARK_LOCAL_DIRS": str(self.folder / "scratch"),
            # spark-submit gives it to a Thrift server too, whatever its driver is to have.
            "SPARK_DAEMON_MEMORY": self._driver_memory if name == "thrift" else "256m",
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await(self, port: int) -> None:
        for _ in range(PATIENCE * 2):
            if any(process.poll() is not None for process in self._processes):
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.5)
        logs = [path.read_text()[-6000:] for path in sorted(self.folder.glob("*.log"))]
        raise RuntimeError("Spark does not start:\n" + "\n".join(logs))


@contextlib.contextmanager
def running_spark(
    *,
    is_cluster: bool = False,
    worker_memory: str = "1g",
    executor_memory: str = "900m",
    more: Mapping[str, object] | None = None,
) -> Iterator[Spark]:
    """Start Spark in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="claim_reconciliation_spark_"))
    spark = Spark(folder)
    try:
        if is_cluster:
            spark.start_cluster(worker_memory)
        spark.start_server(executor_memory=executor_memory, more=more)
        yield spark
    finally:
        spark.stop()
        shutil.rmtree(folder, ignore_errors=True)
