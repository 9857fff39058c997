"""The rows of the guard: what calls and honest work take under it, against the same without, in turn in one run."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
FILES = 2000
LINE = "2024-03-13 17:01:22 a line of text that was there before, as people write them\n"

# What a call may take more, in the middle, and what work may.
CALLS = {"read": 1.5, "new": 2.0, "first write": 3.0, "further write": 1.1, "exec": 1.3}
WORK = {"compile": 1.1, "git clone": 1.2}


@contextlib.contextmanager
def guard(binary, folder):
    """Guards `folder/documents`; nobody may be stopped meanwhile."""
    command = [binary, "guard", "--json", "--protect", folder / "documents", "--state", folder / "state"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if json.loads(line)["event"] == "ready":
            break
    else:
        sys.exit(f"the guard was not ready and ended with {process.wait()}")
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        events = [json.loads(line) for line in process.stdout]
        process.wait()
    if any(event["event"] == "tripped" for event in events):
        sys.exit(f"the guard stopped honest work: {events}")


def made(folder):
    """Fresh documents, sources and a repository."""
    shutil.rmtree(folder, ignore_errors=True)
    old, source, repository = (folder / "documents" / name for name in ("old", "source", "repository"))
    for path in (old, source, repository, folder / "state"):
        path.mkdir(parents=True)
    for number in range(FILES):
        (old / f"{number}.txt").write_text(LINE * 200)
    for number in range(24):
        (source / f"f{number}.c").write_text("#include <stdio.h>\n" + "".join(f"int f{number}_{k}(int x) {{ return printf(\"%d\", x) * {k}; }}\n" for k in range(80)))
        (repository / f"{number}.txt").write_text(LINE * (number + 1) * 20)
    git = ["git", "-C", repository, "-c", "user.name=a", "-c", "user.email=a@example.test"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    os.sync()


def one_round(binaries, folder):
    """Microseconds of the calls and seconds of the work."""
    said = subprocess.run([binaries / "examples" / "file_latency", folder / "documents", str(FILES)], check=True, capture_output=True)
    took = {name: call["p50_us"] for name, call in json.loads(said.stdout).items()}
    slow = {name: call["p99_us"] for name, call in json.loads(said.stdout).items()}
    sources = sorted((folder / "documents" / "source").glob("*.c"))
    work = {
        "compile": ["gcc", "-O1", "-c", *sources],
        "git clone": ["git", "clone", "-q", "--no-hardlinks", folder / "documents" / "repository", folder / "documents" / "cloned"],
    }
    for name, command in work.items():
        began = time.monotonic()
        subprocess.run(command, check=True, cwd=folder / "documents" / "source")
        took[name] = time.monotonic() - began
    return took, slow


def endpoint(args, row):
    binaries = pathlib.Path(args.bin)
    rounds = {False: [], True: []}
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        folder = pathlib.Path(scratch) / "guarded"
        # Each goes first as often as the other; the first round warms up and does not count.
        for number in range(ROUNDS + 1):
            for guarded in (number % 2 == 0, number % 2 != 0):
                made(folder)
                with guard(binaries / "redoubt-agent", folder) if guarded else contextlib.nullcontext():
                    took = one_round(binaries, folder)
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
