"""A client of the Management Activity API that is none of ours: Microsoft's own MSAL for the token, requests for the rest.

It reads its task as JSON from stdin, subscribes to the content types, follows every next page, fetches every blob, and prints what it found
as JSON. MSAL speaks to https authorities only, so its requests go through a session that does what a front with TLS does in reverse: it
speaks http to the loopback address and says so in X-Forwarded-Proto.
"""

import json
import sys

import msal
import requests


class PlainLoopback(requests.Session):
    """Speaks http where https is asked for, to 127.0.0.1 alone."""

    def __init__(self):
        super().__init__()
        self.trust_env = False

    def request(self, method, url, headers=None, **options):
        if not url.startswith("https://127.0.0.1:"):
            raise ValueError(f"{url} is not on this machine")
        return super().request(method, url.replace("https", "http", 1), headers={**(headers or {}), "X-Forwarded-Proto": "https"}, **options)


def main():
    task = json.load(sys.stdin)
    api, tenant = task["url"].rstrip("/"), task["tenant"]
    application = msal.ConfidentialClientApplication(
        task["applicationId"],
        client_credential=task["credential"],
        authority=f"{api.replace('http', 'https', 1)}/{tenant}",
        instance_discovery=False,
        http_client=PlainLoopback(),
    )
    token = application.acquire_token_for_client([f"{api}/.default"])
    if "access_token" not in token:
        print(json.dumps({"refused": token.get("error_codes"), "why": token.get("error_description")}))
        return

    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token['access_token']}"
    feed = f"{api}/api/v1.0/{tenant}/activity/feed"
    found = {"starts": [], "pages": 0, "ids": []}
    for content_type in task["contentTypes"]:
        answer = session.post(f"{feed}/subscriptions/start", params={"contentType": content_type, "PublisherIdentifier": tenant})
        found["starts"].append(answer.json().get("status", answer.json()))
        for start, end in task["windows"]:
            page = session.get(f"{feed}/subscriptions/content", params={"contentType": content_type, "startTime": start, "endTime": end, "PublisherIdentifier": tenant})
            while page is not None:
                page.raise_for_status()
                found["pages"] += 1
                for blob in page.json():
                    records = session.get(blob["contentUri"], params={"PublisherIdentifier": tenant})
                    records.raise_for_status()
                    found["ids"] += [record["Id"] for record in records.json()]
                following = page.headers.get("NextPageUri")
                page = session.get(following, params={"PublisherIdentifier": tenant}) if following else None
    print(json.dumps(found))


main()
