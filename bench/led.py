"""10,000 simulated agents on one server: enrolling, being led, new orders for all, and what the server takes for it."""
import json
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.request

PASSWORD = "bench horse battery"


# Agents of one process.
PART = 2_500


def said(agents):
    """What each of the processes says next."""
    return [json.loads(part.stdout.readline()) for part in agents]


class Api:
    """The API as one account."""

    def __init__(self, url):
        self.url, self.cookie, self.csrf = url, None, None

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("content-type", "application/json")
        if self.cookie:
            request.add_header("cookie", self.cookie)
            request.add_header("x-redoubt-csrf", self.csrf)
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(request, data=data, timeout=60) as answer:
            got = answer.read()
            cookie = answer.headers.get("set-cookie")
        got = json.loads(got) if got else {}
        if cookie and "csrf" in got:
            self.cookie, self.csrf = cookie.split(";")[0], got["csrf"]
        return got


def memory(pid, what):
    """Resident megabytes of a process: now (`VmRSS`) or at most (`VmHWM`)."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+)", text)[1]) / 1024


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def led(args, row):
    count = args.agents
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        server = subprocess.Popen(
            [f"{args.bin}/redoubt", "up", "--data", f"{scratch}/data", "--listen", "127.0.0.1:0", "--link", "127.0.0.1:0", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        agents = []
        try:
            up = json.loads(server.stdout.readline())
            admin, security = Api(up["url"]), Api(up["url"])
            admin.call("POST", "/api/v1/setup", {"token": up["setup_token"], "name": "admin", "password": PASSWORD})
            admin.call("POST", "/api/v1/users", {"name": "sec", "password": PASSWORD, "roles": ["security-administrator"]})
            security.call("POST", "/api/v1/login", {"name": "sec", "password": PASSWORD})
            token = admin.call("POST", "/api/v1/collectors/tokens", {"group": "all", "uses": count, "days": 1})
            link = admin.call("GET", "/api/v1/collectors")["link"]["listen"]
            before = memory(server.pid, "VmRSS")
            # A process may open some ten thousand files, and an agent needs several.
            parts = [min(PART, count - at) for at in range(0, count, PART)]
            for number, part in enumerate(parts):
                agents.append(subprocess.Popen(
                    [f"{args.bin}/examples/led_bench", link, token["authority_sha256"], token["token"], str(part), f"{scratch}/agents-{number}"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            began = time.monotonic()
            said(agents)
            print(f"{count} enrolled in {time.monotonic() - began:.1f} s", flush=True)
            attending = max(part["seconds"] for part in said(agents))
            row(f"{count} agents led, since the first came", f"{attending:.1f} s", "60 s", attending < 60)
            idle = cpu_of(server.pid)
            time.sleep(60)
            print(f"a minute of heartbeats: {cpu_of(server.pid) - idle:.1f} CPU-s of the server, {memory(server.pid, 'VmRSS'):.0f} MB ({before:.0f} before)", flush=True)
            basis = security.call("GET", "/api/v1/endpoint-groups")["version"]
            began = time.monotonic()
            made = security.call("POST", "/api/v1/endpoint-changes", {
                "proposal": {"kind": "settings", "group": "all", "settings": {"denied": ["ab" * 32], "mode": "simulate"}},
                "basis": basis, "why": "a measurement"})
            assert made["applied"], made
            said(agents)
            took = time.monotonic() - began
            row(f"new orders with {count} agents", f"{took:.1f} s", "60 s", took < 60)
            row("the server's memory at most", f"{memory(server.pid, 'VmHWM'):.0f} MB", "1,000 MB", memory(server.pid, "VmHWM") < 1000)
        finally:
            for part in agents:
                part.stdin.close()
                part.terminate()
                part.wait()
            server.terminate()
            server.wait()
