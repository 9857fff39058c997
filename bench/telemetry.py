"""The row of hearing: what happens on a machine while much does, on one core of the agent's own, and what of it is lost."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

SECONDS = 10
RATE = 20_000


def heard(binaries, scratch, kind):
    """Events a second that happened, the agent's events by its own CPU, and what it says it lost, of one storm."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        told = pathlib.Path(folder) / "told.jsonl"
        watched = pathlib.Path(folder) / "watched"
        watched.mkdir()
        with told.open("wb") as out:
            agent = subprocess.Popen(["taskset", "-c", "0", binaries / "redoubt-agent", "watch", "--json", "--folder", watched], stdout=out)
            while b"telemetry_report" not in told.read_bytes():
                if agent.poll() is not None:
                    sys.exit(f"the agent ended with {agent.returncode}")
            of = [watched] if kind == "files" else []
            storm = ["taskset", "-c", "1", binaries / "examples" / "storm", kind, *of, str(SECONDS)]
            did = json.loads(subprocess.run(storm, check=True, capture_output=True).stdout)
            agent.send_signal(signal.SIGTERM)
            _, _, used = os.wait4(agent.pid, 0)
        with told.open("rb") as lines:
            last = [line for line in lines if b"telemetry_report" in line][-1]
    counts = next(source for source in json.loads(last)["sources"] if source["source"] == kind)
    cpu = used.ru_utime + used.ru_stime
    return counts["kept"] / did["seconds"], counts["kept"] / cpu, counts["lost"] + counts["gaps"]


def telemetry(args, row):
    for kind in ("files", "processes"):
        rate, of_cpu, lost = heard(pathlib.Path(args.bin), args.scratch, kind)
        met = rate >= RATE and of_cpu >= RATE and lost == 0
        row(f"hearing of {kind} on one core, {SECONDS} s", f"{rate:,.0f} events/s, {of_cpu:,.0f} a CPU-second, {lost} lost", f"{RATE:,} and {RATE:,}, 0 lost", met)
