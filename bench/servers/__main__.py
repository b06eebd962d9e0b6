"""Serve one of the servers on a free port, until SIGTERM: `python -m bench.servers NAME URL`. Prints its address."""

import sys

import uvloop

from bench.servers import application
from server.logs import configure
from server.process import listen, serve, url_of


async def main(name: str, url: str) -> None:
    configure("info", "json")
    listener = listen("127.0.0.1", 0)
    await serve(application(name, url), listener, lambda: print(url_of(listener), flush=True))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
