"""Dimmers on FastAPI: HTTP and WebSocket in one process."""

import asyncio
import json
from typing import Annotated

from fastapi import FastAPI, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from pydantic import Field, StrictFloat, StrictInt, TypeAdapter

# How many messages a client may be behind before it is disconnected.
MAX_BEHIND = 1_024

Dimmer = Annotated[int, Field(ge=1, le=65_535)]
Level = Annotated[StrictInt | StrictFloat, Field(ge=0, le=100)]
Change = dict[Dimmer, Level]

app = FastAPI()
change_of = TypeAdapter(Change)
levels: Change = {}
readers: dict[asyncio.Queue[str], asyncio.Task] = {}


def merge(change: Change):
    # Nothing is awaited here, so all clients see all changes in one order.
    levels.update(change)
    text = json.dumps(change)
    for queue, reader in list(readers.items()):
        try:
            queue.put_nowait(text)
        except asyncio.QueueFull:
            del readers[queue]
            reader.cancel()


@app.exception_handler(RequestValidationError)
async def refuse(_, error):
    return PlainTextResponse(str(error), status_code=400)


@app.get("/")
async def read_levels() -> Change:
    return levels


@app.post("/")
async def change_levels(change: Change) -> Change:
    merge(change)
    return change


@app.websocket("/ws")
async def listen(ws: WebSocket):
    await ws.accept()
    queue = asyncio.Queue(MAX_BEHIND)
    queue.put_nowait(json.dumps(levels))
    reader = asyncio.create_task(read(ws))
    writer = asyncio.create_task(write(ws, queue))
    readers[queue] = reader
    await asyncio.wait([reader, writer], return_when=asyncio.FIRST_COMPLETED)
    readers.pop(queue, None)
    for task in (reader, writer):
        task.cancel()
    await asyncio.gather(reader, writer, return_exceptions=True)


async def read(ws: WebSocket):
    while True:
        merge(change_of.validate_json(await ws.receive_text()))


async def write(ws: WebSocket, queue: asyncio.Queue[str]):
    while True:
        await ws.send_text(await queue.get())
