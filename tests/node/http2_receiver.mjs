// A receiver of HTTP/2 over TLS, as node makes it. Prints its port; every line on standard input
// gets the counts so far as a line of JSON.
//
//   node http2_receiver.mjs CERT_FILE KEY_FILE [MAX_STREAMS]
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createInterface } from 'node:readline';

const [cert, key, streams] = process.argv.slice(2);
const counts = { connections: 0, most_streams: 0, versions: {}, ids: {} };

const server = createSecureServer({
  cert: readFileSync(cert),
  key: readFileSync(key),
  allowHTTP1: true,
  settings: streams ? { maxConcurrentStreams: Number(streams) } : {},
});

let open = 0;
let answered = 0;
server.on('sessionError', () => {});
server.on('secureConnection', () => { counts.connections += 1; });
server.on('request', (request, response) => {
  const id = request.headers['webhook-id'];
  counts.ids[id] = (counts.ids[id] ?? 0) + 1;
  counts.versions[request.httpVersion] = (counts.versions[request.httpVersion] ?? 0) + 1;
  open += 1;
  counts.most_streams = Math.max(counts.most_streams, open);
  response.on('close', () => { open -= 1; });
  response.on('error', () => {});
  request.on('error', () => {});
  const session = request.stream?.session;
  const answer = () => { answered += 1; response.writeHead(200); response.end('ok'); };
  const [, path] = request.url.split('/');
  if (path === 'early') {
    answer();  // Before the body has come: node resets the stream when it has answered.
    return;
  }
  request.resume();
  request.on('end', () => {
    if (path === 'slowly') return setTimeout(answer, 20);
    answer();
    if (path === 'goaway' && session && answered % 5 === 0) session.close();
    if (path === 'dies' && session && answered % 7 === 0) setImmediate(() => session.destroy());
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
createInterface({ input: process.stdin })
  .on('line', () => console.log(JSON.stringify(counts)))
  .on('close', () => process.exit(0));
