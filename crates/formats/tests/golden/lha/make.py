#!/usr/bin/env python3
"""Makes `lh1.lzh`: an archive of one text of 40,000 letters, packed by the first method of LHA without any copies, so that the
tree counts far enough to be halved. `lhasa t lh1.lzh` says that it is right.
"""
import pathlib
import random
import struct

COPY_MAX, COUNTED_MAX = 60, 0x8000
SYMBOLS = 256 - 2 + COPY_MAX
NODES = SYMBOLS * 2 - 1
ROOT = NODES - 1


class Tree:
    def __init__(self):
        self.counts = [1] * SYMBOLS
        self.children = [symbol + NODES for symbol in range(SYMBOLS)]
        for first in range(0, NODES - 1, 2):
            self.counts.append(self.counts[first] + self.counts[first + 1])
            self.children.append(first)
        self.counts.append(1 << 30)
        self.find_parents()

    def find_parents(self):
        self.parents = {}
        for node, child in enumerate(self.children):
            self.parents[child] = node
            if child < NODES:
                self.parents[child + 1] = node

    def halve(self):
        leaves = [node for node in range(NODES) if self.children[node] >= NODES]
        counts = [(self.counts[node] + 1) // 2 for node in leaves]
        children = [self.children[node] for node in leaves]
        for first in range(0, NODES - 1, 2):
            count = counts[first] + counts[first + 1]
            place = len(counts)
            while counts[place - 1] > count:
                place -= 1
            counts.insert(place, count)
            children.insert(place, first)
        self.counts, self.children = counts + [1 << 30], children
        self.find_parents()

    def code(self, symbol):
        bits, node = [], self.parents[symbol + NODES]
        while node != ROOT:
            bits.append(node & 1)
            node = self.parents[node]
        self.count(symbol)
        return bits[::-1]

    def count(self, symbol):
        if self.counts[ROOT] == COUNTED_MAX:
            self.halve()
        node = self.parents[symbol + NODES]
        while True:
            self.counts[node] += 1
            other = node
            while self.counts[node] > self.counts[other + 1]:
                other += 1
            for values in (self.counts, self.children):
                values[node], values[other] = values[other], values[node]
            for place in (node, other):
                child = self.children[place]
                self.parents[child] = place
                if child < NODES:
                    self.parents[child + 1] = place
            if other == ROOT:
                break
            node = self.parents[other]


def checksum(data):
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def entry(name, data):
    tree, bits = Tree(), []
    for letter in data:
        bits += tree.code(letter)
    bits += [0] * (-len(bits) % 8)
    packed = bytes(int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8))
    head = b"-lh1-" + struct.pack("<II", len(packed), len(data)) + bytes(4) + b"\x20\0"
    head += bytes([len(name)]) + name + struct.pack("<H", checksum(data))
    return bytes([len(head), sum(head) & 255]) + head + packed


random.seed(7)
text = bytes(ord("a") if random.random() < 0.93 else random.choice(b"bcdefgh") for _ in range(40000))
pathlib.Path(__file__).with_name("lh1.lzh").write_bytes(entry(b"letters.txt", text) + b"\0")
