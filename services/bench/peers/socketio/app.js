// Dimmers on Socket.IO.
'use strict';

const http = require('node:http');
const { Server } = require('socket.io');

const levels = {};

const isLevel = ([dimmer, level]) =>
  /^[1-9]\d{0,4}$/.test(dimmer) && dimmer <= 65_535 && typeof level === 'number' && level >= 0 && level <= 100;

const isChange = (change) =>
  typeof change === 'object' && change !== null && !Array.isArray(change) && Object.entries(change).every(isLevel);

const server = http.createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.url !== '/') return answer(404, {});
  if (request.method === 'GET') return answer(200, levels);
  if (request.method !== 'POST') return answer(405, {});
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const change = JSON.parse(Buffer.concat(chunks));
    if (!isChange(change)) throw new TypeError('not a map of dimmers and levels');
    merge(change);
    answer(200, change);
  } catch (error) {
    answer(400, { error: error.message });
  }
});

const io = new Server(server);

function merge(change) {
  Object.assign(levels, change);
  io.emit('levels', change);
}

io.on('connection', (socket) => {
  socket.emit('levels', levels);
  socket.on('levels', (change) => {
    if (isChange(change)) merge(change);
    else socket.disconnect();
  });
});

server.listen(Number(process.argv[2]), '127.0.0.1');
