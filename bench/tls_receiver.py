"""python -m bench.tls_receiver CERT KEY: an https receiver that prints its port.

What is posted to /close ends its connection with the answer; /keep keeps it alive.
"""

from __future__ import annotations

import asyncio
import ssl
import sys


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            _, _, rest = head.lower().partition(b"\r\ncontent-length: ")
            await reader.readexactly(int(rest.split(b"\r\n")[0] or 0))
            close = head.split(b" ")[1] == b"/close"
            ending = b"Connection: close\r\n\r\n" if close else b"\r\n"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + ending)
            await writer.drain()
            if close:
                return
    except (OSError, asyncio.IncompleteReadError):
        pass  # The sender has hung up.
    finally:
        writer.close()


async def main(cert: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # Until it is closed.


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
