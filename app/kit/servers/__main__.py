"""Runs the keeper of the servers below a directory."""

import sys
from pathlib import Path

from app.kit.servers.directories import ServerFolders
from app.kit.servers.keeper import keep

keep(ServerFolders(Path(sys.argv[1]), unsafe="unsafe" in sys.argv[2:]))
