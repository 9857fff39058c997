#!/usr/bin/env python3
"""Cuts seeds for the targets `room` and `capture` out of captures.

  seeds.py --rooms FOLDER --captures FOLDER CAPTURE-FOLDER…

A seed of a room is one conversation: which room it is for is tried by the fuzzer itself, so each conversation is written
once for each of a few numbers of rooms. Ethernet captures of the classic format are taken, and of large ones the beginning.
"""
import argparse
import hashlib
import pathlib
import struct

CONVERSATIONS_MAX = 4
BYTES_MAX = 20000
ROOMS = 40


def frames(data):
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    if order is None or struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF != 1:
        return
    at = 24
    while at + 16 <= len(data):
        captured = struct.unpack_from(order + "I", data, at + 8)[0]
        yield data[at + 16 : at + 16 + captured]
        at += 16 + captured


def payload(frame):
    """Protocol, ends and payload of a TCP segment or UDP datagram in IPv4."""
    if frame[12:14] != b"\x08\x00" or len(frame) < 42:
        return None
    ip = frame[14 : 14 + struct.unpack_from(">H", frame, 16)[0]]
    head = (ip[0] & 15) * 4
    body = ip[head:]
    if ip[9] not in (6, 17) or len(body) < 8 or (ip[9] == 6 and len(body) < 20):
        return None
    ports = struct.unpack_from(">HH", body)
    skip = 8 if ip[9] == 17 else (body[12] >> 4) * 4
    return ip[9], (ip[12:16], ports[0]), (ip[16:20], ports[1]), body[skip:]


def conversations(data):
    """The first conversations of a capture as portions for the target, in the order they were captured."""
    found = {}
    for frame in frames(data):
        said = payload(frame)
        if said is None or not said[3]:
            continue
        protocol, source, destination, content = said
        key = (protocol, *sorted((source, destination)))
        if key not in found:
            if len(found) >= CONVERSATIONS_MAX:
                continue
            found[key] = [source, bytearray(), protocol]
        opener, out, _ = found[key]
        if len(out) < BYTES_MAX:
            out += struct.pack("<BH", int(source != opener), len(content)) + content
    return [(protocol, bytes(out)) for _, out, protocol in found.values()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=pathlib.Path, required=True)
    parser.add_argument("--captures", type=pathlib.Path, required=True)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    for folder in (args.rooms, args.captures):
        folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(found for folder in args.folders for found in folder.rglob("*.pcap*")):
        data = path.read_bytes()
        name = hashlib.sha256(data).hexdigest()[:16]
        (args.captures / name).write_bytes(b"tcp port 80 or net 10.0.0.0/8\n" + data[:BYTES_MAX])
        for number, (protocol, content) in enumerate(conversations(data)):
            room = int(name, 16) + number
            head = bytes([room % ROOMS, int(protocol == 17)])
            (args.rooms / f"{name}-{number}").write_bytes(head + content)


if __name__ == "__main__":
    main()
