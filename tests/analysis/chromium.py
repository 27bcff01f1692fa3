"""Headless Chromium through its debugging pipe: enough of the protocol to open a page, ask it things and look at it."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


def program():
    """Path of a Chromium or Chrome, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page:
    """A page of a Chromium of its own; a context manager."""

    def __init__(self, width=1280, height=900, patience=float(os.environ.get("LITEBENCH_PATIENCE", "240"))):
        self.patience, self.messages, self._id = patience, [], 0
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()

        def descriptors():  # the browser reads commands from 3 and answers on 4
            keep_read, keep_write = os.dup(to_read), os.dup(to_write)
            os.dup2(keep_read, 3)
            os.dup2(keep_write, 4)

        self._process = subprocess.Popen(
            [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-default-apps", "--password-store=basic", "--hide-scrollbars", "--mute-audio",
             f"--user-data-dir={self._profile.name}", "--remote-debugging-pipe", "about:blank"],
            preexec_fn=descriptors, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self._buffer, self._session = b"", None
        self._session = self.send("Target.attachToTarget", targetId=self._first_page(), flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.resize(width, height)

    def _first_page(self):
        """A browser answers before it has opened its page: on a busy machine long before."""
        self.send("Target.setDiscoverTargets", discover=True)
        targets = self.send("Target.getTargets")["targetInfos"]
        deadline = time.monotonic() + self.patience
        while True:
            targets += [m["params"]["targetInfo"] for m in self.messages if m.get("method") == "Target.targetCreated"]
            page = next((t for t in targets if t["type"] == "page"), None)
            if page:
                return page["targetId"]
            self.messages.append(self._next(deadline))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)
        self._profile.cleanup()

    def _next(self, deadline):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self._read, 1 << 20) if ready else b""
            if not data:
                code = self._process.poll()
                raise TimeoutError(f"Chromium does not answer within {self.patience:.0f} s" if code is None
                                   else f"Chromium ended with code {code}")
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, **parameters):
        self._id += 1
        message = {"id": self._id, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.patience
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.messages.append(answer)

    def resize(self, width, height):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, medium="", scheme="light"):
        self.send("Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, path):
        self.messages.clear()
        self.send("Page.navigate", url=path.resolve().as_uri())
        while not any(m.get("method") == "Page.loadEventFired" for m in self.messages):
            self.messages.append(self._next(time.monotonic() + self.patience))

    def run(self, expression):
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:2000])
        return result["result"].get("value")

    def complaints(self):
        """What the console would show in red or yellow, and exceptions."""
        found = []
        for message in self.messages:
            if message.get("method") == "Runtime.exceptionThrown":
                found.append(json.dumps(message["params"])[:500])
            elif message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] in ("error", "warning"):
                found.append(message["params"]["entry"]["text"])
            elif message.get("method") == "Runtime.consoleAPICalled" and message["params"]["type"] in ("error", "warning"):
                found.append(json.dumps(message["params"]["args"])[:500])
        return found

    def requests(self):
        """Addresses that the page asked for."""
        return [m["params"]["request"]["url"] for m in self.messages if m.get("method") == "Network.requestWillBeSent"]

    def screenshot(self, path, whole=False):
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def pdf(self, path):
        path.write_bytes(base64.b64decode(self.send("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"]))
