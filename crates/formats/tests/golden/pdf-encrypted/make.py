#!/usr/bin/env python3
"""Writes the documents of this folder with pikepdf (qpdf): one text, one file, each way to encrypt them.

  make.py FOLDER
"""
import pathlib
import sys
import warnings

import pikepdf

warnings.simplefilter("ignore")
WAYS = {
    "r2": {"R": 2, "aes": False, "metadata": False},
    "r3": {"R": 3, "aes": False, "metadata": False},
    "r4-rc4": {"R": 4, "aes": False, "metadata": False},
    "r4-aes": {"R": 4, "aes": True},
    "r5": {"R": 5},
    "r6": {"R": 6},
}

for name, way in WAYS.items():
    for password in ("", "infected"):
        pdf = pikepdf.new()
        pdf.add_blank_page()
        script = pikepdf.String("app.alert('hello from a text');")
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=script)
        pdf.docinfo["/Title"] = "A title"
        pdf.attachments["a.txt"] = b"an attached file\n" * 10
        packed = pikepdf.ObjectStreamMode.generate if name in ("r4-aes", "r6") else pikepdf.ObjectStreamMode.disable
        path = pathlib.Path(sys.argv[1]) / f"{name}-{password or 'empty'}.pdf"
        encryption = pikepdf.Encryption(user=password, owner="owner", **way)
        pdf.save(path, encryption=encryption, object_stream_mode=packed)
