"""`python -m console.web --port P`: the console on this machine."""

import argparse
import sys
from functools import partial

import uvicorn

from adapters.postgres.revision import WrongSchema
from console.explain import explain
from console.web.app import create_app
from console.web.services import Services
from domain.notation import read_whole
from workers.logs import configure_logging
from workers.places import NotRunning
from workers.schema_watch import refuse_misfit
from workers.settings import BadSettings, Settings

LOOPBACK = "127.0.0.1"


def main() -> int:
    """Serve until a signal; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m console.web", description=__doc__)
    parser.add_argument("--port", type=partial(read_whole, high=65535), default=8000)
    parser.add_argument("--host", default=LOOPBACK, help=f"address to listen on ({LOOPBACK})")
    arguments = parser.parse_args()
    try:
        settings = Settings.from_environ()
        configure_logging(settings.log_format)
        services = Services.of(settings)
        refuse_misfit(services.engine)
    except (BadSettings, NotRunning, WrongSchema) as error:
        sys.stderr.write(f"renkei: {explain(error)}\n")
        return 1
    services.heartbeat.start()
    uvicorn.run(
        create_app(services),
        host=arguments.host,
        port=arguments.port,
        log_config=None,
        # Our own line has no query: order numbers and keys stay out of the log.
        access_log=False,
        # Metrics ask who really calls; a proxy's word is not taken for it.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
