#!/usr/bin/env python3
"""Writes the archives of this folder with `rars` (PyPI, Apache-2.0): the same files in every format and way to pack them.

  make.py FOLDER
"""
import hashlib
import math
import pathlib
import sys

import rars

WORDS = "the house keeps what it was given and tells what it could not read".split()
TEXT = " ".join(WORDS[number * number % 13] for number in range(900)).encode()
# Calls to one place from many, which a filter of programs turns into the same bytes.
CODE = b"MZ" + b"".join(
    b"\x55\x8b\xec\xe8" + (90_000 - 9 * number).to_bytes(4, "little", signed=True) + b"\xc3" for number in range(200)
)
# No packer makes them smaller.
NOISE = hashlib.shake_128(b"noise").digest(1_500)
SOUND = b"".join(int(9_000 * math.sin(at / 9)).to_bytes(2, "little", signed=True) for at in range(700))
FILES = {"folder/text.txt": TEXT, "code.bin": CODE, "again.txt": TEXT[7:] + b"!", "sound.bin": SOUND, "empty": b""}

WAYS = {
    "15-solid": {"format": "rar15", "solid": True},
    "20": {"format": "rar20"},
    "29": {"format": "rar29"},
    "29-best": {"format": "rar29", "compression": 5},
    "29-locked": {"format": "rar29", "password": "secret", "solid": True},
    "40-solid": {"format": "rar40", "solid": True},
    "40-shut": {"format": "rar40", "password": "secret", "encrypt_headers": True},
    "50": {"format": "rar50", "comment": b"a comment of words"},
    "50-solid": {"format": "rar50", "solid": True},
    "50-locked": {"format": "rar50", "password": "secret"},
    "50-shut": {"format": "rar50", "password": "secret", "encrypt_headers": True},
    "70-solid": {"format": "rar70", "solid": True, "compression": 5},
}

folder = pathlib.Path(sys.argv[1])
for name, way in WAYS.items():
    builder = rars.RarBuilder(**way)
    for path, content in FILES.items():
        builder.add_bytes(content, path)
    (folder / f"{name}.rar").write_bytes(builder.to_bytes())
for name, version in (("40", "rar40"), ("50", "rar50")):
    builder = rars.RarBuilder(format=version, volume_size=1_000)
    builder.add_bytes(CODE + NOISE, "large.bin")
    volumes = folder / "volumes"
    volumes.mkdir(exist_ok=True)
    builder.write_volumes(volumes / "large.part1.rar")
    for number, part in enumerate(sorted(volumes.iterdir()), 1):
        part.rename(folder / f"{name}-volume-{number}.rar")
    volumes.rmdir()
