"""Requests with what a refinery must remove (the same request again) and what it must keep (another request).

Each request is followed by a copy in other dress (case, width, spaces, end marks), by one with a slip of the finger,
and by requests that differ by a number, by a negation and by what fills a slot. A slip changes one letter, never a
numeral or a word that turns the meaning round, of a request that is long enough for one letter not to be its point.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from foundry_engine.features.ngrams import words
from foundry_engine.similarity.guards import NUMERALS, TURNING_CHARACTERS, TURNING_WORDS

BANKS = {
    slot: words.split("|")
    for slot, words in {
        "房间": "客厅|餐厅|卧室|厨房|书房|阳台|浴室|车库|主卧|次卧|儿童房|走廊",
        "设备": "空调|电灯|电视|音箱|窗帘|风扇|热水器|净化器|加湿器|扫地机器人|投影仪|洗衣机",
        "城市": "北京|南京|上海|广州|杭州|深圳|成都|重庆|武汉|西安|苏州|长沙|青岛|大连|厦门",
        "人": "妈妈|爸爸|小李|小王|张伟|李伟|王芳|陈静|刘洋|奶奶|爷爷|老板|客服|房东",
        "菜": "红烧肉|酸菜鱼|麻辣烫|牛肉面|鸡蛋饭|绿豆汤|红豆汤|宫保鸡丁|披萨|汉堡|寿司",
        "日": "今天|明天|后天|昨天|周末|月底|年初|春节|国庆",
        "room": "kitchen|bedroom|bathroom|garage|hallway|office|basement|balcony|nursery|attic",
        "device": "heater|lamp|fan|speaker|television|oven|dishwasher|projector|humidifier|radiator",
        "city": "boston|austin|denver|seattle|chicago|dallas|houston|portland|phoenix|atlanta",
        "person": "mother|father|martin|marvin|sarah|susan|the landlord|the plumber|my boss|our teacher",
        "food": "pizza|pasta|sushi|curry|salad|burger|noodles|dumplings|tacos|pancakes",
        "day": "monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|tonight",
    }.items()
}
MOULDS = {
    "zh": [
        "请把{房间}的{设备}调到{n}档然后告诉我一声",
        "我要订{n}份{菜}送到{城市}的公司里来",
        "{日}提醒我给{人}打电话说{n}号见面的事",
        "帮我查一查{日}从{城市}去{城市}的{n}次列车",
        "我想让{人}在{日}来修一修{房间}的{设备}",
        "告诉{人}我{日}要在{城市}住{n}晚才能回家",
        "把{房间}和{房间}的{设备}都设成{n}度吧",
        "{日}的会议改到{n}点钟并通知{人}和{人}",
    ],
    "en": [
        "please set the {device} of the {room} to {n} degrees for {person}",
        "i want to order {n} portions of {food} and {food} for {day}",
        "tell {person} that we will meet {n} friends at the station in {city} this {day}",
        "find me a train from {city} to {city} with {n} seats for {day}",
        "ask {person} whether the {device} and the {device} will be repaired by {day}",
        "remind {person} to buy {food} for {n} guests before the party this {day}",
        "i will stay {n} nights in {city} and then visit {person} with {food}",
    ],
}
NEGATED = {
    "我要": "我不要", "我想": "我不想", "请": "请别", "告诉": "别告诉", "提醒": "别提醒", "帮我": "别帮我",
    "把": "别把", "改到": "没改到", "will": "will not", "want": "don't want", "please": "please don't",
    "remind": "don't remind", "find": "don't find",
}  # fmt: skip
SAME, OTHER = "same", "other"


@dataclass(frozen=True)
class Planted:
    """One text; ``request`` numbers what it was made from, ``kind`` is ``base``, or ``same.…`` or ``other.…``."""

    text: str
    request: int
    kind: str


def planted(requests: int, seed: int = 11) -> list[Planted]:
    """That many different requests with their company; no two texts that are to stay are equal."""
    random, rows = Random(seed), []
    seen: set[str] = set()
    while requests:
        language = random.choice(("zh", "zh", "en"))
        mould = random.choice(MOULDS[language])
        fill = [(slot, _drawn(slot, random)) for slot in _slots(mould)]
        base = _filled(mould, fill)
        others = _others(mould, fill, base, random)
        if {base, *others.values()} & seen:
            continue
        seen.update((base, *others.values()))
        rows.append(Planted(base, requests, "base"))
        rows.append(Planted(_dressed(base, random), requests, "same.dress"))
        rows.append(Planted(_slipped(base, language, random), requests, "same.slip"))
        rows += [Planted(text, requests, kind) for kind, text in others.items()]
        requests -= 1
    return rows


def _slots(mould: str) -> list[str]:
    return [part.split("}")[0] for part in mould.split("{")[1:]]


def _drawn(slot: str, random: Random) -> str:
    return str(random.randint(2, 199)) if slot == "n" else random.choice(BANKS[slot])


def _filled(mould: str, fill: list[tuple[str, str]]) -> str:
    for slot, value in fill:
        mould = mould.replace("{" + slot + "}", value, 1)
    return mould


def _others(mould: str, fill: list[tuple[str, str]], base: str, random: Random) -> dict[str, str]:
    """The request with another number, turned round, and with another word in one slot."""
    made = {}
    for kind, places in (
        ("number", [n for n, (slot, _) in enumerate(fill) if slot == "n"]),
        ("slot", [n for n, (slot, _) in enumerate(fill) if slot != "n"]),
    ):
        if places:
            place, changed = random.choice(places), list(fill)
            while changed == fill:
                changed[place] = (fill[place][0], _drawn(fill[place][0], random))
            made[f"{OTHER}.{kind}"] = _filled(mould, changed)
    turned = [base.replace(plain, negated, 1) for plain, negated in NEGATED.items() if plain in base]
    if turned:
        made[f"{OTHER}.negation"] = turned[0]
    return made


def _dressed(text: str, random: Random) -> str:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" < c <= "~" else c for c in text)
    return random.choice((text.upper() + "!", f"  {text}。", wide + "！", text.replace(" ", "   ") + "...", text + "."))


def _slipped(text: str, language: str, random: Random) -> str:
    fixed = NUMERALS | TURNING_CHARACTERS | {" "}
    turning = [word for word in words(text) if word in TURNING_WORDS or len(word) < 4]
    if language == "en":
        free = [n for n, char in enumerate(text) if char not in fixed and _word_at(text, n) not in turning]
    else:
        free = [n for n, char in enumerate(text) if char not in fixed]
    at = random.choice(free)
    letter = random.choice([c for c in ("abcdefghijklmnopqrstuvwxyz" if language == "en" else TYPED) if c != text[at]])
    return text[:at] + random.choice(("", letter, letter + text[at], text[at] + letter)) + text[at + 1 :]


TYPED = "他她它的地得做作坐座在再像象已己以亦义意艺易式试市事室视哪那纳呐拿情清晴请轻倾风丰封锋蜂汤糖堂唐塘"


def _word_at(text: str, at: int) -> str:
    start, stop = text.rfind(" ", 0, at) + 1, text.find(" ", at)
    return text[start : stop if stop >= 0 else len(text)]
