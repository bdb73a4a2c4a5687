"""Dimmers on Falcon: HTTP and WebSocket in one process (ASGI)."""

import asyncio
import json

import falcon
import falcon.asgi

# How many messages a client may be behind before it is disconnected.
MAX_BEHIND = 1_024


def is_level(dimmer, level):
    known = dimmer.isascii() and dimmer.isdecimal() and 1 <= int(dimmer) <= 65_535
    return known and type(level) in (int, float) and 0 <= level <= 100


def parse(text):
    """The changes of a text. Raises a ValueError."""
    change = json.loads(text)
    if not isinstance(change, dict) or not all(is_level(*item) for item in change.items()):
        raise ValueError("not a map of dimmers and levels")
    return change


class Dimmers:
    """The map, and a queue for each WebSocket."""

    def __init__(self):
        self.levels = {}
        self.readers = {}

    def merge(self, change):
        # Nothing is awaited here, so all clients see all changes in one order.
        self.levels.update(change)
        text = json.dumps(change)
        for queue, reader in list(self.readers.items()):
            try:
                queue.put_nowait(text)
            except asyncio.QueueFull:
                del self.readers[queue]
                reader.cancel()

    async def on_get(self, req, resp):
        resp.media = self.levels

    async def on_post(self, req, resp):
        try:
            change = parse(await req.stream.read())
        except ValueError as error:
            raise falcon.HTTPBadRequest(description=str(error)) from error
        self.merge(change)
        resp.media = change


class Socket:
    """The WebSocket of the same map."""

    def __init__(self, dimmers):
        self.dimmers = dimmers

    async def on_websocket(self, req, ws):
        await ws.accept()
        queue = asyncio.Queue(MAX_BEHIND)
        queue.put_nowait(json.dumps(self.dimmers.levels))
        reader = asyncio.create_task(self.read(ws))
        writer = asyncio.create_task(self.write(ws, queue))
        self.dimmers.readers[queue] = reader
        await asyncio.wait([reader, writer], return_when=asyncio.FIRST_COMPLETED)
        self.dimmers.readers.pop(queue, None)
        for task in (reader, writer):
            task.cancel()
        await asyncio.gather(reader, writer, return_exceptions=True)

    async def read(self, ws):
        while True:
            self.dimmers.merge(parse(await ws.receive_text()))

    async def write(self, ws, queue):
        while True:
            await ws.send_text(await queue.get())


dimmers = Dimmers()
app = falcon.asgi.App()
app.add_route("/", dimmers)
app.add_route("/ws", Socket(dimmers))
