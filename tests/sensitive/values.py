"""Made-up sensitive values by kind, from a seed: checksums hold, nobody owns them. Written apart from the scanner."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Callable
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, hexdigits

ALNUM = ascii_letters + digits
HEX = hexdigits[:16]
PROVINCES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65".split()
MOBILE_PREFIXES = (
    "130 131 132 133 135 136 137 138 139 145 147 150 151 152 155 157 158 159 166 171 173 175 "
    "176 177 178 180 181 182 183 185 186 187 188 189 190 191 193 195 196 198 199"
).split()
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WIDE = {ord(c): ord(c) + 0xFEE0 for c in digits + ascii_letters + "@.-:/"}


def text_of(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choice(alphabet) for _ in range(count))


def cn_id(random: Random) -> str:
    born = datetime.date(1945, 1, 1) + datetime.timedelta(days=random.randrange(27_000))
    body = f"{random.choice(PROVINCES)}{random.randrange(1, 30):02}{random.randrange(1, 40):02}{born:%Y%m%d}"
    body += f"{random.randrange(1000):03}"
    total = sum(int(digit) * 2 ** (17 - n) for n, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def mobile(random: Random) -> str:
    return random.choice(MOBILE_PREFIXES) + text_of(random, digits, 8)


def with_luhn(body: str) -> str:
    for check in digits:
        odd, even = (body + check)[::-1][::2], (body + check)[::-1][1::2]
        if (sum(map(int, odd)) + sum(sum(divmod(2 * int(d), 10)) for d in even)) % 10 == 0:
            return body + check
    raise AssertionError(body)


def bank_card(random: Random) -> str:
    start, length = random.choice(
        [
            ("62", 19),
            ("6222", 19),
            ("6217", 19),
            ("6225", 16),
            ("6214", 16),
            ("955880", 19),
            ("4", 16),
            ("436742", 19),
            ("51", 16),
            ("55", 16),
            ("2720", 16),
            ("34", 15),
            ("37", 15),
            ("3530", 16),
            ("6011", 16),
            ("65", 16),
        ]
    )
    return with_luhn(start + text_of(random, digits, length - len(start) - 1))


def uscc(random: Random) -> str:
    organization = text_of(random, digits + "ABCDEFGHJKLMNPQRTUWXY", 8)
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    left = 11 - sum((int(c, 36)) * w for c, w in zip(organization, weights, strict=True)) % 11
    organization += "X" if left == 10 else "0" if left == 11 else str(left)
    body = (
        random.choice(["91", "91", "92", "12", "51", "93"]) + random.choice(PROVINCES) + text_of(random, digits[:5], 4)
    )
    body += organization
    total = sum(USCC.index(c) * pow(3, n, 31) for n, c in enumerate(body))
    return body + USCC[(31 - total % 31) % 31]


def plate(random: Random) -> str:
    place = random.choice("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼") + random.choice("ABCDEFGH")
    if random.random() < 0.3:
        return place + random.choice("DF") + text_of(random, digits, 5)
    serial = list(text_of(random, digits, 5))
    for n in random.sample(range(5), random.randrange(3)):
        serial[n] = random.choice("ABCDEFGHJKLMNPQRSTUVWXYZ")
    return place + "".join(serial)


def email(random: Random) -> str:
    name = text_of(random, ascii_lowercase, random.randrange(2, 9))
    name += random.choice(["", text_of(random, digits, 3), "." + text_of(random, ascii_lowercase, 4), "_x", "+news"])
    if random.random() < 0.2:
        name = text_of(random, digits, 9)
    own = text_of(random, ascii_lowercase, 6)
    host = [
        "qq.com",
        "163.com",
        "gmail.com",
        "outlook.com",
        f"{own}.cn",
        f"mail.{own}.com.cn",
        f"{own}.io",
        f"{own}.edu.cn",
    ]
    return f"{name}@{random.choice(host)}"


def ip(random: Random) -> str:
    if random.random() < 0.25:
        groups = [random.choice(["2408", "240e", "2409", "2a02", "2607", "fd12"])]
        groups += [f"{random.randrange(1, 65536):x}" for _ in range(7)]
        return ":".join(groups) if random.random() < 0.6 else ":".join(groups[:3]) + "::" + groups[-1]
    first = random.choice(
        [8, 14, 36, 39, 42, 47, 58, 61, 101, 106, 111, 113, 114, 116, 119, 120, 121, 123, 180, 182, 218, 223]
    )
    return ".".join(map(str, [first, random.randrange(256), random.randrange(256), random.randrange(1, 255)]))


def url_credentials(random: Random) -> str:
    scheme = random.choice(
        ["http", "https", "postgres", "mysql", "redis", "mongodb", "ftp", "amqp", "postgresql+psycopg2"]
    )
    user = random.choice(["admin", "root", "app", text_of(random, ascii_lowercase, 6)])
    if scheme == "redis" and random.random() < 0.5:
        user = ""
    host = random.choice(["db.corp.internal", "10.2.3.4", "git.company.cn", "localhost"])
    return f"{scheme}://{user}:{text_of(random, ALNUM + '!#$%', 10)}@{host}:{random.randrange(1000, 9999)}/main"


def jwt(random: Random) -> str:
    parts = [
        {"alg": "HS256", "typ": "JWT"},
        {"sub": text_of(random, digits, 8), "iat": random.randrange(10**9, 2 * 10**9)},
    ]
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return f"{head}.{body}.{text_of(random, ALNUM + '-_', 43)}"


def private_key(random: Random) -> str:
    kind = random.choice(["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "])
    lines = "\n".join(text_of(random, ALNUM + "+/", 64) for _ in range(random.randrange(3, 12)))
    return (
        f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n{text_of(random, ALNUM, 30)}==\n-----END {kind}PRIVATE KEY-----"
    )


def assignment(random: Random) -> str:
    value = text_of(random, ALNUM, random.randrange(10, 40))
    if random.random() < 0.4:
        value = (
            random.choice(["Abc", "Admin", "Root", "Qwe"]) + random.choice("@#!_") + text_of(random, digits, 4) + "xY"
        )
    return value if any(c in digits for c in value) and any(c in ascii_letters for c in value) else value + "a7"


def passport(random: Random) -> str:
    return (random.choice(["E", "G", "EA", "EJ", "D"]) + text_of(random, digits, 8))[:9]


def landline(random: Random) -> str:
    area = random.choice(["010", "021", "0755", "020", "0571", "028", "0512", "0898"])
    local = random.choice("2345678") + text_of(random, digits, 7)
    return random.choice([f"{area}-{local}", f"({area}){local}", f"{area} {local}"])


def us_phone(random: Random) -> str:
    area = random.choice("212 415 650 312 617 206 718 303 404 512".split())
    middle, last = random.choice("23467") + text_of(random, digits, 2), text_of(random, digits, 4)
    middle = middle[0] + "34" if middle.endswith("11") else middle
    form = random.choice(["({}) {}-{}", "{}-{}-{}", "+1 {} {} {}", "+1-{}-{}-{}", "{}.{}.{}", "1-{}-{}-{}"])
    return form.format(area, middle, last)


def us_ssn(random: Random) -> str:
    area = random.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03}-{random.randrange(1, 100):02}-{random.randrange(1, 10000):04}"


def iban(random: Random) -> str:
    country, body = random.choice([
        ("DE", text_of(random, digits, 18)),
        ("GB", text_of(random, ascii_uppercase, 4) + text_of(random, digits, 14)),
        ("FR", text_of(random, digits, 23)),
        ("NL", text_of(random, ascii_uppercase, 4) + text_of(random, digits, 10)),
        ("CH", text_of(random, digits, 17)),
    ])  # fmt: skip
    number = int("".join(str(int(c, 36)) for c in body + country + "00"))
    return f"{country}{98 - number % 97:02}{body}"


def prefixed(prefix: str, alphabet: str, count: int) -> Callable[[Random], str]:
    return lambda random: prefix + text_of(random, alphabet, count)


KEYS: dict[str, Callable[[Random], str]] = {
    "aws_access_key": prefixed("AKIA", ascii_uppercase + "234567", 16),
    "aliyun_access_key": prefixed("LTAI", ALNUM, 20),
    "tencent_access_key": prefixed("AKID", ALNUM, 32),
    "google_api_key": prefixed("AIza", ALNUM + "-_", 35),
    "huggingface_token": prefixed("hf_", ascii_letters, 34),
    "openai_key": lambda r: r.choice([prefixed("sk-proj-", ALNUM + "-_", 80), prefixed("sk-", ALNUM, 48)])(r),
    "deepseek_key": prefixed("sk-", HEX, 32),
    "anthropic_key": prefixed("sk-ant-api03-", ALNUM + "-_", 90),
    "openrouter_key": prefixed("sk-or-v1-", HEX, 64),
    "github_token": lambda r: r.choice([prefixed("ghp_", ALNUM, 36), prefixed("github_pat_", ALNUM, 82)])(r),
    "slack_token": lambda r: f"xoxb-{text_of(r, digits, 11)}-{text_of(r, digits, 12)}-{text_of(r, ALNUM, 24)}",
    "stripe_key": lambda r: r.choice(["sk_live_", "rk_live_", "sk_test_"]) + text_of(r, ALNUM, 24),
    "jwt": jwt,
}
PII: dict[str, Callable[[Random], str]] = {
    "cn_id": cn_id,
    "mobile": mobile,
    "bank_card": bank_card,
    "uscc": uscc,
    "plate": plate,
    "passport": passport,
    "email": email,
    "ip": ip,
    "landline": landline,
    "us_phone": us_phone,
    "us_ssn": us_ssn,
    "iban": iban,
}
SECRETS: dict[str, Callable[[Random], str]] = {
    **KEYS,
    "private_key": private_key,
    "url_credentials": url_credentials,
    "assignment": assignment,
}


def grouped(value: str, sizes: tuple[int, ...], separator: str) -> str:
    parts, start = [], 0
    for size in sizes:
        parts.append(value[start : start + size])
        start += size
    return separator.join([part for part in [*parts, value[start:]] if part])


def hard(kind: str, value: str, random: Random) -> str:
    """Another way people write the same value."""
    ways: dict[str, list[Callable[[], str]]] = {
        "cn_id": [
            lambda: value.translate(WIDE),
            lambda: value.lower(),
            lambda: grouped(value, (6, 8), " "),
            lambda: grouped(value, (6, 4, 4), " "),
            lambda: grouped(value, (6, 8), "-"),
        ],
        "mobile": [
            lambda: value.translate(WIDE),
            lambda: "+86" + value,
            lambda: "+86 " + grouped(value, (3, 4), " "),
            lambda: grouped(value, (3, 4), "-"),
            lambda: grouped(value, (3, 4), " "),
            lambda: "0086-" + value,
            lambda: "86" + value,
        ],
        "bank_card": [
            lambda: value.translate(WIDE),
            lambda: grouped(value, (4, 4, 4, 4) if value[0] != "3" or len(value) == 16 else (4, 6), " "),
            lambda: grouped(value, (4, 4, 4, 4) if value[0] != "3" or len(value) == 16 else (4, 6), "-"),
        ],
        "uscc": [lambda: value.lower(), lambda: value.translate(WIDE)],
        "plate": [
            lambda: value[:2] + "·" + value[2:],
            lambda: value[:2] + " " + value[2:],
            lambda: value.lower(),
            lambda: value[:2] + "-" + value[2:],
            lambda: value.translate(WIDE),
        ],
        "email": [lambda: value.upper(), lambda: value.replace("@", "＠"), lambda: value.translate(WIDE)],
        "ip": [lambda: value.translate(WIDE), lambda: value.upper()],
        "iban": [lambda: grouped(value, (4, 4, 4, 4, 4, 4), " "), lambda: value.lower()],
        "landline": [lambda: value.translate(WIDE)],
        "us_phone": [lambda: value.translate(WIDE)],
        "us_ssn": [lambda: value.translate(WIDE)],
        "passport": [lambda: value.lower(), lambda: value.translate(WIDE)],
    }
    return random.choice(ways[kind])() if kind in ways else value
