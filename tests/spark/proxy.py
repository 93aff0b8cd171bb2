"""A proxy between a Connect session and its server that can be cut."""

import contextlib
import selectors
import socket
import threading
import time


class Proxy:
    """proxy.port is where to connect. cut(seconds) breaks every connection and takes no new one for so long."""

    def __init__(self, port):
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs, self._lock = [], threading.Lock()
        self._shut_until = 0.0
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if time.monotonic() < self._shut_until:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._to))
            with self._lock:
                self._pairs.append((client, server))
            threading.Thread(target=self._pump, args=(client, server), daemon=True).start()

    @staticmethod
    def _pump(client, server):
        with selectors.DefaultSelector() as ready, contextlib.suppress(OSError, ValueError):
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select(0.5):
                    piece = key.fileobj.recv(1 << 16)
                    if not piece:
                        return
                    key.data.sendall(piece)

    def cut(self, seconds):
        self._shut_until = time.monotonic() + seconds
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def close(self):
        self._open = False
        self._listener.close()
        self.cut(0)


class CutAtCommit:
    """with CutAtCommit(proxy, log, seconds): the proxy is cut as soon as a commit appears in the table's log."""

    def __init__(self, proxy, log, seconds):
        self.proxy, self.log, self.seconds = proxy, log, seconds
        self.was_cut = False

    def _commits(self):
        return {place.name for place in self.log.glob("*.json")} if self.log.is_dir() else set()

    def _watch(self):
        while not self._end:
            if self._commits() - self._before:
                self.proxy.cut(self.seconds)
                self.was_cut = True
                return
            time.sleep(0.001)

    def __enter__(self):
        self._before, self._end = self._commits(), False
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *ended):
        self._end = True
        self._thread.join()
