#!/usr/bin/env python3
"""Runs the measurements and prints one table row each; ratios come from one run on one machine.

Targets are the product's own; a miss is printed as a miss and is no failure: a number is a fact, not a test.
"""
import argparse
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("REDOUBT_TEST_DATA", ROOT.parent / "shared" / "data"))


def measured(command):
    """CPU seconds, wall seconds and peak memory in MB of one command by itself, and what it said."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}: {said.decode(errors='replace')[-400:]}")
    return used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss / 1024, said.decode(errors="replace")


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
    _, _, out = cpu([f"{args.bin}/examples/asset_bench"])
    rows = re.findall(r"^(.+?)\s+p50.*p95\s+([0-9.]+) ms\b", out.decode(), re.MULTILINE)
    if not rows:
        sys.exit(f"the asset table said no times: {out.decode()[-400:]}")
    for what, p95 in rows:
        row(f"asset table, {what}, p95", f"{float(p95):.1f} ms", "300 ms", float(p95) < 300)


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


def large_capture(scratch, size):
    """Many small captures as one large one, made for this run, and how many frames it has."""
    folders = [DATA / name for name in ("eve/pcaps", "captures", "fingerprints")]
    if not all(folder.exists() for folder in folders):
        return None, 0
    path = f"{scratch}/large.pcap"
    build = [sys.executable, str(ROOT / "bench" / "capture.py"), "--out", path, "--bytes", str(size)]
    said = subprocess.run([*build, *map(str, folders)], check=True, capture_output=True, text=True).stderr
    print(said.strip(), flush=True)
    return path, int(re.search(r"(\d+) frames", said).group(1))


def sensor(args):
    """CPU of reading a capture against tshark's conversations, in the same run; workers; memory."""
    with tempfile.TemporaryDirectory() as scratch:
        path, frames = large_capture(scratch, args.capture_bytes)
        if path is None or not shutil.which("tshark"):
            return print(f"SKIPPED sensor: no captures at `{DATA}`, or no tshark")
        read = [f"{args.bin}/examples/eve", path, "--eve", f"{scratch}/eve.json"]
        full, _, memory, said = measured(read)
        if f"frames: {frames}," not in said:
            sys.exit(f"the capture has {frames} frames, and the sensor read others: {said}")
        files = measured([*read, "--options", FILES])[0]
        # One worker and two by the clock, in turn and without a disk that writes meanwhile: the machine must have two
        # cores to itself for this to mean something.
        alone = [f"{args.bin}/examples/eve", path, "--eve", "/dev/null"]
        turns = [[measured([*alone, "--workers", str(count)])[1] for count in (1, 2)] for _ in range(9)]
        walls = [min(turn[which] for turn in turns) for which in (0, 1)]
        theirs = measured(["tshark", "-q", "-r", path, "-z", "conv,tcp", "-z", "conv,udp"])[0]
    megabytes = args.capture_bytes / (1 << 20)
    print(f"{megabytes:.0f} MB: tshark {theirs:.2f} CPU-s, metadata {full:.2f} CPU-s, metadata, files and digests {files:.2f} CPU-s")
    row("CPU of metadata, tshark / redoubt", f"{theirs / full:.1f} x", "28 x", theirs / full >= 28)
    row("CPU of metadata, files and digests, tshark / redoubt", f"{theirs / files:.1f} x", "14 x", theirs / files >= 14)
    row("two workers against one, by the clock", f"{walls[0] / walls[1]:.2f} x", "1.8 x", walls[0] / walls[1] >= 1.8)
    row("memory of reading, at most", f"{memory:.0f} MB", "300 MB", memory < 300)


def live(args):
    """A replay of 200 Mbit/s for a minute over a wire of our own, read by one worker on one core."""
    missing = [tool for tool in ("ip", "tcpreplay", "taskset") if not shutil.which(tool)]
    if missing or os.geteuid() != 0:
        return print(f"SKIPPED live: needs root, and {missing or 'nothing else'}")
    space = f"redoubt-bench-{os.getpid()}"
    inside = ["ip", "netns", "exec", space]
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as scratch:
        path, _ = large_capture(scratch, 100 << 20)
        if path is None:
            return print(f"SKIPPED live: no captures at `{DATA}`")
        run("ip", "netns", "add", space)
        try:
            run(*inside, "ip", "link", "add", "near", "mtu", "65535", "type", "veth", "peer", "name", "far", "mtu", "65535")
            for end in ("near", "far"):
                run(*inside, "ip", "link", "set", end, "addrgenmode", "none")
                run(*inside, "ip", "link", "set", end, "arp", "off", "up")
            reader = subprocess.Popen(
                [*inside, "taskset", "-c", "0", f"{args.bin}/examples/live", "far", "--eve", f"{scratch}/eve"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            reader.stdout.readline()
            replay = ["tcpreplay", "--preload-pcap", "--mbps", "200", "--loop", "100000", "--duration", str(args.live_seconds), "-i", "near", path]
            said = run(*inside, *replay)
            time.sleep(2)
            out, _ = reader.communicate("")
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
        finally:
            run("ip", "netns", "del", space)
    got = json.loads(out)
    sent = int(re.search(r"Successful packets:\s+(\d+)", said).group(1))
    print(f"sent {sent}, {got}; CPU of the replay and the reader together {used.ru_utime + used.ru_stime:.1f} s")
    row("frames lost of a replay of 200 Mbit/s on one core", f"{sent - got['frames']} of {sent}", "0", sent == got["frames"] and got["dropped"] == 0)


# Indicators of each list, and how many of them are there.
LISTED, PRESENT = 1_000_000, 200
# What a list holds, the columns DuckDB looks for it in, and what one is that is nowhere.
# Some names are asked for everywhere: a list may have them, at these places among those that are there.
POPULAR, POPULAR_PLACES = "domains, two of them popular", (50, 150)
HUNTS = {
    "addresses": (["originator", "responder"], lambda dice: f"{dice.choice([100, 120, 150, 180])}.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(256)}"),
    "domains": (["object"], lambda dice: f"x{dice.getrandbits(32):x}.y{dice.getrandbits(32):x}.test"),
    POPULAR: (["object"], lambda dice: f"x{dice.getrandbits(32):x}.y{dice.getrandbits(32):x}.test"),
    "digests": (["file_sha256"], lambda dice: f"{dice.getrandbits(256):064x}"),
}
HIT = "start, originator, responder, community_id, protocol"


# Each hunt so often; the least counts.
TURNS = 3


def bench_lake(args, *words):
    """What the measuring program says."""
    return subprocess.run([f"{args.bin}/examples/lake_bench", *words], check=True, capture_output=True, text=True).stdout


class DuckDb:
    """DuckDB with one thread, on the files as they are."""
    name = "DuckDB"

    def __init__(self, files):
        import duckdb
        self.base, self.files = duckdb.connect(), files
        self.base.execute("set threads = 1")

    def load(self, path):
        self.base.execute("create or replace table listed as select column0 v from read_csv(?, header = false, all_varchar = true, delim = '|')", [path])

    def hits(self, column):
        return len(self.base.execute(f"select {HIT}, {column} from read_parquet(?) where {column} in (select v from listed)", [self.files]).fetchall())


class ChDb:
    """ClickHouse within the process, with one thread, on the same files."""
    name = "chdb"

    def __init__(self, files):
        from chdb import session
        self.base, self.files = session.Session(), str(pathlib.Path(files[0]).parent.parent / "*" / "*.parquet")

    def load(self, path):
        self.base.query("drop table if exists listed")
        self.base.query(f"create table listed engine = Memory as select line v from file('{path}', LineAsString)")

    def hits(self, column):
        asked = f"select {HIT}, {column} from file('{self.files}', Parquet) where {column} in (select v from listed) settings max_threads = 1, max_parsing_threads = 1"
        return len(self.base.query(asked, "TSV").bytes().splitlines())


def filling(args, scratch, folder):
    """Rows from batches to indexed files, and how large they are there."""
    said = bench_lake(args, "fill", f"{scratch}/worst", str(min(args.lake_rows, 1 << 20)), "new-names")
    print(f"every name new: {said.strip()}", flush=True)
    said = bench_lake(args, "fill", folder, str(args.lake_rows))
    print(said.strip(), flush=True)
    speed, kept, index = (float(re.search(pattern, said).group(1)) for pattern in (r"= (\d+) rows/CPU-s", r"ms; ([\d.]+) \+", r"\+ ([\d.]+) bytes/row"))
    row("rows from batches to indexed files, per CPU-second", f"{speed:,.0f}", "400,000", speed >= 400_000)
    row("bytes of a row, its index included", f"{kept + index:.1f}", "32", kept + index <= 32)


def lake(args):
    """Filling the lake, and hunts in it against others on the same files, by CPU on one core."""
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        folder = f"{scratch}/lake"
        if args.lake_folder:
            folder = args.lake_folder
        else:
            filling(args, scratch, folder)
        files = [str(path) for path in pathlib.Path(folder).glob("tables/session/day=*/*.parquet")]
        others = [DuckDb(files), ChDb(files)]
        lists = listed(others[0], files, scratch)
        for name, path in lists.items():
            said = [bench_lake(args, "hunt", folder, path) for _ in range(TURNS)]
            print(min(said, key=hunted).strip(), flush=True)
            hits = int(re.search(r"(\d+) hits", said[0]).group(1))
            ours = min(map(hunted, said))
            if name == "one":
                row("hunt for one indicator", f"{ours * 1000:.0f} ms CPU, {hits} hits", "50 ms", ours < 0.05)
                continue
            for other in others:
                other.load(path)
                theirs = []
                for _ in range(TURNS):
                    began = time.process_time()
                    found = sum(other.hits(column) for column in HUNTS[name][0])
                    theirs.append(time.process_time() - began)
                theirs = min(theirs)
                if hits != found:
                    sys.exit(f"{name}: the lake found {hits} and {other.name} {found}")
                row(f"hunt for a million {name}, lake / {other.name}, {hits} hits each", f"{ours:.2f} / {theirs:.2f} = {ours / theirs:.2f}", "0.2", ours / theirs <= 0.2)


# What a dashboard asks, in words that all three engines know.
DASHBOARDS = [
    "select date_trunc('hour', start) h, count(*) n, sum(originator_bytes + responder_bytes) b from {t} group by 1 order by 1",
    "select protocol, count(*) n, sum(originator_bytes) b from {t} group by 1 order by n desc, 1",
    "select protocol, count(*) n, count(distinct originator) c from {t} group by 1 order by n desc, 1",
    "select originator, sum(originator_bytes) b from {t} group by 1 order by b desc, 1 limit 50",
    "select responder, responder_port, count(*) n from {t} group by 1, 2 order by n desc, 1, 2 limit 50",
    "select originator, count(distinct responder) n from {t} where responder_port = 445 group by 1 order by n desc, 1 limit 50",
    "select state, transport, count(*) n, avg(duration_us) d from {t} group by 1, 2 order by n desc, 1, 2",
    "select count(distinct originator) a, count(distinct responder) b, count(*) n from {t}",
    "select date_trunc('hour', start) h, protocol, count(*) n from {t} group by 1, 2 order by 1, n desc, 2",
    "select responder_port, min(start) f, max(start) l, count(*) n from {t} where responder_bytes > 60000 group by 1 order by n desc, 1 limit 50",
]
# What is counted before it is taken, room to sort it included; what is taken is measured.
MEMORY = 4 << 30


def asked(args, folder, scratch, sql):
    """CPU-seconds, bytes of memory and rows of one question to the process that answers questions."""
    limits = {"memory_bytes": MEMORY, "spill_bytes": 8 << 30, "seconds": 600, "threads": 1, "rows": 1_000_000, "result_bytes": 1 << 29}
    question = json.dumps({"sql": sql, "lake": folder, "tables": None, "folder": scratch, "limits": limits})
    worker = subprocess.Popen([f"{args.bin}/redoubt-query", "answer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    worker.stdin.write(question + "\n")
    worker.stdin.flush()
    # The worker ends when whoever asked is gone: the pipe stays open until it has said everything.
    told = [json.loads(line) for line in worker.stdout]
    worker.stdin.close()
    if worker.wait() or not told or "done" not in told[-1]:
        sys.exit(f"{sql}: {told[-1:]}")
    done = told[-1]["done"]
    return done["cpu_ms"] / 1000, done["peak_bytes"], done["rows"]


def dashboards(args):
    """Ten aggregations over the lake: the process that answers questions against others on the same files, CPU of one thread each."""
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        folder = f"{scratch}/lake"
        if args.lake_folder:
            folder = args.lake_folder
        else:
            print(bench_lake(args, "fill", folder, str(args.lake_rows)).strip(), flush=True)
        files = [str(path) for path in pathlib.Path(folder).glob("tables/session/day=*/*.parquet")]
        duckdb, chdb = DuckDb(files), ChDb(files)
        peers = {
            "DuckDB": lambda sql: len(duckdb.base.execute(sql.format(t="read_parquet(?)"), [files]).fetchall()),
            "chdb": lambda sql: len(chdb.base.query(sql.format(t=f"file('{chdb.files}', Parquet)") + " settings max_threads = 1, max_parsing_threads = 1", "TSV").bytes().splitlines()),
        }
        most = 0
        for number, sql in enumerate(DASHBOARDS, 1):
            ours, theirs = 1e9, dict.fromkeys(peers, 1e9)
            # Each in turn: what else the machine does meets all of them.
            for _ in range(TURNS):
                used, memory, rows = asked(args, folder, scratch, sql.format(t="session"))
                ours, most = min(ours, used), max(most, memory)
                for name, ask in peers.items():
                    began = time.process_time()
                    found = ask(sql)
                    theirs[name] = min(theirs[name], time.process_time() - began)
                    if found != rows:
                        sys.exit(f"{sql}: {rows} rows, {found} of {name}")
            best = min(theirs.values())
            row(f"dashboard {number}, redoubt / DuckDB / chdb", f"{ours:.2f} / {theirs['DuckDB']:.2f} / {theirs['chdb']:.2f} = {ours / best:.2f}", "1.2", ours / best <= 1.2)
        row("most memory of a dashboard", f"{most / 1e6:.0f} MB", "1,500 MB", most < 1_500_000_000)


def present(duckdb, files, column, count):
    """Values that the files have, the same each time. Hosts inside are everywhere and no indicator."""
    chosen = f"select distinct {column} v from read_parquet(?) where not starts_with({column}, '10.') and hash({column}) % 64 = 7"
    found = duckdb.base.execute(f"select v from ({chosen}) order by hash(v) limit {count}", [files]).fetchall()
    return [value for (value,) in found]


def listed(duckdb, files, scratch):
    """Files of a million indicators each, of which some are there, and one of a single one."""
    dice, lists = random.Random(7), {}
    for name, (columns, other) in HUNTS.items():
        values = present(duckdb, files, columns[-1], PRESENT)
        if name == POPULAR:
            often = f"select object v from read_parquet(?) where object is not null group by 1 order by count(*) desc, 1 limit {len(POPULAR_PLACES)}"
            for place, (value,) in zip(POPULAR_PLACES, duckdb.base.execute(often, [files]).fetchall()):
                values[place] = value
        lists[name] = f"{scratch}/{name}"
        pathlib.Path(lists[name]).write_text("\n".join(values + [other(dice) for _ in range(LISTED - len(values))]))
    lists["one"] = f"{scratch}/one"
    pathlib.Path(lists["one"]).write_text(pathlib.Path(lists["addresses"]).read_text().split("\n", 1)[0])
    return lists


def growth(args):
    """The same hunt in a lake that grows: what it costs when there is more to look through and no more to find."""
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        folder, filled, before, path = f"{scratch}/lake", 0, None, f"{scratch}/digests"
        for rows in args.growth_rows:
            free = shutil.disk_usage(scratch).free
            if free < (rows - filled) * 36 + args.keep_free:
                print(f"SKIPPED growth to {rows:,} rows: {free / 1e9:.1f} GB are free")
                return
            print(bench_lake(args, "fill", folder, str(rows - filled)).strip(), flush=True)
            filled = rows
            if before is None:
                files = [str(path) for path in pathlib.Path(folder).glob("tables/session/day=*/*.parquet")]
                dice, (columns, other) = random.Random(7), HUNTS["digests"]
                values = present(DuckDb(files), files, columns[0], PRESENT)
                pathlib.Path(path).write_text("\n".join(values + [other(dice) for _ in range(LISTED - len(values))]))
            said = [bench_lake(args, "hunt", folder, path) for _ in range(TURNS)]
            least = min(said, key=hunted)
            print(least.strip(), flush=True)
            hits, used = int(re.search(r"(\d+) hits", least).group(1)), hunted(least)
            if before is None:
                print(f"hunt for a million digests in {rows:,} rows: {used:.2f} CPU-s, {hits} hits", flush=True)
            else:
                times, more = rows / before[0], used / before[1]
                row(f"the same hunt in {rows:,} rows, {hits} hits", f"{used:.2f} CPU-s = {more:.1f} x", f"less than {times:.0f} x", more < times)
            before = (rows, used)


def hunted(said):
    """CPU-seconds that a hunt says it took."""
    return float(re.search(r"hits in ([\d.]+) CPU-s", said).group(1))


def sustain(args):
    """A hundred thousand rows a second into the lake on one core."""
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        core = ["taskset", "-c", "0", f"{args.bin}/examples/lake_bench", "sustain", f"{scratch}/lake", str(args.sustain_seconds), "100000"]
        said = subprocess.run(core, check=True, capture_output=True, text=True).stdout
        print(said.strip(), flush=True)
        p99 = int(re.search(r"p99 (\d+) ms", said).group(1))
        row(f"acknowledgement at 100,000 rows/s for {args.sustain_seconds} s, p99", f"{p99} ms", "250 ms", p99 < 250)


# What other engines leave out by default, all at once, with every file and every digest.
FILES = "file-hash,file-store,http-headers,ja3,tls-fields,mail-fields,dhcp-extended,community-id,midstream"


def files_row(args):
    """Files taken apart, against what does parts of it: file, pefile, LIEF, yara-x."""
    import files

    files.files(args, cpu, row, DATA)


def likeness_row(args):
    """The ten nearest digests of a million files."""
    import files

    files.likeness(args, cpu, row)


def endpoint_row(args):
    """Calls and honest work under the guard, against the same without."""
    import endpoint

    endpoint.endpoint(args, row)


def telemetry_row(args):
    """What is heard while much happens, and what of it is lost."""
    import telemetry

    telemetry.telemetry(args, row)


def led_row(args):
    """10,000 agents on one server."""
    import led

    led.led(args, row)


ALL = {"sensor": sensor, "live": live, "lake": lake, "growth": growth, "dashboards": dashboards, "sustain": sustain, "wesng": wesng, "fleet": fleet, "assets": assets, "idle": idle, "files": files_row, "likeness": likeness_row, "endpoint": endpoint_row, "led": led_row, "telemetry": telemetry_row}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*ALL, []], help="which; all when none is named")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--wes", default="wes")
    parser.add_argument("--yr", default="yr", help="the command of yara-x")
    parser.add_argument("--capture-bytes", type=int, default=200 << 20, help="size of the capture for the sensor")
    parser.add_argument("--lake-rows", type=int, default=50_000_000, help="rows in the lake")
    parser.add_argument("--lake-folder", help="a lake that was filled before, for hunts and dashboards")
    parser.add_argument("--growth-rows", type=lambda text: [int(rows) for rows in text.split(",")], default=[5_000_000, 50_000_000, 200_000_000])
    parser.add_argument("--keep-free", type=int, default=4 << 30, help="bytes of the disk that a lake that grows leaves")
    parser.add_argument("--scratch", help="folder for what is large")
    parser.add_argument("--pe-folder", help="programs for Windows, for the files")
    parser.add_argument("--sustain-seconds", type=int, default=600)
    parser.add_argument("--live-seconds", type=int, default=60)
    parser.add_argument("--agents", type=int, default=10_000, help="simulated agents on one server")
    parser.add_argument("--wes-hosts", type=int, default=6, help="hosts given to WES-NG, which takes seconds for each")
    args = parser.parse_args()
    for name in args.names or ALL:
        ALL[name](args)


if __name__ == "__main__":
    main()
