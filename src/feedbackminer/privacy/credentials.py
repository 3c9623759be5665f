"""Keys, tokens, passwords and account names in texts, URLs and paths become marks."""

import re
from typing import Final

from feedbackminer.privacy.tokens import TOKENS

_PLACEHOLDER: Final = re.compile(
    r"x{4,}|\*+|\.{3}|your|my_|myapi|change_?me|example|placeholder|redacted|password\d?$|env\b"
    r"|process\.|os\.|self\.|this\.|none$|null$|true$|false$|[$%{/\[]",
    re.IGNORECASE,
)

_KNOWN_SECRET: Final = re.compile(
    rf"\b(?:{'|'.join(begin + rest for begin, rest in TOKENS.items())}|A[KS]IA[A-Z0-9]{{16}}\b"
    r"|AIza[\w-]{30,40}|[srp]k_(?:live|test)_[A-Za-z0-9]{10,200}|whsec_\w{20,100}"
    r"|SG\.[\w-]{16,60}\.[\w-]{16,80}|[0-9]{8,10}:AA[\w-]{30,40}"
    r"|eyJ[\w-]{8,2000}+\.eyJ[\w-]{4,4000}+\.[\w-]{8,2000}+)"
    r"""|(?<=key: ")[A-Za-z0-9+/]{43}="""
)
_SECRET_PREFIXES: Final = re.findall(
    r"\S+",
    "AKIA ASIA ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- sk- xox AIza k_live_ k_test_ whsec_ npm_"
    ' hf_ SG. :AA eyJ ="',
)
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-(?!----))*+-----END [A-Z ]{0,30}-----"
)
_AUTH_HEADER: Final = re.compile(
    r"(Authorization[\"']?\s?[:=]\s?[\"']?(?:Bearer|Basic|Token|Digest)\s{1,2})([\w.~+/=-]{8,4000}+)",
    re.IGNORECASE,
)
_KEY_ASSIGNED: Final = re.compile(
    r"((?<![A-Za-z])(?:api[_\s-]?key|(?:access|auth|refresh|bot|api)?[_-]?token|secret"
    r"|(?:client|app|api)[_-]?secret|secret[_-]?(?:access[_-]?)?key"
    r"|(?:private|access|network|encryption)[_-]?key)"
    r"[\"']?(?:\s{0,3}(?:=>|:=|[:=])|\s{1,3}is\s)\s{0,3}[\"'`]?)([\w+/=-]{12,200}+)(?!\.?[\w(\[])",
    re.IGNORECASE,
)
_HEX_KEY: Final = re.compile(r"(api[ _-]?key\W{1,3}(?:is\W{1,2})?)([0-9a-f]{32})\b", re.IGNORECASE)
_PASSWORD: Final = re.compile(
    r"((?<![A-Za-z])(?:password|passwort|passwd|passphrase|pwd|psk|contraseña|mot de passe)"
    r"[\"']?(?:\s{0,3}(?:=>|[:=])|\s{1,3}(is|ist|es)\s)\s{0,3}([\"'`]?))"
    r"((?:[^\s\"'`,;<>&]|&(?!\w{1,30}=)){4,100}+)",
    re.IGNORECASE,
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_-]+[0-9]{0,2}")


def api_keys(text: str) -> str:
    """Replace keys, tokens and passwords, known by their prefix or by the word before them.

    Bare hex such as a commit, a UUID or a checksum stays: nothing says that it is secret.
    """
    text = _PRIVATE_KEY.sub("<secret>", text) if "PRIVATE KEY-----" in text else text
    if any(prefix in text for prefix in _SECRET_PREFIXES):
        text = _KNOWN_SECRET.sub("<secret>", text)
    lowered = text.lower()
    if "authorization" in lowered:
        text = _AUTH_HEADER.sub(r"\1<secret>", text)
    if "key" in lowered or "token" in lowered or "secret" in lowered:
        text = _HEX_KEY.sub(_key_mark, _KEY_ASSIGNED.sub(_key_mark, text))
    if "pass" in lowered or "pwd" in lowered or "psk" in lowered or "contrase" in lowered:
        text = _PASSWORD.sub(_password_mark, text)
    return text


def _key_mark(match: re.Match[str]) -> str:
    return match[1] + "<secret>" if _looks_random(match[2]) else match[0]


def _looks_random(value: str) -> bool:
    has_both = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    is_name = _IDENTIFIER.fullmatch(value) or _PLACEHOLDER.match(value)
    return has_both and not is_name


def _password_mark(match: re.Match[str]) -> str:
    value = match[4].rstrip(".,:?)")
    is_code = any(c in value for c in "([{") or _PLACEHOLDER.match(value)
    signs = "0123456789" if match[2] else "0123456789!@#$%^*"
    is_secret = len(value) >= 4 and (match[3] or any(c in value for c in signs))
    return match[1] + "<secret>" + match[4][len(value) :] if is_secret and not is_code else match[0]


_URL_LOGIN: Final = re.compile(r"://[^\s/:@<>]{1,128}:[^\s/@<>]{1,256}+(?=@)")
_URL_PARAMETER: Final = re.compile(
    r"([?&#;](?:((?:access|auth|id|refresh)?_?token|api_?key|(?:client_)?secret|passw(?:or)?d|pwd"
    r"|x-amz-(?:signature|security-token))|key|pass|auth|sig|signature|code|session(?:id)?|sid)=)"
    r"([^&\s#\"'<>)\]]{6,2000}+)",
    re.IGNORECASE,
)
_WEBHOOK: Final = re.compile(
    r"(hooks\.slack\.com/services/|discord(?:app)?\.com/api/webhooks/)[\w/-]{20,200}"
)


def url_secrets(text: str) -> str:
    """Replace logins, tokens and keys inside URLs; host, path and other parameters stay."""
    if "://" in text:
        text = _URL_LOGIN.sub("://<secret>", text)
        text = _WEBHOOK.sub(r"\1<secret>", text) if "hooks" in text else text
    return _URL_PARAMETER.sub(_parameter_mark, text) if "=" in text else text


def _parameter_mark(match: re.Match[str]) -> str:
    value = match[3].rstrip(".,;:!?")
    is_surely_secret = match[2] and not _PLACEHOLDER.match(value)
    if is_surely_secret or (len(value) >= 12 and _looks_random(value)):
        return match[1] + "<secret>" + match[3][len(value) :]
    return match[0]


# --- user names in paths ----------------------------------------------------------------------
_UNIX_HOME: Final = re.compile(
    r"(?<![\w.~<-])(?<!<user>)((?:/mnt/[a-z])?/(?:home|Users)/)([^\W\d][\w-]*+(?:\.[\w-]++)*)"
)
_WINDOWS_HOME: Final = re.compile(
    r"([A-Za-z]:(\\{1,2}|/)(?i:users|documents and settings)\2)"
    r"([^\\/:*?\"<>|\r\n%$]{1,40}(?=[\\/])|\w[\w.-]{0,40})"
)
_SYSTEM_USERS: Final = re.compile(
    r"pi|ubuntu|debian|root|admin|(?:container)?administrator|user(?:name)?|name|you|me|node|app|git"
    r"|jovyan|vagrant|docker|www-data|runner(?:admin)?|circleci|travis|ec2-user|homeassistant|openhab"
    r"|emonhub|emoncms|linuxbrew|shared|public|default|default user|all users|defaultuser0|guest"
    r"|dashboard|index|about|settings|login|.*\.(?:html?|php|jsx?|tsx?|vue|css|md|png|py|sh|log|txt)",
    re.IGNORECASE,
)


def path_users(text: str) -> str:
    """Replace account names in home folders, other than system accounts, by ``<user>``."""
    if "/home/" in text or "/Users/" in text:
        text = _UNIX_HOME.sub(_user_mark, text)
    is_windows = "sers" in text or " Settings" in text
    return _WINDOWS_HOME.sub(_user_mark, text) if is_windows else text


def _user_mark(match: re.Match[str]) -> str:
    name = match[match.re.groups]
    return match[0] if _SYSTEM_USERS.fullmatch(name) else match[1] + "<user>"
