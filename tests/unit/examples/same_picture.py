#!/usr/bin/env python3
"""same_picture.py FILE.png FILE.ppm: whether both are one picture. Decodes as strictly as PNG's standard asks."""
import struct
import sys
import zlib


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no signature"
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, content = data[at + 4:at + 8], data[at + 8:at + 8 + length]
        (check,) = struct.unpack_from(">I", data, at + 8 + length)
        assert check == zlib.crc32(name + content), f"the check of {name} is wrong"
        yield name, content
        at += 12 + length


def of_png(data):
    found = list(chunks(data))
    names = [name for name, _ in found]
    assert names == [b"IHDR"] + [b"IDAT"] * (len(names) - 2) + [b"IEND"], names
    width, height, *form = struct.unpack(">IIBBBBB", found[0][1])
    assert form == [8, 2, 0, 0, 0], f"not 8 bits of RGB: {form}"
    decompress = zlib.decompressobj()  # which checks Adler-32
    rows = decompress.decompress(b"".join(content for _, content in found[1:-1]))
    assert decompress.eof and not decompress.unused_data, "the stream does not end where the chunks do"
    stride = 1 + 3 * width
    assert len(rows) == stride * height and not any(rows[::stride]), "rows with filters, or of another length"
    return width, height, b"".join(rows[at + 1:at + stride] for at in range(0, len(rows), stride))


def of_ppm(data):
    kind, size, largest, pixels = data.split(b"\n", 3)
    assert kind == b"P6" and largest == b"255", (kind, largest)
    width, height = map(int, size.split())
    return width, height, pixels


with open(sys.argv[1], "rb") as png, open(sys.argv[2], "rb") as ppm:
    sys.exit(of_png(png.read()) != of_ppm(ppm.read()))
