#!/usr/bin/env python3
"""Runs the measurements and prints one table row each; ratios come from one run on one machine.

Targets are the product's own; a miss is printed as a miss and is no failure: a number is a fact, not a test.
"""
import argparse
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("REDOUBT_TEST_DATA", ROOT.parent / "shared" / "data"))


def cpu(command, **options):
    """CPU seconds (user and system) and wall seconds of one command with its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    run = subprocess.run(command, capture_output=True, **options)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in (0, 3):
        sys.exit(f"{command[0]} ended with {run.returncode}: {run.stderr.decode(errors='replace')[-400:]}")
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime), wall, run.stdout


def row(what, value, target, met):
    print(f"{what:58s} {value:>24s}   {'met' if met else 'MISSED'} (target {target})", flush=True)


def wesng(args):
    """CPU per host against WES-NG: the same hosts, the same definitions, one run."""
    hosts = sorted(str(p) for p in (DATA / "hosts").glob("*_systeminfo*.txt"))
    definitions = DATA / "definitions" / "definitions.zip"
    if not hosts or not definitions.exists():
        return print(f"SKIPPED wesng: no hosts or definitions at `{DATA}`")
    sample = hosts[:: max(1, len(hosts) // args.wes_hosts)][: args.wes_hosts]
    with tempfile.TemporaryDirectory() as scratch:
        theirs, per_host = 0.0, []
        for host in sample:
            seconds, _, _ = cpu([args.wes, "--definitions", str(definitions), host, "-o", "out.csv"], cwd=scratch)
            per_host.append(seconds)
        theirs = sum(per_host) / len(per_host)
    rounds = 5
    ours = min(cpu([f"{args.bin}/redoubt", "assess", "--json", "--cves", *hosts])[0] for _ in range(rounds)) / len(hosts)
    print(f"WES-NG: {theirs:.2f} CPU-s a host over {len(sample)} hosts; redoubt: {ours * 1000:.2f} CPU-ms a host over {len(hosts)} hosts, start and load included")
    row("CPU per host, WES-NG / redoubt", f"{theirs / ours:,.0f} x", "1,000 x", theirs / ours >= 1000)


def fleet(args):
    """100,000 hosts of the demo network scaled up, assessed and planned."""
    _, _, out = cpu([f"{args.bin}/examples/fleet_bench", "100000"])
    got = json.loads(out)
    row("catalogue ready", f"{got['load_ms']:.1f} ms", "100 ms", got["load_ms"] < 100)
    row("all CVEs of one host", f"{got['cves_us_per_host']:.0f} us", "1,000 us", got["cves_us_per_host"] < 1000)
    row("100,000 hosts assessed and planned", f"{got['wall_s']:.1f} s", "60 s", got["wall_s"] < 60)
    row("the same, memory at most", f"{got['rss_mb']:.0f} MB", "1,000 MB", got["rss_mb"] < 1000)
    print(json.dumps(got))


def assets(args):
    """The asset table at 100,000 hosts in SQLite."""
    _, _, out = cpu([f"{args.bin}/examples/asset_bench", "100000"])
    sys.stdout.write(out.decode())


def idle(args):
    """Resident memory of a server that has the demo network and nothing to do."""
    with tempfile.TemporaryDirectory() as scratch:
        server = subprocess.Popen(
            [f"{args.bin}/redoubt", "up", "--demo", "--data", f"{scratch}/data", "--listen", "127.0.0.1:0", "--json"],
            stdout=subprocess.PIPE,
        )
        try:
            server.stdout.readline()
            time.sleep(10)
            status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
            rss = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    row("idle server with the demo network", f"{rss:.0f} MB", "150 MB", rss < 150)


ALL = {"wesng": wesng, "fleet": fleet, "assets": assets, "idle": idle}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*ALL, []], help="which; all when none is named")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--wes", required=True)
    parser.add_argument("--wes-hosts", type=int, default=6, help="hosts given to WES-NG, which takes seconds for each")
    args = parser.parse_args()
    for name in args.names or ALL:
        ALL[name](args)


if __name__ == "__main__":
    main()
