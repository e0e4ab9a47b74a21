"""Telephone numbers of China and North America."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foundry_engine.scanning.context import is_another_number, is_glued, near
from foundry_engine.scanning.findings import Match

MOBILE = re.compile(
    r"(?<![0-9])(?<![0-9][.,])(?:(?:\+|00)?86[ -]?|\((?:\+|00)?86\)[ -]?)?"
    r"1[3-9][0-9](?P<gap>[ -]?)(?:[0-9]{4}(?P=gap)[0-9]{4}|[0-9]{3}(?P=gap)[0-9]{5}|[0-9]{8})"
    r"(?![0-9]|[.,][0-9]|[A-Za-z_]{1,8}[0-9])"
)
LANDLINE = re.compile(
    r"(?<![0-9.-])(?:\+?86[ -]?)?"
    r"(?P<area>\(0(?:10|2[0-9]|[3-9][0-9]{2})\)[ -]?|0(?:10|2[0-9]|[3-9][0-9]{2})(?P<gap>[ -]?))"
    r"[2-8][0-9]{3}[ -]?[0-9]{3,4}(?![0-9]|[.-][0-9]{2}[.-]|\.[0-9])"
)
US_PHONE = re.compile(
    r"(?<![0-9A-Za-z.-])(?:(?P<country>\+?1)[ .-]?)?"
    r"(?:\((?P<paren>[2-9][0-9]{2})\)[ .-]?|(?P<area>[2-9][0-9]{2})(?P<gap>[ .-]?))"
    r"(?P<office>[2-9][0-9]{2})(?P<last>[ .-]?)(?P<line>[0-9]{4})(?![0-9]|[.-][0-9])"
)
GLUE = re.compile(r"(?i)(?<![a-z0-9])(?:tel|phone|mobile|mob|cell|call|wechat|weixin|wx|vx|sms|qq|ph|t|m)\Z")
PHONE_WORDS = re.compile(r"(?i)电话|座机|固话|传真|致电|拨打|热线|前台|tel|phone|fax|call|office line|text|mobile")
TOLL_FREE = frozenset("800 833 844 855 866 877 888 400 900".split())
"""Area codes of firms' lines; 400 is the Chinese one."""


def find(text: str) -> Iterator[Match]:
    """Numbers of a person's shape that are not an order number or an amount."""
    for phone in MOBILE.finditer(text):
        if not is_glued(text, phone.start(), GLUE) and not is_another_number(text, *phone.span()):
            yield Match("mobile", phone.start(), phone.end(), "prefix")
    for phone in LANDLINE.finditer(text):
        separated = "(" in phone["area"] or bool(phone["gap"])
        if separated or near(PHONE_WORDS, text, phone.start()):
            yield Match("landline", phone.start(), phone.end(), "area code")
    for phone in US_PHONE.finditer(text):
        if _is_us_phone(text, phone):
            fictional = phone["office"] == "555" and phone["line"].startswith("01")
            yield Match("us_phone", phone.start(), phone.end(), "numbering plan", fictional)


def _is_us_phone(text: str, phone: re.Match[str]) -> bool:
    area = phone["paren"] or phone["area"]
    if area in TOLL_FREE or area[1:] == "11" or area[1] == "9" or phone["office"][1:] == "11":
        return False
    if phone["last"] and (phone["paren"] or phone["gap"]):
        return not is_another_number(text, *phone.span())
    return phone["country"] == "+1" or (bool(phone["paren"]) or near(PHONE_WORDS, text, phone.start(), 14))
