"""What passes through `clv.core.secrets` keeps no secret."""

import base64
import json
import pickle

import pytest

from clv.core.secrets import HIDDEN, Secret, hide, redact, redact_values, secret_parts

CANARY = "c4n4ry/S3+cret"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"s3://user:{CANARY}@host/x.csv", "s3://***@host/x.csv"),
        (f"https://{'tok3n'}@host/x.csv", "https://***@host/x.csv"),
        ("https://u:p@ss@host/x", "https://***@host/x"),
        (
            f"https://h/x.csv?X-Amz-Signature={CANARY}&part=1&sig=ab%2F",
            "https://h/x.csv?X-Amz-Signature=***&part=1&sig=***",
        ),
        (f"az://c/x.parquet?sv=1&sig={CANARY}", "az://c/x.parquet?sv=1&sig=***"),
        (f"host=db password='{CANARY} x' port=1", "host=db password='***' port=1"),
        (f"{{columns: {{a: b}}, token: {CANARY}}}", "{columns: {a: b}, token: ***}"),
        (f'{{"aws_secret_access_key":"{CANARY}"}}', '{"aws_secret_access_key":"***"}'),
        (f"Authorization: Basic {CANARY}==", "Authorization: Basic ***"),
        ("cannot open 'https://u:pw@h/a b'", "cannot open 'https://***@h/a b'"),
    ],
)
def test_the_secret_goes_and_the_address_stays(text, redacted):
    assert redact(text) == redacted
    assert redact(redacted) == redacted
    assert all(part in text and part not in redacted for part in secret_parts(text))
    assert secret_parts(text) and not secret_parts(redacted)


@pytest.mark.parametrize(
    "text",
    [
        "design=3 assign=4 monkey=2 signal=5",
        "check CLV_JIRA_TOKEN, CLV_JIRA_USER and basic authentication",
        "JIRA refused the token: it has expired",
        "/data/online retail/orders_*.csv.gz",
        "https://host:8443/a/b.csv?part=1",
        "2021-12-31T10:00:00+00:00",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text
    assert not secret_parts(text)


def test_values_under_telling_keys_go_at_any_depth():
    value = {"a": [{"s3_secret": CANARY, "n": 1}], "transactions": f"s3://u:{CANARY}@h/x.csv"}
    assert redact_values(value) == {
        "a": [{"s3_secret": HIDDEN, "n": 1}],
        "transactions": "s3://***@h/x.csv",
    }


def test_a_secret_is_shown_by_nothing_but_reveal():
    secret = Secret(CANARY)
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r}",
        json.dumps([secret], default=str),
    ]
    assert not [text for text in shown if CANARY in text]
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == CANARY and secret == Secret(CANARY) and secret and not Secret("")


def test_a_secret_that_a_server_repeats_is_hidden_in_each_form():
    secret = Secret(f"jane:{CANARY}")
    basic = base64.b64encode(f"jane:{CANARY}".encode()).decode()
    text = f"no {basic} nor jane:{CANARY} nor jane%3Ac4n4ry%2FS3%2Bcret is known"
    assert hide(text, [secret]) == "no *** nor *** nor *** is known"
    assert hide("as it was", [Secret(""), Secret("as")]) == "as it was"
