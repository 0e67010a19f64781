"""Entry point of `python3 tools/engine VERB`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

    from tools.engine.cli import main

    raise SystemExit(main(sys.argv[1:]))
