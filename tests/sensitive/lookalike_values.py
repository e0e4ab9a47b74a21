"""Values that look sensitive and are not, by sort, from a seed."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Callable
from random import Random
from string import digits

from tests.sensitive.values import HEX, bank_card, cn_id, text_of


def order(random: Random) -> str:
    day = datetime.date(2023, 1, 1) + datetime.timedelta(days=random.randrange(1400))
    return random.choice([
        f"{day:%Y%m%d}" + text_of(random, digits, random.choice([6, 8, 10])),
        text_of(random, digits, random.choice([10, 11, 12, 13, 15, 16, 18, 19])),
        "SF" + text_of(random, digits, 13),
        "YT" + text_of(random, digits, 13),
        f"NO{day:%Y%m%d}{text_of(random, digits, 4)}",
        "-".join([text_of(random, digits, 3), text_of(random, digits, 7), text_of(random, digits, 7)]),
        f"{random.choice('123456789')}{text_of(random, digits, 17)}",
    ])  # fmt: skip


def version(random: Random) -> str:
    parts = [random.randrange(20) for _ in range(random.choice([2, 3, 4, 4]))]
    return ".".join(map(str, parts)) + random.choice(["", "", "-rc1", "b2"])


def timestamp(random: Random) -> str:
    moment = datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=random.randrange(10**8))
    forms = ["%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M", "%Y%m%d%H%M%S%f"]
    seconds = str(int(moment.timestamp()))
    return random.choice([moment.strftime(random.choice(forms)), seconds, seconds + text_of(random, digits, 3)])


def hash_(random: Random) -> str:
    size = random.choice([7, 12, 32, 40, 64])
    return hashlib.sha256(str(random.random()).encode()).hexdigest()[:size]


def uuid_(random: Random) -> str:
    value = str(uuid.UUID(int=random.getrandbits(128), version=4))
    return random.choice([value, value, value.upper(), value.replace("-", "")])


def quantity(random: Random) -> str:
    value = random.randrange(10 ** random.choice([5, 8, 10, 11]), 2 * 10**11)
    phone_like = int(f"1{random.choice('3456789')}{text_of(random, digits, 9)}")
    value = random.choice([value, phone_like])
    return random.choice([str(value), f"{value:,}"])


def price(random: Random) -> str:
    value = random.randrange(1, 10 ** random.choice([4, 7, 11]))
    return random.choice([f"{value}.{random.randrange(100):02}", f"{value:,}.{random.randrange(100):02}", f"{value:,}"])


def date(random: Random) -> str:
    day = datetime.date(1950, 1, 1) + datetime.timedelta(days=random.randrange(30_000))
    forms = [
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%Y%m%d",
        "%Y.%m.%d",
        "%d.%m.%Y",
        "%m/%d/%Y",
        f"{day.year}年{day.month}月{day.day}日",
    ]
    return day.strftime(random.choice(forms))


def code(random: Random) -> str:
    return random.choice([
        text_of(random, digits, random.choice([4, 6, 8])),
        "69" + text_of(random, digits, 11),
        "978-7-" + text_of(random, digits, 4) + "-" + text_of(random, digits, 4) + "-" + text_of(random, digits, 1),
        random.choice(["MU", "CA", "G", "D"]) + text_of(random, digits, 4),
        random.choice(["XR", "SM", "TP"]) + "-" + text_of(random, digits, 5) + "B",
    ])  # fmt: skip


def coordinate(random: Random) -> str:
    return f"{random.uniform(20, 50):.6f},{random.uniform(80, 130):.6f}"


def service(random: Random) -> str:
    return random.choice(["110", "12315", "95588", "10086", "400-820-8820", "4008208820", "800-810-8888", "12306"])


def mac(random: Random) -> str:
    separator = random.choice(":-")
    return separator.join(text_of(random, random.choice([HEX, HEX.upper()]), 2) for _ in range(6))


def time(random: Random) -> str:
    hour, minute = random.randrange(24), random.randrange(60)
    return random.choice(
        [f"{hour}:{minute:02}", f"{hour:02}:{minute:02}:{random.randrange(60):02}", f"{hour:02}:{minute:02}-23:59"]
    )


def placeholder(random: Random) -> str:
    return random.choice(
        [
            "your_api_key_here",
            "<your-token>",
            "${API_KEY}",
            "********",
            "xxxxxxxxxxxxxxxx",
            "os.environ['KEY']",
            "changeme",
            "请联系管理员",
            "{{ token }}",
            "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
            "process.env.SECRET",
            "None",
            "null",
            "password",
            "YOUR_SECRET",
        ]
    )


def cpp(random: Random) -> str:
    return random.choice(
        ["std::vector", "abc::def", "bad::cafe", "dead::beef", "ns::a1::b2", "face::feed", "A::B::C", "foo::~foo"]
    )


def failing(random: Random) -> str:
    value = random.choice([cn_id, bank_card])(random)
    last = value[-1]
    return value[:-1] + random.choice([digit for digit in digits if digit != last and last in digits] or ["1"])


LOOKALIKES: dict[str, Callable[[Random], str]] = {
    "order": order,
    "version": version,
    "timestamp": timestamp,
    "hash": hash_,
    "uuid": uuid_,
    "quantity": quantity,
    "price": price,
    "date": date,
    "code": code,
    "coordinate": coordinate,
    "service": service,
    "mac": mac,
    "time": time,
    "placeholder": placeholder,
    "cpp": cpp,
    "failing": failing,
}
