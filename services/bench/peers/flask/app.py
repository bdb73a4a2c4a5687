"""Dimmers on Flask: HTTP and WebSocket, each connection with a thread."""

import json
import queue
import socket
import threading

from flask import Flask, abort, request
from flask_sock import Sock

# How many messages a client may be behind before it is disconnected.
MAX_BEHIND = 1_024

app = Flask(__name__)
sock = Sock(app)
levels = {}
clients = set()
# Orders the changes: whoever holds it merges and announces.
lock = threading.Lock()


class Client:
    """A WebSocket, and what it is still to be sent."""

    def __init__(self, ws):
        self.ws = ws
        self.queue = queue.Queue(MAX_BEHIND)

    def write(self):
        while True:
            self.ws.send(self.queue.get())

    def tell(self, text):
        """Returns whether the client keeps up."""
        try:
            self.queue.put_nowait(text)
        except queue.Full:
            return False
        return True

    def disconnect(self):
        try:
            self.ws.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It is gone already.


def is_level(dimmer, level):
    known = dimmer.isascii() and dimmer.isdecimal() and 1 <= int(dimmer) <= 65_535
    return known and type(level) in (int, float) and 0 <= level <= 100


def parse(text):
    """The changes of a text. Raises a ValueError."""
    change = json.loads(text)
    if not isinstance(change, dict) or not all(is_level(*item) for item in change.items()):
        raise ValueError("not a map of dimmers and levels")
    return change


def merge(change):
    text = json.dumps(change)
    with lock:
        levels.update(change)
        slow = [client for client in clients if not client.tell(text)]
        clients.difference_update(slow)
    for client in slow:
        client.disconnect()


@app.get("/")
def read():
    with lock:
        return dict(levels)


@app.post("/")
def change():
    try:
        change = parse(request.get_data())
    except ValueError as error:
        abort(400, str(error))
    merge(change)
    return change


@sock.route("/ws")
def listen(ws):
    client = Client(ws)
    with lock:
        client.tell(json.dumps(levels))
        clients.add(client)
    writer = threading.Thread(target=client.write, daemon=True)
    writer.start()
    try:
        while True:
            merge(parse(ws.receive()))
    except ValueError as error:
        ws.close(1008, str(error))
    finally:
        with lock:
            clients.discard(client)
        # Wakes the writer, whose next send fails. If its queue is full, it is awake.
        client.tell("")
