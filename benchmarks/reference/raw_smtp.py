"""Sends COUNT mails over CONNECTIONS pipelined ones: `raw_smtp.py PORT COUNT CONNECTIONS SIZE`.

As little as a program can do and still be SMTP with PIPELINING: the end of one mail and the
envelope of the next travel together. Prints the seconds it took.
"""

import asyncio
import sys
import time

_SENDER = b"MAIL FROM:<shop@example.com>\r\n"


async def carry(port: int, numbers: range, body: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b"EHLO bench\r\n")
    while (await reader.readline())[3:4] == b"-":
        continue
    tail, awaited = b"", 3
    for number in numbers:
        writer.write(tail + _SENDER + b"RCPT TO:<client%d@example.com>\r\nDATA\r\n" % number)
        for _reply in range(awaited):
            line = await reader.readline()
            if line[:1] not in (b"2", b"3"):
                raise RuntimeError(line.decode())
        tail, awaited = body, 4
    writer.write(tail + b"QUIT\r\n")
    await reader.readline()
    await reader.readline()
    writer.close()


async def main(port: int, count: int, connections: int, size: int) -> None:
    head = b"From: shop@example.com\r\nSubject: Hello\r\n\r\n"
    line = b"x" * 76 + b"\r\n"
    body = head + line * max(1, (size - len(head)) // len(line)) + b".\r\n"
    began = time.perf_counter()
    share = [range(first, count, connections) for first in range(connections)]
    await asyncio.gather(*(carry(port, numbers, body) for numbers in share))
    print(time.perf_counter() - began)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    try:
        import uvloop

        uvloop.run(main(*given))
    except ImportError:
        asyncio.run(main(*given))
