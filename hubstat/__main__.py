"""``python -m hubstat`` is the ``hubstat`` command."""

from hubstat.cli import main

if __name__ == "__main__":
    main()
