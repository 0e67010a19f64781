"""``python -m stagebuild``."""

from stagebuild.cli import main

raise SystemExit(main())
