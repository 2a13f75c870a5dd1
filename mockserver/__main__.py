"""``python -m mockserver``: the ``testmode`` command where its script is not on the path."""

from mockserver.cli import main

if __name__ == "__main__":
    main()
