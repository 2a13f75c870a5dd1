"""Makes ``python -m mockserver.cli``, a start command of version 0.1.0, run ``python -m mockserver``."""

from mockserver.cli import main

if __name__ == "__main__":
    main()
