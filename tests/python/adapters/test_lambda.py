"""Requests as AWS Lambda is given them, and what it returns."""

from __future__ import annotations

import base64
import json

import pytest

import webhookcore as wh
from support.receiving import NOW, SECRET, request, stripe

URL = "https://abc.execute-api.eu-west-1.amazonaws.com"
HOST = URL.removeprefix("https://")


def version_2(asked: wh.HttpRequest, path: str = "/hooks/stripe", query: str = "", **changes):
    """API Gateway's HTTP API, and a function URL."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": HOST, **{k.lower(): v for k, v in asked.headers.items()}},
        "requestContext": {
            "domainName": HOST,
            "http": {"method": asked.method, "path": path, "sourceIp": "203.0.113.7"},
        },
        "body": base64.b64encode(asked.body).decode(),
        "isBase64Encoded": True,
        **changes,
    }


def version_1(asked: wh.HttpRequest, path: str = "/hooks/stripe", **changes):
    """API Gateway's REST API."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": asked.method,
        "headers": {**asked.headers, "Host": HOST, "X-Twice": "b"},
        "multiValueHeaders": {
            "Host": [HOST],
            "X-Twice": ["a", "b"],
            **{name: [value] for name, value in asked.headers.items()},
        },
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "domainName": HOST,
            "path": f"/prod{path}",
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": asked.body.decode(),
        "isBase64Encoded": False,
        **changes,
    }


def load_balancer(asked: wh.HttpRequest, path: str = "/hooks/stripe", **changes):
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": asked.method,
        "path": path,
        "queryStringParameters": {},
        "headers": {
            "host": "shop.example",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-proto": "http",
            **{k.lower(): v for k, v in asked.headers.items()},
        },
        "body": asked.body.decode(),
        "isBase64Encoded": False,
        **changes,
    }


SHAPES = [version_1, version_2, load_balancer]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_signed_request_is_an_event_and_a_forged_one_is_refused(shape):
    event = wh.Event.from_lambda(shape(stripe()), "stripe", secrets=[SECRET], now=NOW)
    assert (event.id, event.type, event.body) == ("evt_1", "invoice.paid", stripe().body)
    with pytest.raises(wh.VerificationError) as refused:
        wh.Event.from_lambda(shape(stripe(), body="{}", isBase64Encoded=False), "stripe",
                             secrets=[SECRET], now=NOW)  # fmt: skip
    assert refused.value.http_status == 401


@pytest.mark.parametrize("shape", SHAPES)
def test_a_receiver_takes_it_and_its_answer_goes_back(shape, receiver):
    asked = wh.HttpRequest.from_lambda(shape(stripe()))
    assert (asked.method, asked.path) == ("POST", "/hooks/stripe")
    answered = receiver.handle(asked, "stripe").to_lambda()
    assert answered["statusCode"] == 202
    assert answered["headers"]["Content-Type"] == "application/json"
    assert answered["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert (json.loads(answered["body"])["event_id"], answered["isBase64Encoded"]) == (
        "evt_1",
        False,
    )
    json.dumps(answered)


def test_a_body_of_any_bytes_comes_through():
    asked = request("github", b"\xff\x00")
    assert wh.HttpRequest.from_lambda(version_2(asked)).body == b"\xff\x00"
    back = wh.HttpResponse(200, b"\xff", {}).to_lambda()
    assert (base64.b64decode(back["body"]), back["isBase64Encoded"]) == (b"\xff", True)


def test_addresses_and_urls_are_as_the_provider_called_them():
    sent = stripe()
    found = wh.HttpRequest.from_lambda(version_2(sent, "/a%20b", "x=%2F&y"))
    assert (found.path, found.url) == ("/a%20b?x=%2F&y", f"{URL}/a%20b?x=%2F&y")
    assert found.client_ip == "203.0.113.7"
    many = {"multiValueQueryStringParameters": {"x": ["/ é", "2"], "y": [""]}}
    found = wh.HttpRequest.from_lambda(version_1(sent, **many))
    assert found.path == "/hooks/stripe?x=%2F%20%C3%A9&x=2&y="
    assert found.url == f"{URL}/prod{found.path}"
    assert found.client_ip == "203.0.113.7"
    query = {"queryStringParameters": {"x": "%2F"}}
    found = wh.HttpRequest.from_lambda(load_balancer(sent, **query))
    assert found.url == "http://shop.example/hooks/stripe?x=%2F"
    assert found.client_ip is None  # X-Forwarded-For is for whoever knows the proxies.


def test_a_signed_url_verifies_and_may_be_said():
    path = "/hooks/twilio"
    sent = request("twilio", b"a=1", url=f"{URL}{path}?x=1")
    form = {"content-type": "application/x-www-form-urlencoded"}
    event = version_2(sent, path, "x=1")
    event["headers"].update(form)
    assert wh.Event.from_lambda(event, "twilio", secrets=[SECRET]).body == b"a=1"
    sent = request("twilio", b"", url=f"https://shop.example/in{path}")
    event = version_2(sent, path)
    found = wh.Event.from_lambda(
        event, "twilio", secrets=[SECRET], public_url="https://shop.example/in/"
    )
    assert found.body == b""


def test_headers_that_came_twice_are_two():
    found = wh.HttpRequest.from_lambda(version_1(stripe()))
    assert wh.Headers(found.headers).get_all("x-twice") == ["a", "b"]
    cookies = wh.HttpRequest.from_lambda(version_2(stripe(), cookies=["a=1", "b=2"]))
    assert wh.Headers(cookies.headers)["Cookie"] == "a=1; b=2"


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (None, "event"),
        ([], "event"),
        ("{}", "event"),
        ({}, "event.httpMethod"),
        ({"Records": [{"body": "sqs"}]}, "event.httpMethod"),
        ({"httpMethod": "POST"}, "event.path"),
        ({"httpMethod": 1, "path": "/"}, "event.httpMethod"),
        ({"requestContext": 7}, "event.requestContext"),
        ({"requestContext": {"http": "x"}}, "event.requestContext.http"),
        ({"requestContext": {"http": {}}}, "event.requestContext.http.method"),
        ({"requestContext": {"http": {"method": "POST"}}}, "event.rawPath"),
        ({"httpMethod": "POST", "path": "/", "headers": ["a"]}, "event.headers"),
        ({"httpMethod": "POST", "path": "/", "headers": {"a": 1}}, "event.headers"),
        ({"httpMethod": "POST", "path": "/", "headers": {1: "a"}}, "event.headers"),
        ({"httpMethod": "POST", "path": "/", "multiValueHeaders": {"a": [1]}},
         "event.multiValueHeaders"),
        ({"httpMethod": "POST", "path": "/", "queryStringParameters": {"a": None}},
         "event.queryStringParameters"),
        ({"httpMethod": "POST", "path": "/", "body": {}}, "event.body"),
        ({"httpMethod": "POST", "path": "/", "body": "\ud800"}, "event.body"),
        ({"httpMethod": "POST", "path": "/", "body": "!", "isBase64Encoded": True}, "event.body"),
        ({"httpMethod": "POST", "path": "/", "body": "é", "isBase64Encoded": True}, "event.body"),
    ],
)  # fmt: skip
def test_what_is_no_http_request_is_refused_by_its_field(event, field):
    with pytest.raises(wh.ConfigError) as refused:
        wh.HttpRequest.from_lambda(event)
    assert refused.value.field == field


def test_a_refusal_shows_no_secret_in_local_variables():
    event, shown = version_2(stripe()), []
    with pytest.raises(wh.ConfigError) as refused:
        wh.Event.from_lambda(event, "standard", secrets=["whsec_no base64!"])
    trace = refused.value.__traceback__.tb_next
    while trace is not None:
        shown.append(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
    assert "whsec_no" not in "".join(shown)
    with pytest.raises(wh.ConfigError, match="public_url"):
        wh.Event.from_lambda(event, "stripe", secrets=[SECRET], public_url=7)


def test_odd_texts_are_no_error_of_python():
    odd = version_1(
        stripe(), path="/\ud800", multiValueQueryStringParameters={"\ud800": ["\udfff"]}
    )
    with pytest.raises(wh.WebhookError):
        wh.Event.from_lambda(odd, "twilio", secrets=[SECRET])
    with pytest.raises(wh.WebhookError):
        wh.Event.from_lambda(
            version_1(stripe(), multiValueHeaders={"Stripe-Signature": ["\ud800"]}),
            "stripe",
            secrets=[SECRET],
        )
