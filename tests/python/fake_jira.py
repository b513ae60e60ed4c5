"""A JIRA that a test can break: the few paths that tickets need, in a thread on 127.0.0.1."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

OK, SERVER_ERROR, UNAUTHORIZED, TIMEOUT, MALFORMED, REFUSED, DRIP, ECHO = (
    "ok", "500", "401", "timeout", "malformed", "400", "drip", "echo",
)  # fmt: skip


@dataclass
class FakeJira:
    """`mode` says how it answers from now on; `after` lets it take what is written first."""

    mode: str = OK
    issues: dict[str, dict] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    authorization: set[str] = field(default_factory=set)
    dies_after_creating: bool = False

    def __post_init__(self):
        jira = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                jira.answer(self, "GET", b"")

            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                jira.answer(self, "POST", self.rfile.read(length))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def texts(self, key: str) -> list[str]:
        issue = self.issues[key]
        return [issue["description"], *issue["comments"]]

    def answer(self, handler, method: str, body: bytes):
        path = urlparse(handler.path)
        self.requests.append(f"{method} {path.path}")
        self.authorization.add(handler.headers.get("Authorization", ""))
        if self.mode == TIMEOUT:
            time.sleep(1.5)
            return None
        if self.mode == DRIP:
            return self._drip(handler)
        if self.mode == ECHO:  # repeats what it was sent, and tries to paint the terminal
            sent = handler.headers.get("Authorization", "")
            words = f"\x1b[31mno\nclv: all is well {sent} {sent.split()[-1]}"
            return self._send(handler, 400, {"errorMessages": [words]})
        if self.mode == MALFORMED:
            return self._send(handler, 200, b"<html><body>Log in, please</body></html>")
        if self.mode in (SERVER_ERROR, UNAUTHORIZED):
            return self._send(handler, int(self.mode), b"<html>no</html>")
        if self.mode == REFUSED and method == "POST":
            return self._send(handler, 400, {"errors": {"labels": "labels cannot be set"}})
        status, answer = self._result(method, path, body)
        if self.dies_after_creating and (method, status) == ("POST", 201):
            return self._send(handler, 500, b"")
        return self._send(handler, status, answer)

    def _result(self, method, path, body):
        where = path.path.removeprefix("/rest/api/2")
        if where == "/serverInfo":
            return 200, {"versionNumbers": [9, 12, 0], "deploymentType": "Server"}
        if where == "/field":
            return 200, [{"id": "summary", "name": "Summary", "clauseNames": ["summary"]}]
        if where == "/search":
            labels = set(re.findall(r'labels = "([^"]+)"', parse_qs(path.query)["jql"][0]))
            keys = [key for key, issue in self.issues.items() if labels <= set(issue["labels"])]
            found = [{"id": "1", "key": key, "fields": {}} for key in keys]
            return 200, {"issues": found, "total": len(found), "startAt": 0, "maxResults": 1}
        if where == "/issue" and method == "POST":
            fields = json.loads(body)["fields"]
            key = f"CLV-{len(self.issues) + 1}"
            self.issues[key] = {**fields, "comments": []}
            return 201, {"id": key[4:], "key": key, "self": f"{self.url}/rest/api/2/issue/{key}"}
        match = re.fullmatch(r"/issue/([^/]+)(/comment)?", where)
        if not match or match[1] not in self.issues:
            return 404, {"errorMessages": ["Issue does not exist"]}
        issue = self.issues[match[1]]
        if method == "POST":
            issue["comments"].append(json.loads(body)["body"])
            return 201, {"id": "1", "body": issue["comments"][-1]}
        comments = [{"id": str(n), "body": text} for n, text in enumerate(issue["comments"])]
        if match[2]:
            return 200, {"comments": comments}
        return 200, {
            "id": "1", "key": match[1],
            "fields": {"description": issue["description"], "comment": {"comments": comments}},
        }  # fmt: skip

    @staticmethod
    def _drip(handler):
        """Send a byte at a time, each well within any timeout, for as long as somebody reads."""
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(200):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)

    @staticmethod
    def _send(handler, status, answer):
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
