"""The rows of `redoubt analysis worker` as it is started: with 5,000 rules until its first file is done, and two of them against one."""
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request

FILES = 2000
PASSWORD = "correct horse battery"


class Server:
    """A server that opens no files itself, and a token for those who do."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        up = [program, "up", "--json", "--listen", "127.0.0.1:0", "--file-slots", "0", "--data", str(folder / "data")]
        self.process = subprocess.Popen(up, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.url, self.head = ready["url"], {"origin": ready["url"]}
        told, answer = self.ask("setup", {"token": ready["setup_token"], "name": "admin", "password": PASSWORD})
        self.head["cookie"] = answer.headers["set-cookie"].split(";")[0]
        self.head["x-redoubt-csrf"] = told["csrf"]
        made, _ = self.ask("tokens", {"name": "workers", "scopes": ["analyse-files"], "days": 7})
        self.token = folder / "token"
        self.token.write_text(made.get("secret") or made["token"])

    def ask(self, path, body=None, kind="application/json"):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, {**self.head, "content-type": kind})
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read()), answer

    def send(self, path, files):
        parts = [b'--X9\r\ncontent-disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n' % file for file in files]
        return self.ask(path, b"".join(parts) + b"--X9--\r\n", "multipart/form-data; boundary=X9")[0]

    def worker(self, name, cache):
        work = [self.program, "analysis", "worker", "--server", self.url, "--token-file", str(self.token), "--name", name,
                "--slots", "1", "--cache", str(cache), "--json"]
        return subprocess.Popen(work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def until_done(self):
        while True:
            overview = self.ask("files/overview")[0]
            if overview["waiting"] + overview["leased"] == 0:
                return time.monotonic()
            time.sleep(0.005)


def stop(*processes):
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


def first_file(server, name, cache):
    """From the start of a worker until a file that waits is done."""
    server.send("files", [(f"{name}.txt".encode(), f"a few words for {name} {time.time()}\n".encode())])
    began = time.monotonic()
    process = server.worker(name, cache)
    took = server.until_done() - began
    stop(process)
    return took


def texts(run):
    return [(f"{run}-{number}.txt".encode(), f"the words of file {number} of {run}\n".encode() * 400) for number in range(FILES)]


def by(server, names, cache):
    """Files that wait, by so many workers; the time until all are done."""
    for part in range(0, FILES, 250):
        server.send("files", texts("+".join(names) + str(time.time()))[part:part + 250])
    began = time.monotonic()
    processes = [server.worker(name, cache) for name in names]
    took = server.until_done() - began
    stop(*processes)
    return took


def workers(args, row, rules):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        server = Server(f"{args.bin}/redoubt", scratch)
        try:
            alone = min(by(server, [f"one{run}"], scratch / "cache") for run in range(2))
            both = min(by(server, [f"a{run}", f"b{run}"], scratch / "cache") for run in range(2))
            print(f"{FILES / alone:.0f} files a second by one worker, {FILES / both:.0f} by two, each a process with one slot")
            row("two workers as two processes, against one", f"{alone / both:.2f} x", "1.8 x" if os.cpu_count() > 2 else "told", os.cpu_count() <= 2 or alone >= 1.8 * both)
            server.send("files/rules", [(b"made.yar", rules.encode())])
            first = first_file(server, "first", scratch / "cache")
            again = min(first_file(server, f"again{run}", scratch / "cache") for run in range(5))
            print(f"a worker that has to compile 5,000 rules has its first file done after {first:.1f} s")
            row("worker started with 5,000 rules, first file done", f"{again * 1000:.0f} ms", "1,000 ms", again < 1)
        finally:
            stop(server.process)
