"""Makes ``python -m mockserver`` run the ``testmode`` command."""

from mockserver.cli import main

if __name__ == "__main__":
    main()
