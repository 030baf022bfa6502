"""A private PostgreSQL and a private Redis for one machine, from what pip can install.

`PrivateServers(home)` owns both servers while it lives; `find_running(home)` lets other processes
find them. Nothing here is needed where real servers are configured.
"""

from adapters.embedded.addresses import ServerAddresses, find_running
from adapters.embedded.errors import ServersUnavailable
from adapters.embedded.servers import PrivateServers

__all__ = ["PrivateServers", "ServerAddresses", "ServersUnavailable", "find_running"]
