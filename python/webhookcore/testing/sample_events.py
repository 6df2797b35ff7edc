"""What the bodies of well-known events look like; short, made up, and of the real shape.

``$id``, ``$type``, ``$now``, ``$now_ms`` and ``$iso`` are filled in where they are a whole text.
The places of the id and the type are filled in for every provider (``sample_bodies.py``).
"""

from __future__ import annotations

from typing import Any, Final

_EMAIL: Final = "ada@example.com"
_NAME: Final = "Ada Example"


def _stripe(kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": "$id",
        "object": "event",
        "api_version": "2024-06-20",
        "created": "$now",
        "data": {"object": {"object": kind, "livemode": False, "created": "$now", **fields}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": "req_sample", "idempotency_key": None},
        "type": "$type",
    }


def _standard(**data: Any) -> dict[str, Any]:
    return {"type": "$type", "timestamp": "$iso", "data": data}


def _github(**fields: Any) -> dict[str, Any]:
    login = {"login": "ada", "id": 1, "type": "User"}
    repository = {
        "id": 186853002,
        "name": "hello-world",
        "full_name": "ada/hello-world",
        "private": False,
        "owner": login,
        "default_branch": "main",
    }
    return {**fields, "repository": repository, "sender": login}


def _pull_request(**fields: Any) -> dict[str, Any]:
    head = {"ref": "changes", "sha": "ec26c3e57ca3a959ca5aad62de7213c562f8c821"}
    request = {"id": 279147437, "number": 2, "state": "open", "title": "Update the README"}
    return _github(number=2, pull_request={**request, "draft": False, "head": head, **fields})


def _slack(**event: Any) -> dict[str, Any]:
    return {
        "token": "not-in-use",
        "team_id": "T0SAMPLE",
        "api_app_id": "A0SAMPLE",
        "type": "event_callback",
        "event": {"user": "U0SAMPLE", "channel": "C0SAMPLE", "ts": "1355517523.000005", **event},
        "event_id": "$id",
        "event_time": "$now",
    }


_ORDER: Final = {
    "id": 820982911946154508,
    "email": _EMAIL,
    "currency": "EUR",
    "total_price": "254.98",
    "financial_status": "paid",
    "line_items": [{"id": 866550311766439020, "title": "IPod Nano", "quantity": 1}],
}
_PUSH: Final = {
    "ref": "refs/heads/main",
    "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    "after": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5",
    "commits": [{"id": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5", "message": "Fix it"}],
}
_STANDARD_TYPES: Final = {
    "order.created": _standard(id="order_7", total=1200, currency="EUR"),
    "invoice.paid": _standard(id="inv_7", amount=1200, currency="EUR"),
    "user.deleted": _standard(id="user_7"),
}
_GENERIC_TYPES: Final = {
    "order.created": {"id": "$id", "type": "$type", "data": {"id": "order_7", "total": 1200}},
    "invoice.paid": {"id": "$id", "type": "$type", "data": {"id": "inv_7", "amount": 1200}},
}

# By provider and type; the first type is the one that is taken when none is named.
EVENTS: Final[dict[str, dict[str, Any]]] = {
    "standard": _STANDARD_TYPES,
    "svix": _STANDARD_TYPES,
    "clerk": {
        "user.created": {
            "data": {
                "id": "user_29w83sxmDNGwOuEthce5gg56FcC",
                "object": "user",
                "email_addresses": [{"email_address": _EMAIL}],
                "first_name": "Ada",
            },
            "object": "event",
            "type": "$type",
        }
    },
    "resend": {
        "email.delivered": {
            "type": "$type",
            "created_at": "$iso",
            "data": {"email_id": "56761188-7520", "from": _EMAIL, "to": [_EMAIL], "subject": "Hi"},
        }
    },
    "openai": {
        "response.completed": {
            "object": "event",
            "id": "$id",
            "type": "$type",
            "created_at": "$now",
            "data": {"id": "resp_sample"},
        }
    },
    "stripe": {
        "invoice.paid": _stripe(
            "invoice",
            id="in_sample",
            customer="cus_sample",
            amount_due=1200,
            amount_paid=1200,
            currency="eur",
            status="paid",
        ),
        "payment_intent.succeeded": _stripe(
            "payment_intent", id="pi_sample", amount=1200, currency="eur", status="succeeded"
        ),
        "checkout.session.completed": _stripe(
            "checkout.session",
            id="cs_test_sample",
            mode="payment",
            amount_total=1200,
            currency="eur",
            payment_status="paid",
            status="complete",
        ),
        "customer.subscription.deleted": _stripe(
            "subscription", id="sub_sample", customer="cus_sample", status="canceled"
        ),
        "charge.refunded": _stripe(
            "charge", id="ch_sample", amount=1200, amount_refunded=1200, currency="eur"
        ),
    },
    "github": {
        "push": _github(**_PUSH),
        "ping": _github(zen="Keep it logically awesome.", hook_id=1),
        "pull_request.opened": _pull_request(),
        "pull_request.closed": _pull_request(state="closed", merged=True),
        "issues.opened": _github(issue={"id": 73464126, "number": 1, "title": "It breaks"}),
        "release.published": _github(release={"id": 17372790, "tag_name": "0.0.1"}),
    },
    "gitlab": {
        "Push Hook": {"object_kind": "push", **_PUSH, "project": {"id": 15, "name": "Diaspora"}},
        "Merge Request Hook": {
            "object_kind": "merge_request",
            "object_attributes": {"id": 99, "iid": 1, "state": "opened", "title": "MS-Viewport"},
        },
    },
    "shopify": {
        "orders/create": _ORDER,
        "orders/paid": _ORDER,
        "products/update": {"id": 788032119674292922, "title": "T-Shirt", "vendor": "Acme"},
        "app/uninstalled": {"id": 548380009, "name": "Super Toys", "domain": "example.com"},
    },
    "slack": {
        "app_mention": _slack(type="app_mention", text="<@U0LAN0Z89> is it everything?"),
        "message": _slack(type="message", text="Hello world"),
    },
    "twilio": {
        "": {
            "AccountSid": "AC00000000000000000000000000000000",
            "MessageSid": "$id",
            "MessageStatus": "delivered",
            "From": "+14158675309",
            "To": "+18005551212",
            "Body": "It's done",
        }
    },
    "mandrill": {"": {"mandrill_events": '[{"event":"send","_id":"sample"}]'}},
    "generic": _GENERIC_TYPES,
    "generic-body": _GENERIC_TYPES,
    "generic-t-s": _GENERIC_TYPES,
    "generic-t-v1": _GENERIC_TYPES,
    "paddle": {
        "transaction.completed": {
            "event_id": "$id",
            "event_type": "$type",
            "occurred_at": "$iso",
            "data": {"id": "txn_sample", "status": "completed", "currency_code": "EUR"},
        }
    },
    "zoom": {
        "meeting.started": {
            "event": "$type",
            "event_ts": "$now_ms",
            "payload": {"account_id": "sample", "object": {"id": "1234567890", "topic": "Plan"}},
        }
    },
    "calendly": {
        "invitee.created": {
            "created_at": "$iso",
            "event": "$type",
            "payload": {"email": _EMAIL, "name": _NAME, "status": "active"},
        }
    },
    "twitch": {
        "stream.online": {
            "subscription": {"id": "f1c2a387", "type": "$type", "version": "1"},
            "event": {"broadcaster_user_id": "1337", "type": "live"},
        }
    },
    "discord": {
        "APPLICATION_AUTHORIZED": {
            "version": 1,
            "application_id": "1234560123453231555",
            "type": 1,
            "event": {"type": "$type", "timestamp": "$iso", "data": {"integration_type": 1}},
        }
    },
    "sendgrid": {
        "delivered": {
            "email": _EMAIL,
            "timestamp": "$now",
            "event": "$type",
            "sg_event_id": "$id",
            "sg_message_id": "14c5d75ce93.dfd.64b469",
        }
    },
    "hubspot-v3": {"contact.creation": {"objectId": 1246965, "portalId": 62515}},
    "meta": {
        "page": {"object": "$type", "entry": [{"id": "0", "time": "$now", "changes": []}]},
        "whatsapp_business_account": {"object": "$type", "entry": [{"id": "0", "changes": []}]},
    },
    "intercom": {
        "conversation.user.created": {
            "type": "notification_event",
            "id": "$id",
            "topic": "$type",
            "created_at": "$now",
            "data": {"item": {"type": "conversation", "id": "1"}},
        }
    },
    "typeform": {
        "form_response": {
            "event_id": "$id",
            "event_type": "$type",
            "form_response": {"form_id": "lT4Z3j", "answers": []},
        }
    },
    "square": {
        "payment.updated": {
            "merchant_id": "6SSW7HV8K2ST5",
            "type": "$type",
            "event_id": "$id",
            "created_at": "$iso",
            "data": {"type": "payment", "id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY"},
        }
    },
    "linear": {
        "Issue.create": {
            "createdAt": "$iso",
            "data": {"id": "2174add1", "title": "Rename it", "priority": 0},
            "url": "https://linear.app/issue/LIN-1778",
            "webhookTimestamp": "$now_ms",
        }
    },
    "telegram": {
        "message": {
            "message": {
                "message_id": 1365,
                "from": {"id": 1111111, "is_bot": False, "first_name": "Ada"},
                "chat": {"id": 1111111, "type": "private"},
                "date": "$now",
                "text": "/start",
            }
        }
    },
    "mailgun": {
        "delivered": {
            "event-data": {
                "event": "$type",
                "id": "$id",
                "timestamp": "$now",
                "recipient": _EMAIL,
            }
        }
    },
    "adyen": {
        "AUTHORISATION": {
            "NotificationRequestItem": {
                "additionalData": {},
                "amount": {"currency": "EUR", "value": 1200},
                "eventCode": "$type",
                "eventDate": "$iso",
                "merchantAccountCode": "SampleMerchant",
                "merchantReference": "order-7",
                "paymentMethod": "visa",
                "pspReference": "$id",
                "success": "true",
            }
        }
    },
    "aws-sns": {
        "Notification": {
            "Type": "$type",
            "MessageId": "$id",
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:orders",
            "Message": '{"order":7}',
            "Timestamp": "$iso",
            "SignatureVersion": "2",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService.pem",
        }
    },
    "paypal": {
        "PAYMENT.CAPTURE.COMPLETED": {
            "id": "$id",
            "event_type": "$type",
            "resource_type": "capture",
            "resource": {"id": "42311647XV020574X", "status": "COMPLETED"},
            "create_time": "$iso",
        }
    },
    "plaid": {"TRANSACTIONS.SYNC_UPDATES_AVAILABLE": {"item_id": "wz666MBjYWTp2PDzzggYhM6oWWmBb"}},
    "sentry": {"issue.created": {"data": {"issue": {"id": "1170820242", "title": "It broke"}}}},
    "close": {"lead.updated": {"subscription_id": "whsub_sample"}},
    "dropbox": {"": {"list_folder": {"accounts": ["dbid:AAH4f99T0taONIb"]}}},
    "xero": {
        "": {
            "events": [{"resourceId": "717f2bfc", "eventCategory": "INVOICE"}],
            "firstEventSequence": 1,
            "lastEventSequence": 1,
            "entropy": "S0m3r4Nd0mt3xt",
        }
    },
    "twitter": {"": {"for_user_id": "2244994945", "tweet_create_events": []}},
    "asana": {"": {"events": [{"action": "changed", "resource": {"gid": "1200"}}]}},
    "fal": {"OK": {"request_id": "$id", "status": "$type", "payload": {"images": []}}},
    "gitea": {"push": _PUSH},
    "forgejo": {"push": _PUSH},
    "gogs": {"push": _PUSH},
    "jira": {"jira:issue_created": {"timestamp": "$now_ms", "issue": {"key": "JIRA-1"}}},
    "bitbucket": {"repo:push": {"push": {"changes": []}}},
    "bitbucket-server": {"repo:refs_changed": {"eventKey": "repo:refs_changed", "changes": []}},
    "woocommerce": {"order.created": {"id": 727, "status": "processing", "total": "29.35"}},
    "pagerduty": {
        "incident.triggered": {
            "event": {
                "id": "$id",
                "event_type": "$type",
                "resource_type": "incident",
                "occurred_at": "$iso",
                "data": {"id": "PGR0VU2", "status": "triggered"},
            }
        }
    },
    "razorpay": {
        "payment.captured": {
            "entity": "event",
            "event": "$type",
            "payload": {"payment": {"entity": {"id": "pay_sample", "amount": 100}}},
        }
    },
    "docusign": {
        "envelope-completed": {
            "event": "$type",
            "generatedDateTime": "$iso",
            "data": {"accountId": "sample", "envelopeId": "$id"},
        }
    },
    "okta": {"user.lifecycle.create": {"uuid": "$id", "eventType": "$type", "severity": "INFO"}},
    "auth0": {"s": {"log_id": "$id", "data": {"type": "$type", "user_name": _EMAIL}}},
}

# Of the same shape.
for _same, _as in {
    "brex": "clerk",
    "replicate": "svix",
    "recall": "svix",
    "gitlab-signed": "gitlab",
    "github-sha1": "github",
    "shopify-events": "shopify",
    "hubspot-v1": "hubspot-v3",
    "hubspot-v2": "hubspot-v3",
}.items():
    EVENTS.setdefault(_same, EVENTS[_as])

# Where a test's own `data` goes; everywhere else it goes to the top.
DATA_PLACES: Final = {
    "standard": "data",
    "svix": "data",
    "clerk": "data",
    "resend": "data",
    "replicate": "data",
    "recall": "data",
    "openai": "data",
    "stripe": "data.object",
    "paddle": "data",
    "slack": "event",
    "linear": "data",
    "adyen": "NotificationRequestItem",
    "square": "data",
    "generic": "data",
    "generic-body": "data",
    "generic-t-s": "data",
    "generic-t-v1": "data",
}
