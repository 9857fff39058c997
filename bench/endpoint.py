"""The rows of the agent: what calls, honest work and the start of programs take under it, against the same without, in turn
in one run; and beside it what they take under fapolicyd, where that is installed."""
import contextlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROUNDS = 7
FILES = 2000
LINE = "2024-03-13 17:01:22 a line of text that was there before, as people write them\n"

# What a call may take more, in the middle, and what work may.
CALLS = {"read": 1.5, "new": 2.0, "first write": 3.0, "further write": 1.1, "exec": 1.3}
WORK = {"compile": 1.05, "git clone": 1.05}
# Files that a program of a package opens and reads, one after the other: by how many microseconds more each.
EACH = {"open and read": 20.0}
# And by how many microseconds more, where the call alone takes next to nothing.
MORE = {"open": 20.0, "further write": 0.5}
# Into a file of which only what is changed is kept: asked about each time, whatever that takes.
LARGE = ["large write", "large write again"]
LARGE_BYTES = 96 << 20
# Files are kept by ranges from a second on after they were marked.
SETTLED_SECONDS = 1.2
# And what it may take more to start a program: one that ran before, and one of 1 MB that is new. Where its bytes are in memory
# they must be read all the same: the same holds of the start and the sum together.
STARTS = {"warm": 1.05, "warm script": 1.05, "new": 1.3, "new from disk": 1.3}
STARTED = 400


@contextlib.contextmanager
def guard(binary, folder):
    """Guards `folder/documents` and decides what runs; nobody may be stopped meanwhile."""
    with decided(binary, folder, "--protect", folder / "documents", readies=2):
        time.sleep(SETTLED_SECONDS)
        yield
    told = [json.loads(line) for line in (folder / "told").read_text().splitlines()]
    if any(event["event"] == "tripped" for event in told):
        sys.exit(f"the guard stopped honest work: {told}")


class Shell:
    """A shell of the system that was there before anybody looked, so that what it starts is nobody's but its own."""

    def __init__(self):
        words = ["/bin/bash", "--norc"]
        path = {**os.environ, "PATH": "/usr/bin:/bin"}
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=path)

    def seconds(self, words):
        """How long it takes to run something."""
        began = time.monotonic()
        self.process.stdin.write(f"{shlex.join(map(str, words))} > /dev/null; echo $?\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline()
        if said != "0\n":
            sys.exit(f"{words[0]} ended with {said.strip()}")
        return time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def made(folder):
    """Fresh documents, sources and a repository."""
    old, source, repository = (folder / "documents" / name for name in ("old", "source", "repository"))
    for path in (old, source, repository, folder / "state"):
        path.mkdir(parents=True)
    for number in range(FILES):
        (old / f"{number}.txt").write_text(LINE * 200)
    with open(folder / "documents" / "large", "wb") as large:
        for _ in range(LARGE_BYTES >> 20):
            large.write((LINE * (1 << 20))[:1 << 20].encode())
    for number in range(24):
        (source / f"f{number}.c").write_text("#include <stdio.h>\n" + "".join(f"int f{number}_{k}(int x) {{ return printf(\"%d\", x) * {k}; }}\n" for k in range(80)))
        (repository / f"{number}.txt").write_text(LINE * (number + 1) * 20)
    objects = " ".join(f"f{number}.o" for number in range(24))
    (source / "Makefile").write_text(f"all: {objects}\n%.o: %.c\n\tgcc -O1 -c $<\nclean:\n\trm -f f0.o\n")
    git = ["git", "-C", repository, "-c", "user.name=a", "-c", "user.email=a@example.test"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    os.sync()


def one_round(binaries, folder, shell):
    """Microseconds of the calls and seconds of the work."""
    said = subprocess.run([binaries / "examples" / "file_latency", folder / "documents", str(FILES)], check=True, capture_output=True)
    took = {name: call["p50_us"] for name, call in json.loads(said.stdout).items()}
    slow = {name: call["p99_us"] for name, call in json.loads(said.stdout).items()}
    documents = folder / "documents"
    work = {
        "compile": ["make", "-s", "-C", documents / "source"],
        "git clone": ["git", "clone", "-q", "--no-hardlinks", documents / "repository", documents / "cloned"],
        "open and read": ["head", "-qc1", *(documents / "old" / f"{number}.txt" for number in range(FILES))],
    }
    # Each twice: a program that the agent meets for the first time is read, which is measured by itself.
    shell.seconds(["git", "clone", "-q", "--no-hardlinks", documents / "repository", documents / "before"])
    shell.seconds(["make", "-s", "-C", documents / "source", "f0.o", "clean"])
    for name, command in work.items():
        took[name] = shell.seconds(command)
    return took, slow


def endpoint(args, row):
    binaries = pathlib.Path(args.bin)
    rounds = {False: [], True: []}
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        # Each goes first as often as the other; the first round warms up and does not count. Nothing is removed in between:
        # filesystems go around what was removed a moment ago, and take long for it.
        for number in range(ROUNDS + 1):
            for guarded in (number % 2 == 0, number % 2 != 0):
                folder = pathlib.Path(scratch) / f"{number}-{'guarded' if guarded else 'alone'}"
                made(folder)
                # The shell is there before the guard.
                with Shell() as shell, guard(binaries / "redoubt-agent", folder) if guarded else contextlib.nullcontext():
                    took = one_round(binaries, folder, shell)
                if number:
                    rounds[guarded].append(took)
    for name, most in {**CALLS, **WORK}.items():
        alone, under = (statistics.median(took[name] for took, _ in rounds[guarded]) for guarded in (False, True))
        if name in CALLS:
            slow = statistics.median(slow[name] for _, slow in rounds[True])
            value = f"{alone:.1f} -> {under:.1f} us, p99 {slow:.0f}"
        else:
            value = f"{alone:.2f} -> {under:.2f} s"
        row(f"{name} without and under guard: {under / alone:.2f} x", value, f"{most} x", under / alone <= most)
    for name, most in EACH.items():
        alone, under = (statistics.median(took[name] for took, _ in rounds[guarded]) * 1e6 / FILES for guarded in (False, True))
        row(f"{name} by a program of a package: {under - alone:+.1f} us", f"{alone:.1f} -> {under:.1f} us", f"+{most} us", under - alone <= most)
    for name in [*MORE, *LARGE]:
        alone, under = (statistics.median(took[name] for took, _ in rounds[guarded]) for guarded in (False, True))
        most = MORE.get(name)
        value = f"{alone:.1f} -> {under:.1f} us"
        row(f"{name} without and under guard: {under - alone:+.1f} us", value, f"+{most} us" if most else "none", most is None or under - alone <= most)
    execution(binaries, args.scratch, row)


@contextlib.contextmanager
def decided(binary, folder, *more, readies=1):
    """Decides what runs on the whole machine, and keeps nothing from it."""
    (folder / "rules.json").write_text(json.dumps({"mode": "enforce", "trust_packages": True, "unknown_may": True, "undecided_may": True}))
    command = [binary, "run", "--json", "--rules", folder / "rules.json", "--state", folder / "state", *more]
    with open(folder / "told", "w") as told:
        process = subprocess.Popen(command, stdout=told)
    until = time.monotonic() + 30
    while (folder / "told").read_text().count('"ready"') < readies:
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"what runs is not decided: {process.poll()}")
        time.sleep(0.05)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextlib.contextmanager
def fapolicyd():
    """Decides too, and keeps nothing from running; as a process of this run, never as a service."""
    process = subprocess.Popen(["fapolicyd", "--permissive", "--debug-deny"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if "Starting to listen for events" in line:
                break
        else:
            raise OSError(f"fapolicyd ended with {process.wait()}")
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def started(binaries, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    # On one processor: waking another that sleeps takes longer than what is measured, and an agent keeps it awake.
    alone = {min(os.sched_getaffinity(0))}
    command = [binaries / "examples" / "exec_latency", folder, str(STARTED)]
    said = subprocess.run(command, check=True, capture_output=True, preexec_fn=lambda: os.sched_setaffinity(0, alone))
    return json.loads(said.stdout)


def execution(binaries, scratch_folder, row):
    with tempfile.TemporaryDirectory(dir=scratch_folder) as scratch:
        scratch = pathlib.Path(scratch)
        ways = {"alone": contextlib.nullcontext, "agent": lambda: decided(binaries / "redoubt-agent", scratch)}
        try:
            with fapolicyd():
                ways["fapolicyd"] = fapolicyd
        except OSError as error:
            print(f"SKIPPED: fapolicyd beside it: {error}; install it and give it rules to see what it takes", file=sys.stderr)
        rounds = {name: [] for name in ways}
        for number in range(ROUNDS + 1):
            order = list(ways)[number % len(ways):] + list(ways)[:number % len(ways)]
            for name in order:
                with ways[name]():
                    took = started(binaries, scratch / "programs")
                if number:
                    rounds[name].append(took)
    for name, most in STARTS.items():
        # Of the quietest round: what else a machine does only adds to this, and comes and goes more slowly than the rounds.
        middle = {way: min(took[name]["p50_us"] for took in rounds[way]) for way in ways}
        slow = statistics.median(took[name]["p99_us"] for took in rounds["agent"])
        beside = f", fapolicyd {middle['fapolicyd']:.0f} us" if "fapolicyd" in middle else ""
        if name == "new":
            middle["alone"] += min(took["sum"]["p50_us"] for took in rounds["alone"])
        ratio = middle["agent"] / middle["alone"]
        row(f"start of a program, {name}{' with its sum' if name == 'new' else ''}, without and under the agent: {ratio:.2f} x", f"{middle['alone']:.0f} -> {middle['agent']:.0f} us, p99 {slow:.0f}{beside}", f"{most} x", ratio <= most)
