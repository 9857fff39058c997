#!/usr/bin/env python3
"""Builds one large capture out of many small ones: the same conversations again and again, each round between other
addresses, in the order of time. Ethernet captures of the classic format are taken; the rest is left out and counted.

  capture.py --out FILE --bytes N FOLDER…
"""
import argparse
import pathlib
import struct
import sys

ROUND_SECONDS = 610


def frames(path):
    """Frames of a classic little-endian or big-endian Ethernet capture: (seconds, microseconds, wire length, bytes)."""
    data = path.read_bytes()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    if order is None or struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF != 1:
        return None
    found, at = [], 24
    while at + 16 <= len(data):
        seconds, micros, captured, wire = struct.unpack_from(order + "IIII", data, at)
        if at + 16 + captured > len(data):
            break
        found.append((seconds, micros, wire, data[at + 16 : at + 16 + captured]))
        at += 16 + captured
    return found


def network(frame):
    """Where the network header begins and whether it is IPv4 or IPv6."""
    at = 12
    while len(frame) >= at + 2:
        kind = frame[at : at + 2]
        if kind in (b"\x81\x00", b"\x88\xa8"):
            at += 4
        elif kind == b"\x08\x00" and len(frame) >= at + 22:
            return at + 2, 4
        elif kind == b"\x86\xdd" and len(frame) >= at + 42:
            return at + 2, 6
        else:
            return None
    return None


def shifted(frame, number):
    """The frame between other addresses; checksums are left as they are, as those of mirrored traffic often are."""
    place = network(frame)
    if place is None:
        return frame
    at, version = place
    out = bytearray(frame)
    for start in ((at + 12, at + 16) if version == 4 else (at + 8, at + 24)):
        out[start + 1] = (out[start + 1] + number) & 0xFF
        out[start] = (out[start] ^ (number >> 8)) & 0xFF
    return bytes(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--bytes", type=int, default=200 << 20)
    args = parser.parse_args()
    conversations, left_out = [], 0
    for path in sorted(p for folder in args.folders for p in folder.rglob("*.?cap")):
        found = frames(path)
        if found is None:
            left_out += 1
        elif found:
            conversations.append(found)
    each = sum(16 + len(frame[3]) for found in conversations for frame in found)
    rounds = max(1, -(-args.bytes // max(1, each)))
    with args.out.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        written = 0
        for number in range(rounds):
            # All conversations of a round run side by side.
            merged = []
            for found in conversations:
                first = found[0][0] + found[0][1] / 1e6
                merged += [(max(0.0, s + u / 1e6 - first), wire, data) for s, u, wire, data in found]
            merged.sort(key=lambda frame: frame[0])
            for offset, wire, data in merged:
                moment = 1_500_000_000 + number * ROUND_SECONDS + min(offset, 600.0)
                moved = shifted(data, number)
                out.write(struct.pack("<IIII", int(moment), int(moment % 1 * 1e6), len(moved), wire) + moved)
                written += 1
    print(f"{args.out}: {args.out.stat().st_size} bytes, {written} frames, {rounds} rounds of {len(conversations)} captures, {left_out} left out", file=sys.stderr)


if __name__ == "__main__":
    main()
