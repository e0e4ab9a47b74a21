"""Front-coded terms and varints, byte by byte."""

from __future__ import annotations

import pytest

from foundry_engine.artifact.vocabulary import decode_terms, decode_varint, encode_terms, encode_varint
from foundry_engine.errors import MalformedArtifact


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([], b""),
        ([""], None),
        (["a"], b"\x00\x01a"),
        (["a", "ab", "b"], b"\x00\x01a" b"\x01\x01b" b"\x00\x01b"),
        (["what", "when"], b"\x00\x04what" b"\x02\x02en"),
        (["中", "丮"], b"\x00\x03\xe4\xb8\xad" b"\x02\x01\xae"),
        (["x" * 200], b"\x00\xc8\x01" + b"x" * 200),
        (["x" * 255], b"\x00\xff\x01" + b"x" * 255),
        (["x" * 254, "x" * 255], b"\x00\xfe\x01" + b"x" * 254 + b"\xfe\x01\x01x"),
        (["x" * 256], None),
        (["中" * 86], None),
        (["b", "a"], None),
        (["a", "a"], None),
        (["𠀀", "\uffff"], None),
        (["\uffff", "𠀀"], b"\x00\x03\xef\xbf\xbf" b"\x00\x04\xf0\xa0\x80\x80"),
        (["\x01a", "\x02\x03"], b"\x00\x02\x01a" b"\x00\x02\x02\x03"),
    ],
)  # fmt: skip
def test_terms(terms: list[str], expected: bytes | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="ascend"):
            encode_terms(terms)
    else:
        assert encode_terms(terms) == expected
        assert decode_terms(expected) == terms


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x00", "does not end"),
        (b"\x00\x01", "impossible lengths"),
        (b"\x01\x01a", "impossible lengths"),
        (b"\x00\x01a\x02\x01b", "impossible lengths"),
        (b"\x00\x01b\x00\x01a", "not above"),
        (b"\x00\x01a\x00\x01a", "not above"),
        (b"\x00\x01a\x01\x00", "not above"),
        (b"\x00\x00", "not above"),
        (b"\x00\x01\xff", "not UTF-8"),
        (b"\x00\x03\xed\xa0\x80", "not UTF-8"),
        (b"\x00\x80\x02" + b"x" * 256, "impossible lengths"),
        (b"\x00\xff\xff\xff\xff\x0f" + b"x", "impossible lengths"),
        (b"\x80\x80\x80\x80\x80\x80\x01", "too large"),
    ],
)
def test_bytes_no_writer_wrote(data: bytes, words: str) -> None:
    with pytest.raises(MalformedArtifact, match=words):
        decode_terms(data)


def test_no_more_is_unfolded_than_the_limit() -> None:
    data = encode_terms(["aaaa", "aaab", "aaac"])
    assert len(decode_terms(data, limit=12)) == 3
    with pytest.raises(MalformedArtifact, match="number 2 is beyond the limit of unfolded bytes"):
        decode_terms(data, limit=11)


@pytest.mark.parametrize("data", [b"\x00\x01a\x00\x02ab", b"\x00\x81\x00a\x01\x01b", b"\x80\x00\x01a\x01\x01b"])
def test_slack_lengths_mean_what_they_say(data: bytes) -> None:
    assert decode_terms(data) == ["a", "ab"]


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (16_384, "808001"), (2**32 - 1, "ffffffff0f")],
)
def test_varints(value: int, encoded: str) -> None:
    assert encode_varint(value).hex() == encoded
    assert decode_varint(b"\xff" + bytes.fromhex(encoded) + b"\xff", 1) == (value, 1 + len(encoded) // 2)


@pytest.mark.parametrize("data", ["", "80", "ffffffff10", "ffffffffff01", "8080808080"])
def test_numbers_that_do_not_end_or_are_too_large(data: str) -> None:
    with pytest.raises(MalformedArtifact, match="too large"):
        decode_varint(bytes.fromhex(data), 0)
