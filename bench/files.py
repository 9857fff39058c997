"""The rows of file analysis. Peers are asked about the same files in the same run, in turn, and the least counts."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import workers

PE_FULL = """
import hashlib, sys, pefile
for path in open(sys.argv[1]).read().splitlines():
    data = open(path, 'rb').read()
    for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256):
        digest(data).hexdigest()
    try:
        pe = pefile.PE(data=data)
        pe.get_imphash(); pe.get_rich_header_hash()
        pe.dump_dict()
    except pefile.PEFormatError:
        pass
"""

LIEF_PARSE = """
import sys, lief
lief.logging.disable()
for path in open(sys.argv[1]).read().splitlines():
    lief.parse(path)
"""

# What the reader tells beside the tables: digests and entropy of the sections, the checksum, what a signature covers and
# whether it is right.
LIEF_FACTS = """
import hashlib, sys, lief
lief.logging.disable()
for path in open(sys.argv[1]).read().splitlines():
    binary = lief.parse(path)
    if binary is None:
        continue
    for section in binary.sections:
        content = section.content
        hashlib.md5(content).digest(), hashlib.sha256(content).digest(), section.entropy
    if isinstance(binary, lief.PE.Binary):
        binary.compute_checksum(), binary.authentihash(lief.PE.ALGORITHMS.SHA_256)
        if binary.has_signatures:
            binary.verify_signature()
"""

PLACES = ["/usr/lib", "/usr/share", "/usr/bin"]


def corpus(into, shared, pe_folder, want):
    """Copies benign files: all shared ones, programs for Windows, and others of the machine, the same ones each time."""
    into.mkdir()
    found = [path for path in sorted((shared / "files").iterdir()) if path.is_file()]
    if pe_folder:
        found += [path for path in sorted(pathlib.Path(pe_folder).rglob("*")) if path.is_file()]
    others = []
    for place in PLACES:
        for folder, _, names in os.walk(place):
            for name in names:
                path = pathlib.Path(folder) / name
                if path.is_file() and not path.is_symlink() and 64 < path.stat().st_size < 4 << 20:
                    others.append(path)
    others.sort()
    random.Random(7).shuffle(others)
    found += others[: max(0, want - len(found))]
    copied = []
    for number, path in enumerate(found):
        to = into / f"{number:05d}-{path.name}"
        shutil.copyfile(path, to)
        copied.append(to)
    return copied


def is_pe(path):
    with open(path, "rb") as file:
        return file.read(2) == b"MZ"


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def rules(count):
    """Rules in the shape of public ones: some texts, some bytes with gaps, an expression, a condition over several."""
    made = random.Random(11)
    text = []
    for number in range(count):
        words = ["".join(made.choices("abcdefghijklmnopqrstuvwxyz0123456789_.", k=made.randint(8, 24))) for _ in range(4)]
        raw = " ".join(f"{made.randint(0, 255):02X}" for _ in range(6))
        more = " ".join(f"{made.randint(0, 255):02X}" for _ in range(4))
        text.append(
            f'rule Made_{number} {{ meta: author = "bench" license = "CC0-1.0" strings: $a = "{words[0]}" ascii wide '
            f'$b = "{words[1]}" nocase $c = {{ {raw} ?? ?? [2-6] {more} }} $d = /{words[2][:6]}[0-9a-f]{{4,8}}/ '
            f"condition: 2 of them and filesize < 8MB }}"
        )
    return "\n".join(text)


def least(times, *runs):
    """The least of several runs each, asked in turn: the machine's noise meets all alike."""
    best = [None] * len(runs)
    for _ in range(times):
        for number, run in enumerate(runs):
            seconds = run()
            best[number] = seconds if best[number] is None else min(best[number], seconds)
    return best


def files(args, cpu, row, data):
    import tempfile

    python = sys.executable
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        scratch = pathlib.Path(scratch)
        all_files = corpus(scratch / "corpus", data, args.pe_folder, 2200)
        total = sum(path.stat().st_size for path in all_files)

        def listed(name, paths):
            path = scratch / name
            path.write_text("\n".join(map(str, paths)) + "\n")
            return str(path)

        everything = listed("all", all_files)
        programs = [path for path in all_files if is_pe(path)]
        linked = [path for path in all_files if is_elf(path)]
        print(f"{len(all_files)} files, {total / 1e6:.0f} MB; {len(programs)} PE, {len(linked)} ELF")
        ours, scan = f"{args.bin}/examples/formats_bench", [f"{args.bin}/redoubt", "file", "scan", "--json"]
        one = dict(os.environ, RAYON_NUM_THREADS="1")

        mine, theirs = least(
            3,
            lambda: cpu([ours, "identify", everything])[0],
            lambda: cpu(["file", "-b", "-f", everything])[0],
        )
        print(f"identification: redoubt {mine:.2f} CPU-s, file {theirs:.2f}")
        row("identification, file / redoubt", f"{theirs / mine:.1f} x", "1 x", theirs >= mine)

        if programs:
            of_programs = listed("pe", programs)
            mine, theirs = least(
                2,
                lambda: cpu([*scan, *map(str, programs)], env=one)[0],
                lambda: cpu([python, "-c", PE_FULL, of_programs])[0],
            )
            print(f"PE in full: redoubt {mine:.2f} CPU-s, every file in a process of its own and judged; pefile and digests {theirs:.2f}")
            row("PE in full, pefile / redoubt", f"{theirs / mine:.1f} x", "10 x", theirs >= 10 * mine)
        plain = listed("plain", programs + linked)
        mine, bare, theirs = least(
            3,
            lambda: cpu([ours, "read", plain])[0],
            lambda: cpu([python, "-c", LIEF_PARSE, plain])[0],
            lambda: cpu([python, "-c", LIEF_FACTS, plain])[0],
        )
        print(f"facts of PE and ELF: redoubt {mine:.2f} CPU-s, LIEF {theirs:.2f}, of which its parse is {bare:.2f}")
        row("facts of PE and ELF, LIEF / redoubt", f"{theirs / mine:.1f} x", "1 x", theirs >= mine)

        source = scratch / "rules"
        source.mkdir()
        (source / "made.yar").write_text(rules(5000))
        compiled, peer = scratch / "made.rules", scratch / "made.yarac"
        began = time.monotonic()
        cpu([f"{args.bin}/redoubt", "file", "rules", str(source), "--into", str(compiled)])
        print(f"5,000 rules compiled in {time.monotonic() - began:.1f} s, {compiled.stat().st_size / 1e6:.1f} MB")
        cpu([args.yr, "compile", "--output", str(peer), str(source / "made.yar")])
        empty = scratch / "empty"
        empty.write_bytes(b"x")
        start = min(cpu([*scan, str(empty), "--rules", str(compiled)])[1] for _ in range(5))
        row("worker ready, with 5,000 compiled rules", f"{start * 1000:.0f} ms", "1,000 ms", start < 1)
        # Of programs that hold no other files both look at the same bytes.
        same = [str(path) for path in linked]
        of_linked = listed("elf", linked)
        without, beside, theirs = least(
            3,
            lambda: cpu([*scan, *same], env=one)[0],
            lambda: cpu([*scan, *same, "--rules", str(compiled)], env=one)[0],
            lambda: cpu([args.yr, "scan", "--compiled-rules", "--threads", "1", "--scan-list", str(peer), of_linked])[0],
        )
        print(f"{len(same)} ELF: redoubt {without:.2f} CPU-s without rules, {beside:.2f} with; yara-x alone {theirs:.2f}")
        row("5,000 rules, redoubt's part / yara-x", f"{(beside - without) / theirs:.2f}", "1.1", beside - without <= 1.1 * theirs)

        large = scratch / "large"
        large.write_bytes(random.Random(3).randbytes(100 << 20))
        before = subprocess.run(
            ["/usr/bin/env", "python3", "-c", "import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL);print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
             *scan, str(large), "--rules", str(compiled)], capture_output=True, text=True)
        peak = int(before.stdout) / 1024
        row("a file of 100 MB, memory at most", f"{peak:.0f} MB", "500 MB", peak < 500)

        folder = str(scratch / "corpus")
        two = dict(os.environ, RAYON_NUM_THREADS="2")
        alone, both = least(3, lambda: cpu([*scan, folder], env=one)[1], lambda: cpu([*scan, folder], env=two)[1])
        print(f"{len(all_files) / alone:.0f} files a second with one, {len(all_files) / both:.0f} with two")
        row("two workers, against one", f"{alone / both:.2f} x", "1.8 x", alone >= 1.8 * both)
    workers.workers(args, row, rules(5000))


def likeness(args, cpu, row):
    """The ten nearest of 200 digests among a million, of which the store is given some: it takes a millisecond for each."""
    got = json.loads(cpu([f"{args.bin}/examples/likeness_bench", "1000000", "20000"])[2])
    right = sum(got[what]["right"] for what in ("near", "far")) / max(1, sum(got[what]["wanted"] for what in ("near", "far")))
    late = max(got[what]["p95_ms"] for what in ("near", "far"))
    print(json.dumps(got))
    row(f"ten of {got['files']:,} likenesses, p95; recall", f"{late:.1f} ms; {right:.3f}", "50 ms", late < 50 and right == 1)
