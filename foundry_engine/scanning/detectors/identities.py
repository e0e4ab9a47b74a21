"""Numbers of persons and firms: identity numbers, social credit codes, passports, social security numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from foundry_engine.scanning import checksums
from foundry_engine.scanning.context import is_another_number, near
from foundry_engine.scanning.findings import Match

PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)
"""GB/T 2260, first two digits; a longer table would refuse people registered in dissolved counties."""

CN_ID = re.compile(
    r"(?<![0-9])(?=[1-8])[0-9]{6}(?P<gap>[ -]?)(?:18|19|20)[0-9]{2}[ -]?[01][0-9][0-3][0-9](?P=gap)"
    r"[0-9]{3}[0-9Xx](?![0-9])"
)
CN_ID_15 = re.compile(r"(?<![0-9])[1-8][0-9]{7}[01][0-9][0-3][0-9]{4}(?![0-9])")
USCC = re.compile(
    r"(?<![0-9A-Za-z])[0-9ANYany][0-9A-Ha-h][0-9]{6}"
    r"[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{10}(?![0-9A-Za-z])"
)
PASSPORT = re.compile(r"(?<![0-9A-Za-z])(?:[A-Za-z]{1,2}[0-9]{7,8}|[A-Za-z][0-9]{8,10}|[0-9]{9})(?![0-9A-Za-z])")
US_SSN = re.compile(r"(?<![0-9-])(?!000|666|9)[0-9]{3}(?P<gap>[- ]?)(?!00)[0-9]{2}(?P=gap)(?!0000)[0-9]{4}(?![0-9-])")

ID_WORDS = re.compile(r"(?i)身份证|证件|公民身份|identity card|id card|national id")
USCC_WORDS = re.compile(r"(?i)信用代码|税号|纳税人|uscc|credit code|tax (?:id|no)")
PASSPORT_WORDS = re.compile(r"(?i)护照|通行证|passport")
SSN_WORDS = re.compile(r"(?i)ssn|social security|社会安全|社保号")
SEPARATORS = str.maketrans("", "", " -")


def find(text: str) -> Iterator[Match]:
    """Identity numbers by date, province and MOD 11-2; codes by GB 32100; the others by the words before them."""
    yield from _cn_ids(text)
    for code in USCC.finditer(text):
        if _is_uscc(text, code):
            yield Match("uscc", code.start(), code.end(), "gb32100")
    if PASSPORT_WORDS.search(text):
        for number in PASSPORT.finditer(text):
            if near(PASSPORT_WORDS, text, number.start(), 40):
                yield Match("passport", number.start(), number.end(), "context", "0000" in number[0])
    for number in US_SSN.finditer(text):
        if number["gap"] == "-" or near(SSN_WORDS, text, number.start()):
            yield Match("us_ssn", number.start(), number.end(), "area+group" if number["gap"] == "-" else "context")


def is_cn_id(number: str) -> bool:
    """Whether 18 characters, upper case, are a resident identity number by date, province and check digit."""
    return number[:2] in PROVINCES and is_date(number[6:14]) and checksums.mod_11_2(number)


def is_date(day: str) -> bool:
    """Whether YYYYMMDD is a day of the calendar."""
    try:
        date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        return False
    return True


def _cn_ids(text: str) -> Iterator[Match]:
    for number in CN_ID.finditer(text):
        if is_cn_id(number[0].translate(SEPARATORS).upper()):
            yield Match("cn_id", number.start(), number.end(), "mod11-2+date+province")
    for number in CN_ID_15.finditer(text):
        if number[0][:2] in PROVINCES and is_date("19" + number[0][6:12]) and near(ID_WORDS, text, number.start()):
            yield Match("cn_id", number.start(), number.end(), "context+date+province")


def _is_uscc(text: str, code: re.Match[str]) -> bool:
    upper = code[0].upper()
    if (upper[2:4] not in PROVINCES and upper[2:4] != "10") or not checksums.uscc(upper):
        return False
    if not upper.isdigit() or near(USCC_WORDS, text, code.start()):
        return True
    return checksums.organization(upper[8:17]) and not is_another_number(text, *code.span())
