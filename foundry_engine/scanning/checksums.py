"""The check digits of numbers that have them."""

from __future__ import annotations

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(pow(3, n, 31) for n in range(17))
ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1: bank cards.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    last_first = [int(digit) for digit in reversed(number)]
    return (sum(last_first[::2]) + sum(LUHN_DOUBLED[digit] for digit in last_first[1::2])) % 10 == 0


def ean_13(number: str) -> bool:
    """GS1: bar codes of goods.

    >>> ean_13("4006381333931")
    True
    """
    return sum(int(digit) * (1, 3)[n % 2] for n, digit in enumerate(number)) % 10 == 0


def mod_11_2(number: str) -> bool:
    """ISO 7064 MOD 11-2: resident identity numbers (GB 11643), whose last character may be X.

    >>> mod_11_2("11010519491231002X")
    True
    """
    total = 0
    for char in number[:-1]:
        total = (total + int(char)) * 2
    return (total + (10 if number[-1] == "X" else int(number[-1]))) % 11 == 1


def uscc(code: str) -> bool:
    """GB 32100: unified social credit codes, upper case.

    >>> uscc("91350100M000100Y43")
    True
    """
    values = [USCC_ALPHABET.find(char) for char in code]
    return min(values) >= 0 and (sum(map(int.__mul__, values, USCC_WEIGHTS)) + values[17]) % 31 == 0


def organization(code: str) -> bool:
    """GB 11714: the nine characters of an organization code, upper case."""
    total = sum(int(char, 36) * weight for char, weight in zip(code, ORGANIZATION_WEIGHTS, strict=False))
    return "0123456789X0"[(11 - total % 11)] == code[8]


def mod_97(account: str) -> bool:
    """ISO 13616: international bank account numbers, upper case, no spaces.

    >>> mod_97("GB82WEST12345698765432")
    True
    """
    rearranged = account[4:] + account[:4]
    return int("".join(str(int(char, 36)) for char in rearranged)) % 97 == 1
