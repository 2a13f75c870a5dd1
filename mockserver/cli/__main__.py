"""``python -m mockserver.cli``, as version 0.1.0 was started by some; ``python -m mockserver`` does the same."""

from mockserver.cli import main

if __name__ == "__main__":
    main()
