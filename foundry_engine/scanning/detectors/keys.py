"""Keys and tokens that their issuers made recognisable: a table of prefixes and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from foundry_engine.scanning.findings import Match
from foundry_engine.scanning.reserved import is_placeholder


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of key looks; ``marks`` are literals of which one must be in the text before the pattern is tried."""

    kind: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    digits: int = 0
    """Least number of digits; words joined by hyphens have fewer."""


def _shape(kind: str, marks: str, body: str, digits: int = 0) -> Shape:
    return Shape(kind, tuple(marks.split()), re.compile(rf"(?<![A-Za-z0-9])(?:{body})(?![A-Za-z0-9])"), digits)


LONG_RUN = re.compile(r"[A-Za-z0-9_./=-]{16}")
"""In every key."""
WORD, TAIL = "[A-Za-z0-9]", "[A-Za-z0-9_-]"
SHAPES = (
    _shape("jwt", "eyJ", rf"eyJ{TAIL}{{8,4000}}\.eyJ{TAIL}{{8,8000}}\.{TAIL}{{10,1000}}"),
    _shape("aws_access_key", "AKIA ASIA ABIA ACCA", "(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    _shape("aliyun_access_key", "LTAI", rf"LTAI{WORD}{{12,26}}"),
    _shape("tencent_access_key", "AKID", rf"AKID{WORD}{{13,40}}"),
    _shape("volcengine_access_key", "AKLT", rf"AKLT{WORD}{{20,60}}"),
    _shape("baidu_api_key", "bce-v3/", rf"bce-v3/ALTAK-{WORD}{{16,40}}/[0-9a-f]{{40}}"),
    _shape("google_api_key", "AIza", rf"AIza{TAIL}{{33,40}}"),
    _shape("google_oauth_secret", "GOCSPX-", rf"GOCSPX-{TAIL}{{20,40}}"),
    _shape("huggingface_token", "hf_ api_org_", rf"(?:hf_|api_org_){WORD}{{30,40}}"),
    _shape("anthropic_key", "sk-ant-", rf"sk-ant-{TAIL}{{20,200}}", 2),
    _shape("openrouter_key", "sk-or-", r"sk-or-v1-[0-9a-f]{64}"),
    _shape("openai_key", "sk-", rf"sk-{TAIL}{{20,250}}", 2),
    _shape("groq_key", "gsk_", rf"gsk_{WORD}{{40,60}}"),
    _shape("xai_key", "xai-", rf"xai-{WORD}{{60,100}}"),
    _shape("perplexity_key", "pplx-", rf"pplx-{WORD}{{32,64}}"),
    _shape("replicate_token", "r8_", rf"r8_{WORD}{{36,40}}"),
    _shape("zhipu_key", ".", rf"[0-9a-f]{{32}}\.{WORD}{{16}}"),
    _shape("github_token", "ghp_ gho_ ghu_ ghs_ ghr_", rf"gh[pousr]_{WORD}{{36,255}}"),
    _shape("github_token", "github_pat_", r"github_pat_[A-Za-z0-9_]{50,100}"),
    _shape("gitlab_token", "glpat-", rf"glpat-{TAIL}{{20,60}}"),
    _shape("npm_token", "npm_", rf"npm_{WORD}{{36}}"),
    _shape("pypi_token", "pypi-", rf"pypi-AgE{TAIL}{{50,300}}"),
    _shape("slack_token", "xox xapp-", rf"(?:xox[abeoprs]|xapp)-{TAIL}{{10,250}}", 4),
    _shape("slack_webhook", "hooks.slack.com", r"(?:https?://)?hooks\.slack\.com/services/[A-Za-z0-9_/]{30,80}"),
    _shape("dingtalk_webhook", "dingtalk.com", r"(?:https?://)?oapi\.dingtalk\.com/robot/send\?access_token=[0-9a-f]{64}"),
    _shape("wecom_webhook", "qyapi.weixin", r"(?:https?://)?qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[0-9a-f-]{36}"),
    _shape("feishu_webhook", "/open-apis/bot/", r"(?:https?://)?open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/[0-9a-f-]{36}"),
    _shape("telegram_token", ":A", rf"[0-9]{{8,10}}:A{TAIL}{{34}}"),
    _shape("sendgrid_key", "SG.", rf"SG\.{TAIL}{{22}}\.{TAIL}{{43}}"),
    _shape("twilio_key", "SK AC", r"(?:SK|AC)[0-9a-f]{32}"),
    _shape("stripe_key", "_live_ _test_", rf"[sr]k_(?:live|test)_{WORD}{{16,250}}"),
    _shape("stripe_key", "whsec_", rf"whsec_{WORD}{{32,64}}"),
    _shape("shopify_token", "shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _shape("digitalocean_token", "_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    _shape("databricks_token", "dapi", r"dapi[0-9a-f]{32}(?:-[0-9])?"),
    _shape("azure_storage_key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
)  # fmt: skip
"""From the issuers' documentation; lengths a little wider than issued today."""


def find(text: str) -> Iterator[Match]:
    """All keys; of a kind with several shapes each by itself."""
    if not LONG_RUN.search(text):
        return
    for shape in SHAPES:
        if not any(mark in text for mark in shape.marks):
            continue
        for key in shape.pattern.finditer(text):
            if shape.digits and sum(char.isdigit() for char in key[0]) < shape.digits:
                continue
            yield Match(shape.kind, key.start(), key.end(), "prefix", is_placeholder(key[0]))
