// Dimmers on Node: node:http and ws.
'use strict';

const http = require('node:http');
const { WebSocketServer } = require('ws');

/** How many bytes a client may be behind before it is disconnected. */
const MAX_BEHIND = 1 << 20;

const levels = {};

const isLevel = ([dimmer, level]) =>
  /^[1-9]\d{0,4}$/.test(dimmer) && dimmer <= 65_535 && typeof level === 'number' && level >= 0 && level <= 100;

/** The changes of a text. Throws if it is none. */
function parse(text) {
  const change = JSON.parse(text);
  const isMap = typeof change === 'object' && change !== null && !Array.isArray(change);
  if (!isMap || !Object.entries(change).every(isLevel)) throw new TypeError('not a map of dimmers and levels');
  return change;
}

const server = http.createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.url !== '/') return answer(404, {});
  if (request.method === 'GET') return answer(200, levels);
  if (request.method !== 'POST') return answer(405, {});
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const change = parse(Buffer.concat(chunks));
    merge(change);
    answer(200, change);
  } catch (error) {
    answer(400, { error: error.message });
  }
});

const sockets = new WebSocketServer({ server, path: '/ws', maxPayload: 1 << 20 });

function merge(change) {
  Object.assign(levels, change);
  const text = JSON.stringify(change);
  for (const client of sockets.clients) {
    if (client.bufferedAmount > MAX_BEHIND) client.terminate();
    else client.send(text);
  }
}

sockets.on('connection', (client) => {
  client.send(JSON.stringify(levels));
  client.on('error', () => client.terminate());
  client.on('message', (text) => {
    try {
      merge(parse(text));
    } catch (error) {
      client.close(1008, error.message.slice(0, 100));
    }
  });
});

server.listen(Number(process.argv[2]), '127.0.0.1');
