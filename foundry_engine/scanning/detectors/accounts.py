"""Bank cards (ISO/IEC 7812, Luhn and issuer prefix) and international account numbers (ISO 13616)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foundry_engine.scanning import checksums
from foundry_engine.scanning.context import is_another_number, near
from foundry_engine.scanning.detectors.identities import PROVINCES, is_date
from foundry_engine.scanning.findings import Match

CARD = re.compile(
    r"(?<![0-9A-Za-z_])(?<![0-9]\.)(?<![0-9]{4}[ -])(?=[1-689])(?P<number>[0-9]{12,19}"
    r"|[0-9]{4}(?P<gap>[ -])[0-9]{4}(?P=gap)[0-9]{4}(?P=gap)[0-9]{4}(?:(?P=gap)?[0-9]{1,3})?"
    r"|[0-9]{4}[ -][0-9]{6}[ -][0-9]{5}|[0-9]{6}[ -][0-9]{9,13})(?![0-9A-Za-z_]|\.[0-9]|-[0-9])"
)
ISSUERS = (
    (re.compile(r"62|81"), (16, 17, 18, 19)),
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]|2131|1800"), (15,)),
    (re.compile(r"35"), (16, 17, 18, 19)),
    (re.compile(r"30[0-5]|36|38"), (14,)),
    (re.compile(r"6011|64[4-9]|65"), (16, 19)),
    (re.compile(r"9558|95595|6[03]"), (16, 19)),
    (re.compile(r"5018|5020|5038|6304|6759|676[1-3]"), range(12, 20)),
)
"""Prefix: lengths that are issued."""
RARE_ISSUERS = ((re.compile(r"30|36|39"), (16,)), (re.compile(r"5[06-8]|6"), range(12, 20)))
"""Told by the words before them only."""
CARD_WORDS = re.compile(
    r"(?i)卡号|银行卡|信用卡|储蓄卡|借记卡|工资卡|这张卡|的卡|账号|账户|card|visa|master|amex|unionpay"
)

IBAN = re.compile(
    r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}"
    r"(?:[0-9A-Za-z]{11,30}|(?: [0-9A-Za-z]{4}){2,7}(?: [0-9A-Za-z]{1,3})?)(?![0-9A-Za-z])"
)
IBAN_LENGTHS = dict(
    pair.split(":")
    for pair in (
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DK:18 "
        "DO:28 EE:20 "
        "EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IS:26 IT:27 "
        "JO:30 KW:30 "
        "KZ:20 LB:28 LI:21 LT:20 LU:20 LV:21 MC:27 MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 NL:18 NO:15 PK:24 PL:28 "
        "PS:29 PT:25 "
        "QA:29 RO:24 RS:22 SA:24 SE:24 SI:19 SK:24 SM:27 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20"
    ).split()
)
SEPARATORS = str.maketrans("", "", " -")


def find(text: str) -> Iterator[Match]:
    """Cards that are no order number, no amount and no identity number gone wrong; accounts of known countries."""
    for card in CARD.finditer(text):
        if _is_card(text, card):
            yield Match("bank_card", card.start(), card.end(), "luhn+prefix")
    for account in IBAN.finditer(text):
        number = account[0].replace(" ", "").upper()
        if IBAN_LENGTHS.get(number[:2]) == str(len(number)) and checksums.mod_97(number):
            yield Match("iban", account.start(), account.end(), "mod97")


def _is_card(text: str, card: re.Match[str]) -> bool:
    number = card[0].translate(SEPARATORS)
    if not checksums.luhn(number):
        return False
    named = near(CARD_WORDS, text, card.start())
    issuers = (*ISSUERS, *RARE_ISSUERS) if named else ISSUERS
    if not any(prefix.match(number) and len(number) in lengths for prefix, lengths in issuers):
        return False
    if len(number) == 13 and not named and checksums.ean_13(number):
        return False
    if len(number) == 18 and not named and number[:2] in PROVINCES and is_date(number[6:14]):
        return False
    return not is_another_number(text, *card.span())
