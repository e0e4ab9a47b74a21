"""What the words beside a number say about it."""

from __future__ import annotations

import re

WINDOW = 28
"""Characters before a value that are looked at."""

_OTHER = (
    "订单|单号|编号|流水|运单|物流|发票|合同|批次|案件|工单|参考号|序列号|条码|验证码|时间戳|版本|校验|哈希|金额|价格|余额|"
    "总计|总共|一共|共计|合计|库存|播放量|阅读量|人口|里程|大小|报价|预算|收入|计数器?|计数器?显示|转账|优惠后|型号|货号|"
    r"[¥$€£￥]|rmb|cny|usd|order|tracking|invoice|ticket|case|ref(?:erence)?|serial|sn|sku|isbn|barcode|request|trace|"
    "session|transaction|batch|part|model|timestamp|ts|created_at|"
    "updated_at|total|sum|balance|revenue|costs?|price|amount|"
    "counter|counter reads|count|version|build|commit|hash|sha\\d*|md5|checksum|digest|size|views|population"
)
ANOTHER_NUMBER = re.compile(
    rf"(?i)(?:(?<![a-z])(?:{_OTHER}))(?: ?"
    r"(?:号码?|编号|为|是|id|no\.?|num(?:ber)?|code|of|is|reads|达|达到|约|有|[#:=]))*[ \"'“(#:=]*\Z"
)
"""Ends where the number begins: an order, a version, an amount, not a person's number."""

UNIT = re.compile(
    r"(?i) ?(?:元(?!旦|宵)|块钱|万(?!一)|亿|美元|件(?!事)|个(?!人)|条|次(?!日)|步|行|股|吨|度|公里|千米|字节|毫秒|"
    r"秒(?!回)|"
    r"(?:bytes?|ms|us|ns|units?|items?|usd|cny|rmb|yuan|dollars?|rows?|pcs|records|steps|views|tokens|users|km|kg|px|"
    r"times|people|points|sec(?:onds)?)(?![a-z]))"
)
"""Begins where the number ends: a quantity."""


def is_another_number(text: str, start: int, end: int) -> bool:
    """Whether the words right before or after say that a number counts or names something else.

    >>> is_another_number("订单号13800138000", 3, 14), is_another_number("订单电话13800138000", 4, 15)
    (True, False)
    """
    if UNIT.match(text, end):
        return True
    return bool(ANOTHER_NUMBER.search(text, max(0, start - WINDOW), start))


def near(words: re.Pattern[str], text: str, start: int, window: int = WINDOW) -> bool:
    """Whether one of the words stands shortly before a value."""
    return bool(words.search(text, max(0, start - window), start))


def is_glued(text: str, start: int, allowed: re.Pattern[str]) -> bool:
    """Whether a value continues a word, other than one of the allowed ones (``tel13800138000``)."""
    if start == 0 or not _word(text[start - 1]):
        return False
    return not allowed.search(text, max(0, start - 12), start)


def _word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")
