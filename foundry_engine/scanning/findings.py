"""What a detector reports, and the names of all kinds."""

from __future__ import annotations

from dataclasses import dataclass

SECRET_KINDS = (
    "private_key",
    "url_credentials",
    "jwt",
    "aws_access_key",
    "aliyun_access_key",
    "tencent_access_key",
    "volcengine_access_key",
    "baidu_api_key",
    "google_api_key",
    "google_oauth_secret",
    "huggingface_token",
    "anthropic_key",
    "openrouter_key",
    "openai_key",
    "groq_key",
    "xai_key",
    "perplexity_key",
    "replicate_token",
    "zhipu_key",
    "github_token",
    "gitlab_token",
    "npm_token",
    "pypi_token",
    "slack_token",
    "slack_webhook",
    "dingtalk_webhook",
    "wecom_webhook",
    "feishu_webhook",
    "telegram_token",
    "sendgrid_key",
    "twilio_key",
    "stripe_key",
    "shopify_token",
    "digitalocean_token",
    "databricks_token",
    "azure_storage_key",
    "assignment",
)
"""Kinds of secrets, in the order in which they win over one another where they overlap."""

PII_KINDS = (
    "cn_id",
    "uscc",
    "iban",
    "bank_card",
    "us_ssn",
    "passport",
    "mobile",
    "landline",
    "us_phone",
    "plate",
    "email",
    "ip",
)
"""Kinds of personal data, likewise; secrets win over them."""

RANK = {kind: rank for rank, kind in enumerate(SECRET_KINDS + PII_KINDS)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One hit: ``text[start:end]`` is of this kind, told by this rule. The value itself is not kept."""

    kind: str
    start: int
    end: int
    rule: str


@dataclass(frozen=True, slots=True)
class Match:
    """A hit in folded text; ``reserved`` values are surrogates and placeholders, which claim their place unreported."""

    kind: str
    start: int
    end: int
    rule: str
    reserved: bool = False
