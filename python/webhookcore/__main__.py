"""``python -m webhookcore`` is the ``webhookcore`` command."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="webhookcore")
