"""``python -m mockserver``: the ``testmode`` command without its script."""

from mockserver.cli import main

if __name__ == "__main__":
    main()
