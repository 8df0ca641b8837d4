"""Damaged and malicious files for the tests of loading."""

import hashlib
import json

PLACE = 8 + len(b'{"__metadata__":{"lamina":"{\\"sha256\\":\\"')
DIGITS = 64


def parts(data):
    """Return the header as values, its document, and the bytes of the arrays."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    document = json.loads(header.pop("__metadata__")["lamina"])
    document.pop("sha256")
    return header, document, data[8 + length :]


def sealed(header, document, arrays):
    """Return a file with a correct checksum; header and document may be JSON already."""
    inner = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    text = json.dumps('{"sha256":"' + "0" * DIGITS + '",' + inner[1:])
    rest = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))
    more = "," + rest[1:] if rest != "{}" else "}"
    return resealed(f'{{"__metadata__":{{"lamina":{text}}}{more}'.encode(), arrays)


def resealed(head, arrays):
    """Return a file with a header given as bytes and its checksum."""
    data = bytearray(len(head).to_bytes(8, "little") + head + arrays)
    digits = hashlib.sha256(data).hexdigest().encode()
    data[PLACE : PLACE + DIGITS] = digits
    return bytes(data)


def mutated(data, rng):
    """Return the bytes of a file with one thing changed."""
    made, at = bytearray(data), int(rng.integers(len(data)))
    kind, span = int(rng.integers(7)), int(rng.integers(1, 9))
    if kind == 0:
        made[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        made[at] = int(rng.integers(256))
    elif kind == 2:
        del made[at : at + span]
    elif kind == 3:
        made[at:at] = rng.bytes(span)
    elif kind == 4:
        made[at:at] = made[max(0, at - 50) : at]
    elif kind == 5:
        other = int(rng.integers(len(data)))
        made[at], made[other] = made[other], made[at]
    else:
        made[: 8 if at % 2 else 1] = rng.bytes(8 if at % 2 else 1)
    return bytes(made)


def junk(rng):
    """Return a value that cannot stand in a document in place of another."""
    values = (
        None, True, -1, 0, 1 << 31, 1 << 62, 1e308, -0.5, "", "os.system", "../../etc/passwd",
        "__import__('os')", [], {}, [[[[]]]], {"class_name": "Dense", "config": {"units": 1 << 40}},
        {"class_name": "function", "config": "system", "room": "os"},
        {"class_name": "function", "config": "__import__"},
        {"class_name": "__tensor__", "config": "nothing"},
        {"class_name": "__slice__", "config": [1]}, {"class_name": ["a"]}, "\x00", ["a", 1],
    )  # fmt: skip
    return values[int(rng.integers(len(values)))]


def places(value, path=()):
    """Yield the places of values in a document."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield (*path, key)
            yield from places(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield (*path, index)
            yield from places(each, (*path, index))


def replaced(document, path, new):
    """Return a document with another value at a place."""
    made = json.loads(json.dumps(document))
    held = made
    for key in path[:-1]:
        held = held[key]
    held[path[-1]] = new
    return made
