"""The loopback server: what it is told to do is what a client meets."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import threading

import pytest

import webhookcore as wh
from webhookcore.testing import Answer, WebhookServer, sample

SECRET = wh.generate_secret()


@pytest.fixture
def server():
    with WebhookServer() as made:
        yield made


def ask(server, method="POST", path="/hook", body=b"{}", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def attempts(server, count, **options):
    """What our own sender says of each attempt."""
    result = wh.send(
        server.url,
        "order.created",
        {"id": 7},
        secret=SECRET,
        policy=server.policy,
        retry=[0.01] * (count - 1),
        timeout=1,
        **options,
    )
    return result.log


def test_it_keeps_the_exact_bytes_of_what_came(server):
    assert ask(server, "PUT", "/a?b=%20", b"\xff\x00", **{"X-One": "1"})[0] == 200
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("PUT", "/a?b=%20", b"\xff\x00")
    assert ("X-One", "1") in request.headers
    assert request.url == f"{server.base_url}/a?b=%20"


def test_answers_are_used_up_one_a_request_and_the_last_one_stays(server):
    server.answer(503, Answer(429, headers={"Retry-After": "7"}), 204)
    assert [ask(server)[0] for _ in range(4)] == [503, 429, 204, 204]


def test_a_function_may_answer(server):
    server.answer(lambda request: Answer(201, body=request.body.upper()))
    assert ask(server, body=b"abc")[::2] == (201, b"ABC")
    server.answer(lambda request: wh.HttpResponse(418))
    assert ask(server)[0] == 418


def test_a_function_that_fails_is_an_answer_of_500_and_is_logged(server, caplog):
    server.answer(lambda request: 1 / 0)
    assert ask(server)[0] == 500
    assert "ZeroDivisionError" in caplog.text


def test_a_receiver_may_stand_behind_it(server):
    request = sample("stripe")
    with wh.Receiver("memory://") as receiver:
        receiver.add_source("stripe", secrets=request.secrets)
        server.answer(lambda came: receiver.handle(came, "stripe"))
        status, _, _ = ask(server, body=request.body, **request.headers)
        assert (status, receiver.inbox.list()[0].event_id) == (202, request.id)


def test_a_sent_message_is_verified_from_what_came(server):
    attempts(server, 1)
    assert server.event("standard", [SECRET]).type == "order.created"
    with pytest.raises(wh.VerificationError):
        server.event("standard", [wh.generate_secret()])


def test_every_misbehaviour_is_what_a_sender_sees(server):
    server.answer(
        Answer(fault="reset"),
        Answer(fault="close"),
        Answer(500, fault="truncate"),
        Answer(fault="garbage"),
        Answer(fault="hang"),
        Answer.redirect("http://169.254.169.254/"),
        Answer.huge(10 * 1024 * 1024),
    )
    log = attempts(server, 7)
    assert [attempt.status for attempt in log] == [None, None, 500, None, None, 302, 200]
    assert len({attempt.error for attempt in log[:5]}) >= 3
    assert len(log[-1].response_body) <= 4096


def test_a_receivers_wish_to_wait_reaches_the_sender(server):
    server.answer(Answer.rate_limited(7))
    (attempt,) = attempts(server, 1)
    assert (attempt.status, attempt.outcome) == (429, "throttled")
    assert attempt.response_headers["Retry-After"] == "7"


def test_a_delay_ends_with_the_server():
    def ask_in_vain():
        with contextlib.suppress(OSError, http.client.HTTPException):
            ask(server)

    with WebhookServer(Answer(delay=3000)) as server:
        asked = threading.Thread(target=ask_in_vain)
        asked.start()
        server.wait_for(1)
    asked.join(10)
    assert not asked.is_alive()


def test_chunked_bodies_are_put_together(server):
    with socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n"
        )
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert server.requests[0].body == b"abcde"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: -1", b"400"),
        (b"Content-Length: x", b"400"),
        (b"Content-Length: 99999999999999999999", b"400"),
        (b"Content-Length: 1001", b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n-5", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n0x5", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n1_0", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 500, b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 101, b"431"),
        (b"Transfer-Encoding: gzip, chunked", b"501"),
        (b"Transfer-Encoding: identity\r\nContent-Length: 5", b"501"),
        (b"Transfer-Encoding: chunked\r\n\r\nffffffff", b"413"),
    ],
)
def test_hostile_framing_is_refused(head, status):
    with (
        WebhookServer(max_body=1000) as server,
        socket.create_connection(("127.0.0.1", server.port), 10) as client,
    ):
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        assert client.recv(100).split()[1] == status
        assert server.requests == []


def test_waiting_for_what_does_not_come_ends(server):
    with pytest.raises(TimeoutError, match="0 of 1"):
        server.wait_for(1, timeout=0.01)


def test_who_was_heard_is_answered_although_the_server_closes_meanwhile():
    server = WebhookServer()
    closing = []

    def close_and_answer(request):
        closing.append(threading.Thread(target=server.close))
        closing[0].start()
        server._closing.wait(10)
        return Answer(201, b"still here" * 10_000)

    server.answer(close_and_answer)
    assert ask(server)[::2] == (201, b"still here" * 10_000)
    closing[0].join(10)


def test_the_child_of_a_fork_closes_its_copy_and_no_more(server):
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # Else one that hangs would outlive the test.
        server.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert ask(server)[0] == 200


def test_closing_twice_is_closing_once():
    server = WebhookServer()
    server.close()
    server.close()
    with pytest.raises(OSError):
        ask(server)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Answer(99),
        lambda: Answer("200"),
        lambda: Answer(delay=-1),
        lambda: Answer(delay=float("nan")),
        lambda: Answer(fault="explode"),
        lambda: Answer(body="text"),
        lambda: Answer(size=-1),
        lambda: Answer(headers={"X": "a\r\nb"}),
        lambda: Answer(headers=None),
        lambda: WebhookServer(tls="cert.pem"),
        lambda: WebhookServer(keep=-1),
        lambda: Answer.redirect("http://x/\r\nSet-Cookie: a"),
        lambda: WebhookServer("200"),
        lambda: WebhookServer(True),
        lambda: WebhookServer(port=70000),
        lambda: WebhookServer(host=""),
        lambda: WebhookServer().answer(),
    ],
)
def test_what_cannot_be_answered_is_refused_where_it_is_said(make):
    with pytest.raises(wh.ConfigError):
        make()
