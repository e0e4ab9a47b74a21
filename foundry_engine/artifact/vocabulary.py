"""Terms as front-coded bytes: sorted, each one stored as what it does not share with the one before."""

from __future__ import annotations

from collections.abc import Sequence

from foundry_engine.errors import MalformedArtifact

MAX_TERM_BYTES = 255
"""Longer terms are never in a vocabulary; it bounds what a few hostile bytes can unfold to."""
MAX_UNFOLDED_BYTES = 1 << 28
"""All terms of a vocabulary together."""


def encode_terms(terms: Sequence[str]) -> bytes:
    """Front-coded bytes of terms that are strictly ascending by their UTF-8 bytes.

    Per term: LEB128 length of the shared prefix in bytes, LEB128 length of the rest, the rest.
    """
    out = bytearray()
    previous = b""
    for term in terms:
        raw = term.encode("utf-8")
        if raw <= previous or len(raw) > MAX_TERM_BYTES:
            raise ValueError(f"terms must ascend and have at most {MAX_TERM_BYTES} bytes: {term!r}")
        shared = 0
        while shared < min(len(raw), len(previous)) and raw[shared] == previous[shared]:
            shared += 1
        out += encode_varint(shared) + encode_varint(len(raw) - shared) + raw[shared:]
        previous = raw
    return bytes(out)


def decode_terms(data: bytes, limit: int = MAX_UNFOLDED_BYTES) -> list[str]:
    """The terms of front-coded bytes.

    Raises ``MalformedArtifact`` for impossible lengths, terms out of order, bytes that are not UTF-8, and terms that
    have more than ``limit`` bytes together.
    """
    terms: list[str] = []
    previous, at, unfolded = b"", 0, 0
    while at < len(data):
        shared, at = decode_varint(data, at)
        rest, at = decode_varint(data, at)
        if shared > len(previous) or rest > len(data) - at or shared + rest > MAX_TERM_BYTES:
            raise MalformedArtifact(
                f"front-coded terms: number {len(terms)} has impossible lengths ({shared} shared, {rest} own)"
            )
        raw = previous[:shared] + data[at : at + rest]
        if raw <= previous:
            raise MalformedArtifact(f"front-coded terms: number {len(terms)} is not above the one before it")
        try:
            terms.append(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise MalformedArtifact(f"front-coded terms: number {len(terms)} is not UTF-8") from error
        previous, at, unfolded = raw, at + rest, unfolded + len(raw)
        if unfolded > limit:
            raise MalformedArtifact(f"front-coded terms: number {len(terms) - 1} is beyond the limit of unfolded bytes")
    return terms


def encode_varint(value: int) -> bytes:
    """LEB128: seven bits a byte, low bits first.

    >>> encode_varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_varint(data: bytes, at: int) -> tuple[int, int]:
    """A LEB128 number of at most five bytes (below 2**32) at a place, and the place after it."""
    value = 0
    for i in range(5):
        if at + i >= len(data):
            break
        byte = data[at + i]
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            if value >= 1 << 32:
                break
            return value, at + i + 1
    raise MalformedArtifact(f"a number at byte {at} does not end or is too large")
